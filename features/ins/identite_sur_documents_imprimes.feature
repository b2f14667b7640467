# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-adaptateur
Fonctionnalité: Identité sur les documents imprimés
  Un document imprimé pour une identité qualifiée porte nom de naissance, premier prénom, date,
  sexe, matricule et sa nature, et le datamatrix INS. La page est celle que le logiciel rend au
  banc (PDF) ; l'impression sur papier et sa lecture au lecteur restent à montrer par un scan.

  Contexte:
    Étant donné un professionnel du cabinet
    Et une personne connue d'INSi

  @exigence:INS/va1.15 @exigence:INS/va1.03 @exigence:INS/va1.10 @exigence:DOC/va1.04
  @preuve:INS/va1.15.01.01 @preuve:INS/va1.03.01.01
  Scénario: Page d'une identité qualifiée
    Étant donné son dossier, à l'identité qualifiée
    Quand il imprime un document de ce patient
    Alors la page imprimée porte les cinq données d'identité et la nature du matricule
    Et la page imprimée porte le lieu de naissance et la liste des prénoms
    Et le datamatrix INS imprimé porte l'INS du patient
    Et aucun écart n'est relevé

  @exigence:INS/va1.15 @exigence:INS/va1.53 @preuve:INS/va1.15.01.02
  Scénario: Page d'une identité récupérée
    Étant donné son dossier, à l'identité récupérée
    Quand il imprime un document de ce patient
    Alors la page imprimée porte les traits d'identité
    Et la page imprimée ne porte ni matricule, ni OID, ni datamatrix
    Et aucun écart n'est relevé
