"""What the « Alors » steps ask about identities: states, answers of gestures, calls to INSi.

Same contract as :mod:`bench.expectations`, which loads this module. A patient is named by
its local id, as the product gave it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from bench.expectations import Observation, expectation
from rules.checking import by_id
from rules.checks.ins_transmission import carries
from rules.context import Context, Environment
from rules.formats.insi import InsiRequest
from rules.formats.pages import page_text
from rules.identities import Act, acts
from rules.judge import JournalView


@expectation("etat-identite")
def identity_state(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``patient``; ``statuts`` admitted, and ``ins``: 15 characters, or "" for none."""
    told = [act for act in view.derived(acts) if _about(act, parameters) and act.after]
    last = told[-1].after if told else None
    if last is None:
        return Observation(False, "identité jamais annoncée par le logiciel", observed=False)
    admitted = parameters.get("statuts")
    wanted = parameters.get("ins")
    status_holds = admitted is None or last.status in admitted
    ins_holds = wanted is None or (last.ins or "") == wanted
    expected = " ou ".join(admitted or [last.status])
    held = f"avec l'INS {last.ins}" if last.ins else "sans INS"
    asked = "" if wanted is None else f", {f'avec l’INS {wanted}' if wanted else 'sans INS'}"
    return Observation(
        status_holds and ins_holds,
        f"identité {last.status} {held}, attendue {expected}{asked}",
        (told[-1].exchange.id,),
    )


