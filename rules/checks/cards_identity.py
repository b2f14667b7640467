"""What the software says of a CPS against what is on it: CD-02, 10, 11, 12, 13, 19.

Source: sheet of cards §3.1, §3.3, §4.1, §10 and §11; sheet DMP §4 (rights of a CPE).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from rules.checking import check
from rules.checks.card_assertions import card_type, uses
from rules.checks.card_facts import CardStory, story
from rules.checks.card_image import CpsImage, situation_number
from rules.checks.card_presence import Act, Presence
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats import apdu
from rules.judge import JournalView

_LAST = 16
_FORBIDDEN_TO_CPE = frozenset({"TD2.1", "TD3.2"})
"""Transactions the rights matrix of the DMP refuses a CPE (it deposits by TD2.2)."""
PRODUCTION = "production"
"""Name of the rules profile of an environment where only real cards serve."""


@check(
    "CD-02",
    title="Le porteur affiché est celui de la carte, et une carte hors validité est refusée",
    severity=Severity.BLOCKING,
    exigences=("INS/va1.37",),
    source="Fiche cartes §2, §3.1, §11 (CD-02)",
)
def holder_and_validity(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Holder by idNat; EF_ACTUA, CPS_ID_CARD and certificate by the instant of the gesture."""
    told = view.derived(story)
    holders = {presence.holder for presence in told.presences}
    for act, presence in told.announced():
        reason = presence.image.unfit_at(act.exchange.started_at)
        if reason:
            yield _about(
                act,
                "refus d'une carte hors validité",
                f"carte {presence.number} acceptée ({reason})",
                "Lire EF_ACTUA et les dates de la carte avant de s'en servir, et refuser celle "
                "qui n'est pas encore ou n'est plus valide.",
            )
        info = presence.image.info
        said = _part(act.card, "titulaire").get("identifiant_national")
        if info and said != info.national_id and (not said or said not in holders):
            yield _about(
                act,
                f"titulaire {info.national_id} (CPS_INFO_PS)",
                str(said or "absent"),
                "Lire l'identifiant national du porteur dans CPS_INFO_PS et l'afficher.",
            )
    yield from _used_unfit(told)


def _used_unfit(told: CardStory) -> Iterator[Finding]:
    for presence in told.presences:
        for step, command in presence.commands:
            if not (command.uses_key and command.done):
                continue
            reason = presence.image.unfit_at(step.exchange.started_at)
            if reason:
                yield Finding(
                    f"commande {command}",
                    "aucun usage d'une carte hors validité",
                    f"clé employée ({reason})",
                    "Refuser la carte à sa lecture : ses signatures seront rejetées.",
                    exchange_id=step.exchange.id,
                )
            break


