# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-adaptateur
Fonctionnalité: Recherche d'antériorité
  Avant d'ouvrir un dossier, le logiciel cherche s'il existe déjà : par la date de naissance et le
  début du nom, sans distinguer nom de naissance et nom utilisé, accents, tirets et apostrophes, ou
  par le matricule de quinze caractères, dont la clé est vérifiée avant toute recherche.

  Contexte:
    Étant donné un professionnel du cabinet
    Et une autre personne connue d'INSi

  @exigence:INS/va1.02 @exigence:INS/va1.25 @preuve:INS/va1.02.01.01 @preuve:INS/va1.25.01.01
  Plan du Scénario: Recherche par <critere>
    Étant donné son dossier, au nom utilisé D'ÉLTÉ
    Et le dossier d'une autre personne
    Quand le professionnel cherche les dossiers par <critere>
    Alors le dossier est trouvé
    Et le dossier d'une autre personne ne l'est pas
    Et aucun appel n'est parvenu à INSi

    Exemples:
      | critere                                  |
      | la date de naissance                     |
      | la date et le début du nom               |
      | le nom en minuscules                     |
      | le nom utilisé sans accent ni apostrophe |

  @exigence:INS/va1.41 @preuve:INS/va1.41.01.01
  Scénario: Recherche par le matricule et sa clé
    Étant donné son dossier, à l'identité récupérée
    Et le dossier d'une autre personne
    Quand le professionnel cherche les dossiers par le matricule et sa clé
    Alors le dossier est trouvé
    Et le dossier d'une autre personne ne l'est pas

  @exigence:INS/va1.41 @preuve:INS/va1.41.01.02
  Plan du Scénario: Recherche par <critere>, le logiciel refuse
    Étant donné son dossier, à l'identité récupérée
    Quand le professionnel cherche les dossiers par <critere>
    Alors le logiciel refuse ce critère avant de chercher

    Exemples:
      | critere                         |
      | le matricule sans sa clé        |
      | le matricule et une clé fausse  |
