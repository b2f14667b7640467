# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-adaptateur
Fonctionnalité: Cycle des statuts de l'identité
  Une identité est provisoire à sa création, validée par une pièce à haut niveau de confiance,
  récupérée par INSi, qualifiée par les deux. Le banc lit le statut dans les réponses du logiciel :
  son affichage, et la liste des justificatifs à l'écran, restent à montrer par une copie d'écran.

  Contexte:
    Étant donné un professionnel du cabinet
    Et une personne connue d'INSi
    Et son dossier

  @exigence:INS/va1.45 @exigence:INS/va1.43 @exigence:INS/va1.54 @exigence:INS/va1.23
  @preuve:INS/va1.54.01.01
  Scénario: Provisoire, validée, puis qualifiée
    Alors l'identité est provisoire
    Et aucun justificatif n'était présélectionné
    Quand il enregistre une carte nationale d'identité
    Alors l'identité est validée
    Et la pièce d'identité est enregistrée avec sa nature et sa date
    Quand le professionnel recherche l'INS sur les traits
    Alors l'identité est qualifiée
    Et le dossier porte l'INS de la personne
    Et aucun écart n'est relevé

  @exigence:INS/va1.45 @exigence:INS/va1.40 @exigence:INS/va1.54 @preuve:INS/va1.54.01.02
  Scénario: Provisoire, récupérée, puis qualifiée
    Alors l'identité est provisoire
    Quand le professionnel recherche l'INS sur les traits
    Alors l'identité est récupérée
    Quand il enregistre une carte nationale d'identité
    Alors l'identité est qualifiée
    Et le dossier porte l'INS de la personne
    Et aucun écart n'est relevé

  @exigence:INS/va1.40 @exigence:INS/va1.43 @preuve:INS/va1.40.01.01
  Scénario: Un permis de conduire ne fait pas monter le statut
    Quand le professionnel recherche l'INS sur les traits
    Et il enregistre un permis de conduire
    Alors l'identité est récupérée
    Et aucun écart n'est relevé

  @exigence:INS/va1.43 @preuve:INS/va1.43.01.01
  Scénario: Des traits différents ne qualifient pas une identité validée
    Étant donné INSi rend un nom de naissance différent
    Quand il enregistre une carte nationale d'identité
    Et le professionnel recherche l'INS sur les traits
    Alors l'identité est validée
    Et le logiciel montre les traits rendus qui diffèrent
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

  @exigence:INS/va1.54 @preuve:INS/va1.54.02.01
  Scénario: Seul le professionnel atteste connaître la personne
    Quand le professionnel recherche l'INS sur les traits
    Et le secrétariat tente d'attester connaître la personne
    Alors le logiciel refuse l'attestation
    Et l'identité est récupérée
    Quand le professionnel atteste connaître la personne
    Alors l'identité est qualifiée
    Et l'attestation se distingue d'une pièce d'identité et nomme le professionnel
    Et aucun écart n'est relevé

  @exigence:INS/va1.54 @preuve:INS/va1.54.01.03
  Scénario: Une INS n'est pas donnée à deux dossiers sans rien dire
    Étant donné un second dossier de la même personne
    Quand le professionnel recherche l'INS de chaque dossier
    Alors le logiciel refuse la seconde INS ou alerte d'un doublon
    Et aucun écart n'est relevé
