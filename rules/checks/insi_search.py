"""INSi: what is searched — body, traits, and for whom (INS-W-15 … W-21, W-26).

Sources: ``INSi_RECSANSVITALE`` and ``INSi_RECVITALE`` schemas; EF_INS01_03, EF_INS10_01,
EF_INS10_02, EF_INS25_04 (second hand); sheet ``ins-insi`` §1.4, §2.9, §2.10 and §7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from lxml import etree

from rules.checking import check
from rules.context import Context, Identity, Traits
from rules.findings import Finding, Severity
from rules.formats.gesture import Gesture
from rules.formats.insi import CardSearch, TraitsSearch
from rules.judge import JournalView
from rules.xml import place_of

SEARCH = ("INS/va1.34",)
_TRAITS = ("NomNaissance", "Prenom", "Sexe", "DateNaissance", "LieuNaissance")
_CARD = ("MatriculeIndividu", "MatriculeOD", "NomNaissance", "DateNaissance", "RangNaissance")
_COG = re.compile(r"\d{5}|2[AB]\d{3}")
_BIRTH_NAME = re.compile(r"(?!.*---)(?!.*[ ']{2})[A-Z'][A-Z '-]*")
_GIVEN_NAME = re.compile(r"(?!.*--)[A-Z'](?:[A-Z '-]*[A-Z ])?")


@check(
    "INS-W-15",
    title="Le corps RECSANSVITALE est complet et dans l'ordre du schéma",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="INSi_RECSANSVITALE.xsd 1.2 ; fiche INSi §2.9",
    rejects="desir_9010",
)
def traits_body(search: TraitsSearch, _context: Context) -> Iterator[Finding]:
    """One NomNaissance, prénoms, DateNaissance; Sexe is INS-W-17's."""
    yield from _sequence(search.element, _TRAITS, repeated="Prenom")
    for name, present, error in (
        ("NomNaissance", search.birth_name, "insi_19"),
        ("Prenom", search.joined_given_names, "insi_9001"),
        ("DateNaissance", search.birth_date, "insi_9002"),
    ):
        if not (present or "").strip():
            yield Finding(
                search.place(name),
                "renseigné",
                "absent" if present is None else "vide",
                f"Renseigner {name} : la recherche sur traits ne peut pas s'en passer.",
                rejects=error,
            )


@check(
    "INS-W-15",
    title="Le corps RECVITALE est dans l'ordre du schéma",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="INSi_RECVITALE.xsd 1.3 ; fiche INSi §2.10",
    rejects="desir_9010",
)
def card_body(search: CardSearch, _context: Context) -> Iterator[Finding]:
    """Every element at most once, in the order of the schema."""
    yield from _sequence(search.element, _CARD)


def _sequence(
    body: etree._Element, order: tuple[str, ...], repeated: str = ""
) -> Iterator[Finding]:
    namespace = etree.QName(body).namespace
    children = [child for child in body if isinstance(child.tag, str)]
    names = [etree.QName(child).localname for child in children]
    for child, name in zip(children, names, strict=True):
        if etree.QName(child).namespace != namespace or name not in order:
            yield Finding(
                place_of(child),
                ", ".join(order),
                str(child.tag),
                f"Retirer {name} ou le placer dans l'espace de noms {namespace} : le schéma ne "
                "le connaît pas.",
            )
    known = [name for name in names if name in order]
    if known != sorted(known, key=order.index):
        yield Finding(
            place_of(body),
            " puis ".join(order),
            " puis ".join(known),
            "Écrire les éléments du corps dans l'ordre du schéma.",
        )
    for name in dict.fromkeys(known):
        if name != repeated and known.count(name) > 1:
            yield Finding(
                f"{place_of(body)}/{name}",
                "une fois",
                f"{known.count(name)} fois",
                f"N'envoyer {name} qu'une fois.",
            )


@check(
    "INS-W-16",
    title="Nom et prénoms ne portent que des capitales A–Z, espaces, apostrophes, tirets",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="EF_INS01_03, EF_INS10_01, EF_INS10_02 (seconde main) ; fiche INSi §1.4",
)
def names_profile(search: TraitsSearch, _context: Context) -> Iterator[Finding]:
    """No accent, ligature, lower case or typographic apostrophe; hyphens per field."""
    for name, profile, values, error in (
        ("NomNaissance", _BIRTH_NAME, search.birth_names, "insi_9003"),
        ("Prenom", _GIVEN_NAME, search.given_names, "insi_9004"),
    ):
        for value in values:
            if value.strip() and not profile.fullmatch(value):
                yield Finding(
                    search.place(name),
                    "A à Z, espace, apostrophe droite ('), tiret",
                    value,
                    _name_advice(value),
                    rejects=error,
                )


def _name_advice(value: str) -> str:
    foreign = "".join(sorted({c for c in value if not re.fullmatch(r"[A-Z '-]", c)}))
    if foreign:
        return (
            f"Mettre en capitales sans accent et translittérer avant l'appel (Ç→C, Œ→OE, Æ→AE) : "
            f"« {foreign} » n'est pas admis ; refuser la saisie si le caractère n'a pas "
            "d'équivalent."
        )
    return "Ôter les espaces, apostrophes ou tirets placés au début, à la fin, ou redoublés."


@check(
    "INS-W-17",
    title="Sexe vaut M ou F",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="EF_INS25_04 (seconde main) ; fiche INSi §1.4, §2.13 (insi_24)",
    rejects="insi_24",
)
def sex_known(search: TraitsSearch, _context: Context) -> Iterator[Finding]:
    """An undetermined sex (``I``) stays local: such an identity is not searched."""
    if search.sex not in ("M", "F"):
        yield Finding(
            search.place("Sexe"),
            "M ou F",
            "absent" if search.sex is None else search.sex or "vide",
            "N'appeler INSi que pour une identité dont le sexe est M ou F, en capitale.",
        )


