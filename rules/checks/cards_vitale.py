"""The carte Vitale as a key to query INSi: CD-15, CD-16, CD-17, CD-20.

The card is known by the wire of the cards (reading API or public files), the search by
RECVITALE. The choice among beneficiaries is a parameter of the gesture: what the screen
shows before is left to the tester.

Source: sheet of cards §5, §6, §6.2 and §11; sheet INS §2.10 and §5; EX_GEN-1430.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from rules.checking import check
from rules.checks.cards_identity import PRODUCTION
from rules.checks.insi_access import LIFETIME
from rules.checks.vitale_facts import (
    Search,
    VitaleReading,
    VitaleStory,
    by_card,
    searches,
    vitale_story,
)
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.insi import InsiAssertion
from rules.formats.vitale import Beneficiary, VitaleContent, digits_of
from rules.identities import Act, acts, words
from rules.judge import JournalView

BY_VITALE = ("INS/va1.34",)
"""Recherche INSi par traits et par carte Vitale."""
_READ = "card.read_vitale"
_TEST_KINDS = {"T": "de test", "D": "de démonstration"}
_RENEWAL = timedelta(minutes=20)
"""Age from which INSi tests 1.02 want another assertion (sheet of cards §6.2)."""


@check(
    "CD-15",
    title="Le bénéficiaire est choisi, sa date reste celle de la carte, lunaire ou non, et son NIR "
    "peut manquer",
    severity=Severity.BLOCKING,
    exigences=BY_VITALE,
    source="Fiche cartes §6, §11 (CD-15) ; fiche INSi §2.10, §5",
)
def beneficiary(view: JournalView, _context: Context) -> Iterator[Finding]:
    """RECVITALE and the answer of card.read_vitale against what was read of the card."""
    for search in view.derived(searches):
        people = search.reading.content.beneficiaries
        position = search.act.gesture.parameters.get("beneficiaire")
        if position is None and len(people) > 1:
            yield Finding(
                search.sent.place("MatriculeOD"),
                f"un choix parmi {len(people)} bénéficiaires",
                "une recherche sans choix",
                "Demander à l'utilisateur lequel des bénéficiaires consulte avant d'appeler INSi.",
                exchange_id=search.exchange.id,
            )
            continue
        chosen = next((b for b in people if b.position == (position or 1)), None)
        if chosen is not None and search.reading.content.holds(search.sent.insured or ""):
            yield from _altered(search, chosen)
    for act in view.derived(acts):
        if act.gesture.name == _READ:
            yield from _announced(act, view.derived(vitale_story))


def _altered(search: Search, chosen: Beneficiary) -> Iterator[Finding]:
    sent = search.sent
    pairs = (
        ("MatriculeIndividu", sent.individual, chosen.individual_nir[:13]),
        ("MatriculeOD", sent.insured, chosen.insured_nir[:13]),
        ("DateNaissance", sent.birth_date and digits_of(sent.birth_date), chosen.birth_date),
        ("RangNaissance", sent.birth_rank, chosen.rank),
    )
    for name, said, held in pairs:
        if said is not None and said[:13] != held:
            yield Finding(
                sent.place(name),
                held or "absent : la carte n'a pas de NIR certifié",
                said,
                "Recopier ce qui est lu sur la carte pour ce bénéficiaire : date telle quelle, "
                "même lunaire, et pas de MatriculeIndividu sans NIR certifié.",
                exchange_id=search.exchange.id,
            )


def _announced(act: Act, told: VitaleStory) -> Iterator[Finding]:
    reading = told.last(act.exchange.position)
    if reading is None or reading.exchange.started_at < act.exchange.started_at:
        return
    people = _listed(act.gesture.answer.get("vitale"))
    held = reading.content.beneficiaries
    if act.gesture.status != 200:
        if not _rightly_refused(act, reading):
            error = act.gesture.answer.get("erreur")
            yield _said(act, f"{len(held)} bénéficiaire(s) lus", f"un refus : {error}")
        return
    if len(people) != len(held):
        yield _said(act, f"{len(held)} bénéficiaire(s)", f"{len(people)}")
        return
    for said, one in zip(people, held, strict=True):
        date, nir = said.get("date_naissance"), said.get("nir_certifie")
        if digits_of(str(date)) != one.birth_date:
            yield _said(act, f"date {one.birth_date}", f"date {date}")
        if (nir or "")[:13] not in (one.certified_nir[:13], one.individual_nir[:13]):
            yield _said(act, f"NIR certifié {one.certified_nir or 'absent'}", f"{nir}")


def _rightly_refused(act: Act, reading: VitaleReading) -> bool:
    """A disturbed reading, an empty card, or a test card refused where it must be."""
    error = act.gesture.answer.get("erreur")
    code = str(error.get("code") if isinstance(error, Mapping) else error)
    known = "TEST" in code or ("CARTE" in code and "ABSENT" in code)
    return known or not reading.content.beneficiaries or bool(reading.exchange.fault)


def _listed(vitale: object) -> list[Mapping[str, Any]]:
    found = vitale.get("beneficiaires") if isinstance(vitale, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


@check(
    "CD-16",
    title="Une carte Vitale de test ou de démonstration est refusée en production",
    severity=Severity.BLOCKING,
    source="EX_GEN-1430 ; fiche cartes §6, §11 (CD-16)",
)
def no_test_vitale(view: JournalView, context: Context) -> Iterator[Finding]:
    """Type T or D under the rules profile of production: read and shown, or searched."""
    if context.environment.rules_profile != PRODUCTION:
        return
    found = [(s.exchange, s.reading.content.kind) for s in view.derived(searches)]
    for act in view.derived(acts):
        vitale = act.gesture.answer.get("vitale")
        if act.gesture.name == _READ and isinstance(vitale, Mapping):
            found.append((act.exchange, str(vitale.get("type"))))
    for exchange, kind in found:
        if kind in _TEST_KINDS:
            yield Finding(
                "type de la carte Vitale",
                "le refus d'une carte de test ou de démonstration",
                f"carte {_TEST_KINDS[kind]} acceptée",
                "Lire le type de la carte (T, D ou R) et refuser T et D en production, avant tout "
                "appel.",
                exchange_id=exchange.id,
            )


@check(
    "CD-17",
    title="La carte Vitale interrogée est celle qui est dans le lecteur",
    severity=Severity.BLOCKING,
    exigences=BY_VITALE,
    source="Fiche cartes §6.2 (test INSi 1.03), §11 (CD-17)",
)
def card_not_swapped(view: JournalView, _context: Context) -> Iterator[Finding]:
    """NIR of RECVITALE against the card in the reader when the search leaves."""
    told = view.derived(vitale_story)
    for search in view.derived(searches):
        present = told.present(search.exchange.position)
        content = told.content(present.number) if present else search.reading.content
        nirs = [nir for nir in (search.sent.insured, search.sent.individual) if nir]
        if content is not None and (not nirs or any(content.holds(nir) for nir in nirs)):
            continue
        yield Finding(
            search.sent.place("MatriculeOD"),
            f"la carte {present.number if present else search.reading.number}, dans le lecteur",
            f"{', '.join(nirs)}, d'une autre carte",
            "Relire la carte au moment de l'appel et abandonner si son numéro de série a changé "
            "depuis la sélection du bénéficiaire.",
            exchange_id=search.exchange.id,
        )


@check(
    "CD-17",
    title="Une assertion de plus de vingt minutes est renouvelée",
    severity=Severity.BLOCKING,
    exigences=("INS/va1.37",),
    source="Fiche cartes §6.2 (test INSi 1.02), §11 (CD-17)",
    needs=("observed_at",),
)
def assertion_renewed(assertion: InsiAssertion, context: Context) -> Iterator[Finding]:
    """From twenty minutes; INS-W-13 says those of more than an hour."""
    at, issued = context.observed_at, assertion.saml.issue_instant
    if assertion.psc or at is None or issued is None or not _RENEWAL < at - issued < LIFETIME:
        return
    yield Finding(
        f"{assertion.saml.place}/@IssueInstant",
        f"après {at - _RENEWAL:%Y-%m-%dT%H:%M:%SZ}",
        str(assertion.saml.element.get("IssueInstant")),
        "Faire signer une nouvelle assertion par la carte dès que la précédente a vingt minutes.",
    )


@check(
    "CD-20",
    title="Les données de la carte Vitale ne changent jamais l'identité INS",
    severity=Severity.BLOCKING,
    exigences=BY_VITALE,
    source="Fiche cartes §11 (CD-20) ; fiche INSi §5 ; EXI ID 12",
)
def card_never_alters(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Strict traits after a search by card: those held before, or those INSi returned."""
    told = view.derived(vitale_story)
    for act in view.derived(acts):
        reading = told.last(act.exchange.position)
        if not (by_card(act) and act.before and act.after and reading):
            continue
        found = act.found
        returned = (
            (found.birth_name, found.given_names or found.given_name, found.birth_date)
            if found
            else (None, None, None)
        )
        before, after = act.before.traits, act.after.traits
        pairs = (
            ("nom_naissance", after.birth_name, before.birth_name, returned[0]),
            ("prenoms_naissance", after.birth_given_names, before.birth_given_names, returned[1]),
            ("date_naissance", after.birth_date, before.birth_date, returned[2]),
        )
        for name, now, held, given in pairs:
            known = {words(held), words(given)}
            if words(now) not in known and _from_card(now, reading.content):
                yield _said(act, f"{name} : {given or held}", f"{name} : {now}, lu sur la carte")


def _from_card(value: str, content: VitaleContent) -> bool:
    """Whether a trait is one of a beneficiary; a lunar date may have been tidied up."""
    digits = value.replace("-", "")
    for each in content.beneficiaries:
        texts = (each.birth_name, each.used_name, each.given_name)
        if words(value) in [words(text) for text in texts if text]:
            return True
        if digits.isdigit() and (
            digits == each.birth_date or (each.lunar and digits[:4] == each.birth_date[:4])
        ):
            return True
    return False


def _said(act: Act, expected: str, found: str) -> Finding:
    return Finding(
        f"geste {act.gesture.name}",
        expected,
        found,
        "Ne prendre de la carte que la clé de recherche, telle que lue ; les traits de l'identité "
        "viennent de la saisie ou d'INSi.",
        exchange_id=act.exchange.id,
    )
