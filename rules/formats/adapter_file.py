"""The file of an adapter (TOML) read, and proved to lose nothing.

Its keys, French for editors write them (``docs`` of the project and the two files in
``adapters/`` show them):

- ``nom``, ``titre``, ``forme`` (``json``, ``soap``), ``adresse``; SOAP: ``espace``, ``espaces``
  (prefix = namespace), ``qualifie`` (elementFormDefault), ``ordre`` (names of elements in
  the order of the schema), ``soap`` (``1.2``, ``1.1``); ``type_contenu`` of the answers;
- ``[operations.<mot>]``: ``chemin``, ``methode``, ``action``, ``demande``, ``reponse``,
  ``quand``, ``lignes``, ``texte``, and ``cles``, ``cles_reponse``, ``valeurs`` of its own;
- ``[cles]``, ``[valeurs.<clé>]``, ``[listes]``, ``majuscule``: :mod:`rules.formats.keyed_paths`;
- ``[booleens]``, ``[dates]`` (``date``, ``horodatage``): :mod:`rules.formats.spellings`;
- ``[erreurs]`` (our code = theirs), ``[faute]`` (``detail``, ``code``, ``libelle``, ``sous_code``,
  ``statut``).
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from rules.formats.adapter_proof import first_loss
from rules.formats.adapter_wire import JSON, SOAP, Adapter, FaultShape, Operation
from rules.formats.keyed_paths import Paths, places
from rules.formats.prescription_messages import MESSAGES
from rules.formats.spellings import DAY, MINUTE, Spellings, missing
from rules.formats.xml_tree import XmlNames

_TOP = {
    "nom": str, "titre": str, "forme": str, "adresse": str, "espace": str, "espaces": dict,
    "qualifie": bool, "ordre": list, "soap": str, "type_contenu": str, "majuscule": bool,
    "cles": dict, "valeurs": dict, "listes": dict, "booleens": dict, "dates": dict,
    "erreurs": dict, "faute": dict, "operations": dict,
}  # fmt: skip
_OPERATION = {
    "chemin": str, "methode": str, "action": str, "demande": str, "reponse": str, "quand": dict,
    "lignes": str, "texte": str, "cles": dict, "cles_reponse": dict, "valeurs": dict,
}  # fmt: skip
_FAULT = {"detail": str, "code": str, "libelle": str, "sous_code": bool, "statut": int}
_KINDS = {str: "un texte", dict: "une table", bool: "true ou false", list: "une liste",
          int: "un nombre"}  # fmt: skip
_MEDIA = {JSON: "application/json", "1.2": "application/soap+xml; charset=utf-8",
          "1.1": "text/xml; charset=utf-8"}  # fmt: skip
_RESPELT = {"cles", "cles_reponse", "valeurs", "listes", "booleens", "dates"}
Told = Mapping[str, Any]


class AdapterError(ValueError):
    """An adapter that means nothing. Sentences are French: file, key, what to write."""


def parse(text: str, name: str) -> Adapter:
    """Read an adapter from its text; ``name`` is for errors. Raises AdapterError."""
    try:
        return _adapter(_verified(tomllib.loads(text), _TOP, ""))
    except tomllib.TOMLDecodeError as error:
        raise AdapterError(f"{name} : ce n'est pas du TOML ({error}).") from error
    except AdapterError as error:
        raise AdapterError(f"{name} : {error}") from error


def _adapter(told: Told) -> Adapter:
    for key in ("nom", "forme", "adresse", "operations"):
        if not told.get(key):
            raise AdapterError(f"« {key} » manque.")
    form, version = told["forme"], told.get("soap", "1.2")
    _among("forme", form, (JSON, SOAP))
    _among("soap", version, ("1.2", "1.1"))
    _path("adresse", told["adresse"])
    respelt = _RESPELT & set(told)
    adapter = Adapter(
        name=told["nom"],
        title=told.get("titre", told["nom"]),
        form=form,
        address=told["adresse"],
        operations=tuple(_operations(told)),
        names=_names(told),
        soap_version=version,
        content_type=told.get("type_contenu", _MEDIA[version if form == SOAP else JSON]),
        errors=_texts("erreurs", told.get("erreurs", {})),
        fault=_fault(told),
        described=not respelt and version == "1.2" and told.get("qualifie", True)
        and not any(_RESPELT & set(each) for each in cast("Told", told["operations"]).values()),
    )  # fmt: skip
    if form == SOAP:
        _verify_elements(adapter)
    _verify_places(adapter)
    loss = first_loss(adapter)
    if loss is not None:
        raise AdapterError(loss)
    return adapter


def _operations(told: Told) -> Iterable[Operation]:
    for name, each in cast("Told", told["operations"]).items():
        where = f"operations.{name}"
        if name not in MESSAGES:
            raise AdapterError(
                f"opération « {name} » inconnue ; attendues : {', '.join(MESSAGES)}."
            )
        if not isinstance(each, dict):
            raise AdapterError(f"« {where} » : une table est attendue : [{where}].")
        own = _verified(cast("Told", each), _OPERATION, f"{where}.")
        _among(f"{where}.methode", own.get("methode", "POST"), ("POST", "PUT", "GET"))
        path = own.get("chemin", told["adresse"])
        _path(f"{where}.chemin", path)
        if told["forme"] == SOAP and not (own.get("demande") and own.get("reponse")):
            raise AdapterError(f"« {where} » : demande et reponse nomment les éléments du corps.")
        asked, answered = MESSAGES[name]
        for key in ("cles", "cles_reponse"):
            _verify_keys(f"{where}.{key}", own.get(key, {}), (asked, answered))
        yield Operation(
            name,
            path,
            _paths(told, own, asked, own.get("cles", {})),
            _paths(told, own, answered, {**own.get("cles", {}), **own.get("cles_reponse", {})}),
            own.get("methode", "POST"),
            own.get("action"),
            own.get("demande", ""),
            own.get("reponse", ""),
            _texts(f"{where}.quand", own["quand"]) if "quand" in own else None,
            own.get("lignes"),
            own.get("texte"),
        )


def _paths(told: Told, own: Told, cls: type, table: Told) -> Paths:
    every = [c for pair in MESSAGES.values() for c in pair]
    for key in ("cles", "listes"):
        _verify_keys(key, told.get(key, {}), every)
    values = {**told.get("valeurs", {}), **own.get("valeurs", {})}
    _verify_keys("valeurs", values, every)
    return Paths(
        cls,
        _texts("cles", {**told.get("cles", {}), **table}),
        {key: _one_for_one(f"valeurs.{key}", each) for key, each in values.items()},
        _texts("listes", told.get("listes", {})),
        told.get("majuscule", False),
        _spellings(told),
    )


def _spellings(told: Told) -> Spellings:
    booleans = _one_for_one("booleens", told.get("booleens", {}))
    if booleans and set(booleans) != {"true", "false"}:
        raise AdapterError('« booleens » : écrire true = "…" et false = "…".')
    dates = _verified(told.get("dates", {}), {"date": str, "horodatage": str}, "dates.")
    for key, wanted in (("date", DAY), ("horodatage", MINUTE)):
        lacks = missing(dates[key], wanted) if key in dates else None
        if lacks is not None:
            raise AdapterError(
                f"« dates.{key} » : {dates[key]} n'a pas {lacks} une fois ; écrire par exemple "
                "AAAAMMJJ, ou AAAA-MM-JJThh:mm:sszz."
            )
    return Spellings(booleans, dates.get("date", ""), dates.get("horodatage", ""))


def _names(told: Told) -> XmlNames:
    prefixes = _texts("espaces", told.get("espaces", {}))
    order = told.get("ordre", [])
    if not all(isinstance(each, str) for each in order):
        raise AdapterError("« ordre » : une liste de noms d'éléments est attendue.")
    return XmlNames(told.get("espace", ""), prefixes, told.get("qualifie", True), tuple(order))


def _fault(told: Told) -> FaultShape:
    own = _verified(told.get("faute", {}), _FAULT, "faute.")
    default = ("@code", "#") if told["forme"] == SOAP else ("erreur/code", "erreur/libelle")
    status = own.get("statut")
    if status is not None and not 400 <= status <= 599:
        raise AdapterError("« faute.statut » : un statut HTTP de 400 à 599 est attendu.")
    return FaultShape(
        own.get("detail", ""),
        own.get("code", default[0]),
        own.get("libelle", default[1]),
        own.get("sous_code", False),
        status,
    )


# What a mistake says -------------------------------------------------------------------


def _verified(told: Told, kinds: Mapping[str, type], where: str) -> Told:
    for key, value in told.items():
        if key not in kinds:
            raise AdapterError(f"clé « {where}{key} » inconnue{_near(key, kinds)}.")
        kind = kinds[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise AdapterError(f"« {where}{key} » : {_KINDS[kind]} est attendu, pas {value!r}.")
    return told


def _verify_keys(where: str, table: Told, classes: Iterable[type]) -> None:
    """Each key is a neutral one, or the end of its path; ``.1`` counts in a list."""
    ends: dict[str, bool] = {}
    for cls in classes:
        for place, part in places(cls):
            for rank in range(len(place)):
                ends[".".join(place[rank:])] = part.several
    for key in table:
        bare = key.rstrip("0123456789").removesuffix(".") if key[-1:].isdigit() else key
        if bare not in ends or (bare != key and not ends[bare]):
            raise AdapterError(
                f"« {where} » : « {key} » n'est pas une clé du modèle neutre{_near(key, ends)}."
            )


def _texts(where: str, table: Told) -> dict[str, str]:
    for key, value in table.items():
        if not isinstance(value, str) or not value:
            raise AdapterError(f"« {where}.{key} » : un texte est attendu, pas {value!r}.")
    return dict(table)


def _one_for_one(where: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise AdapterError(f"« {where} » : une table est attendue, pas {table!r}.")
    told = {key: str(value) for key, value in cast("dict[str, object]", table).items()}
    twice = next((v for v in told.values() if list(told.values()).count(v) > 1), None)
    if twice is not None:
        raise AdapterError(
            f"« {where} » : « {twice} » y est deux fois ; à chaque valeur la sienne, pour relire."
        )
    return told


def _among(where: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise AdapterError(f"« {where} » : « {value} » ; attendu : {' ou '.join(known)}.")


def _path(where: str, value: str) -> None:
    if not value.startswith("/") or any(sign in value for sign in "?#{} "):
        raise AdapterError(
            f"« {where} » : « {value} » ; un chemin comme /wssoap/epresc est attendu, sans "
            "serveur ni paramètre."
        )


def _verify_elements(adapter: Adapter) -> None:
    paths = [
        p for o in adapter.operations for each in (o.asks, o.answers) for p in each.table.values()
    ]
    steps = [step for path in paths for step in path.split("/")]
    elements = [e for o in adapter.operations for e in (o.request, o.answer)]
    shape = [adapter.fault.detail, *adapter.fault.code.split("/"), *adapter.fault.label.split("/")]
    prefixes = {e.lstrip("@").rpartition(":")[0] for e in (*steps, *elements, *shape)}
    lacks = prefixes - {"", *adapter.names.prefixes}
    if lacks:
        raise AdapterError(f"préfixe « {min(lacks)} » absent de [espaces].")
    if not adapter.names.main and not all(":" in each for each in elements):
        raise AdapterError("« espace » manque : l'espace de noms des éléments sans préfixe.")


def _verify_places(adapter: Adapter) -> None:
    """No two operations that nothing tells apart."""
    seen: dict[tuple[object, ...], str] = {}
    for each in adapter.operations:
        # An action tells apart too.
        here = (each.method, each.path, each.request, each.action if each.request else None,
                tuple(sorted((each.when or {}).items())))  # fmt: skip
        if here in seen:
            raise AdapterError(
                f"{seen[here]} et {each.name} ont la même place : les distinguer par chemin, "
                "demande, action ou quand."
            )
        seen[here] = each.name


def _near(key: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f" ; vouliez-vous « {found[0]} » ?" if found else ""
