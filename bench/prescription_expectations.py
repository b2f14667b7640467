"""What the « Alors » steps ask of ordonnances: one number everywhere, documents, executions, order.

Same contract as :mod:`bench.expectations`, which loads this module. The number is the one
the product announced last (``ordonnance.numero`` of the driver contract).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bench.expectations import Observation, expectation
from rules.context import Environment
from rules.exchange import Exchange, Outcome
from rules.formats.cda import ClinicalDocument
from rules.formats.code2d import Code2D
from rules.formats.gesture import Gesture
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription import STATUSES
from rules.formats.prescription_wire import EpRequest
from rules.judge import JournalView

CREATE, PRINT = "prescription.create", "prescription.print"
CONSULT, SEARCH = "prescription.consult", "prescription.search"
CARRIED = ("eprescType", "cis", "lpp", "dureeJours", "renouvellements", "substitution", "ald",
           "atmp", "prevention", "horsAMM", "nonRemboursable")  # fmt: skip
"""Keys of a line that mean the same to a prescriber, a pharmacist and a payer."""
CREATION = "EP4"
_DELIVERED = STATUSES[:2]
"""Statuses that no motif explains."""
Found = Iterator[tuple[str, str]]
"""Pairs of an exchange id and a number."""


@expectation("numero-partout")
def number_everywhere(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``lieux``: names of :data:`PLACES`, where the announced number stands and no other."""
    number = _announced(view)
    if number is None:
        return Observation(False, "aucun numéro annoncé par le logiciel", observed=False)
    flaws: list[str] = []
    seen: list[str] = []
    for place in parameters["lieux"]:
        found = list(PLACES[place](view))
        seen += [exchange for exchange, _ in found]
        others = sorted({each for _, each in found} - {number})
        if not found or others:
            flaws.append(f"{place} : {', '.join(others) or 'absent'}")
    reason = "; ".join(flaws) or f"lu {len(seen)} fois, partout le même"
    return Observation(not flaws, f"numéro {number} : {reason}", tuple(dict.fromkeys(seen)))


