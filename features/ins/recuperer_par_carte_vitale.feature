# language: fr
@domaine-ins @vague1 @vague2 @profil-general @obs-simulateur
Fonctionnalité: Récupérer l'INS avec la carte Vitale
  La carte n'est qu'une clé pour interroger INSi : elle est lue à l'instant de l'appel, l'utilisateur
  choisit le bénéficiaire quand il y en a plusieurs, et les traits repris sont ceux d'INSi. Les cas
  1.02 et 1.03 de SEL-GCONFORM (assertion obsolète, bénéficiaire incohérent) se jouent ici par une
  carte changée et par un bénéficiaire qui n'est pas la personne du dossier.

  Contexte:
    Étant donné un professionnel du cabinet
    Et une personne connue d'INSi
    Et son dossier

  @exigence:INS/va1.34 @exigence:INS/va1.38 @preuve:INS/va1.34.02.01
  Scénario: Une carte, un bénéficiaire
    Étant donné sa carte Vitale dans le lecteur
    Quand le professionnel lit la carte Vitale
    Et le professionnel recherche l'INS avec la carte Vitale
    Alors INSi a reçu 1 recherche par carte Vitale
    Et le logiciel annonce le code 00
    Et l'identité est récupérée
    Et le dossier porte l'INS de la personne
    Et le dossier dit que les traits viennent de la carte Vitale et d'INSi
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @preuve:INS/va1.34.02.02
  Scénario: Plusieurs bénéficiaires, l'utilisateur choisit
    Étant donné sa carte Vitale, où figure aussi un autre bénéficiaire, dans le lecteur
    Quand le professionnel lit la carte Vitale
    Et il tente de rechercher l'INS avec la carte Vitale
    Alors le logiciel refuse la recherche
    Et aucun appel n'est parvenu à INSi pendant cette recherche
    Quand il choisit la personne et recherche son INS avec la carte Vitale
    Alors l'identité est récupérée
    Et le dossier porte l'INS de la personne
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @exigence:INS/va1.52 @preuve:INS/va1.34.02.03
  Scénario: Le bénéficiaire n'est pas la personne du dossier
    Étant donné sa carte Vitale, où figure aussi un autre bénéficiaire, dans le lecteur
    Quand le professionnel lit la carte Vitale
    Et il choisit l'autre bénéficiaire et recherche son INS avec la carte Vitale
    Alors le logiciel montre les traits rendus qui diffèrent
    Et l'identité est provisoire
    Et le dossier ne porte aucune INS
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @preuve:INS/va1.34.02.04
  Scénario: La carte a changé depuis sa lecture
    Étant donné sa carte Vitale dans le lecteur
    Quand le professionnel lit la carte Vitale
    Et la carte d'une autre personne remplace la sienne
    Et le professionnel recherche l'INS avec la carte Vitale
    Alors le logiciel montre les traits rendus qui diffèrent
    Et le dossier ne porte aucune INS

  @exigence:INS/va1.34 @exigence:INS/va1.52 @preuve:INS/va1.34.02.05
  Scénario: Une date lunaire de la carte n'entre pas dans l'identité
    Étant donné sa carte Vitale, où sa date de naissance est lunaire, dans le lecteur
    Quand le professionnel lit la carte Vitale
    Et le professionnel recherche l'INS avec la carte Vitale
    Alors l'identité est récupérée
    Et la date de naissance est celle d'INSi
    Et aucun écart n'est relevé

  @exigence:INS/va1.34 @preuve:INS/va1.34.02.06
  Scénario: Sans carte, le logiciel le dit et n'appelle pas INSi
    Étant donné aucune carte Vitale dans le lecteur
    Quand il tente de rechercher l'INS avec la carte Vitale
    Alors aucun appel n'est parvenu à INSi pendant cette recherche
    Et l'identité est provisoire
