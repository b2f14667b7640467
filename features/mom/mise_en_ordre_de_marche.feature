# language: fr
@domaine-mom @vague1 @vague2
Fonctionnalité: Mise en ordre de marche d'un professionnel
  Avant la mise en ordre de marche, chaque professionnel de la commande doit avoir déposé dix
  documents au DMP, envoyé dix documents à des confrères par MSSanté et un document à un patient
  par la messagerie citoyenne, toujours pour des patients à l'identité qualifiée.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect

  @exigence:BANC-MOM.01 @exigence:BANC-MOM.02 @exigence:BANC-MOM.03 @preuve:BANC-MOM.01.01
  Scénario: Les trois seuils sont atteints
    Étant donné 5 patients à l'identité qualifiée
    Quand le professionnel dépose 10 documents au DMP
    Et il envoie 10 documents à un confrère par MSSanté
    Et il envoie 1 document à un patient par la messagerie citoyenne
    Alors 10 dépôts au DMP sont comptés
    Et 10 envois à un confrère sont comptés
    Et 1 envoi à un patient est compté
    Et la mise en ordre de marche est atteinte
    Et aucun écart n'est relevé

  @exigence:BANC-MOM.01 @preuve:BANC-MOM.01.02
  Scénario: Neuf dépôts ne suffisent pas
    Étant donné 3 patients à l'identité qualifiée
    Quand le professionnel dépose 9 documents au DMP
    Et il envoie 10 documents à un confrère par MSSanté
    Et il envoie 1 document à un patient par la messagerie citoyenne
    Alors 9 dépôts au DMP sont comptés
    Et 10 envois à un confrère sont comptés
    Et la mise en ordre de marche n'est pas atteinte
    Et aucun écart n'est relevé

  @exigence:INS/va1.53 @preuve:INS/va1.53.01.02
  Plan du Scénario: Une identité <statut> ne transmet pas son INS et ne compte pas
    Étant donné un patient à l'identité <statut>
    Et un autre patient à l'identité qualifiée
    Quand le professionnel tente de déposer un document au DMP pour le premier patient
    Et il tente d'envoyer ce document à un confrère par MSSanté
    Et il tente d'envoyer ce document au premier patient par la messagerie citoyenne
    Et il dépose un document au DMP pour l'autre patient
    Alors 1 dépôt au DMP est compté
    Et 0 envoi à un confrère est compté
    Et 0 envoi à un patient est compté
    Et l'INS du premier patient n'apparaît dans aucun message
    Et aucun écart n'est relevé

    Exemples:
      | statut     |
      | récupérée  |
      | validée    |
      | provisoire |

  @exigence:BANC-MOM.01 @exigence:SC.DMP/ALI/PROG.01 @preuve:BANC-MOM.01.03
  Scénario: Un dépôt refusé par le DMP ne compte pas
    Étant donné un patient à l'identité qualifiée
    Et le DMP refusera le prochain dépôt
    Quand le professionnel dépose 1 document au DMP
    Alors le DMP a refusé un dépôt
    Et 0 dépôt au DMP est compté
    Quand le professionnel relance les envois en attente
    Alors 1 dépôt au DMP est compté
    Et aucun écart n'est relevé

  @exigence:BANC-MOM.02 @preuve:BANC-MOM.02.01
  Scénario: Le même document envoyé deux fois ne compte qu'une fois
    Étant donné un patient à l'identité qualifiée
    Quand le professionnel envoie 1 document à un confrère par MSSanté
    Et il envoie de nouveau ce document à un confrère par MSSanté
    Alors l'opérateur MSSanté a accepté 2 messages
    Et 1 envoi à un confrère est compté
    Et aucun écart n'est relevé

  @exigence:BANC-MOM.02 @preuve:BANC-MOM.02.02
  Scénario: Un message à soi-même ne compte pas
    Étant donné un patient à l'identité qualifiée
    Quand le professionnel s'envoie 1 document à lui-même par MSSanté
    Alors l'opérateur MSSanté a accepté 1 message
    Et 0 envoi à un confrère est compté
    Et aucun écart n'est relevé

  @exigence:BANC-MOM.03 @exigence:MSS/va1.19 @preuve:BANC-MOM.03.01
  Scénario: Un envoi citoyen ne compte qu'à l'adresse INS d'un patient qualifié
    Étant donné un patient à l'identité qualifiée
    Quand le professionnel envoie 1 document à ce patient par la messagerie citoyenne
    Alors l'adresse du destinataire est l'INS du patient
    Et 1 envoi à un patient est compté
    Et 0 envoi à un confrère est compté
    Et aucun écart n'est relevé
