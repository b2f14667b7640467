"""Two pharmacies that execute on demand, by an EP1 like any other.

``{"pharmacie": [{"numero": "…", "recette": "partiel", "pharmacie": 1, "date": "2026-03-13"}]}``
or, line by line, ``{"numero": "…", "gestes": [{"ligne": 1, "statut": "DELIVREE"}]}``;
``scan``, instead of ``numero``, is what a reader typed of a Code 2D.
Its calls are in the journal, from the peer ``robot-pharmacie``; no fault that a
tester asked for is spent on them, but those of the reader (:mod:`.wedge`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from cryptography.hazmat.primitives.serialization import Encoding

from fixtures.world import ProfessionalFixture, make_pharmacists
from rules.exchange import Exchange, Message, Outcome, TlsPeer
from rules.formats.prescription import Line, iso_date
from rules.formats.prescription_adapter import Adapter
from simulators.http import HttpRequest, HttpResponse
from simulators.journal import new_id
from simulators.kernel import Kernel
from simulators.prescription.life import Progress
from simulators.prescription.rows import Kept
from simulators.prescription.state import PrescriptionState, local_day
from simulators.prescription.wedge import LAYOUTS, number_in, typed
from simulators.store import Unit

PEER = "robot-pharmacie"
OPERATION = "EP1"
REFUSAL, SUB_REFUSAL = 28, 73
"""The only motif and sous-motif that were seen; others are any number of ours."""
UNAVAILABLE, TOLERANCE, NEED = 5, 12, 6
SUB_MOTIVES = {REFUSAL: SUB_REFUSAL, UNAVAILABLE: 60, TOLERANCE: 64, NEED: 68}

READERS: Mapping[str, str] = {f"lecteur-{layout}": layout for layout in LAYOUTS}
"""Faults of the reader of the pharmacies (N18), by name."""

Gesture = dict[str, Any]
Post = Callable[[HttpRequest, Unit], HttpResponse]


def executor(rank: int) -> dict[str, Any]:
    """Pharmacist and pharmacy of a rank, as an EP1 names them."""
    return _executor(make_pharmacists()[rank])


def product(rank: int) -> dict[str, Any]:
    """Something to deliver instead, or beside."""
    label = f"MEDICAMENT FICTIF DE REMPLACEMENT {rank} comprimé, voie orale"
    return {"eprescType": "medicament", "cis": f"6000009{rank}", "libelle": label}


class Robot:
    """Executes through ``post``, the endpoint of the adapter's EP1."""

    def __init__(self, kernel: Kernel, adapter: Adapter, post: Post) -> None:
        self._kernel = kernel
        self._adapter = adapter
        self._post = post

    def obey(self, orders: object, unit: Unit) -> None:
        """Do what a tester asks. Raises ValueError with a French sentence."""
        several = cast("list[object]", orders) if isinstance(orders, list) else [orders]
        for order in several:
            if not isinstance(order, Mapping):
                raise ValueError('Robot pharmacie : {"numero": …, "recette": …} est attendu.')
            self._execute(cast("Mapping[str, Any]", order), unit)

    def _execute(self, order: Mapping[str, Any], unit: Unit) -> None:
        unknown = set(order) - {"numero", "scan", "recette", "gestes", "pharmacie", "date"}
        if unknown or not isinstance(order.get("numero", order.get("scan")), str):
            wrong = f" ; {min(unknown)} ne veut rien dire" if unknown else ""
            raise ValueError(
                "Robot pharmacie : numero ou scan, recette ou gestes, et si besoin pharmacie "
                f"(0 ou 1) et date (AAAA-MM-JJ){wrong}."
            )
        now = self._kernel.clock.now()
        day = order.get("date", f"{local_day(now)}")
        if not isinstance(day, str) or iso_date(day) is None:
            raise ValueError(f"Robot pharmacie : date {day!r} ; AAAA-MM-JJ est attendu.")
        number = order["numero"] if "numero" in order else self._scanned(order["scan"])
        kept = PrescriptionState(unit.connection, self._kernel.campaign).find(number)
        if kept is None:
            raise ValueError(f"Robot pharmacie : ordonnance {number} inconnue.")
        who = self._pharmacist(order.get("pharmacie", 0))
        lines = _gestures(order, kept, day)
        content = {
            "id": kept.number,
            "idExecution": f"{kept.number}-{kept.executions + 1}",
            "date": day,
            "executant": _executor(who),
            "lignes": lines,
        }
        self._send(content, who, unit)

    def _scanned(self, code: str) -> str:
        """The number of a Code 2D that a reader typed, on whatever keyboard it was thought."""
        drawn = self._kernel.faults.draw("prescription", OPERATION, among=READERS)
        text = typed(code, READERS[drawn.name]) if drawn else code
        number = number_in(text)
        if number is None:
            raise ValueError(f"Robot pharmacie : aucun numéro d'ordonnance dans « {text[:60]} ».")
        return number

    def _send(self, content: Mapping[str, Any], who: ProfessionalFixture, unit: Unit) -> None:
        operation = self._adapter.operation(OPERATION)
        assert operation is not None
        card = self._kernel.pki.credential(f"cps-{who.national_id}-auth").certificate
        address = self._kernel.addresses["prescription"]
        request = HttpRequest(
            method=operation.method,
            target=operation.path,
            headers=(("Content-Type", "application/json"),),
            body=self._adapter.write_request(operation, content),
            at=self._kernel.clock.now(),
            peer=PEER,
            url=address.url(operation.path),
            tls=TlsPeer(certificate=card.public_bytes(Encoding.DER)),
            exchange_id=new_id(),
        )
        response = self._post(request, unit)
        if response.status >= 400:
            told = self._adapter.read_answer(Message("", (), response.body)).get("erreur", {})
            raise ValueError(f"Robot pharmacie : {told.get('code')}, {told.get('libelle')}")
        self._remember(request, response, unit)

    def _remember(self, request: HttpRequest, response: HttpResponse, unit: Unit) -> None:
        journal = self._kernel.journal
        exchange = Exchange(
            id=request.exchange_id,
            campaign=self._kernel.campaign,
            position=0,
            service="prescription",
            operation=OPERATION,
            started_at=request.at,
            answered_at=self._kernel.clock.now(),
            peer=PEER,
            request=request.message,
            response=Message(f"HTTP/1.1 {response.status} OK", response.headers, response.body),
            outcome=Outcome.ACCEPTED,
            tls=request.tls,
            correlation=response.correlation,
            step=self._kernel.step,
        )
        placed = journal.record(unit, exchange)
        unit.afterwards(lambda: journal.announce(placed))

    def _pharmacist(self, rank: object) -> ProfessionalFixture:
        known = self._kernel.world.pharmacists
        if type(rank) is not int or not 0 <= rank < len(known):
            raise ValueError(f"Robot pharmacie : pharmacie {rank!r} ; 0 à {len(known) - 1}.")
        return known[rank]


