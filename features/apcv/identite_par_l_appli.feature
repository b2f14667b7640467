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
    Et il ferme l'appli carte Vitale
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
    Et il ferme l'appli carte Vitale
    Alors l'INS de l'ayant droit vient d'INSi, et n'est pas celle du titulaire
    Et aucun écart n'est relevé

  @exigence:SC.APCV.01 @exigence:INS/va1.40
  Plan du Scénario: Chaque enfant reçoit sa propre INS, même pour une mère de <enfants>
    Étant donné l'appli carte Vitale d'une mère de <enfants>
    Quand le professionnel la lit par QR code
    Et il retient chacun des deux enfants pour un nouveau dossier
    Et il ferme l'appli carte Vitale
    Alors chaque enfant a son INS, rendue par INSi
    Et aucun écart n'est relevé

    Exemples:
      | enfants                     |
      | jumeaux                     |
      | deux enfants de même prénom |

  @exigence:SC.APCV.01
  Scénario: Un titulaire sans INS dans l'appli est recherché dans INSi
    Étant donné l'appli carte Vitale d'une personne sans INS
    Quand le professionnel la lit par QR code
    Et il retient le titulaire pour un nouveau dossier
    Et il ferme l'appli carte Vitale
    Alors le titulaire a l'INS rendue par INSi
    Et aucun écart n'est relevé

  @exigence:SC.APCV.01 @exigence:INS/va1.40
  Scénario: Un dossier qui contredit l'appli n'est pas écrasé
    Étant donné l'appli carte Vitale d'une famille
    Et un dossier local qui contredit son titulaire
    Quand le professionnel la lit par QR code
    Et il tente de retenir le titulaire pour ce dossier
    Et il ferme l'appli carte Vitale
    Alors le dossier n'a rien pris de l'appli, et l'utilisateur en est averti
    Et aucun écart n'est relevé

  @exigence:SC.APCV.01
  Scénario: Un utilisateur de Pro Santé Connect la lit sans carte
    Étant donné l'appli carte Vitale d'une famille
    Quand le professionnel la lit par QR code, sans carte CPS
    Et il retient le titulaire pour un nouveau dossier
    Et il ferme l'appli carte Vitale
    Alors l'identité du titulaire est qualifiée par l'appli carte Vitale
    Et aucun écart n'est relevé

  @exigence:SC.APCV.01
  Scénario: Après un redémarrage, le contexte encore valide sert de nouveau
    Étant donné l'appli carte Vitale d'une famille
    Quand le professionnel la lit par QR code
    Et le logiciel redémarre
    Et il retient le titulaire pour un nouveau dossier
    Et il ferme l'appli carte Vitale
    Alors l'identité du titulaire est qualifiée par l'appli carte Vitale
    Et le contexte a servi de nouveau, sans autre lecture
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
    Et il ferme l'appli carte Vitale
    Alors le logiciel dit que l'appli est de type D
    Et aucun écart n'est relevé

  @exigence:SC.APCV.01
  Scénario: Le contexte est détruit en fin de consultation
    Étant donné l'appli carte Vitale d'une famille
    Quand le professionnel la lit par QR code
    Et il ferme l'appli carte Vitale
    Alors le téléservice a détruit ce contexte
    Et aucun écart n'est relevé
