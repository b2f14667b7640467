"""Mistakes made in the lot of a deposit: metadata, links, signature."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from bench.defects import Injection
from reference_impl.documents import codes
from reference_impl.documents.codes import Code
from reference_impl.xmltree import node

from .mistakes import around, broken, changed, entry, nothing, put

_EBRIM = "reference_impl.documents.ebrim"
_SUBMISSION = "reference_impl.dmp.submission"
_XADES = "reference_impl.dmp.xades"


def _code(code: str, system: str = "1.2.250.1.213.1.1.4.9", label: str = "Libellé") -> Any:
    return Code(code, system, label)


def _without_signs(original: Any, objects: Any, kind: str, *arguments: Any) -> None:
    if not kind.endswith(":signs"):
        original(objects, kind, *arguments)


def _without_content_type(original: Any, parent: Any, scheme: str, *arguments: Any) -> None:
    if scheme != "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500":
        original(parent, scheme, *arguments)


def _by_the_secretary(author: Any) -> Any:
    return replace(author, person=author.person.replace("810999990012^", "810999990178^"))


def _empty_slot(original: Any, extrinsic: Any, described: Any, *rest: Any) -> None:
    original(extrinsic, described, *rest)
    if not described.source_patient_info:
        slot = node(extrinsic, "Slot", {"name": "sourcePatientInfo"})
        extrinsic.remove(slot)
        extrinsic.insert(0, slot)
        node(slot, "ValueList")


def _every_mask(described: Any, _visibility: Any) -> Any:
    return (*described.confidentiality, codes.MASKED_TO_PROFESSIONALS, codes.HIDDEN_FROM_PATIENT)


def _class_of_the_code(kind: str, **changes: Any) -> Any:
    def patch(patcher: Any) -> None:
        types = dict(codes.DOCUMENT_TYPES)
        types[kind] = replace(types[kind], **{k: v() for k, v in changes.items()})
        patcher.set("reference_impl.documents.codes:DOCUMENT_TYPES", types)

    return patch


def _certificate_class() -> Any:
    return codes.CERTIFICATE


def _patient_class() -> Any:
    return _code("90", "1.2.250.1.213.1.1.4.1", "Document ajouté par le patient")


def _nothing_signed(original: Any, root: Any, lot: Any) -> Any:
    return original(root, replace(lot, documents={}))


def _new_identifier(original: Any, publisher: Any, document_id: str, patient: Any) -> Any:
    """What a retry that starts from the letter again does."""
    stored = publisher._records.document(document_id)
    fresh = replace(stored.document, unique_id=f"{stored.document.unique_id}.{_next()}")
    return replace(fresh, content=publisher.write(fresh, patient))


_counter = iter(range(1, 10_000))


def _next() -> int:
    return next(_counter)


DEFECTS = (
    broken(
        "lot-signature-non-reliee",
        "L'association entre la signature et le lot manque",
        "depot",
        "DMP-21-01",
        around(f"{_EBRIM}:association", _without_signs),
    ),
    broken(
        "lot-sans-type-de-contenu",
        "Le lot n'a pas de contentTypeCode",
        "depot",
        "DMP-21-02",
        around(f"{_EBRIM}:_classification", _without_content_type),
    ),
    broken(
        "lot-d-un-autre-auteur",
        "L'auteur du lot est le titulaire du poste et non l'utilisateur connecté",
        "depot",
        "DMP-21-02 X-05",
        changed(f"{_SUBMISSION}:_lot", author=_by_the_secretary),
    ),
    broken(
        "lot-empreinte-sha-256",
        "hash est un SHA-256",
        "depot",
        "DMP-21-03",
        entry(hash=lambda h: hashlib.sha256(h.encode()).hexdigest()),
    ),
    broken(
        "lot-taille-du-texte",
        "size compte les caractères et non les octets",
        "depot",
        "DMP-21-03",
        entry(size=lambda size: size - 12),
    ),
    broken(
        "lot-identite-source-vide",
        "La fiche de la signature porte un sourcePatientInfo vide",
        "depot",
        "DMP-21-03",
        around(f"{_EBRIM}:_entry_slots", _empty_slot),
    ),
    broken(
        "lot-code-du-logiciel",
        "practiceSettingCode est un code du logiciel",
        "depot",
        "DMP-21-04 DMP-21-06 CDA-29",
        entry(practice_setting=lambda _former: _code("CABINET")),
    ),
    broken(
        "lot-classe-d-un-autre-type",
        "La classe du document ne va pas avec son type",
        "depot",
        "DMP-21-05",
        _class_of_the_code("11488-4", class_=_certificate_class),
    ),
    broken(
        "lot-titre-de-l-ecran",
        "Le titre de la fiche est celui de l'écran et non celui du document",
        "depot",
        "DMP-21-06 CDA-29",
        entry(title="Courrier du logiciel"),
    ),
    broken(
        "lot-document-d-un-confrere",
        "Un document dont l'utilisateur n'est ni auteur ni responsable est déposé",
        "depot",
        "DMP-21-06 DMP-21-07 CDA-29",
        entry(
            author=_by_the_secretary,
            legal_authenticator=lambda p: p.replace("810999990012^", "810999990178^"),
        ),
    ),
    broken(
        "lot-identifiant-de-la-base",
        "uniqueId est l'identifiant de la base et non celui du CDA",
        "depot",
        "DMP-21-08 CDA-29",
        changed(
            "reference_impl.dmp.client:DmpClient._own_entry",
            unique_id=lambda former: f"{former}.1",
        ),
    ),
    broken(
        "lot-dates-en-heure-locale",
        "Les dates sont celles du CDA, décalage ôté et non converties en UTC",
        "depot",
        "DMP-21-09 CDA-29",
        put("reference_impl.documents.metadata:utc", lambda value: value[:14]),
    ),
    broken(
        "lot-masque-a-tous",
        "Le document est masqué à la fois aux professionnels et au patient",
        "depot-masque",
        "DMP-21-10",
        nothing("reference_impl.gestures.exchanges:_require_allowed"),
        put(f"{_SUBMISSION}:confidentiality", _every_mask),
    ),
    broken(
        "lot-confidentialite-normale-oubliee",
        "Le masquage remplace la confidentialité N au lieu de s'y ajouter",
        "depot",
        "DMP-21-06 DMP-21-10 CDA-29",
        entry(confidentiality=lambda codes: ()),
    ),
    broken(
        "lot-classe-reservee-au-patient",
        "La classe du document est réservée à ceux que le patient ajoute",
        "depot",
        "DMP-21-12",
        _class_of_the_code("11488-4", class_=_patient_class),
    ),
    broken(
        "lot-signature-sans-document",
        "La signature du lot ne couvre pas le document",
        "depot",
        "DMP-21-14",
        around(f"{_XADES}:_manifest", _nothing_signed),
    ),
    broken(
        "lot-signature-en-francais",
        "La fiche de la signature garde la langue du document",
        "depot",
        "DMP-21-15",
        changed(f"{_SUBMISSION}:_signature_entry", language="fr-FR"),
    ),
    broken(
        "lot-titre-trop-long",
        "Un titre de plus de 128 caractères est envoyé tel quel",
        "depot",
        "DMP-21-06 DMP-21-20 CDA-29",
        entry(title=lambda title: title * 6),
    ),
    broken(
        "lot-reprise-sous-un-autre-identifiant",
        "Après une réponse perdue, le document repart sous un nouvel identifiant",
        "depot-sans-reponse",
        "X-12",
        around("reference_impl.shipping:Publisher.ready", _new_identifier),
        injection=Injection("dmp", "couper-apres-traitement", "TD2.1"),
    ),
    broken(
        "lot-relance-sous-un-autre-identifiant",
        "L'utilisateur relance un dépôt sans réponse : le document repart sous un nouvel "
        "identifiant",
        "depot-redemande",
        "X-12",
        around("reference_impl.shipping:Publisher.ready", _new_identifier),
        injection=Injection("dmp", "couper-apres-traitement", "TD2.1"),
    ),
    broken(
        "lot-patient-de-type-pi",
        "patientId est écrit comme un identifiant local (PI)",
        "depot",
        "INS-T-03",
        entry(patient_id=lambda cx: cx.replace("^NH", "^PI")),
    ),
)
