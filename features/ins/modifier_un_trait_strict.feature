# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-adaptateur
Fonctionnalité: Modifier un trait strict
  Modifier un trait strict d'une identité récupérée ou qualifiée invalide son INS et abaisse son
  statut : provisoire, ou validée pour une identité qui était qualifiée (les sources diffèrent, les
  deux sont admis). La propagation par HL7 (messages A31 et A47) n'est pas observée : le banc n'a
  pas d'interface HL7. Un logiciel qui en a une la montre par le journal de ses messages.

  Contexte:
    Étant donné un professionnel du cabinet
    Et une personne connue d'INSi

  @exigence:INS/va1.60 @preuve:INS/va1.60.01.01
  Scénario: Le nom d'une identité qualifiée change
    Étant donné son dossier, à l'identité qualifiée
    Quand il déverrouille et modifie le nom de naissance
    Alors l'identité est provisoire ou validée
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

  @exigence:INS/va1.60 @preuve:INS/va1.60.01.02
  Scénario: Le nom d'une identité récupérée change
    Étant donné son dossier, à l'identité récupérée
    Quand il déverrouille et modifie le nom de naissance
    Alors l'identité est provisoire
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

  @exigence:INS/va1.60 @exigence:INS/va1.18 @preuve:INS/va1.18.01.01
  Scénario: Sans déverrouillage, les traits d'une identité qualifiée ne changent pas
    Étant donné son dossier, à l'identité qualifiée
    Quand il tente de modifier le nom de naissance sans le déverrouiller
    Alors le logiciel refuse la modification
    Et l'identité est qualifiée
    Et le dossier porte l'INS de la personne
    Et aucun écart n'est relevé

  @exigence:INS/va1.48 @preuve:INS/va1.48.01.01
  Scénario: Le nom utilisé reste modifiable
    Étant donné son dossier, à l'identité qualifiée
    Quand il modifie le nom utilisé
    Alors l'identité est qualifiée
    Et le dossier porte l'INS de la personne
    Et aucun écart n'est relevé
