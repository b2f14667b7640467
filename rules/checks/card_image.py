"""What a journal shows of the content of a CPS: the files read, recognised by what they hold.

Only EF.SN, EF_ACTUA and the situations have known identifiers; the others are found by
their outer tag (sheet of cards §3.1, §3.3), so that any directory of files is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from rules.artefact import MalformedError
from rules.findings import Finding
from rules.formats import cps_data as cps
from rules.formats.certificate import Certificate
from rules.formats.pkcs15 import DirectoryEntry, read_directory

VALIDITY_FILE = b"\xd0\x10"
_SITUATION_LABEL = "CPS_ACTIVITY_"
_FIRST_SITUATIONS = (0xD120, 0x4010)
"""Identifiers of situation 01: CPS3 and CPS4, then the CPS2ter copies."""
_KEYS = {1: "SIG", 0x10: "SIG", 2: "AUT", 0x20: "AUT"}
"""Key references met in the lab, for a card whose PrKDF was not read."""

T = TypeVar("T")


@dataclass(frozen=True)
class CpsImage:
    """The content of one card as far as it was read; what was not is None or empty."""

    identity: cps.CardIdentity | None = None
    name: cps.HolderName | None = None
    info: cps.HolderInfo | None = None
    validity: cps.Validity | None = None
    spoilt: Finding | None = None
    """Why EF_ACTUA or CPS_ID_CARD cannot be read, when they cannot."""
    situations: Mapping[int, cps.Situation] = field(default_factory=dict)
    billing: tuple[cps.BillingSituation, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    listed: frozenset[int] | None = None
    """Numbers of the situations that the DODF announces, None when it was not read."""
    keys: Mapping[int, str] = field(default_factory=lambda: dict(_KEYS))

    @property
    def signature_certificate(self) -> Certificate | None:
        """The certificate whose usage is non-repudiation."""
        found = (c for c in self.certificates if "content_commitment" in c.key_usage)
        return next(found, None)

    def unfit_at(self, instant: datetime) -> str | None:
        """Why the card may not serve at an instant (aware), in French; None when it may."""
        if self.spoilt:
            return f"{self.spoilt.place} : {self.spoilt.found}"
        if self.validity and not self.validity.begins <= instant <= self.validity.ends:
            return f"EF_ACTUA : {self.validity.begins:%Y-%m-%d} à {self.validity.ends:%Y-%m-%d}"
        known = self.identity
        # Days of the card are days of Paris or of UTC: nothing public says which.
        days = {instant.astimezone(zone).date() for zone in (UTC, cps.PARIS)}
        if known and not any(known.begins <= day <= known.ends for day in days):
            return f"CPS_ID_CARD : {known.begins} à {known.ends}"
        signs = self.signature_certificate
        if signs and not signs.valid_at(instant):
            return f"certificat de signature, jusqu'au {signs.x509.not_valid_after_utc:%Y-%m-%d}"
        return None

    def billing_of(self, situation: cps.Situation) -> str | None:
        """Identifiant de facturation of a situation, None when the card has none."""
        return next((b.identifier for b in self.billing if b.link == situation.link), None)

    def completed_by(self, earlier: CpsImage) -> CpsImage:
        """This reading, and for what it left out an earlier one of the same card."""
        return CpsImage(
            self.identity or earlier.identity,
            self.name or earlier.name,
            self.info or earlier.info,
            self.validity or (None if self.spoilt else earlier.validity),
            self.spoilt,
            self.situations or earlier.situations,
            self.billing or earlier.billing,
            self.certificates or earlier.certificates,
            earlier.listed if self.listed is None else self.listed,
            self.keys if self.listed is not None else earlier.keys,
        )


def image_of(files: Mapping[bytes, bytes]) -> CpsImage:
    """Recognise files by their path and content; the unreadable ones are left out."""
    by_tag = {data[0]: data for data in files.values() if data}
    entries = [e for data in files.values() for e in read_directory(data)]
    numbers = _numbers(entries)
    spoilt: list[Finding] = []
    actua = next((d for path, d in files.items() if path[-2:] == VALIDITY_FILE), None)
    return CpsImage(
        identity=_read(cps.read_identity, by_tag.get(cps.IDENTITY), spoilt),
        name=_read(cps.read_name, by_tag.get(cps.NAME)),
        info=_read(cps.read_info, by_tag.get(cps.INFO)),
        validity=_read(cps.read_validity, actua, spoilt),
        situations=_situations(files, numbers),
        billing=_billing(files),
        certificates=_certificates(files),
        listed=frozenset(numbers.values()) if numbers or _lists_data(entries) else None,
        keys=_keys(entries),
        spoilt=next(iter(spoilt), None),
    )


def situation_number(path: bytes) -> int | None:
    """1 to 16 when a path ends with the identifier of a situation."""
    identifier = int.from_bytes(path[-2:], "big")
    return next((identifier - f + 1 for f in _FIRST_SITUATIONS if 0 <= identifier - f < 16), None)


def _read(
    reader: Callable[[bytes], T], data: bytes | None, spoilt: list[Finding] | None = None
) -> T | None:
    if data is None:
        return None
    try:
        return reader(data)
    except MalformedError as error:
        if spoilt is not None:
            spoilt.append(error.finding)
        return None


def _numbers(entries: list[DirectoryEntry]) -> dict[bytes, int]:
    """Situations announced by the DODF: path to number."""
    found: dict[bytes, int] = {}
    for entry in entries:
        number = entry.label.removeprefix(_SITUATION_LABEL)[:2]
        if entry.label.startswith(_SITUATION_LABEL) and number.isdigit():
            found[_relative(entry.path)] = int(number)
    return found


def _lists_data(entries: list[DirectoryEntry]) -> bool:
    return any(entry.label == "CPS_ID_CARD" for entry in entries)


def _situations(
    files: Mapping[bytes, bytes], numbers: Mapping[bytes, int]
) -> dict[int, cps.Situation]:
    found: dict[int, cps.Situation] = {}
    for path, data in files.items():
        number = numbers.get(_relative(path)) or situation_number(path)
        if data[:1] == bytes((cps.ACTIVITY,)) and number is not None:
            situation = _read(cps.read_situation, data)
            if situation is not None:
                found.setdefault(number, situation)
    return found


def _billing(files: Mapping[bytes, bytes]) -> tuple[cps.BillingSituation, ...]:
    # EF.ATR has an E0 too, but not as its first object.
    found = (_read(cps.read_billing, d) for d in files.values() if d[:1] == bytes((cps.BILLING,)))
    return next((each for each in found if each), ())


def _certificates(files: Mapping[bytes, bytes]) -> tuple[Certificate, ...]:
    found: list[Certificate] = []
    for data in files.values():
        if data[:2] == b"\x30\x82":
            try:
                length = len(data) - len(data[4 + int.from_bytes(data[2:4], "big") :])
                found.append(Certificate.from_der(bytes(data[:length])))
            except ValueError:
                continue
    return tuple(found)


def _keys(entries: list[DirectoryEntry]) -> dict[int, str]:
    found = {
        entry.key_reference & 0x7F: entry.label.removeprefix("CPS_PRIV_")
        for entry in entries
        if entry.key_reference is not None and entry.label.startswith("CPS_PRIV_")
    }
    return found or dict(_KEYS)


def _relative(path: bytes) -> bytes:
    return path.removeprefix(b"\x3f\x00")
