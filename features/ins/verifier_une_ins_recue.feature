# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-simulateur
Fonctionnalité: Vérifier une INS reçue d'un tiers
  Une INS qui arrive d'un autre domaine d'identification est vérifiée auprès d'INSi, sauf si elle
  est déjà récupérée ou qualifiée ici. Le statut de l'émetteur n'est pas repris : l'identité est au
  mieux récupérée, sauf contrat de confiance. Le message du téléservice de vérification n'est pas
  public : le banc compte tout appel à INSi fait à la réception.

  Contexte:
    Étant donné un professionnel du cabinet

  @exigence:INS/va1.11 @exigence:INS/va1.13 @exigence:INS/va1.57 @exigence:INS/va1.63
  @preuve:INS/va1.11.01.01 @preuve:INS/va1.13.01.01 @preuve:INS/va1.63.01.01
  Scénario: INS inconnue ici, INSi la confirme
    Étant donné une personne connue d'INSi
    Quand le logiciel reçoit d'un tiers un document de cette personne
    Et il lit le journal INSi du dossier
    Alors la vérification a appelé INSi
    Et la vérification est OK
    Et l'identité reçue est récupérée
    Et le journal du logiciel dit de chaque appel ce que le simulateur a vu
    Et aucun écart n'est relevé

  @exigence:INS/va1.11 @preuve:INS/va1.11.01.02
  Plan du Scénario: INS déjà <statut> ici, aucun appel
    Étant donné une personne connue d'INSi
    Et son dossier, à l'identité <statut>
    Quand le logiciel reçoit d'un tiers un document de cette personne
    Alors aucun appel n'est parvenu à INSi pendant la réception
    Et le rapprochement est automatique
    Et l'identité est <statut>
    Et aucun écart n'est relevé

    Exemples:
      | statut    |
      | récupérée |
      | qualifiée |

  @exigence:INS/va1.05 @exigence:INS/va1.12 @preuve:INS/va1.05.01.01 @preuve:INS/va1.12.01.01
  Scénario: Vérification KO, personne inconnue ici
    Étant donné une personne connue d'INSi
    Et INSi connaît maintenant cette personne sous une autre INS
    Quand le logiciel reçoit d'un tiers un document de cette personne
    Et il lit la liste de travail
    Alors la vérification est KO
    Et aucun dossier ne porte l'INS reçue
    Et une tâche est dans la liste de travail
    Et aucun écart n'est relevé

  @exigence:INS/va1.07 @exigence:INS/va1.12 @preuve:INS/va1.07.01.01 @preuve:INS/va1.12.01.02
  Scénario: Vérification KO, personne connue ici
    Étant donné une personne connue d'INSi
    Et son dossier, à l'identité validée
    Et INSi connaît maintenant cette personne sous une autre INS
    Quand le logiciel reçoit d'un tiers un document de cette personne
    Et il lit la liste de travail
    Alors la vérification est KO
    Et l'identité est validée
    Et le dossier ne porte aucune INS
    Et une tâche est dans la liste de travail
    Et aucun écart n'est relevé

  @exigence:INS/va1.04 @preuve:INS/va1.04.01.01
  Scénario: Contrat de confiance avec l'émetteur
    Étant donné une personne connue d'INSi
    Et un contrat de confiance avec l'émetteur
    Quand le logiciel reçoit d'un tiers un document de cette personne
    Alors la vérification a appelé INSi
    Et l'identité reçue est qualifiée
    Quand le contrat de confiance prend fin
    Alors aucun écart n'est relevé

  @exigence:INS/va1.13 @preuve:INS/va1.13.01.02
  Scénario: Une INS connue avec d'autres traits ne se rapproche pas seule
    Étant donné une personne connue d'INSi
    Et son dossier, à l'identité récupérée
    Quand le logiciel reçoit d'un tiers un document qui porte l'INS du dossier et d'autres traits
    Alors le rapprochement est manuel
    Et aucun écart n'est relevé

  @exigence:INS/va1.13 @preuve:INS/va1.13.01.03
  Scénario: Datamatrix d'une personne connue
    Étant donné une personne connue d'INSi
    Et son dossier, à l'identité récupérée
    Quand le professionnel scanne le datamatrix INS de cette personne
    Alors le rapprochement est automatique
    Et aucun écart n'est relevé

  @exigence:INS/va1.13 @preuve:INS/va1.13.01.04
  Scénario: Datamatrix d'une personne connue, avec d'autres traits
    Étant donné une personne connue d'INSi
    Et son dossier, à l'identité récupérée
    Quand le professionnel scanne un datamatrix qui porte l'INS du dossier et d'autres traits
    Alors le rapprochement est manuel
    Et aucun écart n'est relevé

  @exigence:INS/va1.13 @preuve:INS/va1.13.01.05
  Scénario: Datamatrix d'une personne inconnue ici
    Étant donné une personne connue d'INSi
    Quand le professionnel scanne le datamatrix INS de cette personne
    Alors le rapprochement est nouveau
    Et le dossier ouvert par le datamatrix est provisoire et sans INS
    Et aucun écart n'est relevé
