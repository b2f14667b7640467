# language: fr
@domaine-dmp @vague2
Fonctionnalité: Rester utilisable avec trois secondes de latence
  L'utilisateur s'identifie par Pro Santé Connect, reprend l'identité de l'appli carte Vitale, puis
  prescrit : ordonnance numérique, QR code, DMP et MSSanté s'enchaînent alors que chaque service
  met trois secondes à répondre.

  @exigence:LGC.DMP/UX.10 @exigence:SC.APCV.01 @exigence:LGC.PRESC.03 @preuve:LGC.DMP/UX.10.01
  Scénario: De l'appli carte Vitale au courriel, chaque service répondant en trois secondes
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et l'appli carte Vitale d'une famille
    Et chaque service met 3 secondes à répondre
    Quand le professionnel la lit par QR code
    Et il retient le titulaire pour un nouveau dossier
    Et il prépare une ordonnance simple
    Et il valide l'ordonnance
    Et il imprime l'ordonnance
    Et il envoie l'ordonnance à un confrère par MSSanté
    Alors les services ont été appelés dans l'ordre : psc token, apcv authentifierUtilisateurProximite, prescription EP4, dmp TD2.1, mssante SMTP
    Et son numéro est le même dans l'appel, sur la page, dans le Code 2D, au DMP et dans le courriel
    Et aucun geste n'a duré plus que la latence de 3 secondes de ses appels
    Et 1 ordonnance a été créée sous 1 numéro
    Et aucun appel n'est parvenu à INSi pendant ce geste
    Et aucun écart n'est relevé
