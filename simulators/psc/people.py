"""Userinfo claims of the fictitious professionals, and their awkward variants (fiche §3.4)."""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from fixtures.identifiers import rpps
from fixtures.world import ProfessionalFixture

PROVIDER = "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd"
"""User federation of every sample seen from 2022 to 2024 (fiche §3.1)."""

Claims = dict[str, Any]

_EMPTY_ACTIVITY = (
    "codeSectionPharmacien",
    "codeRole",
    "numeroSiretSite",
    "numeroSirenSite",
    "numeroFinessetablissementJuridique",
    "enseigneCommercialeSite",
    "complementDestinataire",
    "complementPointGeographique",
    "indiceRepetitionVoie",
    "mentionDistribution",
    "telephone",
    "telephone2",
    "telecopie",
    "adresseEMail",
    "codeDepartement",
)


def subject(national_id: str) -> str:
    """``sub``: Keycloak user-federation form."""
    return f"f:{PROVIDER}:{national_id}"


def token_claims(person: ProfessionalFixture, auth_mode: str) -> Claims:
    """Claims of a professional that tokens carry as well."""
    return {
        "authMode": auth_mode,
        "otherIds": [{"identifiant": person.national_id, "origine": "RPPS", "qualite": 1}],
        "SubjectNameID": person.national_id,
        "preferred_username": person.national_id,
    }


def userinfo(person: ProfessionalFixture, auth_mode: str) -> Claims:
    """Every claim of §3.4. Top-level organisation and sector are those of the first activity."""
    activity = _activity(person)
    return {
        "Secteur_Activite": f"{person.structure.sector}^1.2.250.1.71.4.2.4",
        "sub": subject(person.national_id),
        "codeGenreActivite": "GENR01",
        "SubjectOrganization": activity["raisonSocialeSite"],
        "SubjectOrganizationID": activity["identifiantTechniqueDeLaStructure"],
        "Mode_Acces_Raison": "",
        "codeCivilite": person.civility,
        "given_name": _upper(person.given_name),
        "family_name": _upper(person.family_name),
        "Acces_Regulation_Medicale": "FAUX",
        "UITVersion": "1.0",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "SubjectRole": [f"{person.profession}^1.2.250.1.213.1.1.5.5"],
        **token_claims(person, auth_mode),
        "SubjectRefPro": {"exercices": [_exercise(person, activity)]},
    }


def _exercise(person: ProfessionalFixture, activity: Claims) -> Claims:
    return {
        "codeProfession": person.profession,
        "codeCategorieProfessionnelle": "C",
        "codeCiviliteDexercice": "DR" if person.profession == "10" else "",
        "nomDexercice": _upper(person.family_name),
        "prenomDexercice": _upper(person.given_name),
        "codeTypeSavoirFaire": "S" if person.speciality else "",
        "codeSavoirFaire": person.speciality or "",
        "activities": [activity],
    }


def _activity(person: ProfessionalFixture) -> Claims:
    structure = person.structure
    return {
        **dict.fromkeys(_EMPTY_ACTIVITY, ""),
        "codeModeExercice": "L",
        "codeSecteurDactivite": structure.sector,
        "codeGenreActivite": "GENR01",
        "numeroFinessSite": structure.finess,
        "identifiantTechniqueDeLaStructure": f"F{structure.finess}",
        "raisonSocialeSite": _upper(structure.name),
        "numeroVoie": "4",
        "codeTypeDeVoie": "PL",
        "libelleVoie": "DU BANC",
        "bureauCedex": "33000 BORDEAUX",
        "codePostal": "33000",
        "codeCommune": "33063",
        "codePays": "99000",
        "ancienIdentifiantDeLaStructure": structure.structure_id,
        "autoriteDenregistrement": "CNOM/CNOM/CNOM",
    }


def _upper(text: str) -> str:
    """Capitals without accents, as the national directory gives names."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain.upper()


def _without_reference(claims: Claims) -> None:
    del claims["SubjectRefPro"]


def _two_exercises(claims: Claims) -> None:
    first = claims["SubjectRefPro"]["exercices"][0]
    second = copy.deepcopy(first)
    second["codeSavoirFaire"] = "SM26"
    second["activities"][0] |= {
        "codeModeExercice": "S",
        "codeSecteurDactivite": "SA01",
        "numeroFinessSite": "330999103",
        "numeroFinessetablissementJuridique": "330999202",
        "identifiantTechniqueDeLaStructure": "F330999103",
        "raisonSocialeSite": "CENTRE HOSPITALIER FICTIF DU BANC",
        "ancienIdentifiantDeLaStructure": "1330999103",
    }
    claims["SubjectRefPro"]["exercices"].append(second)


def _empty_values(claims: Claims) -> None:
    claims |= dict.fromkeys(("SubjectOrganization", "SubjectOrganizationID", "codeCivilite"), "")
    claims["SubjectRefPro"]["exercices"][0]["codeSavoirFaire"] = ""


def _no_structure(claims: Claims) -> None:
    activity = claims["SubjectRefPro"]["exercices"][0]["activities"][0]
    for name in (
        "numeroFinessSite",
        "identifiantTechniqueDeLaStructure",
        "raisonSocialeSite",
        "ancienIdentifiantDeLaStructure",
    ):
        activity[name] = ""
    claims |= {"SubjectOrganization": "", "SubjectOrganizationID": ""}


def _rename(claims: Claims, national_id: str, origin: str) -> None:
    claims |= {
        "sub": subject(national_id),
        "SubjectNameID": national_id,
        "preferred_username": national_id,
        "otherIds": [{"identifiant": national_id, "origine": origin, "qualite": 1}],
    }


def _adeli(claims: Claims) -> None:
    _rename(claims, "0339999018", "ADELI")


def _other_rpps(claims: Claims) -> None:
    _rename(claims, f"8{rpps(876)}", "RPPS")


def _unknown_profession(claims: Claims) -> None:
    claims["SubjectRole"] = ["98^1.2.250.1.213.1.1.5.5"]
    claims["SubjectRefPro"]["exercices"][0]["codeProfession"] = "98"


def _several_origins(claims: Claims) -> None:
    claims["otherIds"] += [
        {"identifiant": "0339999018", "origine": "ADELI", "qualite": 1},
        {"identifiant": "3330999004/essai", "origine": "FINESS", "qualite": 2},
    ]


def _accents(claims: Claims) -> None:
    claims |= {"given_name": "HÉLOÏSE", "family_name": "TESTÇOIS-D’ÉTÉ"}


VARIANTS: Mapping[str, tuple[str, Callable[[Claims], None]]] = {
    "sans-subjectrefpro": ("userinfo sans SubjectRefPro", _without_reference),
    "deux-exercices": ("deux exercices, dont un hospitalier", _two_exercises),
    "valeurs-vides": ("libellés et savoir-faire vides", _empty_values),
    "activite-sans-structure": ("activité sans structure", _no_structure),
    "identite-adeli": ("identité ADELI, sans RPPS", _adeli),
    "profession-inconnue": ("code de profession inconnu", _unknown_profession),
    "rpps-change": ("RPPS différent de celui de la connexion", _other_rpps),
    "origines-multiples": ("otherIds de plusieurs origines", _several_origins),
    "nom-accentue": ("nom et prénom accentués", _accents),
}
"""Awkward userinfo (fiche §9): name to French description and change."""
