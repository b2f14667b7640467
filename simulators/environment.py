"""The environment descriptor: all that a product needs to meet the bench.

Written as ``environnement.json`` with its certificates beside it; paths in it
are relative to its folder. Field names are French: integrators read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fixtures.world import PatientFixture, ProfessionalFixture, World
from rules.context import Environment, Professional, PscClient, Software

if TYPE_CHECKING:
    from simulators.kernel import Kernel

FILE = "environnement.json"
BRANCHES = {"cards": "cartes", "prescription": "ordonnance"}
"""Services whose part of the descriptor has a French name of its own."""


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
        "reglages": {
            "oid_ins_de_test": dict(Environment().oid_equivalences),
            # Nothing is said of a product in test: it is what every product of the bench is.
            **({} if software.profile == "test" else {"environnement": software.profile}),
        },
    }


def knowledge(kernel: Kernel, descriptor: Mapping[str, Any], keys: Sequence[Any]) -> Environment:
    """What the checks are told of this test world. ``keys`` are the public JWK of PSC."""
    world = kernel.world
    software = world.software
    psc = descriptor.get("psc", {})
    return Environment(
        software=Software(
            name=software.name,
            version=software.version,
            nil=software.nil,
            idam=software.idam,
            dmp_homologation=software.dmp_homologation,
            oid=software.oid,
        ),
        professionals=tuple(_known(p) for p in (*world.professionals, *world.pharmacists)),
        psc_clients=tuple(
            PscClient(c["client_id"], tuple(c["redirect_uris"]), bool(c.get("public")))
            for c in psc.get("clients", ())
        ),
        psc_keys=tuple(keys),
        psc_issuer=psc.get("emetteur"),
        anchors=kernel.pki.anchors,
        mss_domains=world.mss_domains,
        rules_profile=software.profile,
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
    wanted = ("banc", "confiance", "psc", "insi", "dmp", "mssante", "cartes", "ordonnance",
              "logiciel")  # fmt: skip
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