@check(
    "INS-W-18",
    title="DateNaissance est une date du calendrier, AAAA-MM-JJ",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="Fiche INSi §1.4 ; EXI ID 12 (seconde main)",
    rejects="insi_9005",
)
def birth_date_real(search: TraitsSearch, _context: Context) -> Iterator[Finding]:
    """Lunar dates pass the schema (digits only) and are refused here."""
    if search.birth_date and not _is_date(search.birth_date):
        yield Finding(
            search.place("DateNaissance"),
            "AAAA-MM-JJ, jour du calendrier",
            search.birth_date,
            "Envoyer une date complète du calendrier ; compléter ou refuser une date lunaire "
            "avant l'appel.",
        )


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@check(
    "INS-W-19",
    title="LieuNaissance, s'il est envoyé, est un code COG à 5 caractères",
    severity=Severity.MAJOR,
    exigences=SEARCH,
    source="Fiche INSi §1.4, §2.9",
    rejects="insi_9006",
)
def birth_place_code(search: TraitsSearch, _context: Context) -> Iterator[Finding]:
    """Commune (``2A020`` in Corsica) or country ``99xxx``; never a postal code or a name."""
    if search.birth_place is not None and not _COG.fullmatch(search.birth_place):
        yield Finding(
            search.place("LieuNaissance"),
            "5 caractères du code officiel géographique",
            search.birth_place or "vide",
            "Envoyer le code INSEE de la commune ou du pays de naissance, ou omettre l'élément.",
        )


@check(
    "INS-W-20",
    title="La recherche porte sur le nom de naissance, non sur le nom utilisé",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="Fiche INSi §1.9 (étude de terrain), §7",
    needs=("identities",),
)
def birth_name_searched(search: TraitsSearch, context: Context) -> Iterator[Finding]:
    """Against the identities already known to hold an INS."""
    known = context.identities or {}
    yield from _used_name_sent(search, [identity.traits for identity in known.values()])


@check(
    "INS-W-20",
    title="La recherche porte sur le nom de naissance, non sur le nom utilisé",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="Fiche INSi §1.9 (étude de terrain), §7",
)
def birth_name_searched_in_campaign(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Against every identity the software showed, before it had an INS as well."""
    shown = [identity.traits for _, identity in _shown(view)]
    for exchange, search in view.artefacts(TraitsSearch, "insi"):
        for finding in _used_name_sent(search, shown):
            yield _in(finding, exchange.id, search.label)


def _used_name_sent(search: TraitsSearch, people: Iterable[Traits]) -> Iterator[Finding]:
    for person in people:
        used = person.used_name
        wrong = used is not None and used != person.birth_name and search.birth_name == used
        if wrong and _same_person(search, person):
            yield Finding(
                search.place("NomNaissance"),
                person.birth_name,
                used or "",
                "Envoyer le nom de naissance : avec le nom utilisé, INSi ne trouve personne.",
            )
            return


@check(
    "INS-W-21",
    title="Aucun appel INSi pour une identité douteuse ou fictive",
    severity=Severity.BLOCKING,
    exigences=("INS/va1.20",),
    source="RNIV EXI SI 09 ; EXI ID 24, 26 (seconde main) ; fiche INSi §1.6",
)
def no_search_for_doubtful(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The attributes are those the software last showed before the call."""
    shown = [(position, identity) for position, identity in _shown(view)]
    for exchange, search in view.artefacts(TraitsSearch, "insi"):
        before = [i for position, i in shown if position < exchange.position and _names(search, i)]
        forbidden = before[-1].attributes & {"douteuse", "fictive"} if before else frozenset[str]()
        if forbidden:
            yield Finding(
                search.place("NomNaissance"),
                "aucun appel",
                f"un appel pour une identité {' et '.join(sorted(forbidden))}",
                "Bloquer l'appel à INSi tant que l'identité porte cet attribut.",
                exchange_id=exchange.id,
                artefact=search.label,
            )


@check(
    "INS-W-26",
    title="La recherche par carte porte l'ouvrant droit, la date et le rang de naissance",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="Fiche INSi §2.10, §5",
)
def card_search_complete(search: CardSearch, _context: Context) -> Iterator[Finding]:
    """MatriculeIndividu only when the card certifies it: it cannot be told from the wire."""
    for name, value in (
        ("MatriculeOD", search.insured),
        ("DateNaissance", search.birth_date),
        ("RangNaissance", search.birth_rank),
    ):
        if not value:
            yield Finding(
                search.place(name),
                "tel que lu sur la carte",
                "absent",
                f"Envoyer {name}, lu sur la carte pour le bénéficiaire choisi.",
            )


def _shown(view: JournalView) -> Iterator[tuple[int, Identity]]:
    for exchange, gesture in view.artefacts(Gesture, "lgc"):
        if gesture.identity is not None:
            yield exchange.position, gesture.identity


def _names(search: TraitsSearch, identity: Identity) -> bool:
    return search.birth_name == identity.traits.birth_name and _same_person(search, identity.traits)


def _same_person(search: TraitsSearch, person: Traits) -> bool:
    # One given name in common, in any place: a retry may send the second one alone.
    sent = set(search.joined_given_names.split())
    return (
        search.sex == person.sex
        and search.birth_date == person.birth_date
        and not sent.isdisjoint(person.birth_given_names.upper().split())
    )


def _in(finding: Finding, exchange_id: str, label: str) -> Finding:
    return replace(finding, exchange_id=exchange_id, artefact=label)
