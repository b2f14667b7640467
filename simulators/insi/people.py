"""The fictitious people of the INSi qualification base (sheet ``ins-insi`` §3.1, §3.3).

What CNDA hands out as files to be injected in the product is served natively: the
person carries the oddity (NIA, history equal to the active INS, key that does not
compute), so that nothing needs to be substituted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fixtures.identifiers import nir_key
from fixtures.vitale import VitaleFixture
from fixtures.world import PatientFixture, World

NIR = "1.2.250.1.213.1.4.8"
NIA = "1.2.250.1.213.1.4.9"


@dataclass(frozen=True, slots=True)
class Number:
    """One INS of a person; dates are ISO."""

    number: str
    key: str | None
    oid: str = NIR
    start: str | None = None
    end: str | None = None

    @property
    def ins(self) -> str:
        """Matricule and key."""
        return self.number + (self.key or "")


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the reference base.

    ``insured`` is the NIR of the ouvrant droit, ``rank`` the rang gémellaire and
    ``card_date`` the date that the card says when it is another one (a lunar date), for
    searches by carte Vitale. ``alias`` is another birth name under which a search
    succeeds; ``oid_by_card`` the OID answered to a search by card, when it differs.
    """

    birth_name: str
    given_names: str
    sex: str
    birth_date: str
    birth_place: str | None
    active: Number
    history: tuple[Number, ...] = ()
    insured: str = ""
    rank: str = "1"
    card_date: str | None = None
    alias: str | None = None
    oid_by_card: str | None = None
    source: str = ""


def _row(  # noqa: PLR0913 - one line of the sheet's table
    birth_name: str,
    given_names: str,
    sex: str,
    birth_date: str,
    place: str,
    number: str,
    key: str,
    *history: Number,
    oid: str = NIR,
    alias: str | None = None,
    oid_by_card: str | None = None,
    source: str = "fiche INSi §3.1",
) -> Person:
    return Person(
        birth_name,
        given_names,
        sex,
        birth_date,
        place,
        Number(number, key, oid),
        tuple(history),
        insured=number,
        alias=alias,
        oid_by_card=oid_by_card,
        source=source,
    )


QUALIFICATION: tuple[Person, ...] = (
    _row("ADRDEUX", "LAURENT", "M", "1981-01-01", "63220", "1810163220751", "40"),
    _row("ADRTROIS", "TOUSSAINT", "M", "1960-01-01", "2B020", "160012B020777", "13"),
    _row("ADRTROIS", "DOMINIQUE", "F", "1997-02-26", "2A020", "297022A020778", "78"),
    _row("ADRUN", "ZOE", "F", "1975-12-31", "63220", "2751263220749", "74"),
    _row(
        "D'ARTAGNAN DE L'HERAULT",
        "PIERRE-ALAIN GUNTHER",
        "M",
        "2001-06-17",
        "63220",
        "1010663220754",
        "60",
    ),
    _row(
        "ECETINSI",
        "PIERRE-ALAIN MURIEL FLORIANT",
        "M",
        "2009-07-14",
        "63220",
        "1090763220834",
        "89",
        # End before start: so is the real answer.
        Number("2090763220834", "39", NIR, "2019-03-01", "2019-02-28"),
        oid_by_card=NIA,
    ),
    _row("TCHITCHI", "CATARINA BELLA", "F", "1936-06-21", "63220", "2360663220836", "56"),
    _row("DE VINCI", "LEONARDO PIERO", "M", "2014-02-01", "63220", "1140263220833", "56"),
    _row(
        "DE VINCI",
        "LEONARDO",
        "M",
        "2014-02-01",
        "75056",
        "1140275056001",
        nir_key("1140275056001"),
        source="de notre fait : l'homonyme réel n'est pas connu (fiche §9 point 5)",
    ),
    _row(
        "PROVISOIRE",
        "MATRICULE",
        "M",
        "2009-07-01",
        "63220",
        "1090763220888",
        "35",
        oid=NIA,
        source="réponse CNDA 2.05",
    ),
    _row(
        "CORSE",
        "ANTHONY",
        "M",
        "1980-03-02",
        "2B020",
        "180032B020401",
        "23",
        Number("180032B020401", "23"),
        source="réponse CNDA 2.08 cas 1",
    ),
    _row(
        "HERMANN",
        "GATIEN",
        "M",
        "1981-03-24",
        "63220",
        "1810363220456",
        "60",
        Number("1810363220456", "60"),
        Number("2810363220456", "10"),
        alias="HERMAN",
        source="réponse CNDA 2.08 cas 2 : clés non conformes, telles quelles",
    ),
    _row("NESSI", "MICHELANGELO ANTHONY", "M", "2010-08-07", "63220", "1100863220830", "60"),
    _row("NESSI", "RUTH ISABELLE", "F", "1977-07-14", "63220", "2770763220829", "10"),
    _row(
        "NESSI",
        "NATHALIE",
        "F",
        "1977-07-14",
        "63220",
        "2770763220829",
        "10",
        source="réponse CNDA 3.05 cas 3 : le matricule de RUTH",
    ),
    _row("INSFAMILLEQUATRE", "ARTHUR", "M", "1967-11-14", "26221", "1671126221704", "59"),
)


def from_world(world: World) -> Iterator[Person]:
    """The patients of a campaign, as INSi knows them: under the OID it answers (.8)."""
    for patient in world.patients:
        insured = patient.insured or patient.matricule
        yield Person(
            patient.birth_name,
            patient.birth_given_names,
            patient.sex,
            patient.birth_date,
            patient.birth_place,
            Number(patient.matricule, patient.key, NIR),
            insured=insured,
            rank=patient.rank,
            card_date=_card_date(patient, insured, world.vitales),
            source="monde de la campagne",
        )


def _card_date(patient: PatientFixture, insured: str, cards: Iterable[VitaleFixture]) -> str | None:
    """The date their card says (``AAAA-MM-JJ``, maybe lunar) when it is another one."""
    for held in (beneficiary for card in cards for beneficiary in card.beneficiaries):
        named = (held.insured, held.birth_name, held.rank) == (
            insured,
            patient.birth_name,
            patient.rank,
        )
        if held.certified == patient.matricule or (held.certified is None and named):
            date = f"{held.birth_date[:4]}-{held.birth_date[4:6]}-{held.birth_date[6:]}"
            return None if date == patient.birth_date else date
    return None
