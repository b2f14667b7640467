# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-simulateur-geste
Fonctionnalité: Refuser une INS incomplète
  Une réponse 00 dont la date de naissance a un jour ou un mois à 00, ou dont le nom, les prénoms
  ou le sexe sont vides, n'est pas reprise : l'identité garde son statut et n'a pas d'INS, et
  aucun envoi n'en porte. Le message affiché reste à montrer par une copie d'écran.

  @exigence:INS/va1.28 @exigence:INS/va1.31 @preuve:INS/va1.28.01.01 @preuve:INS/va1.31.01.01
  Plan du Scénario: INSi <reponse>
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et une personne connue d'INSi
    Et son dossier
    Et INSi <reponse>
    Quand le professionnel recherche l'INS sur les traits
    Et il tente d'envoyer un document de ce patient à un confrère par MSSanté
    Alors l'identité est provisoire
    Et le dossier ne porte aucune INS
    Et l'INS de la personne n'apparaît dans aucun message
    Et aucun écart n'est relevé

    Exemples:
      | reponse                                  |
      | rend une date de naissance incomplète    |
      | rend un nom de naissance vide            |
      | rend une liste de prénoms vide           |
      | rend un sexe vide                        |
