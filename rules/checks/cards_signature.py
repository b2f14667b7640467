"""What leaves with the signature of a card: CD-06, CD-07, CD-08, CD-09.

Whether the signature holds, and whether the issuer is the subject of the certificate
embedded, is said by INS-W-10, INS-W-11 and DMP-VIHF-01: here the card is the judge.

Source: sheet of cards §2, §3.3, §3.4 and §11.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.checks.card_assertions import CardAssertion, Use, choices, uses
from rules.checks.card_facts import CardStory, story
from rules.checks.card_image import CpsImage
from rules.checks.card_presence import Act
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cps_data import Situation, plain_billing
from rules.judge import JournalView

BY_CARD = ("INS/va1.37",)
"""Authentification INSi par CPx."""
_FIELDS = ("structure", "secteur", "identifiant_facturation")


@check(
    "CD-06",
    title="Carte retirée : plus rien n'est signé, envoyé ni montré en son nom",
    severity=Severity.BLOCKING,
    exigences=BY_CARD,
    source="Fiche cartes §11 (CD-06)",
)
def nothing_after_removal(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Assertions sent, and cards announced, between a removal and the next insertion."""
    told = view.derived(story)
    for use in view.derived(uses):
        if use.removed:
            yield _about(
                use.assertion,
                f"aucun appel : la carte {use.presence.number} a été retirée",
                f"{use.assertion.label} du {use.assertion.issued_at:%H:%M:%S} envoyée"
                if use.assertion.issued_at
                else "une assertion envoyée",
                "Fermer la session au retrait de la carte : oublier les assertions signées et "
                "bloquer les appels jusqu'à sa réinsertion.",
            )
    for act in told.acts:
        number = act.card.get("numero")
        if isinstance(number, str) and _gone(told, number, act):
            yield Finding(
                f"geste {act.gesture.name}",
                "une session fermée : aucune carte dans le lecteur",
                f"données de la carte {number}, retirée",
                "Effacer de l'écran et de la mémoire ce qui vient de la carte dès son retrait.",
                exchange_id=act.exchange.id,
            )


def _gone(told: CardStory, number: str, act: Act) -> bool:
    """Whether a card was known, is in no reader, and none took its place."""
    if act.gesture.name == "card.close" or any(p.number == number for p in told.present(act)):
        return False
    known = told.latest(number, act.position) is not None
    return known and told.successor(number, act.position) is None


