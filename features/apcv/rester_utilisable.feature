# language: fr
@domaine-dmp @vague2
Fonctionnalité: Rester utilisable avec trois secondes de latence
  L'utilisateur s'identifie par Pro Santé Connect, reprend l'identité de l'appli carte Vitale, puis
  prescrit : ordonnance numérique, Code 2D, DMP et MSSanté s'enchaînent alors que chaque service met
  trois secondes à répondre. Pendant ce temps il relit un document local, prend une note, ouvre un
  autre dossier. Ce que le texte ne chiffre pas est mesuré et comparé à des bornes du banc.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et l'appli carte Vitale d'une famille
    Et le dossier local de son titulaire, avec un compte rendu
    Et son DMP, que rien n'interdit au professionnel, avec un autre document
    Et chaque service met 3 secondes à répondre
    Et le professionnel continue de travailler pendant chaque geste

  @exigence:LGC.DMP/UX.10 @exigence:SC.APCV.01 @exigence:LGC.PRESC.03 @preuve:LGC.DMP/UX.10.01
  Scénario: De l'appli carte Vitale au courriel, chaque service répondant en trois secondes
    Quand le professionnel la lit par QR code, sans carte CPS
    Et il retient le titulaire pour ce dossier
    Et il prépare une ordonnance simple
    Et il valide l'ordonnance
    Et il imprime l'ordonnance
    Et le DMP a reçu l'ordonnance
    Et il envoie l'ordonnance à un confrère par MSSanté
    Et il ferme l'appli carte Vitale
    Alors les six étapes se sont suivies dans l'ordre
    Et l'identité du titulaire est qualifiée par l'appli carte Vitale
    Et aucun appel n'est parvenu à INSi pendant ce geste
    Et son numéro est le même dans l'appel, sur la page, dans le Code 2D, au DMP et dans le courriel
    Et 1 ordonnance a été créée sous 1 numéro
    Et le logiciel est resté utilisable pendant chaque geste
    Et aucun geste n'a duré plus que ses appels à l'appli carte Vitale, à l'ordonnance numérique, au DMP et à MSSanté
    Et aucun écart n'est relevé

  @exigence:LGC.DMP/UX.10
  Scénario: Chercher dans le DMP n'empêche pas de travailler
    Quand le professionnel la lit par QR code, sans carte CPS
    Et il retient le titulaire pour ce dossier
    Et le professionnel cherche les documents du DMP
    Et il ferme l'appli carte Vitale
    Alors ce document est dans la liste
    Et le logiciel est resté utilisable pendant chaque geste
    Et aucun geste n'a duré plus que ses appels à l'appli carte Vitale et au DMP
    Et aucun écart n'est relevé
