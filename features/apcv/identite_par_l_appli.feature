# language: fr
@domaine-apcv @vague2
Fonctionnalité: Reprendre l'identité de l'appli carte Vitale
  L'appli rend l'INS et les traits de son titulaire : son identité est qualifiée sans appel à INSi.
  Elle ne rend pas l'INS des ayants droit, qui est recherchée dans INSi. Ce que le lecteur a scanné
  part tel quel au téléservice, qui seul sait le déchiffrer.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect

  @exigence:SC.APCV.01 @exigence:INS/va1.40
  Plan du Scénario: Le titulaire est qualifié sans INSi, par <source>
    Étant donné l'appli carte Vitale d'une famille
    Quand le professionnel la lit par <source>
    Et il retient le titulaire pour un nouveau dossier
    Alors l'identité du titulaire est qualifiée par l'appli carte Vitale
    Et aucun appel n'est parvenu à INSi pendant ce geste
    Et aucun écart n'est relevé

    Exemples:
      | source  |
      | QR code |
      | NFC     |

  @exigence:SC.APCV.01 @exigence:INS/va1.40
  Scénario: Un ayant droit est recherché dans INSi
    Étant donné l'appli carte Vitale d'une famille
    Quand le professionnel la lit par QR code
    Et il retient l'enfant pour un nouveau dossier
    Alors l'INS de l'ayant droit vient d'INSi, et n'est pas celle du titulaire
    Et aucun écart n'est relevé

  @exigence:SC.APCV.01
  Plan du Scénario: Un QR code <état> n'ouvre aucun contexte
    Étant donné l'appli carte Vitale d'une famille
    Quand le professionnel tente de lire un QR code <état>
    Alors le logiciel refuse la lecture
    Et le téléservice a refusé d'ouvrir un contexte
    Et aucun écart n'est relevé

    Exemples:
      | état                             |
      | périmé                           |
      | déjà lu par un autre             |

  @exigence:SC.APCV.01
  Scénario: Un QR code tronqué par le lecteur n'ouvre aucun contexte
    Étant donné l'appli carte Vitale d'une famille
    Quand le professionnel tente de lire un QR code tronqué
    Alors le logiciel refuse la lecture
    Et le téléservice a refusé d'ouvrir un contexte

  @exigence:SC.APCV.01
  Scénario: Une appli de démonstration se reconnaît
    Étant donné une appli carte Vitale de démonstration
    Quand le professionnel la lit par QR code
    Alors le logiciel dit que l'appli est de type D
    Et aucun écart n'est relevé

  @exigence:SC.APCV.01
  Scénario: Le contexte est détruit en fin de consultation
    Étant donné l'appli carte Vitale d'une famille
    Quand le professionnel la lit par QR code
    Et il ferme l'appli carte Vitale
    Alors le téléservice a détruit ce contexte
    Et aucun écart n'est relevé
