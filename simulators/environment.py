"""The environment descriptor: all that a product needs to meet the bench.

Written as ``environnement.json`` with its certificates beside it; paths in it
are relative to its folder. Field names are French: integrators read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from fixtures.world import PatientFixture, ProfessionalFixture, World
from rules.context import Environment, Professional, PscClient, Software

if TYPE_CHECKING:
    from simulators.kernel import Kernel

FILE = "environnement.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class Bench(_Part):
    """The bench itself; ``administration`` is the address of its API."""

    version: str
    campagne: str
    graine: int
    administration: str


class Trust(_Part):
    """Files of the authorities a product must trust, in every form."""

    pem: str
    der: list[str]
    p12: str
    jks: str
    mot_de_passe: str


class CertificateFiles(_Part):
    """Files of one certificate and its key; ``p12`` is absent for spoilt variants."""

    certificat: str
    cle: str
    chaine: str
    p12: str | None = None
    mot_de_passe: str | None = None


class StructurePart(_Part):
    """The cabinet of a professional."""

    identifiant: str
    finess: str
    nom: str
    secteur: str


class CardPart(_Part):
    """The test card of a professional: PIN and names of its two certificates."""

    pin: str
    authentification: str
    signature: str


class ProfessionalPart(_Part):
    """A fictitious professional."""

    identifiant_national: str
    rpps: str
    nom: str
    prenom: str
    profession: str
    profession_libelle: str
    specialite: str | None
    specialite_libelle: str | None
    civilite: str
    bal: str
    identifiant_facturation: str
    structure: StructurePart
    carte: CardPart


class PatientPart(_Part):
    """A fictitious patient as the reference identity base knows it."""

    nom_naissance: str
    prenoms_naissance: str
    sexe: str
    date_naissance: str
    lieu_naissance: str
    nom_utilise: str | None
    matricule: str
    cle: str
    oid: str
    dmp: str
    mes: str


class SoftwarePart(_Part):
    """How the product is known to the services."""

    nom: str
    version: str
    nil: str
    idam: str
    numero_homologation_dmp: str
    oid: str


class Descriptor(_Part):
    """The whole descriptor. Each service adds its own part under its name."""

    banc: Bench
    confiance: Trust
    certificats: dict[str, CertificateFiles]
    professionnels: list[ProfessionalPart]
    patients: list[PatientPart]
    logiciel: SoftwarePart
    reglages: dict[str, Any] = Field(default_factory=dict)
    hotes: list[str] = Field(default_factory=list)


def people(world: World) -> dict[str, Any]:
    """The parts of the descriptor that come from the world of the campaign."""
    software = world.software
    return {
        "professionnels": [_professional(p) for p in world.professionals],
        "patients": [_patient(p) for p in world.patients],
        "logiciel": {
            "nom": software.name,
            "version": software.version,
            "nil": software.nil,
            "idam": software.idam,
            "numero_homologation_dmp": software.dmp_homologation,
            "oid": software.oid,
        },
        "reglages": {"oid_ins_de_test": dict(Environment().oid_equivalences)},
    }


def knowledge(kernel: Kernel, descriptor: Mapping[str, Any], keys: Sequence[Any]) -> Environment:
    """What the checks are told of this test world. ``keys`` are the public JWK of PSC."""
    world = kernel.world
    software = world.software
    return Environment(
        software=Software(
            name=software.name,
            version=software.version,
            nil=software.nil,
            idam=software.idam,
            dmp_homologation=software.dmp_homologation,
            oid=software.oid,
        ),
        professionals=tuple(_known(p) for p in world.professionals),
        psc_clients=(PscClient(software.psc_client_id, (software.psc_redirect_uri,)),),
        psc_keys=tuple(keys),
        psc_issuer=descriptor.get("psc", {}).get("emetteur"),
        anchors=kernel.pki.anchors,
        mss_domains=world.mss_domains,
    )


def write(folder: Path, descriptor: Mapping[str, Any]) -> Path:
    """Write ``environnement.json``, ``environnement.env`` and ``hotes``; the first path."""
    path = folder / FILE
    path.write_text(json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (folder / "environnement.env").write_text(dotenv(descriptor), encoding="utf-8")
    lines = descriptor.get("hotes", [])
    (folder / "hotes").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def dotenv(descriptor: Mapping[str, Any]) -> str:
    """The addresses and files of the descriptor as ``SEGUR_…=value`` lines."""
    wanted = ("banc", "confiance", "psc", "insi", "dmp", "mssante", "logiciel")
    lines: list[str] = []
    for name in wanted:
        lines.extend(_flat(f"SEGUR_{name.upper()}", descriptor.get(name)))
    return "".join(f"{line}\n" for line in lines)


def _flat(prefix: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return [line for k, v in fields.items() for line in _flat(f"{prefix}_{k.upper()}", v)]
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [line for i, v in enumerate(items) for line in _flat(f"{prefix}_{i}", v)]
    return [] if value is None else [f'{prefix}="{value}"']


def _professional(who: ProfessionalFixture) -> dict[str, Any]:
    place = who.structure
    return {
        "identifiant_national": who.national_id,
        "rpps": who.rpps,
        "nom": who.family_name,
        "prenom": who.given_name,
        "profession": who.profession,
        "profession_libelle": who.profession_label,
        "specialite": who.speciality,
        "specialite_libelle": who.speciality_label,
        "civilite": who.civility,
        "bal": who.mailbox,
        "identifiant_facturation": who.billing_id,
        "structure": {
            "identifiant": place.structure_id,
            "finess": place.finess,
            "nom": place.name,
            "secteur": place.sector,
        },
        "carte": {
            "pin": who.pin,
            "authentification": f"cps-{who.national_id}-auth",
            "signature": f"cps-{who.national_id}-sign",
        },
    }


def _patient(who: PatientFixture) -> dict[str, Any]:
    return {
        "nom_naissance": who.birth_name,
        "prenoms_naissance": who.birth_given_names,
        "sexe": who.sex,
        "date_naissance": who.birth_date,
        "lieu_naissance": who.birth_place,
        "nom_utilise": who.used_name,
        "matricule": who.matricule,
        "cle": who.key,
        "oid": who.oid,
        "dmp": who.dmp,
        "mes": who.mes,
    }


def _known(who: ProfessionalFixture) -> Professional:
    return Professional(
        national_id=who.national_id,
        family_name=who.family_name,
        given_name=who.given_name,
        profession=who.profession,
        speciality=who.speciality,
        structure_id=who.structure.structure_id,
        sector=who.structure.sector,
        mailboxes=(who.mailbox,),
        billing_id=who.billing_id,
    )
