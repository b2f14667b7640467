# language: fr
@domaine-ordn @vague2
Fonctionnalité: Produire et envoyer l'ordonnance numérique
  Une ordonnance validée est enregistrée par le téléservice de l'assurance maladie sous le numéro
  que le logiciel lui a donné. Ce numéro est le même sur la page imprimée, dans son Code 2D et dans
  les documents déposés au DMP : le N3 eP-MED-DM pour les produits de santé, et un N1 en parallèle.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et un patient à l'identité qualifiée

  @exigence:LGC.PRESC.02 @exigence:LGC.PRESC.03 @exigence:SC.ORDN/CONF.02 @exigence:SC.ORDN/CONF.04
  Plan du Scénario: Une ordonnance <sorte> porte un seul numéro, de l'appel au courriel
    Quand le professionnel prépare une ordonnance <sorte>
    Et il valide l'ordonnance
    Et il imprime l'ordonnance
    Et il envoie l'ordonnance à un confrère par MSSanté
    Alors l'ordonnance est enregistrée par le téléservice
    Et son numéro est le même dans l'appel, sur la page, dans le Code 2D, au DMP et dans le courriel
    Et le DMP a reçu 1 document N3 et 1 document N1, avec le Code 2D
    Et 1 ordonnance a été créée sous 1 numéro
    Et aucun écart n'est relevé

    Exemples:
      | sorte   |
      | simple  |
      | bizone  |
      | mixte   |

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Un brouillon ne part pas
    Quand le professionnel prépare une ordonnance simple
    Alors l'ordonnance est un brouillon sans numéro
    Et aucune ordonnance n'est parvenue au téléservice
    Et le DMP n'a reçu aucun dépôt
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Une ordonnance que personne n'a exécutée s'annule
    Quand le professionnel prépare une ordonnance simple
    Et il valide l'ordonnance
    Et il annule l'ordonnance
    Alors l'ordonnance est annulée
    Et le téléservice a accepté 1 annulation
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Un patient sans INS qualifiée a une ordonnance sans INS
    Étant donné un autre patient à l'identité provisoire
    Quand le professionnel prépare une ordonnance simple
    Et il valide l'ordonnance
    Alors l'ordonnance est enregistrée par le téléservice
    Et le DMP n'a reçu aucun dépôt
    Et aucun écart n'est relevé
