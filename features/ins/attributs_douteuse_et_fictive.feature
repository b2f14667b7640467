# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-simulateur-geste
Fonctionnalité: Attributs douteuse et fictive
  Une identité douteuse ou fictive redevient provisoire, perd son INS, et INSi n'est plus appelé
  pour elle. L'absence d'appel se lit sur le réseau ; le statut, dans les réponses du logiciel.

  Contexte:
    Étant donné un professionnel du cabinet
    Et une personne connue d'INSi

  @exigence:INS/va1.44 @preuve:INS/va1.44.01.01
  Plan du Scénario: Une identité <statut> déclarée <attribut> redevient provisoire
    Étant donné son dossier, à l'identité <statut>
    Quand il déclare l'identité <attribut>
    Alors l'identité est provisoire
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

    Exemples:
      | statut    | attribut |
      | qualifiée | douteuse |
      | récupérée | fictive  |

  @exigence:INS/va1.20 @preuve:INS/va1.20.01.01
  Plan du Scénario: Aucun appel à INSi pour une identité <attribut>
    Étant donné son dossier
    Quand il déclare l'identité <attribut>
    Et il tente de rechercher l'INS
    Alors le logiciel refuse la recherche
    Et aucun appel n'est parvenu à INSi pendant cette recherche
    Et aucun écart n'est relevé

    Exemples:
      | attribut |
      | douteuse |
      | fictive  |

  @exigence:INS/va1.44 @preuve:INS/va1.44.01.02
  Scénario: Une identité n'est pas douteuse et fictive à la fois
    Étant donné son dossier
    Quand il déclare l'identité douteuse
    Et il tente de déclarer l'identité fictive
    Alors le logiciel refuse cet attribut
    Et aucun écart n'est relevé
