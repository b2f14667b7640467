# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-simulateur-geste
Fonctionnalité: Ne transmettre l'INS que si l'identité est qualifiée
  Sur tous les chemins de sortie (document, archive IHE_XDM, courriel, DMP, page imprimée), le
  matricule et l'OID ne partent que pour une identité qualifiée ; les traits partent toujours. Le
  témoin d'une identité qualifiée prouve que chaque chemin est ouvert.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect

  @exigence:INS/va1.53 @preuve:INS/va1.53.01.02
  Plan du Scénario: Rien ne part avec l'INS d'une identité <statut>
    Étant donné une personne connue d'INSi
    Et son dossier, à l'identité <statut>
    Quand il tente de déposer un document de ce patient au DMP
    Et il tente d'envoyer un document de ce patient à un confrère par MSSanté
    Et il imprime un document de ce patient
    Alors le DMP n'a reçu aucun dépôt
    Et l'INS de la personne n'apparaît dans aucun message
    Et la page imprimée ne porte ni matricule, ni OID, ni datamatrix
    Et la page imprimée porte les traits d'identité
    Et aucun écart n'est relevé

    Exemples:
      | statut     |
      | provisoire |
      | récupérée  |
      | validée    |

  @exigence:INS/va1.53 @preuve:INS/va1.53.01.03
  Scénario: L'INS d'une identité qualifiée part, témoin des chemins ouverts
    Étant donné un patient du DMP, à l'identité qualifiée
    Quand il tente de déposer un document de ce patient au DMP
    Et il tente d'envoyer un document de ce patient à un confrère par MSSanté
    Alors le dépôt accepté par le DMP porte l'INS du patient
    Et le courriel accepté porte l'INS du patient
    Et aucun écart n'est relevé

  @exigence:INS/va1.53 @exigence:INS/va1.60 @preuve:INS/va1.53.01.04
  Scénario: Une identité qui a perdu son INS ne l'envoie plus
    Étant donné une personne connue d'INSi
    Et son dossier, à l'identité qualifiée
    Quand il déclare l'identité douteuse
    Et il tente d'envoyer un document de ce patient à un confrère par MSSanté
    Alors l'INS de la personne n'apparaît dans aucun message
    Et aucun écart n'est relevé
