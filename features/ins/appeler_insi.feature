# language: fr
@domaine-ins @vague1 @vague2 @obs-simulateur
Fonctionnalité: Appeler INSi avec une carte CPS ou un certificat de structure
  Le mode d'authentification se voit dans l'appel : assertion signée par la carte, au nom du
  professionnel qui la porte, ou certificat de la structure. L'appel avec Pro Santé Connect
  (SC.INS/PSC.01, projet d'exigence de la vague 2) n'est pas joué : son transport n'a été vu qu'en
  seconde main ; le banc l'admet et le juge (INS-W-14) quand un logiciel s'en sert.

  Contexte:
    Étant donné un professionnel du cabinet
    Et une personne connue d'INSi
    Et son dossier

  @exigence:INS/va1.37 @exigence:INS/va1.49 @preuve:INS/va1.37.01.01
  Scénario: Avec la carte CPS du professionnel
    Quand le professionnel recherche l'INS avec sa carte CPS
    Et il lit le journal INSi du dossier
    Alors l'appel porte l'identité du professionnel, signée par sa carte
    Et l'identité est récupérée
    Et le journal dit que l'appel n° 1 est passé par cps
    Et aucun écart n'est relevé

  @exigence:INS/va1.14 @exigence:INS/va1.49 @preuve:INS/va1.14.01.01
  Scénario: Avec le certificat de la structure
    Quand le professionnel recherche l'INS avec le certificat de la structure
    Et il lit le journal INSi du dossier
    Alors l'appel est authentifié par le certificat de la structure
    Et l'identité est récupérée
    Et le journal dit que l'appel n° 1 est passé par organisation
    Et aucun écart n'est relevé

  @exigence:INS/va1.49 @exigence:INS/va1.37 @preuve:INS/va1.49.01.01
  Scénario: Deux professionnels, deux identités véhiculées et tracées
    Étant donné INSi ne trouve personne
    Quand le professionnel recherche l'INS avec le certificat de la structure
    Et un second professionnel recherche l'INS du dossier avec sa carte CPS
    Et il lit le journal INSi du dossier
    Alors le journal du logiciel dit de chaque appel ce que le simulateur a vu
    Et aucun écart n'est relevé
