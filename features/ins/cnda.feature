# language: fr
@domaine-ins @cnda @vague1 @vague2 @profil-general @obs-adaptateur
Fonctionnalité: Cas de test CNDA du téléservice INSi
  Les cas connus de l'homologation, sous leurs numéros, avec les personnes fictives de la base de
  qualification. Les réponses que le CNDA fait injecter dans le logiciel sont servies telles quelles
  par le simulateur. Les numéros qui manquent n'ont pas été publiés.

  Contexte:
    Étant donné un professionnel du cabinet

  @exigence:INS/va1.34 @exigence:INS/va1.52 @preuve:CNDA-INSi-2.03.1
  Scénario: 2.03 cas 1, apostrophes, espaces et tiret partent sans y toucher
    Étant donné le dossier de D'ARTAGNAN DE L'HERAULT, PIERRE-ALAIN, M, né le 17/06/2001 à 63220
    Quand le professionnel recherche l'INS sur les traits
    Alors la demande porte à la lettre le nom D'ARTAGNAN DE L'HERAULT et le prénom PIERRE-ALAIN
    Et le logiciel annonce le code 00
    Et le dossier porte le matricule 1010663220754 60
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @exigence:INS/va1.52 @preuve:CNDA-INSi-2.03.2
  Scénario: 2.03 cas 2, un lieu de naissance en Corse
    Étant donné le dossier de ADRTROIS, TOUSSAINT, M, né le 01/01/1960 à 2B020
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 00
    Et le dossier porte le matricule 160012B020777 13
    Et la nature du matricule est NIR
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @preuve:CNDA-INSi-2.03.3
  Scénario: 2.03 cas 3, ligatures et apostrophe typographique ne partent jamais
    Quand le professionnel tente d'ouvrir un dossier et de rechercher l'INS de D’ÆION, CŒUR
    Alors aucune ligature ni apostrophe typographique n'est envoyée à INSi
    Et aucun écart n'est relevé

  @exigence:INS/va1.52 @exigence:INS/va1.35 @preuve:CNDA-INSi-2.04.1
  Scénario: 2.04 cas 1, une seule INS en historique
    Étant donné le dossier de ECETINSI, PIERRE-ALAIN, M, né le 14/07/2009 à 63220
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 00
    Et le dossier porte le matricule 1090763220834 89
    Et l'historique du dossier est : 2090763220834 39
    Et aucun écart n'est relevé

  @exigence:INS/va1.52 @exigence:INS/va1.35 @preuve:CNDA-INSi-2.04.2
  Scénario: 2.04 cas 2, deux INS en historique, l'une sans date
    Étant donné le dossier de ECETINSI, PIERRE-ALAIN, M, né le 14/07/2009 à 63220
    Et INSi rend deux INS en historique, dont une sans date
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 00
    Et l'historique du dossier est : 2090763220834 39, 2090663220123 55
    Et aucun écart n'est relevé

  @exigence:INS/va1.52 @preuve:CNDA-INSi-2.05
  Scénario: 2.05, un matricule provisoire est un NIA
    Étant donné le dossier de PROVISOIRE, MATRICULE, M, né le 01/07/2009 à 63220
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 00
    Et le dossier porte le matricule 1090763220888 35
    Et la nature du matricule est NIA
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @exigence:INS/va1.38 @preuve:CNDA-INSi-2.06.1
  Scénario: 2.06 cas 1, deux homonymes et rien pour les départager
    Étant donné le dossier de DE VINCI, LEONARDO, M, né le 01/02/2014
    Quand le professionnel recherche l'INS sur les traits
    Alors les appels à INSi sont, dans l'ordre : LEONARDO (02)
    Et le logiciel annonce le code 02
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @exigence:INS/va1.38 @preuve:CNDA-INSi-2.06.2
  Scénario: 2.06 cas 2, le lieu de naissance départage les homonymes
    Étant donné le dossier de DE VINCI, LEONARDO, M, né le 01/02/2014 à 63220
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 00
    Et le dossier porte le matricule 1140263220833 56
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @preuve:CNDA-INSi-2.07.1
  Scénario: 2.07 cas 1, le deuxième prénom est le bon
    Étant donné le dossier de TCHITCHI, OLA CATARINA BELLA, F, née le 21/06/1936 à 63220
    Quand le professionnel recherche l'INS sur les traits
    Alors les appels à INSi sont, dans l'ordre : OLA (01), CATARINA (00)
    Et le logiciel annonce le code 00
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @exigence:INS/va1.38 @preuve:CNDA-INSi-2.07.2
  Scénario: 2.07 cas 2, aucun prénom ni leur ensemble
    Étant donné le dossier de HOUILLES, PIERRE PAUL JACQUES, M, né le 27/01/1993 à 63220
    Quand le professionnel recherche l'INS sur les traits
    Alors les appels à INSi sont, dans l'ordre : PIERRE (01), PAUL (01), JACQUES (01), PIERRE PAUL JACQUES (01)
    Et le logiciel annonce le code 01
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

  @exigence:INS/va1.52 @preuve:CNDA-INSi-2.08.1
  Scénario: 2.08 cas 1, l'INS active répétée en historique
    Étant donné le dossier de CORSE, ANTHONY, M, né le 02/03/1980 à 2B020
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 00
    Et le dossier porte le matricule 180032B020401 23
    Et l'historique du dossier est : aucun
    Et aucun écart n'est relevé

  @exigence:INS/va1.52 @preuve:CNDA-INSi-2.08.2
  Scénario: 2.08 cas 2, des clés qui ne se calculent pas
    Étant donné le dossier de HERMANN, GATIEN, M, né le 24/03/1981 à 63220
    Quand le professionnel recherche l'INS sur les traits
    Alors le logiciel annonce le code 00
    Et le dossier porte le matricule 1810363220456 60
    Et l'historique du dossier est : 2810363220456 10
    Et aucun écart n'est relevé

  @exigence:INS/va1.52 @preuve:CNDA-INSi-3.05.3
  Scénario: 3.05 cas 3, le matricule est déjà celui d'un autre dossier
    Étant donné le dossier de NESSI, RUTH, F, née le 14/07/1977 à 63220
    Et le dossier de NESSI, NATHALIE, F, née le 14/07/1977 à 63220
    Quand le professionnel recherche l'INS de chaque dossier
    Alors le logiciel refuse la seconde INS ou alerte d'un doublon
    Et l'identité est provisoire
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @exigence:INS/va1.52 @preuve:CNDA-INSi-1.10
  Scénario: 1.10, la recherche par carte Vitale rend un NIA
    Étant donné le dossier de ECETINSI, PIERRE-ALAIN, M, né le 14/07/2009 à 63220
    Et sa carte Vitale de la base de qualification dans le lecteur
    Quand le professionnel lit la carte Vitale
    Et le professionnel recherche l'INS avec la carte Vitale
    Et il accepte les traits proposés, s'il y en a
    Alors INSi a reçu 1 recherche par carte Vitale
    Et le logiciel annonce le code 00
    Et le dossier porte le matricule 1090763220834 89
    Et le dossier montre un matricule de nature NIA
    Et aucun écart n'est relevé
