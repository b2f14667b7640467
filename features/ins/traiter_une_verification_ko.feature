# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-simulateur-geste
Fonctionnalité: Traiter une vérification KO
  Quand INSi ne confirme plus l'INS d'un dossier, l'identité perd matricule et OID, son statut
  baisse (provisoire, ou validée pour une identité qui était qualifiée : les sources diffèrent), le
  patient entre dans une liste de travail, et plus rien ne part avec cette INS.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et une personne connue d'INSi

  @exigence:INS/va1.08 @exigence:INS/va1.06 @preuve:INS/va1.08.01.01 @preuve:INS/va1.06.01.01
  Scénario: Vérification KO d'une identité qualifiée
    Étant donné son dossier, à l'identité qualifiée
    Et INSi connaît maintenant cette personne sous une autre INS
    Quand le professionnel vérifie l'INS du dossier
    Et il lit la liste de travail
    Et il lit le journal INSi du dossier
    Alors la vérification est KO
    Et l'identité est provisoire ou validée
    Et le dossier ne porte aucune INS
    Et ce patient est dans la liste de travail
    Et le journal du logiciel dit de chaque appel ce que le simulateur a vu
    Et aucun écart n'est relevé

  @exigence:INS/va1.08 @exigence:INS/va1.53 @preuve:INS/va1.08.01.02
  Scénario: Plus aucun envoi avec cette INS
    Étant donné son dossier, à l'identité qualifiée
    Et INSi connaît maintenant cette personne sous une autre INS
    Quand le professionnel vérifie l'INS du dossier
    Et il tente de déposer un document de ce patient au DMP
    Et il tente d'envoyer un document de ce patient à un confrère par MSSanté
    Et il imprime un document de ce patient
    Alors le DMP n'a reçu aucun dépôt
    Et l'INS de la personne n'apparaît dans aucun message
    Et la page imprimée ne porte ni matricule, ni OID, ni datamatrix
    Et aucun écart n'est relevé

  @exigence:INS/va1.08 @preuve:INS/va1.08.01.03
  Scénario: Vérification KO d'une identité récupérée
    Étant donné son dossier, à l'identité récupérée
    Et INSi connaît maintenant cette personne sous une autre INS
    Quand le professionnel vérifie l'INS du dossier
    Alors l'identité est provisoire
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

  @exigence:INS/va1.06 @preuve:INS/va1.06.01.02
  Scénario: Vérification OK, rien ne change
    Étant donné son dossier, à l'identité qualifiée
    Quand le professionnel vérifie l'INS du dossier
    Alors la vérification est OK
    Et l'identité est qualifiée
    Et le dossier porte l'INS de la personne
    Et aucun écart n'est relevé

  @exigence:INS/va1.06 @preuve:INS/va1.06.01.03
  Scénario: INSi indisponible, rien ne change
    Étant donné son dossier, à l'identité qualifiée
    Et INSi est indisponible
    Quand le professionnel vérifie l'INS du dossier
    Alors la vérification est indisponible
    Et l'identité est qualifiée
    Et le dossier porte l'INS de la personne
    Et aucun écart n'est relevé
