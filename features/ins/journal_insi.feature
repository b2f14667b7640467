# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-adaptateur
Fonctionnalité: Journal des appels à INSi
  Le logiciel garde la trace de chaque appel : date, utilisateur, opération, MessageID, code, et
  pour un code 00 tout ce qui a été rendu, historique compris. Le banc compare ce journal à ce que
  le simulateur a vu, appel par appel. La présentation à l'écran reste à montrer par une copie.

  Contexte:
    Étant donné un professionnel du cabinet

  @exigence:INS/va1.38 @exigence:INS/va1.35 @exigence:INS/va1.49
  @preuve:INS/va1.35.01.01 @preuve:INS/va1.49.01.02
  Scénario: Code 00, avec tout ce qui a été rendu
    Étant donné une personne connue d'INSi
    Et son dossier
    Et INSi rend un historique
    Quand le professionnel recherche l'INS sur les traits
    Et il lit le journal INSi du dossier
    Alors le journal dit que l'appel n° 1 a eu le code 00
    Et le journal garde le matricule et l'historique rendus
    Et le journal garde les changements de statut du dossier
    Et le journal du logiciel dit de chaque appel ce que le simulateur a vu
    Et aucun écart n'est relevé

  @exigence:INS/va1.38 @exigence:INS/va1.35 @preuve:INS/va1.38.02.01
  Plan du Scénario: Code <code>
    Étant donné une personne connue d'INSi sous les prénoms NOE
    Et son dossier
    Et INSi <reponse>
    Quand le professionnel recherche l'INS sur les traits
    Et il lit le journal INSi du dossier
    Alors le journal dit que l'appel n° 1 a eu le code <code>
    Et le journal du logiciel dit de chaque appel ce que le simulateur a vu
    Et aucun écart n'est relevé

    Exemples:
      | reponse                     | code       |
      | ne trouve personne          | 01         |
      | trouve plusieurs personnes  | 02         |
      | est indisponible            | desir_1020 |

  @exigence:INS/va1.63 @exigence:INS/va1.06 @preuve:INS/va1.63.01.02
  Scénario: Vérifications, à la réception et sur demande
    Étant donné une personne connue d'INSi
    Quand le logiciel reçoit d'un tiers un document de cette personne
    Et il vérifie l'INS du dossier
    Et il lit le journal INSi du dossier
    Alors le journal du logiciel dit de chaque appel ce que le simulateur a vu
    Et aucun écart n'est relevé
