# language: fr
@domaine-ordn @vague2
Fonctionnalité: Retrouver une ordonnance et relire ce qui a été délivré
  Le prescripteur relit ce que la pharmacie a délivré, modifié ou remplacé, avec la date, l'exécutant
  et le motif, si le patient ne s'y oppose pas.

  Contexte:
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et un patient à l'identité validée

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Plan du Scénario: Une pharmacie <geste> les lignes, le prescripteur le voit
    Étant donné une ordonnance de deux médicaments enregistrée avec consentement
    Quand la pharmacie <geste> les lignes de l'ordonnance
    Et le professionnel consulte l'ordonnance
    Alors le logiciel montre les exécutions : <statuts>
    Et aucun écart n'est relevé

    Exemples:
      | geste             | statuts                     |
      | délivre           | DELIVREE, DELIVREE          |
      | délivre en partie | DELIVREE_PARTIELLEMENT      |
      | modifie           | MODIFIEE, DELIVREE          |
      | remplace          | REMPLACEE, DELIVREE         |
      | complète          | DELIVREE, DELIVREE, AJOUTEE |
      | supprime          | DELIVREE, SUPPRIMEE         |
      | refuse            | NON_DELIVREE, NON_DELIVREE  |

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Lignes remplacée, ajoutée et supprimée d'un coup, chacune avec son motif
    Étant donné une ordonnance de deux médicaments enregistrée avec consentement
    Quand la pharmacie remplace une ligne, en ajoute une et supprime l'autre
    Et le professionnel consulte l'ordonnance
    Alors le logiciel montre les exécutions : REMPLACEE, AJOUTEE, SUPPRIMEE
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Deux pharmacies l'une après l'autre, le prescripteur voit les deux
    Étant donné une ordonnance de deux médicaments enregistrée avec consentement
    Quand la pharmacie délivre en partie les lignes de l'ordonnance
    Et l'autre pharmacie délivre les lignes de l'ordonnance
    Et le professionnel consulte l'ordonnance
    Alors le logiciel montre les exécutions : DELIVREE_PARTIELLEMENT, DELIVREE, DELIVREE
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Le patient s'oppose, rien de ce qui est délivré n'est montré
    Étant donné une ordonnance de deux médicaments enregistrée sans consentement
    Quand la pharmacie délivre les lignes de l'ordonnance
    Et le professionnel consulte l'ordonnance
    Alors le logiciel ne montre aucune exécution
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Le patient change d'avis, le refus du téléservice est dit
    Étant donné une ordonnance de deux médicaments enregistrée avec consentement
    Quand la pharmacie délivre les lignes de l'ordonnance
    Et le patient s'oppose auprès du téléservice
    Et le professionnel consulte l'ordonnance
    Alors le logiciel ne montre aucune exécution
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Une fois les renouvellements épuisés, plus rien ne se délivre
    Étant donné une ordonnance renouvelable une fois enregistrée avec consentement
    Quand la pharmacie délivre les lignes de l'ordonnance
    Et l'autre pharmacie délivre les lignes de l'ordonnance
    Alors la pharmacie ne peut plus rien délivrer
    Quand le professionnel consulte l'ordonnance
    Alors le logiciel montre les exécutions : DELIVREE, DELIVREE
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Après sa fin de validité, plus rien ne se délivre
    Quand il prépare une ordonnance simple valable un jour
    Et il valide l'ordonnance
    Alors la pharmacie ne peut rien délivrer après sa fin de validité
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Plan du Scénario: Le téléservice rend <surprise>, le logiciel n'en perd rien
    Étant donné une ordonnance de deux médicaments enregistrée avec consentement
    Et un téléservice qui rendra <surprise>
    Quand le professionnel consulte l'ordonnance
    Alors le logiciel montre l'ordonnance et ses lignes
    Et aucun écart n'est relevé

    Exemples:
      | surprise                  |
      | un motif inconnu          |
      | un type de ligne inconnu  |
      | des éléments inconnus     |

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Une ordonnance exécutée ne s'annule plus
    Étant donné une ordonnance de deux médicaments enregistrée avec consentement
    Quand la pharmacie délivre les lignes de l'ordonnance
    Et le professionnel tente d'annuler l'ordonnance
    Alors le logiciel refuse l'annulation
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Une ordonnance se retrouve hors d'un dossier
    Étant donné une ordonnance de deux médicaments enregistrée avec consentement
    Quand le professionnel recherche ses ordonnances du jour hors d'un dossier
    Alors l'ordonnance est trouvée
    Quand le professionnel consulte l'ordonnance
    Alors le logiciel montre l'ordonnance sans exécution
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Dans un dossier, seules les ordonnances de ce patient sont trouvées
    Étant donné une ordonnance simple enregistrée avec consentement
    Et un autre patient à l'identité qualifiée
    Et une ordonnance simple enregistrée avec consentement
    Quand le professionnel recherche ses ordonnances du jour dans ce dossier
    Alors l'ordonnance est trouvée
    Et l'ordonnance de l'autre patient ne l'est pas
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Une longue recherche se lit jusqu'à la dernière page
    Étant donné un téléservice qui trouvera deux cents ordonnances
    Quand le professionnel recherche ses ordonnances du jour hors d'un dossier
    Alors toutes les pages de la recherche ont été lues
    Et aucun écart n'est relevé

  @exigence:LGC.PRESC.01 @exigence:SC.ORDN/CONF.01
  Scénario: Un renouvellement est une nouvelle ordonnance
    Étant donné une ordonnance de deux médicaments enregistrée avec consentement
    Quand le professionnel renouvelle l'ordonnance
    Et il valide l'ordonnance
    Alors 2 ordonnances ont été créées sous 2 numéros
    Et aucun écart n'est relevé