def _executor(who: ProfessionalFixture) -> dict[str, Any]:
    return {
        "rpps": who.rpps,
        "nom": who.family_name,
        "prenom": who.given_name,
        "finess": who.structure.finess,
        "structure": who.structure.name,
    }


def _gestures(order: Mapping[str, Any], kept: Kept, day: str) -> list[Gesture]:
    if "gestes" in order:
        return _told(order["gestes"])
    name = order.get("recette", "tout")
    recipe = RECIPES.get(name) if isinstance(name, str) else None
    if recipe is None:
        raise ValueError(f"Robot pharmacie : recette {name!r} ; connues : {', '.join(RECIPES)}.")
    left = [(kept.ordonnance.line(n), p) for n, p in kept.progress.items() if not p.over]
    found = list(recipe([(line, p) for line, p in left if line is not None], kept, day))
    if not found:
        raise ValueError(f"Robot pharmacie : plus rien à exécuter de {kept.number}.")
    return found


def _told(gestures: object) -> list[Gesture]:
    several = cast("list[object]", gestures) if isinstance(gestures, list) else [gestures]
    if not all(isinstance(each, Mapping) for each in several):
        raise ValueError(
            'Robot pharmacie : gestes : [{"ligne": 1, "statut": "DELIVREE"}] est attendu.'
        )
    return [dict(cast("Mapping[str, Any]", each)) for each in several]


