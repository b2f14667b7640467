"""What an editor might drop in a folder: a wire that has nothing of ours but the meaning.

SOAP 1.1, two namespaces and children of none, attributes, lines nested in blocks,
dates and booleans of another century, two operations of one element, codes of its own.
"""

from __future__ import annotations

NAME = "officiel"
NS, NS_LINES = "urn:essai:epresc:v3", "urn:essai:lignes:v3"
OFFICIAL = """
nom = "officiel"
titre = "Un fil qui n'existe pas"
forme = "soap"
soap = "1.1"
adresse = "/teleservices/ordonnance/v3"
type_contenu = "text/xml; charset=UTF-8"
espace = "urn:essai:epresc:v3"
espaces = { l = "urn:essai:lignes:v3" }
qualifie = false
ordre = ["Porteur", "Bloc"]

[operations.EP4]
action = "http://essai/v3/Deposer"
demande = "FluxOrdonnance"
reponse = "AccuseOrdonnance"

[operations.EP4-annulation]
action = "http://essai/v3/Annuler"
demande = "FluxOrdonnance"
reponse = "AccuseAnnulation"
[operations.EP4-annulation.cles]
operation = "@sens"

[operations.EP3]
action = "http://essai/v3/Lire"
demande = "Lecture"
reponse = "Contenu"
[operations.EP3.cles_reponse]
ordonnance = "Dossier"

[operations.EP2]
action = "http://essai/v3/Chercher"
demande = "Criteres"
reponse = "Liste"
[operations.EP2.cles]
"periode.1" = "Entre/@debut"
"periode.2" = "Entre/@fin"
resultats = "Lot/Fiche"

[operations.EP1]
action = "http://essai/v3/Delivrer"
demande = "Delivrance"
reponse = "AccuseDelivrance"
[operations.EP1.cles]
lignes = "Actes/l:Acte"

[operations.traces]
action = "http://essai/v3/Tracer"
demande = "Journal"
reponse = "AccuseJournal"

[cles]
id = "Entete/@numero"
horodatage = "Entete/@emission"
consentement = "Entete/@nonOpposition"
"validite.1" = "Validite/@du"
"validite.2" = "Validite/@au"
patient = "Porteur"
"patient.ins.matricule" = "@nir"
"patient.nomNaissance" = "Identite/NomFamille"
"patient.prenoms" = "Identite/Prenoms"
"patient.naissance" = "Identite/@ne"
lignes = "Bloc/l:Lignes/l:Ligne"
"lignes.n" = "@rang"
"lignes.ald" = "@ald"
"lignes.cis" = "l:Produit/@cis"
"lignes.libelle" = "l:Produit/#"
"lignes.mentions" = "l:Mentions/l:Mention"
"quantite.valeur" = "@nb"
"quantite.unite" = "@um"
"executions.lignes" = "Actes/l:Acte"
"remplacement.cis" = "l:Produit/@cis"
"remplacement.libelle" = "l:Produit/#"

[listes]
prenoms = " "

[booleens]
true = "O"
false = "N"

[dates]
date = "AAAAMMJJ"
horodatage = "JJ/MM/AAAA hh:mm:ss"

[valeurs.eprescType]
medicament = "MED"
dispositifMedical = "DM"
[valeurs.statut]
DELIVREE = "1"
DELIVREE_PARTIELLEMENT = "2"
[valeurs.etat]
ENREGISTREE = "E"
EXECUTEE = "X"
ANNULEE = "A"
[valeurs.accesExecutions]
AUTORISE = "OUI"
REFUSE = "NON"

[erreurs]
EP-P-005 = "ORD-0105"
EP-P-007 = "ORD-0404"

[faute]
detail = "l:Anomalie"
code = "@ref"
libelle = "Texte"
statut = 500
"""
