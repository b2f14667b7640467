"""Bodies of verification, on the wire the bench imagines."""

from __future__ import annotations

from tests.rules.insi.messages import ACTION

NS = 'xmlns:q="http://www.cnamts.fr/INSiVerif"'
_PREFIX = ACTION.rpartition(":")[0]
ACTIONS = {
    "VERIFINS": f"{_PREFIX}:verifierIns",
    "DEPOTVERIF": f"{_PREFIX}:deposerVerificationsIns",
    "SUIVIVERIF": f"{_PREFIX}:suivreVerificationsIns",
}
CAMILLE: dict[str, str | None] = {
    "number": "2850733063042",
    "key": "08",
    "oid": "1.2.250.1.213.1.4.8",
    "birth_name": "TESTAVRIL",
    "given_names": "CAMILLE ANNE",
    "sex": "F",
    "birth_date": "1985-07-12",
    "birth_place": "33063",
}
_NAMES = {
    "oid": "OID",
    "birth_name": "NomNaissance",
    "given_names": "Prenom",
    "sex": "Sexe",
    "birth_date": "DateNaissance",
    "birth_place": "LieuNaissance",
}


def verification(line: str | None = None, **changes: str | None) -> str:
    told = {**CAMILLE, **changes}
    numbered = "" if line is None else f' Ligne="{line}"'
    fields = "".join(
        f"<q:{name}>{told[key]}</q:{name}>" for key, name in _NAMES.items() if told[key] is not None
    )
    return (
        f"<q:VERIFINS {NS}{numbered}><q:Matricule><q:NumIdentifiant>{told['number']}"
        f"</q:NumIdentifiant><q:Cle>{told['key']}</q:Cle></q:Matricule>{fields}</q:VERIFINS>"
    )


def deposit(*lines: str) -> str:
    return f"<q:DEPOTVERIF {NS}>{''.join(lines)}</q:DEPOTVERIF>"


def follow_up(identifier: str) -> str:
    return f"<q:SUIVIVERIF {NS}><q:Identifiant>{identifier}</q:Identifiant></q:SUIVIVERIF>"