Left = list[tuple[Line, Progress]]


def _all(left: Left, _kept: Kept, _day: str) -> Iterable[Gesture]:
    return [_delivered(line, progress) for line, progress in left]


def _partly(left: Left, _kept: Kept, _day: str) -> Iterable[Gesture]:
    for line, progress in left[:1]:
        whole = progress.quantity or 0
        quantity = _quantity(line, (whole - progress.part) // 2)
        completeness = "RFP" if progress.done or progress.started else "FFP"
        yield _gesture(progress, "DELIVREE_PARTIELLEMENT", completude=completeness, **quantity)


def _refused(left: Left, _kept: Kept, day: str) -> Iterable[Gesture]:
    return [_motivated(p, "NON_DELIVREE", REFUSAL, day) for _, p in left]


def _modified(left: Left, _kept: Kept, day: str) -> Iterable[Gesture]:
    for rank, (line, progress) in enumerate(left):
        if rank:
            yield _delivered(line, progress)
            continue
        changed = {"eprescType": line.type, "cis": line.cis, "libelle": line.label,
                   "posologieTexte": "1 comprimé par jour"}  # fmt: skip
        yield _motivated(progress, "MODIFIEE", TOLERANCE, day, True, remplacement=changed)


def _replaced(left: Left, _kept: Kept, day: str) -> Iterable[Gesture]:
    for rank, (line, progress) in enumerate(left):
        if rank:
            yield _delivered(line, progress)
        else:
            yield _motivated(progress, "REMPLACEE", UNAVAILABLE, day, True, remplacement=product(1))


def _added(left: Left, kept: Kept, day: str) -> Iterable[Gesture]:
    yield from _all(left, kept, day)
    beyond = Progress(max(kept.progress) + 1, 1)
    yield _motivated(beyond, "AJOUTEE", NEED, day, True, remplacement=product(2))


def _suppressed(left: Left, _kept: Kept, day: str) -> Iterable[Gesture]:
    yield from (_delivered(line, progress) for line, progress in left[:-1])
    for _, progress in left[-1:]:
        yield _motivated(progress, "SUPPRIMEE", REFUSAL, day)


RECIPES: Mapping[str, Callable[[Left, Kept, str], Iterable[Gesture]]] = {
    "tout": _all,
    "partiel": _partly,
    "refus": _refused,
    "modifie": _modified,
    "remplace": _replaced,
    "ajoute": _added,
    "supprime": _suppressed,
}
"""What is left of an ordonnance to what is done of it. ``partiel`` begins the first line;
``modifie`` and ``remplace`` change it, ``supprime`` the last; other lines are delivered."""


def _delivered(line: Line, progress: Progress) -> Gesture:
    quantity = _quantity(line, (progress.quantity or 0) - progress.part)
    completeness = "RFC" if progress.done or progress.started else "FFC"
    return _gesture(progress, "DELIVREE", completude=completeness, **quantity)


def _quantity(line: Line, value: int) -> Gesture:
    if line.quantity is None or value <= 0:
        return {}
    unit = line.quantity.unit
    return {"quantite": {"valeur": value, "unite": unit} if unit else value}


def _motivated(
    progress: Progress, status: str, motive: int, day: str, agreed: bool = False, **told: Any
) -> Gesture:
    return _gesture(
        progress,
        status,
        motif=motive,
        sousMotif=SUB_MOTIVES[motive],
        accordPrescripteur=agreed,
        dateModification=day,
        **told,
    )


def _gesture(progress: Progress, status: str, **told: Any) -> Gesture:
    return {"ligne": progress.line, "statut": status, **told}
