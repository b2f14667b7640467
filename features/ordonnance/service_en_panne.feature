# language: fr
@domaine-ordn @vague2
Fonctionnalité: Prescrire quand le téléservice d'ordonnance numérique ne répond pas
  Le patient repart toujours avec son ordonnance et le DMP est toujours alimenté : sans le Code 2D
  si le téléservice n'a pas répondu. Une réponse perdue ne crée pas deux ordonnances.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et un patient à l'identité qualifiée

  @exigence:LGC.PRESC.03 @exigence:LGC.PRESC.04
  Scénario: Service en panne, le DMP est alimenté sans Code 2D
    Étant donné le téléservice d'ordonnance en panne
    Quand le professionnel prépare une ordonnance simple
    Et il valide l'ordonnance
    Et il imprime l'ordonnance
    Alors l'ordonnance est sans code et l'utilisateur en est averti
    Et le DMP a reçu 1 document N3 et 1 document N1, sans le Code 2D
    Et la page imprimée ne porte ni numéro ni Code 2D
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.04 @exigence:SC.ORDN/CONF.02
  Scénario: Service en panne, une ordonnance de biologie part en N1 sans Code 2D
    Étant donné le téléservice d'ordonnance en panne
    Quand le professionnel prépare une ordonnance de biologie
    Et il valide l'ordonnance
    Alors l'ordonnance est sans code et l'utilisateur en est averti
    Et le DMP a reçu 0 document N3 et 1 document N1, sans le Code 2D
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.03
  Scénario: Le service revient, l'ordonnance n'y est jamais enregistrée deux fois
    Étant donné le téléservice d'ordonnance en panne
    Quand le professionnel prépare une ordonnance simple
    Et il valide l'ordonnance
    Et le téléservice d'ordonnance revient
    Et il valide de nouveau l'ordonnance
    Alors l'ordonnance est enregistrée une seule fois, ou reste sans code
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Réponse perdue, une seule ordonnance est créée
    Étant donné le téléservice d'ordonnance qui perd sa prochaine réponse
    Quand le professionnel prépare une ordonnance simple
    Et il valide l'ordonnance
    Alors 1 seule ordonnance existe, sous 1 seul numéro
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Numéro déjà utilisé, l'ordonnance en prend un nouveau
    Étant donné le téléservice d'ordonnance qui dira le prochain numéro déjà utilisé
    Quand le professionnel prépare une ordonnance simple
    Et il valide l'ordonnance
    Et il imprime l'ordonnance
    Alors l'ordonnance est enregistrée par le téléservice
    Et 1 ordonnance a été créée, 2 numéros ayant été essayés
    Et la page et son Code 2D portent le numéro enregistré
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.03
  Scénario: Le DMP refuse, l'ordonnance reste enregistrée
    Étant donné le DMP refusera le prochain dépôt
    Quand le professionnel prépare une ordonnance simple
    Et il valide l'ordonnance
    Et le professionnel relance les envois en attente
    Alors l'ordonnance n'a pas été annulée
    Et le DMP a refusé un dépôt
    Et 1 ordonnance a été créée sous 1 numéro
    Et aucun écart n'est relevé