@check(
    "CD-07",
    title="La signature est faite par la clé de signature de la carte, l'authentification par "
    "l'autre",
    severity=Severity.BLOCKING,
    exigences=BY_CARD,
    source="Fiche cartes §2, §3.4, §3.5, §11 (CD-07)",
)
def right_key(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Keys chosen by MSE, by the labels of the PrKDF; assertions by the card's own results."""
    told = view.derived(story)
    yield from _keys_confused(told)
    for use in view.derived(uses):
        made = told.signatures.get(use.assertion.value or b"")
        issued = use.assertion.issued_at
        # IssueInstant may be written without its fraction of a second.
        since = use.presence.since.replace(microsecond=0)
        if made is None and issued is not None and issued >= since:
            yield _about(
                use.assertion,
                f"une signature faite par la carte {use.presence.number}",
                "une signature que la carte n'a pas faite",
                "Faire signer la carte (CPS_PRIV_SIG) : aucune clé privée ne doit être dans un "
                "fichier.",
            )
        elif made is not None and made.command is not None and not made.command.signs:
            yield _about(
                use.assertion,
                "PSO COMPUTE DIGITAL SIGNATURE avec CPS_PRIV_SIG",
                f"commande {made.command}",
                "Signer avec la clé CPS_PRIV_SIG, non par une authentification.",
            )


def _keys_confused(told: CardStory) -> Iterator[Finding]:
    for presence in told.presences:
        for step, command in presence.commands:
            role = presence.image.keys.get(step.key) if step.key is not None else None
            wanted = "SIG" if command.signs else "AUT" if command.uses_key else role
            if role in ("SIG", "AUT") and role != wanted:
                yield Finding(
                    f"commande {command}",
                    f"la clé CPS_PRIV_{wanted}",
                    f"la clé CPS_PRIV_{role} (référence {step.key:02X})",
                    "Choisir la clé par son libellé : CPS_PRIV_SIG pour signer, CPS_PRIV_AUT pour "
                    "s'authentifier.",
                    exchange_id=step.exchange.id,
                )


@check(
    "CD-08",
    title="Le certificat joint à l'assertion est le certificat de signature lu sur la carte",
    severity=Severity.BLOCKING,
    exigences=BY_CARD,
    source="Fiche cartes §4.1, §11 (CD-08)",
)
def certificate_of_the_card(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Compared octet by octet with what was read of the card."""
    for use in view.derived(uses):
        held = use.presence.image.signature_certificate
        joined = use.assertion.certificate
        if held is None or (joined is not None and joined.der == held.der):
            continue
        if joined is None and held.named(use.assertion.issuer):
            continue
        yield _about(
            use.assertion,
            f"le certificat de signature n° {held.serial} : {held.subject}",
            f"n° {joined.serial} : {joined.subject}" if joined else str(use.assertion.issuer),
            "Joindre le certificat de signature relu sur la carte présente, et recopier son sujet "
            "tel quel (RDN à plusieurs valeurs et accents compris).",
        )


@check(
    "CD-09",
    title="Structure, secteur et facturation sont ceux de la situation choisie sur la carte",
    severity=Severity.BLOCKING,
    exigences=BY_CARD,
    source="Fiche cartes §3.3, §11 (CD-09)",
)
def chosen_situation(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The user's choice; the only situation of a card; any of them when nobody was asked.

    A remplaçant types the structure where he works: his is not compared (CD-12).
    Situations that a gesture announces are compared too.
    """
    yield from _misread(view.derived(story))
    chosen = view.derived(choices)
    for use in view.derived(uses):
        image, exchange = use.presence.image, use.assertion.exchange
        held = image.situations
        said, number = chosen.at(use.presence.number, exchange.position)
        if not held or (number is not None and number not in held):
            continue
        if said and number is None and len(held) > 1:
            yield _about(
                use.assertion,
                "une situation choisie par l'utilisateur",
                f"aucun choix parmi {len(held)} situations",
                "Faire choisir la situation d'exercice avant tout appel quand la carte en a "
                "plusieurs.",
            )
            continue
        candidates = [held[number]] if number is not None else list(held.values())
        if not any(_fits(use, image, situation) for situation in candidates):
            yield _mismatch(use, image, candidates[0])


def _misread(told: CardStory) -> Iterator[Finding]:
    for act, presence in told.announced():
        for each in act.situations:
            situation = presence.image.situations.get(each.get("numero", 0))
            if situation is None:
                continue
            billing = presence.image.billing_of(situation) or ""
            held = (situation.structure_id, situation.sector, billing)
            said = tuple(str(each.get(name) or "") for name in _FIELDS)
            if (*said[:2], plain_billing(said[2])) != held:
                yield Finding(
                    f"geste {act.gesture.name}, situation {each['numero']}",
                    ", ".join(filter(None, held)),
                    ", ".join(filter(None, said)),
                    "Lire structure et secteur dans CPS_ACTIVITY, et dans CPS_SIT_FACT la "
                    "facturation de même lien logique.",
                    exchange_id=act.exchange.id,
                )


def _fits(use: Use, image: CpsImage, situation: Situation) -> bool:
    assertion = use.assertion
    if situation.substitute:
        return True
    billing = image.billing_of(situation)
    return (
        assertion.structure in (None, situation.structure_id)
        and assertion.sector in (None, situation.sector)
        and (
            not billing or assertion.billing is None or plain_billing(assertion.billing) == billing
        )
    )


def _mismatch(use: Use, image: CpsImage, situation: Situation) -> Finding:
    billing = image.billing_of(situation)
    pairs = [
        ("structure", situation.structure_id, use.assertion.structure),
        ("secteur", situation.sector, use.assertion.sector),
        ("facturation", billing, use.assertion.billing),
    ]
    told = [(label, held, said) for label, held, said in pairs if said is not None and held]
    return _about(
        use.assertion,
        ", ".join(f"{label} {held}" for label, held, _ in told),
        ", ".join(f"{label} {said}" for label, _, said in told),
        "Prendre Struct_IdNat, secteur d'activité et identifiant de facturation dans la situation "
        "choisie (CPS_ACTIVITY et CPS_SIT_FACT liés par le lien logique).",
    )


def _about(assertion: CardAssertion, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        assertion.place,
        expected,
        found,
        advice,
        exchange_id=assertion.exchange.id,
        artefact=assertion.label,
    )