@expectation("documents-ordonnance")
def documents_deposited(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``n3``, ``n1``: documents accepted by the DMP; ``code_2d``: whether all show a Code 2D."""
    kept = list(_documents(view, "dmp"))
    structured = [d for _, d in kept if d.prescription is not None]
    pages = [d for _, d in kept if d.prescription is None]
    flaws = [
        f"{len(found)} document(s) {name}, {parameters[key]} attendu(s)"
        for key, name, found in (("n3", "N3", structured), ("n1", "N1", pages))
        if len(found) != int(parameters[key])
    ]
    wanted = bool(parameters["code_2d"])
    wrong = sum(_shows_code(document) is not wanted for _, document in kept)
    if wrong:
        flaws.append(f"{wrong} document(s) {'sans' if wanted else 'avec'} Code 2D ou numéro")
    reason = "; ".join(flaws) or f"{len(structured)} N3 et {len(pages)} N1, comme attendu"
    ids = tuple(dict.fromkeys(exchange.id for exchange, _ in kept))
    return Observation(not flaws, f"DMP : {reason}", ids, observed=_played(view))


@expectation("creations")
def creations(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``appels`` of EP4, ``numeros`` sent and numbers that the service ``enregistres``.

    Each is compared only when it is given; ``enregistres_au_plus`` is a bound.
    """
    sent = [
        (exchange, request.created.id)
        for exchange, request in view.artefacts(EpRequest, "prescription")
        if request.created is not None
    ]
    found = {
        "appels": len(sent),
        "numeros": len({number for _, number in sent}),
        "enregistres": len({number for exchange, number in sent if exchange.accepted}),
    }
    wrong = [name for name in found if parameters.get(name) not in (None, found[name])]
    most = parameters.get("enregistres_au_plus", found["enregistres"])
    if found["enregistres"] > most:
        wrong.append("enregistres")
        parameters = {**parameters, "enregistres": f"au plus {most}"}
    told = ", ".join(
        f"{name} : {value}" + (f" ({parameters[name]} attendu(s))" if name in wrong else "")
        for name, value in found.items()
    )
    ids = tuple(exchange.id for exchange, _ in sent)
    return Observation(not wrong, f"créations d'ordonnance, {told}", ids, observed=_played(view))


@expectation("executions-montrees")
def executions_shown(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``statuts``: those of every line executed, in order, in the last ordonnance consulted.

    Each execution has its date and who made it; each line that was not simply
    delivered has its motif (e-prescription.md §7.4).
    """
    consulted = [(e, g) for e, g in _gestures(view) if g.name == CONSULT]
    if not consulted:
        return Observation(False, f"geste {CONSULT} non joué", observed=False)
    exchange, gesture = consulted[-1]
    executions = _objects(gesture.part("ordonnance").get("executions"))
    lines = [line for each in executions for line in _objects(each.get("lignes"))]
    found, wanted = [line.get("statut") for line in lines], list(parameters["statuts"])
    flaws = [] if found == wanted else [f"statuts {found or 'absents'}, attendus : {wanted}"]
    if any(not each.get("date") or not each.get("executant") for each in executions):
        flaws.append("date ou exécutant absents")
    if any(line.get("statut") not in _DELIVERED and not line.get("motif") for line in lines):
        flaws.append("motif absent")
    reason = "; ".join(flaws) or f"{len(executions)} exécution(s) montrée(s) comme attendu"
    return Observation(not flaws, f"exécutions : {reason}", (exchange.id,))


@expectation("page-sans-code")
def printed_without_code(
    view: JournalView, _environment: Environment, _parameters: Mapping[str, Any]
) -> Observation:
    """A page was printed, and none says a number nor shows a Code 2D."""
    pages = [e for e, gesture in _gestures(view) if gesture.name == PRINT and gesture.printed]
    marked = [e.id for e in pages if view.reading(e).first(PrintedOrdonnance) is not None]
    reason = f"{len(marked)} page(s) avec un numéro ou un Code 2D, sur {len(pages)} imprimée(s)"
    return Observation(
        bool(pages) and not marked,
        reason,
        tuple(marked) or tuple(e.id for e in pages),
        observed=bool(pages),
    )


@expectation("ordonnance-trouvee")
def ordonnance_found(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``numero`` is among the answers of the last ``prescription.search``, or ``absente``."""
    exchange, found = _last_search(view)
    if exchange is None:
        return Observation(False, f"geste {SEARCH} non joué", observed=False)
    absent = bool(parameters.get("absente"))
    reason = f"{len(found)} ordonnance(s) trouvée(s), {parameters['numero']} "
    return Observation(
        (parameters["numero"] in found) is not absent,
        reason + ("ne devait pas l'être" if absent else "attendue"),
        (exchange.id,),
    )


@expectation("recherche-complete")
def whole_search(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``nombre`` ordonnances, each once, were shown by the last search (N15)."""
    exchange, found = _last_search(view)
    if exchange is None:
        return Observation(False, f"geste {SEARCH} non joué", observed=False)
    wanted, seen = int(parameters["nombre"]), len(set(found))
    reason = f"{len(found)} ordonnance(s) montrée(s), dont {seen} différente(s), {wanted} attendues"
    return Observation(len(found) == seen == wanted, reason, (exchange.id,))


@expectation("lignes-transmises")
def lines_sent(
    view: JournalView, _environment: Environment, _parameters: Mapping[str, Any]
) -> Observation:
    """What the last draft asked of each line stands in the last EP4 accepted."""
    asked = [g.parameters for _, g in _gestures(view) if g.name == CREATE]
    sent = [
        (exchange, request.created)
        for exchange, request in view.artefacts(EpRequest, "prescription")
        if exchange.accepted and request.created is not None
    ]
    if not asked or not sent:
        return Observation(False, "aucune ordonnance transmise", observed=False)
    exchange, created = sent[-1]
    wanted = _objects(asked[-1].get("lignes"))
    found = [_told(line) for line in _objects(created.to_json().get("lignes"))]
    flaws = [
        f"ligne {n} : {name} {line.get(name)!r}, {value!r} prescrit"
        for n, (want, line) in enumerate(zip(wanted, found, strict=False), start=1)
        for name, value in _told(want).items()
        if line.get(name) != value
    ]
    if len(wanted) != len(found):
        flaws.append(f"{len(found)} ligne(s), {len(wanted)} prescrite(s)")
    reason = " ; ".join(flaws) or f"{len(found)} ligne(s) transmise(s) comme prescrites"
    return Observation(not flaws, reason, (exchange.id,))


def _told(line: Mapping[str, Any]) -> dict[str, Any]:
    """What a line says of :data:`CARRIED`, without what it leaves unsaid or false."""
    found = {name: line.get(name) for name in CARRIED}
    quantity = line.get("quantite")
    found["quantite"] = quantity.get("valeur") if isinstance(quantity, Mapping) else quantity
    return {name: value for name, value in found.items() if value not in (None, False, 0)}


@expectation("prescripteurs")
def both_prescribers(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``titulaire`` and ``remplacant``: RPPS, both in the EP4 accepted and in the Code 2D.

    Which key is whose is not known (e-prescription.md §5).
    """
    wanted = {parameters["titulaire"], parameters["remplacant"]}
    places = [
        (e.id, "EP4", {_rpps(made.prescriber), _rpps(made.replaced)})
        for e, request in view.artefacts(EpRequest, "prescription")
        if e.accepted and (made := request.created) is not None
    ]
    places += [
        (e.id, "Code 2D", {code.rpps, code.second_rpps})
        for e in view.of("lgc", PRINT)
        for code in view.reading(e).every(Code2D)
    ]
    flaws = [f"{name} : {sorted(map(str, found))}" for _, name, found in places if found != wanted]
    missing = {"EP4", "Code 2D"} - {name for _, name, _ in places}
    flaws += [f"{name} : absent" for name in sorted(missing)]
    reason = " ; ".join(flaws) or "titulaire et remplaçant nommés"
    return Observation(not flaws, reason, tuple(i for i, _, _ in places), observed=bool(places))


@expectation("nombre-d-echanges")
def counted_exchanges(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``service``, ``operation``, ``nombre``: exactly so many, with ``issue`` if it is given."""
    issue = parameters.get("issue")
    found = [
        e
        for e in view.of(parameters["service"], parameters["operation"])
        if issue is None or e.outcome is Outcome(issue)
    ]
    wanted = int(parameters["nombre"])
    return Observation(
        len(found) == wanted,
        f"{parameters['service']} {parameters['operation']} {issue or ''}".rstrip()
        + f" : {len(found)} vu(s), {wanted} attendu(s)",
        tuple(e.id for e in found),
        observed=_played(view),
    )


def _calls(view: JournalView) -> Found:
    for exchange, request in view.artefacts(EpRequest, "prescription"):
        if exchange.accepted and request.created is not None and request.created.id:
            yield exchange.id, request.created.id


def _pages(view: JournalView) -> Found:
    for exchange in view.of("lgc", PRINT):
        for page in view.reading(exchange).every(PrintedOrdonnance):
            yield exchange.id, page.printed_number or "aucun"


def _codes(view: JournalView) -> Found:
    for exchange in view.of("lgc", PRINT):
        for code in view.reading(exchange).every(Code2D):
            yield exchange.id, code.number


def _structured(view: JournalView) -> Found:
    for exchange, document in _documents(view, "dmp"):
        told = document.prescription
        if told is not None and told.has_barcode:
            yield exchange.id, told.number or (told.code2d.number if told.code2d else "aucun")


def _flat(view: JournalView) -> Found:
    for exchange, document in _documents(view, "dmp"):
        page = document.pdf.ordonnance if document.pdf else None
        if document.prescription is None and page is not None:
            yield exchange.id, page.number or "aucun"


def _mailed(view: JournalView) -> Found:
    for exchange, document in _documents(view, "mssante"):
        page = document.pdf.ordonnance if document.pdf else None
        if page is not None:
            yield exchange.id, page.number or "aucun"


PLACES: Mapping[str, Callable[[JournalView], Found]] = {
    "appel": _calls,
    "page": _pages,
    "code 2D": _codes,
    "N3": _structured,
    "N1": _flat,
    "courriel": _mailed,
}
"""Where a number is read: EP4 accepted, printed page, its symbol, DMP, MSSanté."""


def _documents(view: JournalView, service: str) -> Iterator[tuple[Exchange, ClinicalDocument]]:
    operation = {"dmp": "TD2.1", "mssante": "SMTP"}[service]
    for exchange in view.of(service, operation):
        if exchange.accepted:
            for document in view.reading(exchange).every(ClinicalDocument):
                yield exchange, document


def _shows_code(document: ClinicalDocument) -> bool:
    told, page = document.prescription, document.pdf.ordonnance if document.pdf else None
    structured = told is not None and told.has_barcode
    return structured or (page is not None and (bool(page.codes) or page.number is not None))


def _announced(view: JournalView) -> str | None:
    told = [gesture.told("ordonnance", "numero") for _, gesture in _gestures(view)]
    return next((number for number in reversed(told) if number), None)


def _last_search(view: JournalView) -> tuple[Exchange | None, list[Any]]:
    """The last ``prescription.search`` and the numbers it showed."""
    played = [(e, g) for e, g in _gestures(view) if g.name == SEARCH]
    if not played:
        return None, []
    exchange, gesture = played[-1]
    return exchange, [each.get("numero") for each in gesture.entries("ordonnances")]


def _rpps(who: Any) -> str | None:
    return None if who is None else who.rpps


def _gestures(view: JournalView) -> Iterator[tuple[Exchange, Gesture]]:
    yield from view.artefacts(Gesture, "lgc")


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _played(view: JournalView) -> bool:
    return any(exchange.service == "lgc" for exchange in view.exchanges)
