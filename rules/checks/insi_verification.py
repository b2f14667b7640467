"""INSi: verification of an INS (INS-V-01, INS-V-02), on a wire that is the bench's own.

Every check is ``hors_specification``: the inputs are known (sheet ``ins-insi`` §2.14,
second hand), the messages are not. They never make an exigence non conforme.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.insi_verification import (
    FIELDS,
    PAYLOADS,
    InsVerification,
    VerificationDeposit,
    VerificationFollowUp,
)
from rules.formats.numbers import is_cog, is_ins

SOURCE = "Fiche INSi §2.14 : entrées connues, message du banc"
UNKNOWN_OPERATION = "desir_9011"
_OIDS = re.compile(r"1\.2\.250\.1\.213\.1\.4\.(8|9|10|11)")


@check(
    "INS-V-01",
    title="Une vérification porte matricule, clé, OID et traits stricts, dans l'ordre",
    severity=Severity.MAJOR,
    source=SOURCE,
    rejects="insi_9008",
    hors_specification=True,
)
def verification_complete(asked: InsVerification, _context: Context) -> Iterator[Finding]:
    """What a verification cannot do without, and the shape of each value."""
    matricule = f"{asked.number or ''}{asked.key or ''}"
    for name, value, right, expected in (
        ("Matricule", matricule, is_ins(matricule), "13 caractères et la clé"),
        ("OID", asked.oid, bool(_OIDS.fullmatch(asked.oid or "")), "l'OID rendu par INSi"),
        ("NomNaissance", asked.birth_name, bool(asked.birth_name), "renseigné"),
        ("Prenom", asked.given_names, bool(asked.given_names), "renseigné"),
        ("Sexe", asked.sex, asked.sex in ("M", "F"), "M ou F"),
        ("DateNaissance", asked.birth_date, _is_iso(asked.birth_date), "AAAA-MM-JJ"),
        (
            "LieuNaissance",
            asked.birth_place,
            asked.birth_place is None or is_cog(asked.birth_place),
            "un code COG, ou rien",
        ),
    ):
        if not right:
            yield Finding(
                asked.place(name),
                expected,
                value or "absent",
                f"Envoyer {name} tel que l'identité locale le porte.",
            )
    names = [etree.QName(child).localname for child in asked.element if isinstance(child.tag, str)]
    known = [name for name in names if name in FIELDS]
    if known != sorted(known, key=FIELDS.index):
        yield Finding(
            asked.place("*"),
            " puis ".join(FIELDS),
            " puis ".join(known),
            "Écrire les éléments dans l'ordre du schéma que sert le banc.",
        )


def _is_iso(text: str | None) -> bool:
    return bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text or ""))


@check(
    "INS-V-01",
    title="Un dépôt de vérifications a des lignes, numérotées chacune",
    severity=Severity.MAJOR,
    source=SOURCE,
    rejects="insi_9008",
    hors_specification=True,
)
def deposit_numbered(asked: VerificationDeposit, _context: Context) -> Iterator[Finding]:
    """Without a number of its own, a line of the result means nobody."""
    numbers = [each.line or "" for each in asked.lines]
    if not numbers or "" in numbers or len(set(numbers)) != len(numbers):
        yield Finding(
            "/Envelope/Body/DEPOTVERIF/VERIFINS/@Ligne",
            "au moins une ligne, chacune d'un numéro propre",
            ", ".join(each or "absent" for each in numbers) or "aucune ligne",
            "Numéroter chaque ligne du dépôt : le résultat reprend ce numéro.",
        )


@check(
    "INS-V-01",
    title="Un suivi nomme le dépôt",
    severity=Severity.MAJOR,
    source=SOURCE,
    rejects="insi_9008",
    hors_specification=True,
)
def follow_up_named(asked: VerificationFollowUp, _context: Context) -> Iterator[Finding]:
    """The identifier given at the deposit."""
    if not asked.deposit:
        yield Finding(
            "/Envelope/Body/SUIVIVERIF/Identifiant",
            "l'identifiant rendu au dépôt",
            "absent",
            "Conserver l'identifiant rendu au dépôt et l'envoyer à chaque suivi.",
        )


@check(
    "INS-V-02",
    title="La vérification n'est appelée que si l'environnement la sert",
    severity=Severity.MAJOR,
    source=SOURCE,
    hors_specification=True,
    services=("insi",),
)
def verification_served(exchange: Exchange, _context: Context) -> Iterator[Finding]:
    """Off by default: answered as an unknown operation."""
    if exchange.operation in PAYLOADS.values() and exchange.error_code == UNKNOWN_OPERATION:
        yield Finding(
            "/Envelope/Body",
            "aucun appel de vérification",
            exchange.operation,
            "Lire « insi.verification » dans le descripteur avant d'appeler, ou demander au banc "
            "de servir la vérification (réglage « verification » d'INSi).",
        )
