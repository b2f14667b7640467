"""Mistakes made when calling INSi."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from bench.defects import Injection
from tests.reference_impl.story import signer_of

from . import insi_sequences
from .mistakes import around, broken, nothing, put, trusting, written

_ENVELOPE = "reference_impl.insi.client:envelope"
_REQUEST = "reference_impl.insi.request"
_ASSERTION = "reference_impl.insi.assertion"
_CLIENT = "reference_impl.insi.client"
_OTHER_ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecCarteVitale"


def _shifted(**duration: float) -> Any:
    return lambda original, instant: original(instant + timedelta(**duration))


def _with_authentication_key(original: Any, client: Any, *arguments: Any) -> Any:
    cards, professional = client._cards, arguments[-1]
    wrong = signer_of(client._environment.credentials[professional.auth_credential])
    client._cards = SimpleNamespace(professional=cards.professional, signer=lambda _: wrong)
    try:
        return original(client, *arguments)
    finally:
        client._cards = cards


def _reformatted(original: Any, *arguments: Any) -> Any:
    assertion = original(*arguments)
    for element in assertion.iter("{urn:oasis:names:tc:SAML:2.0:assertion}*"):
        element.tail = "\n  "
    return assertion


def _named_as_by_card(original: Any, *arguments: Any) -> Any:
    assertion = original(*arguments)
    for attribute in assertion.iter("{*}Attribute"):
        attribute.set("Name", attribute.get("Name").removesuffix("AMO"))
    return assertion


def _without_first_digit(original: Any, certificate: Any) -> str:
    return original(certificate)[1:]


def _search_by_used_name(original: Any, traits: Any) -> Any:
    return original(replace(traits, birth_name=traits.used_name or traits.birth_name))


def _birth_date_first(original: Any, criteria: Any) -> Any:
    search = original(criteria)
    search.insert(0, search[3])
    return search


DEFECTS = (
    broken(
        "insi-type-de-contenu-soap-1-1",
        "Le logiciel annonce text/xml, le type de SOAP 1.1",
        "recherche-insi",
        "INS-W-01",
        put(f"{_CLIENT}:CONTENT_TYPE", "text/xml; charset=utf-8"),
    ),
    broken(
        "insi-action-d-une-autre-operation",
        "wsa:Action est resté celui de la recherche par carte Vitale",
        "recherche-insi",
        "INS-W-02",
        put(f"{_REQUEST}:ACTION", _OTHER_ACTION),
    ),
    broken(
        "insi-identifiant-de-message-horodate",
        "wsa:MessageID est l'heure de l'appel et non un UUID",
        "recherche-insi",
        "INS-W-03",
        written(_ENVELOPE, "uuid:[^<]+", lambda _found: f"appel-{time.monotonic_ns()}"),
    ),
    broken(
        "insi-identifiant-de-message-fixe",
        "wsa:MessageID est une constante recopiée de l'exemple du guide",
        "recherche-insi",
        "INS-W-03",
        written(_ENVELOPE, "uuid:[^<]+", "uuid:5d0e3c1a-7c0f-4d67-9f8e-3d9d1f3f0a11"),
    ),
    broken(
        "insi-heure-locale-marquee-utc",
        "Les Temps des contextes sont l'heure de Paris suivie de Z",
        "recherche-insi",
        "INS-W-04 X-09",
        around(f"{_REQUEST}:wire_instant", _shifted(hours=1)),
    ),
    broken(
        "insi-heure-du-demarrage-du-poste",
        "Temps garde l'heure du démarrage du logiciel",
        "recherche-insi",
        "INS-W-04",
        around(f"{_REQUEST}:wire_instant", _shifted(minutes=-20)),
    ),
    broken(
        "insi-couverture-oubliee",
        "COUVERTURE est omis faute de carte Vitale lue",
        "recherche-insi",
        "INS-W-04",
        written(_ENVELOPE, "<ctxbam:COUVERTURE ?/>", ""),
    ),
    broken(
        "insi-idam-oublie",
        "Le numéro d'autorisation (IDAM) manque au contexte LPS",
        "recherche-insi",
        "INS-W-05",
        written(_ENVELOPE, "<ctxlps:IDAM.*?</ctxlps:IDAM>", ""),
    ),
    broken(
        "insi-instance-tiree-a-chaque-appel",
        "LPS/Instance est un UUID tiré à chaque appel et non à l'installation",
        "recherche-insi",
        "INS-W-06",
        written(
            _ENVELOPE,
            "(<ctxlps:Instance>)[^<]+",
            lambda found: f"{found[1]}{uuid4()}",
        ),
    ),
    broken(
        "insi-nom-du-logiciel-sans-urn",
        "LPS/Nom est le nom commercial seul",
        "recherche-insi",
        "INS-W-07",
        written(_ENVELOPE, "urn:lps:([^:<]+):[^<]+", r"\1"),
    ),
    broken(
        "insi-version-de-l-ancienne-livraison",
        "Le contexte LPS dit encore la version précédente du produit",
        "recherche-insi",
        "X-06",
        written(_ENVELOPE, "(<ctxlps:Version>|<ctxlps:Nom>urn:lps:[^:]+:)[^<]+", r"\g<1>3.9.1"),
    ),
    broken(
        "insi-emetteur-du-poste",
        "Emetteur est le nom du poste et non l'OU du certificat",
        "recherche-insi",
        "INS-W-08",
        put(f"{_CLIENT}:_organisation", lambda _certificate: "POSTE-01"),
    ),
    broken(
        "insi-certificat-serveur-du-cabinet",
        "La connexion présente le certificat ORG_AUTH_CLI du DMP",
        "recherche-insi",
        "INS-W-09",
        put(f"{_CLIENT}:ORGANISATION_CREDENTIAL", "org-auth-cli"),
    ),
    broken(
        "insi-assertion-signee-par-la-cle-d-authentification",
        "L'assertion est signée par la clé d'authentification de la carte",
        "recherche-par-carte",
        "INS-W-10 CD-07 CD-08",
        around(f"{_CLIENT}:InsiClient._by_card", _with_authentication_key),
    ),
    broken(
        "insi-assertion-reformatee-apres-signature",
        "L'assertion est indentée après avoir été signée",
        "recherche-par-carte",
        "INS-W-10",
        around(f"{_CLIENT}:signed_assertion", _reformatted),
    ),
    broken(
        "insi-nameid-rpps-seul",
        "NameID est le RPPS sans le 8 qui le précède",
        "recherche-par-carte",
        "INS-W-11",
        around(f"{_ASSERTION}:common_name", _without_first_digit),
        around(f"{_CLIENT}:common_name", _without_first_digit),
    ),
    broken(
        "insi-code-specialite-oublie",
        "L'assertion d'un médecin n'a pas codeSpecialite",
        "recherche-par-carte",
        "INS-W-12",
        put(f"{_ASSERTION}:PHYSICIAN", "00"),
    ),
    broken(
        "insi-assertion-gardee-de-la-veille",
        "L'assertion est construite à l'ouverture du logiciel et resservie",
        "recherche-par-carte",
        "INS-W-13",
        around(f"{_ASSERTION}:wire_instant", _shifted(hours=-8)),
    ),
    broken(
        "insi-psc-specialite-comme-avec-la-carte",
        "L'assertion Pro Santé Connect nomme codeSpecialite, comme celle de la carte",
        "recherche-par-psc",
        "INS-W-14",
        around(f"{_CLIENT}:psc_assertion", _named_as_by_card),
    ),
    broken(
        "insi-traits-dans-le-desordre",
        "La date de naissance est écrite avant le nom",
        "recherche-insi",
        "INS-W-15",
        around(f"{_REQUEST}:_search", _birth_date_first),
    ),
    broken(
        "insi-prenom-en-minuscules",
        "Le prénom part tel que saisi, en minuscules",
        "recherche-insi",
        "INS-W-16",
        written(_ENVELOPE, "(<ins:Prenom>)([^<]+)", lambda f: f[1] + f[2].title()),
    ),
    broken(
        "insi-sexe-en-chiffre",
        "Sexe est le chiffre du NIR",
        "recherche-insi",
        "INS-W-17",
        written(_ENVELOPE, "(<ins:Sexe>)([MF])", lambda f: f[1] + {"M": "1", "F": "2"}[f[2]]),
    ),
    broken(
        "insi-date-a-la-francaise",
        "La date de naissance est écrite JJ/MM/AAAA",
        "recherche-insi",
        "INS-W-18",
        written(
            _ENVELOPE,
            r"(<ins:DateNaissance>)(\d+)-(\d+)-(\d+)",
            r"\g<1>\4/\3/\2",
        ),
    ),
    broken(
        "insi-lieu-de-naissance-en-clair",
        "LieuNaissance est le nom de la commune",
        "recherche-insi",
        "INS-W-19",
        written(
            _ENVELOPE,
            "(</ins:DateNaissance>)",
            r"\1<ins:LieuNaissance>BORDEAUX</ins:LieuNaissance>",
        ),
    ),
    broken(
        "insi-recherche-sur-le-nom-utilise",
        "La recherche part avec le nom d'usage",
        "recherche-nom-utilise",
        "INS-W-20",
        around(f"{_CLIENT}:_plan", _search_by_used_name),
    ),
    broken(
        "insi-appel-pour-une-identite-douteuse",
        "L'attribut « identité douteuse » n'empêche pas l'appel",
        "recherche-identite-douteuse",
        "INS-W-21 INS-S-05",
        nothing("reference_impl.gestures.identity:require_reliable"),
    ),
    broken(
        "insi-marque-d-ordre-des-octets",
        "La demande commence par une marque d'ordre des octets (BOM)",
        "recherche-insi",
        "X-11",
        written(_ENVELOPE, r"\A", "\xef\xbb\xbf"),
    ),
    broken(
        "tls-certificat-du-serveur-non-verifie",
        "La vérification du certificat du serveur est restée désactivée depuis les essais",
        "recherche-insi",
        "X-08",
        around("reference_impl.transport:tls_context", trusting),
        injection=Injection("insi", "tls-expire", times=None),
    ),
    *insi_sequences.DEFECTS,
)
