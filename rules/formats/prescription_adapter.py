"""The wires of the ordonnance numérique, each told by a TOML file: its adapter.

An adapter says where operations are found (a path, or an element of a SOAP
body) and where each neutral key is held; nothing of a wire is in the code. Two
are ours (``adapters/``); an editor who holds the official package adds his own
file, and simulator and checks read it alike.

Neutral messages, all hors spécification (e-prescription.md §7.6):

- ``EP4``: the ordonnance; answered ``id``, ``etat``, ``horodatageEnregistrement``,
  ``dejaEnregistree``, ``avertissements`` [``code``, ``libelle``];
- ``EP4-annulation``: ``operation`` = ``annulation``, ``id``, ``prescripteur``;
  answered ``id``, ``etat``;
- ``EP3``: ``id``, ``emetteur`` {``rpps``, ``am``, ``finess``}, ``avecExecutions``;
  answered ``etat``, ``accesExecutions`` (``AUTORISE``, ``REFUSE``), ``ordonnance``, with
  its ``executions`` when they may be seen;
- ``EP2``: ``emetteur``, ``prescripteur`` {``rpps``, ``am``}, ``patient``, ``periode``
  [first day, last day], ``type``, ``page``, ``taillePage``; answered ``total``, ``page``,
  ``taillePage``, ``resultats`` [``id``, ``horodatage``, ``type``, ``sousType``,
  ``consentement``, ``etat``, ``patient``];
- ``EP1``: ``id``, ``date``, ``executant``, ``lignes`` of an execution, ``idExecution``
  (optional: two of one are one, sent again); answered ``id``, ``etat``, ``rang``;
- ``traces``: ``traces`` [object]; answered ``recues``.

An error of a JSON wire is ``erreur`` {``code``, ``libelle``}.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from rules.artefact import MalformedError
from rules.exchange import Message
from rules.formats.keyed_paths import Paths, Tree, unsound
from rules.formats.prescription import CHECK_ID, load_json
from rules.formats.soap import SoapMessage
from rules.formats.xml_tree import XmlNames, element_of, tree_of

JSON, SOAP = "json", "soap"
OPERATIONS = ("EP1", "EP2", "EP3", "EP4", "EP4-annulation", "traces")
LABEL = "Appel de l'ordonnance numérique"


class AdapterError(ValueError):
    """An adapter that means nothing. Sentences are French."""


@dataclass(frozen=True)
class Operation:
    """How one operation is told on a wire.

    ``path`` is of the HTTP request; ``action``, ``request`` and ``answer`` are of
    SOAP (elements, with a prefix of the adapter if any); ``when`` are neutral keys
    that tell it from another of the same place; ``lines`` is the neutral key of
    the objects of a body in JSON lines.
    """

    name: str
    path: str
    method: str = "POST"
    action: str | None = None
    request: str = ""
    answer: str = ""
    when: Mapping[str, str] | None = None
    lines: str | None = None

    def fits(self, content: Mapping[str, Any]) -> bool:
        """Whether a neutral content is of this operation."""
        return all(content.get(key) == value for key, value in (self.when or {}).items())


@dataclass(frozen=True)
class Call:
    """A request read by an adapter. ``operation`` is None when the wire has none such."""

    adapter: Adapter
    operation: Operation | None
    content: Tree
    """Neutral."""
    soap: SoapMessage | None = None

    @property
    def name(self) -> str:
        """Word of the journal."""
        return self.operation.name if self.operation else "?"


@dataclass(frozen=True)
class Adapter:
    """One wire."""

    name: str
    title: str
    form: str
    address: str
    operations: tuple[Operation, ...]
    paths: Paths
    names: XmlNames

    def serves(self, message: Message) -> bool:
        """Whether an HTTP request is for this wire."""
        place = message.target.partition("?")[0]
        return any(o.path == place and o.method == message.method for o in self.operations)

    def read_request(self, message: Message) -> Call:
        """Read a request. Raises MalformedError (EP-00, hors spécification)."""
        if self.form == SOAP:
            soap = _envelope(message)
            content = self._content(soap)
            return Call(self, self._by_element(soap, content), content, soap)
        here = [o for o in self.operations if o.path == message.target.partition("?")[0]]
        content = self._json(message.body, here[0].lines if here else None)
        return Call(self, _fitting(here, content), content)

    def read_answer(self, message: Message) -> Tree:
        """The neutral content of an answer that is no fault. Raises MalformedError."""
        if self.form == SOAP:
            return self._content(_envelope(message))
        return self._json(message.body, None) if message.body else {}

    def write(self, content: Mapping[str, Any]) -> bytes:
        """A body of JSON from a neutral content."""
        return json.dumps(self.paths.written(content), ensure_ascii=False).encode()

    def write_request(self, operation: Operation, content: Mapping[str, Any]) -> bytes:
        """A body of JSON, or of JSON lines, for a call."""
        if operation.lines is None:
            return self.write(content)
        rows = cast("list[Any]", content.get(operation.lines) or [])
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)

    def write_element(self, element: str, content: Mapping[str, Any]) -> Any:
        """The child of a SOAP Body from a neutral content."""
        return element_of(element, self.paths.written(content), self.names)

    def operation(self, name: str) -> Operation | None:
        """An operation by its word of the journal."""
        return next((o for o in self.operations if o.name == name), None)

    def _content(self, soap: SoapMessage) -> Tree:
        if soap.payload is None:
            return {}
        return self._sound(tree_of(soap.payload, self.names))

    def _by_element(self, soap: SoapMessage, content: Tree) -> Operation | None:
        root = None if soap.payload is None else str(soap.payload.tag)
        here = [o for o in self.operations if self.names.tag(o.request) == root]
        return _fitting(here, content)

    def _json(self, body: bytes, lines: str | None) -> Tree:
        if lines is not None:
            rows = [load_json(row) for row in body.split(b"\n") if row.strip()]
            return self._sound({lines: rows})
        read = load_json(body)
        if not isinstance(read, Mapping):
            raise _unreadable("corps du message", "un objet JSON", type(read).__name__)
        return self._sound(cast("Mapping[str, Any]", read))

    def _sound(self, tree: Mapping[str, Any]) -> Tree:
        flaw = unsound(tree)
        if flaw is not None:
            raise _unreadable("corps du message", "des valeurs que chaque fil sait écrire", flaw)
        return self.paths.read(tree)


def adapter_of(message: Message) -> Adapter | None:
    """The wire that an HTTP request is for, those added last first."""
    return next((a for a in reversed(adapters()) if a.serves(message)), None)


def adapters() -> tuple[Adapter, ...]:
    """Every wire known: ours, then those added."""
    return (*ours(), *_added.values())


def add(adapter: Adapter) -> None:
    """Have a wire of an editor read, here and by the checks; replaces one of its name."""
    _added[adapter.name] = adapter


def discard(name: str) -> None:
    """Forget a wire that was added."""
    _added.pop(name, None)


def load(path: Path) -> Adapter:
    """Read an adapter. Raises AdapterError."""
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise AdapterError(f"{path.name} : fichier illisible ({error}).") from error


def parse(text: str, name: str) -> Adapter:
    """Read an adapter from its text; ``name`` is for errors. Raises AdapterError."""
    try:
        told = tomllib.loads(text)
        form = told["forme"]
        adapter = Adapter(
            name=told["nom"],
            title=told.get("titre", told["nom"]),
            form=form,
            address=told["adresse"],
            operations=tuple(
                _operation(key, each, told["adresse"]) for key, each in told["operations"].items()
            ),
            paths=Paths(
                told.get("cles", {}), told.get("valeurs", {}), told.get("majuscule") is True
            ),
            names=XmlNames(told.get("espace", ""), told.get("espaces", {})),
        )
    except tomllib.TOMLDecodeError as error:
        raise AdapterError(f"{name} : ce n'est pas du TOML ({error}).") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise AdapterError(
            f"{name} : {error} manque ou a une autre forme. Attendus : nom, forme, adresse, "
            "[operations.EP4] et, selon la forme, chemin ou action, demande, reponse."
        ) from error
    _verify(adapter, name)
    return adapter


_added: dict[str, Adapter] = {}


@cache
def ours() -> tuple[Adapter, ...]:
    """The wires of this project."""
    folder = files("rules.formats") / "adapters"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(parse(f.read_text(encoding="utf-8"), f.name) for f in found)


def _operation(name: str, told: Mapping[str, Any], address: str) -> Operation:
    return Operation(
        name=name,
        path=told.get("chemin", address),
        method=told.get("methode", "POST"),
        action=told.get("action"),
        request=told.get("demande", ""),
        answer=told.get("reponse", ""),
        when=told.get("quand"),
        lines=told.get("lignes"),
    )


def _verify(adapter: Adapter, name: str) -> None:
    if adapter.form not in (JSON, SOAP):
        raise AdapterError(f"{name} : forme « {adapter.form} » ; attendu : json ou soap.")
    unknown = [o.name for o in adapter.operations if o.name not in OPERATIONS]
    if unknown:
        raise AdapterError(
            f"{name} : opération « {unknown[0]} » inconnue ; attendues : {', '.join(OPERATIONS)}."
        )
    if adapter.form == SOAP:
        _verify_elements(adapter, name)


def _verify_elements(adapter: Adapter, name: str) -> None:
    if not all(o.request and o.answer for o in adapter.operations):
        raise AdapterError(f"{name} : chaque opération SOAP nomme sa demande et sa reponse.")
    steps = [step for path in adapter.paths.table.values() for step in path.split("/")]
    elements = [e for o in adapter.operations for e in (o.request, o.answer)]
    prefixes = {e.lstrip("@").rpartition(":")[0] for e in (*steps, *elements)}
    missing = prefixes - {"", *adapter.names.prefixes}
    if missing:
        raise AdapterError(f"{name} : préfixe « {min(missing)} » absent de [espaces].")


def _fitting(here: list[Operation], content: Tree) -> Operation | None:
    """The most particular operation first."""
    ordered = sorted(here, key=lambda o: len(o.when or {}), reverse=True)
    return next((o for o in ordered if o.fits(content)), None)


def _envelope(message: Message) -> SoapMessage:
    try:
        return SoapMessage.parse(
            message.body, message.header("Content-Type"), check_id=CHECK_ID, artefact=LABEL
        )
    except MalformedError as error:
        error.finding = replace(error.finding, hors_specification=True)
        raise


def _unreadable(place: str, expected: str, found: str) -> MalformedError:
    error = MalformedError(
        CHECK_ID,
        place,
        expected,
        found,
        "Envoyer un message que le service sait lire.",
        artefact=LABEL,
    )
    error.finding = replace(error.finding, hors_specification=True)
    return error
