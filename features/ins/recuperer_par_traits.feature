# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-adaptateur
Fonctionnalité: Récupérer l'INS sur les traits d'identité
  Le logiciel cherche l'INS par les traits, dit le code rendu, reprend sans les changer les traits
  d'une réponse 00 et ne change rien après 01 ou 02. L'affichage lui-même (libellés, couleurs,
  confirmation à l'écran) reste à montrer par une copie d'écran.

  Contexte:
    Étant donné un professionnel du cabinet

  @exigence:INS/va1.34 @exigence:INS/va1.38 @exigence:INS/va1.52 @preuve:INS/va1.52.01.01
  Scénario: Réponse 00, l'identité est récupérée avec les traits d'INSi
    Étant donné une personne connue d'INSi sous les prénoms LEA MARIE
    Et son dossier, sous les prénoms LEA
    Quand le professionnel recherche l'INS sur les traits
    Et il accepte les traits proposés, s'il y en a
    Alors le logiciel annonce le code 00
    Et l'identité est récupérée
    Et le dossier porte l'INS de la personne
    Et le dossier a gardé la liste des prénoms rendue par INSi
    Et la nature du matricule est NIR
    Et aucun écart n'est relevé

  @exigence:INS/va1.38 @exigence:INS/va1.35 @preuve:INS/va1.38.01.01
  Scénario: Réponse 01, le statut ne change pas
    Étant donné une personne inconnue d'INSi
    Et son dossier
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 01
    Et l'identité est provisoire
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

  @exigence:INS/va1.38 @exigence:INS/va1.35 @preuve:INS/va1.38.01.02
  Scénario: Réponse 02, le logiciel précise la recherche au lieu de choisir
    Étant donné une personne connue d'INSi
    Et une autre personne que seul son lieu de naissance en distingue
    Et son dossier
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 00
    Et le dossier porte l'INS de la personne
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @preuve:INS/va1.34.01.01
  Scénario: Les prénoms sont essayés un à un, puis tous ensemble
    Étant donné une personne inconnue d'INSi
    Et son dossier, sous les prénoms PIERRE PAUL JACQUES
    Quand le professionnel recherche l'INS sur les traits
    Alors INSi a reçu 4 appels pendant cette recherche
    Et le logiciel annonce le code 01
    Et aucun écart n'est relevé

  @exigence:INS/va1.51 @exigence:INS/va1.52 @preuve:INS/va1.51.01.01
  Scénario: Un premier prénom qui n'est pas le début de la liste alerte
    Étant donné une personne connue d'INSi sous les prénoms JEAN PIERRE
    Et son dossier, sous les prénoms PIERRE JEAN
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel alerte l'utilisateur
    Et aucun écart n'est relevé

  @exigence:INS/va1.52 @preuve:INS/va1.52.01.02
  Scénario: Un NIA se reconnaît à son OID
    Étant donné une personne connue d'INSi
    Et son dossier
    Et INSi rend un NIA
    Quand le professionnel recherche l'INS sur les traits
    Alors la nature du matricule est NIA
    Et aucun écart n'est relevé

  @exigence:INS/va1.52 @preuve:INS/va1.52.01.03
  Plan du Scénario: INSi <reponse>, l'historique <historique>
    Étant donné une personne connue d'INSi
    Et son dossier
    Et INSi <reponse>
    Quand le professionnel recherche l'INS sur les traits
    Alors l'historique du dossier <historique>
    Et aucun écart n'est relevé

    Exemples:
      | reponse                               | historique   |
      | rend un historique                    | a une entrée |
      | rend l'INS active aussi en historique | est vide     |

  @exigence:INS/va1.34 @preuve:INS/va1.34.01.02
  Scénario: Une réponse lente n'est pas redemandée
    Étant donné une personne connue d'INSi
    Et son dossier
    Et INSi met une seconde à répondre
    Quand le professionnel recherche l'INS sur les traits
    Alors INSi a reçu 1 appel pendant cette recherche
    Et l'identité est récupérée
    Et aucun écart n'est relevé

  @exigence:INS/va1.38 @preuve:INS/va1.38.01.03
  Plan du Scénario: INSi <panne>, le logiciel le dit et continue
    Étant donné une personne connue d'INSi
    Et son dossier
    Et INSi <panne>
    Quand le professionnel recherche l'INS sur les traits
    Alors l'identité est provisoire
    Et le dossier ne porte aucune INS
    Quand il recherche de nouveau l'INS
    Alors l'identité est récupérée
    Et aucun écart n'est relevé

    Exemples:
      | panne                          |
      | est indisponible               |
      | ne répond qu'une page d'erreur |
