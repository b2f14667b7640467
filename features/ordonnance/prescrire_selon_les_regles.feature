# language: fr
@domaine-ordn @vague2
Fonctionnalité: Prescrire ce que chaque réglementation demande
  Ce qui est prescrit arrive au téléservice tel qu'il a été prescrit, et la page comme le document du
  DMP le disent aussi : non substituable avec son motif, hors AMM, stupéfiants, ALD en deux zones.
  Les actes (biologie, soins) partent au DMP en N1 seul.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et un patient à l'identité qualifiée

  @exigence:LGC.PRESC.01 @exigence:LGC.PRESC.02 @exigence:LGC.PRESC.03 @exigence:SC.ORDN/CONF.04
  Plan du Scénario: Une ordonnance <sorte> dit la même chose partout
    Quand le professionnel prépare une ordonnance <sorte>
    Et il valide l'ordonnance
    Et il imprime l'ordonnance
    Alors l'ordonnance est enregistrée par le téléservice
    Et les lignes sont transmises comme elles ont été prescrites
    Et le numéro est le même dans l'appel, sur la page, dans le Code 2D et au DMP
    Et le DMP a reçu 1 document N3 et 1 document N1, avec le Code 2D
    Et aucun écart n'est relevé

    Exemples:
      | sorte                        |
      | non substituable             |
      | hors AMM                     |
      | de prévention                |
      | de stupéfiant                |
      | de substitution aux opiacés  |
      | de dispositif médical        |

  @exigence:LGC.PRESC.04 @exigence:SC.ORDN/CONF.02
  Plan du Scénario: Une ordonnance <sorte> part au DMP en N1 seul
    Quand le professionnel prépare une ordonnance <sorte>
    Et il valide l'ordonnance
    Alors l'ordonnance est enregistrée par le téléservice
    Et les lignes sont transmises comme elles ont été prescrites
    Et le DMP a reçu 0 document N3 et 1 document N1, avec le Code 2D
    Et aucun écart n'est relevé

    Exemples:
      | sorte               |
      | de biologie         |
      | de soins infirmiers |
      | de kinésithérapie   |

  @exigence:LGC.PRESC.01 @exigence:ePresc/va1.02
  Scénario: Un médicament cherché par sa DCI se prescrit
    Quand il cherche un médicament par sa DCI et le prescrit
    Et il valide l'ordonnance
    Alors l'ordonnance est enregistrée par le téléservice
    Et les lignes sont transmises comme elles ont été prescrites
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Un remplaçant prescrit au nom du titulaire
    Quand il prépare une ordonnance simple au nom du titulaire qu'il remplace
    Et il valide l'ordonnance
    Et il imprime l'ordonnance
    Alors l'ordonnance est enregistrée par le téléservice
    Et l'ordonnance et son Code 2D nomment le titulaire et son remplaçant
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Le patient s'oppose, la page imprimée le respecte
    Étant donné une ordonnance simple enregistrée sans consentement
    Quand le professionnel imprime l'ordonnance, sans le consentement
    Alors le numéro est le même dans l'appel, sur la page, dans le Code 2D et au DMP
    Et aucun écart n'est relevé