@check(
    "CD-10",
    title="Toutes les situations d'exercice de la carte sont lues, même de numéros non contigus",
    severity=Severity.MINOR,
    source="Fiche cartes §2.1, §11 (CD-10)",
)
def every_situation(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Numbers announced against those of the card: read, or listed by its directory."""
    for act, presence in view.derived(story).announced():
        if not _opened(presence) or "situations" not in act.card:
            continue
        said = {s.get("numero") for s in act.situations}
        held = set(presence.image.situations) | (presence.image.listed or frozenset())
        if said != held:
            yield _about(
                act,
                _numbers(held),
                _numbers({number for number in said if isinstance(number, int)}),
                "Parcourir les seize numéros de situation, ou ceux que liste le répertoire de la "
                "carte : ils peuvent avoir des trous.",
            )
        elif presence.image.listed is None and _stopped(presence):
            yield _about(
                act,
                f"les {_LAST} numéros essayés",
                "lecture arrêtée au premier numéro absent",
                "Continuer après un numéro de situation absent (6A82) jusqu'au seizième.",
            )


def _opened(presence: Presence) -> bool:
    return any(c.presents_code and c.done for _, c in presence.commands)


def _stopped(presence: Presence) -> bool:
    """Whether the last situation looked for was missing, before the sixteenth."""
    tried = {
        number: command.done
        for _, command in presence.commands
        if command.instruction == apdu.SELECT and command.head[2] != 0x04
        if (number := situation_number(command.data))
    }
    return bool(tried) and max(tried) < _LAST and not tried[max(tried)]


def _numbers(numbers: set[int]) -> str:
    return "situations " + ", ".join(map(str, sorted(numbers))) if numbers else "aucune situation"


@check(
    "CD-11",
    title="Noms et raisons sociales sont lus entiers, accents compris",
    severity=Severity.MINOR,
    source="Fiche cartes §3.3, §11 (CD-11)",
)
def whole_texts(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Texts of the holder and of each situation, compared whatever their case."""
    for act, presence in view.derived(story).announced():
        for label, said, held in _texts(act, presence.image):
            if held and _plain(said) not in {_plain(text) for text in held}:
                yield _about(
                    act,
                    f"{label} : {' ou '.join(dict.fromkeys(held))}",
                    f"{label} : {said or 'absent'}",
                    "Lire la longueur entière du champ (81 xx au-delà de 127 octets) et décoder "
                    "les textes de la carte dans leur jeu de caractères.",
                )


def _texts(act: Act, image: CpsImage) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    holder = _part(act.card, "titulaire")
    if image.name:
        practice = (image.info.practice_name,) if image.info else ()
        yield "nom", str(holder.get("nom") or ""), (*image.name.names, *practice)
        given = tuple(filter(None, (image.name.given_name, *image.name.given_names)))
        yield "prénom", str(holder.get("prenom") or ""), given
    for each in act.situations:
        held = image.situations.get(each.get("numero", 0))
        if held is not None:
            said = str(each.get("raison_sociale") or "")
            yield f"raison sociale {each['numero']}", said, (held.name,) if held.name else ()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


@check(
    "CD-12",
    title="Type de carte et exercice en remplacement sont reconnus : leurs droits sont limités",
    severity=Severity.BLOCKING,
    source="Fiche cartes §1 (G02), §10 (G17), §11 (CD-12) ; fiche DMP §4 (PDT-INF-526 v1.8)",
)
def limited_cards(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A type or a remplaçant that is not seen cannot be limited; a CPE has its own rights."""
    for act, presence in view.derived(story).announced():
        certificate = presence.image.signature_certificate
        held = card_type(certificate) if certificate else None
        if held and act.card.get("type") not in (None, held):
            yield _about(
                act,
                f"une carte {held}",
                f"annoncée {act.card.get('type')}",
                "Lire le type de carte (extension 1.2.250.1.71.1.2.2 du certificat) et limiter "
                "les droits d'une CPF, CPE ou CPA.",
            )
        for each in act.situations:
            known = presence.image.situations.get(each.get("numero", 0))
            if known and bool(each.get("remplacant")) is not known.substitute:
                yield _about(
                    act,
                    f"situation {each['numero']}, mode d'exercice {known.mode:02d}",
                    "remplaçant" if each.get("remplacant") else "non signalée comme remplacement",
                    "Reconnaître le remplaçant au mode d'exercice 04 (TRE_G17) et lui faire saisir "
                    "la structure où il remplace.",
                )
    yield from _rights_of_a_cpe(view)


def _rights_of_a_cpe(view: JournalView) -> Iterator[Finding]:
    for use in view.derived(uses):
        joined, exchange = use.assertion.certificate, use.assertion.exchange
        if joined and card_type(joined) == "CPE" and exchange.operation in _FORBIDDEN_TO_CPE:
            yield Finding(
                use.assertion.place,
                "une transaction ouverte à une CPE (dépôt par TD2.2, pas de consultation)",
                f"{exchange.operation} sous une CPE",
                "Limiter les fonctions selon le type de carte lu dans le certificat.",
                exchange_id=exchange.id,
                artefact=use.assertion.label,
            )


@check(
    "CD-13",
    title="Une carte de test est refusée en production, une carte réelle hors production",
    severity=Severity.BLOCKING,
    source="Fiche cartes §1 (G01), §11 (CD-13)",
)
def right_category(view: JournalView, context: Context) -> Iterator[Finding]:
    """Category of CPS_ID_CARD against the rules profile of the environment."""
    production = context.environment.rules_profile == PRODUCTION
    for act, presence in view.derived(story).announced():
        known = presence.image.identity
        if known and known.test is production:
            yield _about(
                act,
                f"refus d'une carte {'de test' if production else 'réelle'}",
                f"carte de catégorie {known.category:02X} acceptée",
                "Comparer la catégorie de la carte (TRE_G01 : 80, 82, 83 pour le test) à "
                "l'environnement appelé, avant tout usage.",
            )


@check(
    "CD-19",
    title="Après un changement de carte, l'identité affichée est celle de la nouvelle",
    severity=Severity.BLOCKING,
    exigences=("INS/va1.37",),
    source="Fiche cartes §2 (cache), §11 (CD-19)",
)
def no_stale_identity(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Number of a card that left while another took its reader; holder of another card."""
    told = view.derived(story)
    advice = (
        "Relire la carte à chaque insertion et ranger ce qui est mis en cache sous son numéro de "
        "série."
    )
    for act in told.acts:
        number = act.card.get("numero")
        if not isinstance(number, str) or any(p.number == number for p in told.present(act)):
            continue
        successor = told.successor(number, act.position)
        if successor is not None:
            yield _about(act, f"carte {successor.number}", f"carte {number}, retirée", advice)
    for act, presence in told.announced():
        info = presence.image.info
        said = _part(act.card, "titulaire").get("identifiant_national")
        others = {p.holder for p in told.presences if p.number != presence.number}
        if info and said and said != info.national_id and said in others:
            yield _about(act, f"titulaire {info.national_id}", f"titulaire {said}", advice)


def _part(card: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = card.get(name)
    return found if isinstance(found, Mapping) else {}


def _about(act: Act, expected: str, found: str, advice: str) -> Finding:
    place = f"geste {act.gesture.name}"
    return Finding(place, expected, found, advice, exchange_id=act.exchange.id)