@expectation("liste-de-travail")
def in_worklist(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """A task in the last ``worklist.read``, about ``patient`` if it is given."""
    played = _played(view, {"action": "worklist.read"})
    if not played:
        return Observation(False, "geste worklist.read non joué", observed=False)
    tasks = played[-1].gesture.entries("taches")
    wanted = parameters.get("patient")
    mine = [task for task in tasks if wanted in (None, task.get("patient"))]
    reasons = ", ".join(str(task.get("motif")) for task in mine)
    reason = f"{len(mine)} tâche(s) dans la liste de travail" + (f" : {reasons}" if mine else "")
    return Observation(bool(mine), reason, (played[-1].exchange.id,))


@expectation("trait-garde")
def trait_kept(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``patient``, ``trait`` (name of the driver contract), ``valeur`` in its last state."""
    told = [act for act in view.derived(acts) if _about(act, parameters) and act.after]
    if not told:
        return Observation(False, "identité jamais annoncée par le logiciel", observed=False)
    traits = told[-1].gesture.part("patient").get("traits") or {}
    found, wanted = traits.get(parameters["trait"]), parameters["valeur"]
    reason = f"{parameters['trait']} : {found or 'vide'}, attendu : {wanted}"
    return Observation(found == wanted, reason, (told[-1].exchange.id,))


@expectation("reponse")
def told_by_gesture(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``action``, ``chemin`` (``insi.code``), then ``parmi`` (values), or ``present`` (boolean).

    A number in a path is a rank in a list: ``appels.0.voie``.

    Read in the last answer to that action, and about ``patient`` if it is given.
    """
    path = str(parameters["chemin"])
    played = _played(view, parameters)
    if not played:
        return Observation(False, f"geste {parameters['action']} non joué", observed=False)
    value = _at(played[-1].gesture.answer, path)
    if "present" in parameters:
        holds = bool(value) is bool(parameters["present"])
        expected = "quelque chose" if parameters["present"] else "rien"
    else:
        holds = value in parameters["parmi"]
        expected = " ou ".join(str(each) for each in parameters["parmi"])
    found = "rien" if value in (None, [], "") else str(value)
    reason = f"réponse au geste {parameters['action']}, {path} : {found}, attendu : {expected}"
    return Observation(holds, reason, (played[-1].exchange.id,))


@expectation("appels-insi")
def calls_to_insi(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``nombre`` of calls caused by the last ``action``; ``operation`` restricts them."""
    played = _played(view, parameters)
    if not played:
        return Observation(False, f"geste {parameters['action']} non joué", observed=False)
    operation = parameters.get("operation")
    made = [c for c in played[-1].calls if operation is None or c.operation == operation]
    wanted = int(parameters["nombre"])
    return Observation(
        len(made) == wanted,
        f"{operation or 'INSi'} : {len(made)} appel(s) pendant {parameters['action']}, "
        f"{wanted} attendu(s)",
        tuple(call.id for call in made) or (played[-1].exchange.id,),
    )


@expectation("appelant")
def calling_user(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``mode`` (``cps``: signed assertion; ``organisation``: certificate), ``professionnel``.

    Every INSi call of the scenario that was answered must be made that way.
    """
    made = [c for c in view.exchanges if view.reading(c).first(InsiRequest) is not None]
    wrong: list[str] = []
    for call in made:
        request = view.reading(call).first(InsiRequest)
        assertion = request.assertion if request else None
        if parameters["mode"] == "organisation":
            good = assertion is None and call.tls is not None and bool(call.tls.certificate)
        else:
            named = assertion.saml.name_id if assertion else None
            good = named == parameters["professionnel"]
        if not good:
            wrong.append(call.id)
    return Observation(
        bool(made) and not wrong,
        f"{len(made)} appel(s) à INSi, dont {len(wrong)} sans l'appelant attendu "
        f"({parameters['mode']} {parameters.get('professionnel', '')})".rstrip(),
        tuple(wrong or [call.id for call in made]),
        observed=bool(made),
    )


@expectation("controle")
def check_alone(
    view: JournalView, environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``regle``: the id of a check of the whole journal, which finds nothing to say.

    ``action`` names the gesture without which it would have nothing to read.
    """
    played = _played(view, parameters)
    context = Context(environment=environment, identities=view.identities.everyone())
    found = [
        finding
        for each in by_id(str(parameters["regle"]))
        if each.subject is JournalView
        for finding in each.function(view, context)
    ]
    first = f" : {found[0].expected} attendu, {found[0].found} trouvé" if found else ""
    return Observation(
        not found and bool(played),
        f"{parameters['regle']} : {len(found)} écart(s){first}",
        tuple(f.exchange_id for f in found if f.exchange_id)
        or tuple(act.exchange.id for act in played[-1:]),
        observed=bool(played),
    )


@expectation("imprime")
def printed_page(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """The first page last printed for ``patient``: ``dit``, ``tait`` (texts), ``datamatrix``.

    Texts are compared without case nor spaces; ``datamatrix`` is the INS it carries, or "".
    """
    played = _played(view, {**parameters, "action": "document.print"})
    page = played[-1].gesture.printed if played else None
    if page is None:
        return Observation(False, "aucun document imprimé qui se lise", observed=bool(played))
    text = _packed(page_text(page.data))
    flaws = [
        f"« {each} » absent" for each in parameters.get("dit", ()) if _packed(each) not in text
    ]
    flaws += [f"« {each} » présent" for each in parameters.get("tait", ()) if _packed(each) in text]
    carried = " ".join(symbol.ins for symbol in page.datamatrices)
    wanted = parameters.get("datamatrix")
    if wanted is not None and carried != wanted:
        flaws.append(f"datamatrix : {carried or 'aucun'}, attendu : {wanted or 'aucun'}")
    reason = "page imprimée : " + ("; ".join(flaws) or "tout y est")
    return Observation(not flaws, reason, (played[-1].exchange.id,))


@expectation("patients-trouves")
def found_patients(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``presents`` and ``absents`` (local ids) in the last answer to ``patient.search``.

    ``nombre``, if given, is how many files must be found.
    """
    played = _played(view, {"action": "patient.search"})
    if not played:
        return Observation(False, "geste patient.search non joué", observed=False)
    found = {str(p.get("id")) for p in played[-1].gesture.entries("patients")}
    missing = [each for each in parameters.get("presents", ()) if each not in found]
    extra = [each for each in parameters.get("absents", ()) if each in found]
    counted = parameters.get("nombre") in (None, len(found))
    reason = f"{len(found)} dossier(s) trouvé(s), {len(missing)} oublié(s), {len(extra)} de trop"
    return Observation(counted and not missing and not extra, reason, (played[-1].exchange.id,))


@expectation("ins-transmise")
def ins_sent(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``ins`` stands in an accepted message of ``service`` and ``operation``: the channel lives."""
    sent = [e for e in view.of(parameters["service"], parameters["operation"]) if e.accepted]
    carrying = [e.id for e in sent if carries(e, str(parameters["ins"]))]
    return Observation(
        bool(carrying),
        f"INS {parameters['ins']} : dans {len(carrying)} message(s) accepté(s) sur {len(sent)}",
        tuple(carrying),
        observed=bool(sent),
    )


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(value, list):
            entries = cast("list[Any]", value)
            rank = int(name) if name.isdigit() else len(entries)
            value = entries[rank] if rank < len(entries) else None
        else:
            value = (
                cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
            )
    return value


def _played(view: JournalView, parameters: Mapping[str, Any]) -> list[Act]:
    return [
        act
        for act in view.derived(acts)
        if act.gesture.name == parameters.get("action") and _about(act, parameters)
    ]


def _about(act: Act, parameters: Mapping[str, Any]) -> bool:
    return parameters.get("patient") in (None, act.patient)


def _packed(text: str) -> str:
    return "".join(text.upper().split())
