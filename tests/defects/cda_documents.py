"""Mistakes made in the CDA header and body of a document."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from lxml import etree

from reference_impl.documents.metadata import read_entry
from reference_impl.people import Professional, Structure

from .mistakes import around, attribute, broken, cda, put, removed, text, written

_BUILD = "reference_impl.documents.cda:build"
_PATIENT = "/*/h:recordTarget/h:patientRole"
_ACT = "/*/h:documentationOf/h:serviceEvent"
_INS = f"{_PATIENT}/h:id[1]"


def _title_before_code(title: etree._Element) -> None:
    code = title.getprevious()
    assert code is not None
    code.addprevious(title)


def _twice(element: etree._Element) -> None:
    element.addnext(deepcopy(element))


def _without_offset(element: etree._Element) -> None:
    element.set("value", element.get("value", "")[:14])


def _without_mailto(element: etree._Element) -> None:
    element.set("value", element.get("value", "").removeprefix("mailto:"))


def _other_sex(element: etree._Element) -> None:
    element.set("code", {"F": "M", "M": "F"}[element.get("code", "")])


def _surname_of_religion(family: etree._Element) -> None:
    family.addnext(etree.fromstring('<given xmlns="urn:hl7-org:v3" qualifier="SP">ANNE</given>'))


def _wrong_key(ins: Any) -> str:
    return f"{ins.matricule}{int(ins.key) % 97 + 1:02d}"


def _with_the_identifier_of_the_model(original: Any, header: Any, pdf: bytes) -> bytes:
    return original(replace(header, unique_id=header.unique_id.rpartition(".")[0]), pdf)


def _own_entry_of_anyone(_client: Any, document: Any, _patient: Any, _professional: Any) -> Any:
    return read_entry(document.content)


def _latin(original: Any, *arguments: Any) -> bytes:
    root = etree.fromstring(original(*arguments))
    return etree.tostring(root, encoding="ISO-8859-1", xml_declaration=True)


def _signed_by_the_colleague(original: Any, header: Any, pdf: bytes) -> bytes:
    colleague = Professional(
        national_id="810999990178",
        rpps="10999990178",
        family_name="TESTCARDIO",
        given_name="Hugo",
        profession="10",
        profession_label="Médecin",
        structure=Structure("1330999004", "Cabinet médical des Essais", "330999004"),
        mailbox="hugo.testcardio@cardio.banc.mssante.fr",
        billing_id="331999012",
        speciality="SM04",
        speciality_label="Cardiologie",
        civility="M",
    )
    return original(replace(header, author=colleague), pdf)


def _raw(element: etree._Element) -> None:
    element.attrib.pop("representation")


def _lower(element: etree._Element) -> None:
    element.text = (element.text or "").title()


DEFECTS = (
    broken(
        "cda-en-latin-1",
        "Le document est écrit en ISO-8859-1",
        "depot",
        "CDA-01",
        around(_BUILD, _latin),
    ),
    broken(
        "cda-marque-d-ordre-des-octets",
        "Le document commence par une marque d'ordre des octets (BOM)",
        "depot",
        "X-11",
        written(_BUILD, r"\A", "\xef\xbb\xbf"),
    ),
    broken(
        "cda-titre-avant-le-type",
        "title est écrit avant code",
        "depot",
        "CDA-02",
        cda("/*/h:title", _title_before_code),
    ),
    broken(
        "cda-type-d-un-autre-schema",
        "typeId désigne une autre version du schéma",
        "depot",
        "CDA-03",
        cda("/*/h:typeId", attribute("extension", "POCD_HD000020")),
    ),
    broken(
        "cda-pays-oublie",
        "realmCode manque",
        "depot",
        "CDA-04",
        cda("/*/h:realmCode", removed),
    ),
    broken(
        "cda-modele-structure-sur-un-corps-pdf",
        "Un document N1 annonce aussi le modèle d'un corps structuré",
        "depot",
        "CDA-05",
        cda("/*/h:templateId[3]", _twice),
    ),
    broken(
        "cda-libelle-de-type-du-logiciel",
        "Le libellé du type est celui du logiciel et non celui du jeu de valeurs",
        "depot",
        "CDA-07 DMP-21-04",
        cda("/*/h:code", attribute("displayName", "Courrier divers")),
    ),
    broken(
        "cda-identifiant-de-serie-oublie",
        "setId manque",
        "depot",
        "CDA-08",
        cda("/*/h:setId", removed),
    ),
    broken(
        "cda-version-sans-remplacement",
        "La version 2 ne dit pas quel document elle remplace",
        "depot",
        "CDA-09",
        cda("/*/h:versionNumber", attribute("value", "2")),
    ),
    broken(
        "cda-identifiant-reutilise",
        "L'identifiant du modèle de courrier sert à tous les documents",
        "deux-depots",
        "CDA-10 DMP-21-16",
        around(_BUILD, _with_the_identifier_of_the_model),
    ),
    broken(
        "cda-date-sans-decalage",
        "La date de l'auteur n'a pas de décalage horaire",
        "depot",
        "CDA-11",
        cda("/*/h:author/h:time", _without_offset),
    ),
    broken(
        "cda-langue-sans-pays",
        "languageCode est « fr »",
        "depot",
        "CDA-12",
        cda("/*/h:languageCode", attribute("code", "fr")),
    ),
    broken(
        "cda-oid-de-production",
        "L'INS part avec l'OID de production rendu par INSi",
        "envoi-confrere",
        "CDA-13 INS-T-03",
        put("reference_impl.people:Environment.document_oid", lambda _environment, ins: ins.oid),
    ),
    broken(
        "cda-matricule-sans-cle",
        "L'INS du document est le matricule sans sa clé",
        "envoi-confrere",
        "CDA-14 INS-T-03 INS-T-04",
        put("reference_impl.people:Ins.value", property(lambda ins: ins.matricule)),
    ),
    broken(
        "cda-cle-recalculee",
        "La clé est recalculée de travers pour le document",
        "envoi-confrere",
        "CDA-14",
        put("reference_impl.people:Ins.value", property(_wrong_key)),
    ),
    broken(
        "cda-lieu-de-naissance-oublie",
        "Le lieu de naissance manque à côté de l'INS",
        "depot",
        "CDA-15",
        cda(f"{_PATIENT}/h:patient/h:birthplace", removed),
    ),
    broken(
        "cda-traits-ressaisis",
        "Le nom de naissance du document est celui de l'écran d'accueil, abrégé",
        "depot",
        "CDA-16 INS-T-04 X-03",
        cda(f"{_PATIENT}//h:family[@qualifier='BR']", text(lambda name: name[:-1])),
    ),
    broken(
        "cda-sexe-inverse",
        "Le sexe est inversé par la table de correspondance",
        "depot",
        "CDA-16 CDA-17 INS-T-04 INS-T-06 X-03",
        cda(f"{_PATIENT}//h:administrativeGenderCode", _other_sex),
    ),
    broken(
        "cda-lieu-de-naissance-en-clair",
        "county porte le nom de la commune",
        "depot",
        "CDA-16 CDA-18 X-03",
        cda(f"{_PATIENT}//h:county", text("BORDEAUX")),
    ),
    broken(
        "cda-qualificatif-sp",
        "Un prénom porte le qualificatif SP, retiré en 2025",
        "depot",
        "CDA-19",
        cda(f"{_PATIENT}//h:family[@qualifier='BR']", _surname_of_religion),
    ),
    broken(
        "cda-adresse-sans-mailto",
        "L'adresse MSSanté de l'auteur n'a pas le préfixe mailto:",
        "depot",
        "CDA-20",
        cda("/*/h:author//h:telecom", _without_mailto),
    ),
    broken(
        "cda-rpps-sans-prefixe",
        "L'auteur est identifié par son RPPS sans le 8",
        "envoi-confrere",
        "CDA-21 X-05",
        cda(
            "/*/h:author/h:assignedAuthor/h:id",
            lambda e: e.set("extension", e.get("extension")[1:]),
        ),
    ),
    broken(
        "cda-auteur-du-modele",
        "L'auteur et le signataire sont ceux du modèle de courrier, un confrère",
        "depot",
        "CDA-22 DMP-21-02 DMP-21-07 X-05",
        around(_BUILD, _signed_by_the_colleague),
        put("reference_impl.dmp.client:DmpClient._own_entry", _own_entry_of_anyone),
    ),
    broken(
        "cda-civilite-en-toutes-lettres",
        "La civilité est écrite « Madame »",
        "depot",
        "CDA-23",
        cda("/*/h:author//h:prefix", text("Madame")),
    ),
    broken(
        "cda-conservateur-de-l-editeur",
        "La structure conservatrice est celle de l'éditeur",
        "depot",
        "CDA-24",
        cda("/*/h:custodian//h:id", attribute("extension", "1750999995")),
    ),
    broken(
        "cda-conservateur-sans-identifiant",
        "La structure conservatrice a un nom et pas d'identifiant national",
        "depot",
        "CDA-24",
        cda("/*/h:custodian//h:id", attribute("root", "1.2.250.1.71.4.2.99")),
    ),
    broken(
        "cda-signature-non-declaree",
        "signatureCode vaut X",
        "depot",
        "CDA-25",
        cda("/*/h:legalAuthenticator/h:signatureCode", attribute("code", "X")),
    ),
    broken(
        "cda-cadre-d-exercice-du-logiciel",
        "Le cadre d'exercice est un code du logiciel",
        "depot",
        "CDA-26 DMP-21-04",
        cda(f"{_ACT}//h:standardIndustryClassCode", attribute("code", "CABINET")),
    ),
    broken(
        "cda-prise-en-charge-sans-date",
        "La prise en charge n'a ni début ni fin",
        "depot",
        "CDA-27",
        cda("/*/h:componentOf//h:effectiveTime/h:low", removed),
    ),
    broken(
        "cda-corps-sans-representation",
        "Le corps en base64 ne dit pas qu'il l'est",
        "depot",
        "CDA-30 DMP-21-13",
        cda("/*/h:component/h:nonXMLBody/h:text", _raw),
    ),
    broken(
        "cda-pdf-ordinaire",
        "Le PDF ne déclare pas être un PDF/A",
        "depot",
        "CDA-31 DMP-21-13",
        written("reference_impl.documents.pdf:render", "pdfaid:part", "pdfxid:part"),
    ),
    broken(
        "cda-sans-ins",
        "Le document d'une identité qualifiée part sans son INS",
        "envoi-confrere",
        "INS-T-02",
        cda(_INS, removed),
    ),
)
