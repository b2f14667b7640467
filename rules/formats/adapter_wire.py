"""One wire of the ordonnance numérique, as its adapter tells it: reading and writing messages.

Nothing of a wire is in the code: a table says where operations are found (a path, or
an element of a SOAP body), where each neutral key is held, how values and errors are spelt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from lxml import etree

from rules.artefact import MalformedError
from rules.exchange import Message
from rules.formats.insi_answer import NS_SIRAM
from rules.formats.keyed_paths import Paths, Tree, held_at, put_at, unsound
from rules.formats.prescription import CHECK_ID, load_json
from rules.formats.soap import SoapFault, SoapMessage
from rules.formats.spellings import SpellingError
from rules.formats.xml_tree import XmlNames, element_of, tree_of

JSON, SOAP = "json", "soap"
LABEL = "Appel de l'ordonnance numérique"


@dataclass(frozen=True)
class Operation:
    """How one operation is told on a wire.

    ``path`` is of the HTTP request; ``action``, ``request`` and ``answer`` are of
    SOAP (elements, with a prefix of the adapter if any); ``when`` are neutral keys
    that tell it from another of the same place; ``lines`` is the neutral key of
    the objects of a body in JSON lines, ``text`` that of an answer in plain text.
    """

    name: str
    path: str
    asks: Paths
    answers: Paths
    method: str = "POST"
    action: str | None = None
    request: str = ""
    answer: str = ""
    when: Mapping[str, str] | None = None
    lines: str | None = None
    text: str | None = None

    def fits(self, content: Mapping[str, Any]) -> bool:
        """Whether a neutral content is of this operation."""
        return all(content.get(key) == value for key, value in (self.when or {}).items())


@dataclass(frozen=True)
class FaultShape:
    """Where a refusal says its code and its sentence, in paths of the wire.

    SOAP: inside the element ``detail`` of the fault; the shape of the family of
    teleservices when it has no name, the innermost subcode when ``subcode``.
    """

    detail: str = ""
    code: str = "erreur/code"
    label: str = "erreur/libelle"
    subcode: bool = False
    status: int | None = None


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
    names: XmlNames
    soap_version: str = "1.2"
    content_type: str = "application/json"
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    """Our codes to those of the wire."""
    fault: FaultShape = FaultShape()
    described: bool = False
    """Whether our WSDL or OpenAPI tells it: nothing of the model is moved nor respelt."""

    def serves(self, message: Message) -> bool:
        """Whether an HTTP request is for this wire."""
        place = message.target.partition("?")[0]
        return any(o.path == place and o.method == message.method for o in self.operations)

    def operation(self, name: str) -> Operation | None:
        """An operation by its word of the journal."""
        return next((o for o in self.operations if o.name == name), None)

    @property
    def spaces(self) -> frozenset[str]:
        """Namespaces of the elements of requests and answers; none on a wire of JSON."""
        if self.form != SOAP:
            return frozenset()
        tags = (self.names.tag(e) for o in self.operations for e in (o.request, o.answer))
        return frozenset(etree.QName(tag).namespace or "" for tag in tags) - {""}

    def asked_by(self, tag: str) -> tuple[Operation, ...]:
        """Operations that an element of a request, with its namespace, may be of."""
        return tuple(o for o in self.operations if o.request and self.names.tag(o.request) == tag)

    def answered_by(self, tag: str) -> tuple[Operation, ...]:
        """Operations that an element of an answer may be of."""
        return tuple(o for o in self.operations if o.answer and self.names.tag(o.answer) == tag)

    # Reading ---------------------------------------------------------------------

    def read_request(self, message: Message) -> Call:
        """Read a request. Raises MalformedError (EP-00, hors spécification)."""
        place = message.target.partition("?")[0]
        here = [o for o in self.operations if o.path == place and o.method == message.method]
        if self.form != SOAP:
            if any(o.method == "GET" for o in here):
                return self._called(here, {})
            lines = here[0].lines if here else None
            return self._called(here, self._json(message.body, lines))
        soap = _envelope(message)
        named = [o for o in self.asked_by(_root(soap)) if not here or o in here]
        acted = [o for o in named if o.action and o.action == _action(soap, message)]
        return self._called(acted or named, self._tree(soap), soap)

    def read_answer(self, message: Message, operation: str = "") -> Tree:
        """The neutral content of an answer that is no fault. Raises MalformedError.

        ``operation`` is the word of the request; unknown, the operation that
        recognises most of the answer is taken.
        """
        told = self.operation(operation)
        if self.form == SOAP:
            soap = _envelope(message)
            return self._answered(self.answered_by(_root(soap)), self._tree(soap))
        if told is not None and told.text and not message.body.lstrip().startswith(b"{"):
            return {told.text: message.body.decode("utf-8", "replace").strip()}
        tree = self._json(message.body, None) if message.body else {}
        return self._answered([told] if told else self.operations, tree)

    def error_of(self, message: Message) -> str | None:
        """Our code of a refusal in JSON; that of the wire when no table says it."""
        if not message.body.lstrip().startswith(b"{"):
            return None
        found = held_at(self._json(message.body, None), self.fault.code)
        return None if found is None else self._our_code(str(found))

    def fault_of(self, fault: SoapFault) -> str:
        """Our code of a SOAP fault; that of the wire when no table says it."""
        code = fault.subcode if self.fault.subcode else self._detailed(fault)
        return self._our_code(code or fault.subcode or fault.code)

    # Writing ---------------------------------------------------------------------

    def write_request(self, operation: Operation, content: Mapping[str, Any]) -> bytes:
        """A body of JSON, or of JSON lines, for a call."""
        if operation.lines is None:
            return _dumped(operation.asks.written(content))
        rows = cast("list[Any]", content.get(operation.lines) or [])
        return b"".join(_dumped(row) + b"\n" for row in rows)

    def write_answer(self, operation: Operation, content: Mapping[str, Any]) -> bytes:
        """A body of JSON, or plain text, for an answer."""
        if operation.text is not None:
            return str(content.get(operation.text, "")).encode()
        return _dumped(operation.answers.written(content))

    def write_element(self, element: str, content: Mapping[str, Any]) -> etree._Element:
        """The child of a SOAP Body from a neutral content, by its name."""
        asked = [o for o in self.operations if o.request == element]
        here = [(o, o.asks) for o in asked] or [
            (o, o.answers) for o in self.operations if o.answer == element
        ]
        fitting = sorted(here, key=lambda each: len(each[0].when or {}), reverse=True)
        paths = next((p for o, p in fitting if o.fits(content) or o not in asked), Paths())
        return element_of(element, paths.written(content), self.names)

    def write_refusal(self, code: str, label: str) -> Tree:
        """What a refusal says: the body in JSON, or what the detail of a fault holds."""
        tree: Tree = {}
        put_at(tree, self.fault.code, self.errors.get(code, code))
        put_at(tree, self.fault.label, label)
        return tree

    # -------------------------------------------------------------------------------

    def _called(
        self, here: Iterable[Operation], tree: Tree, soap: SoapMessage | None = None
    ) -> Call:
        """The most particular operation first."""
        problem: SpellingError | None = None
        for each in sorted(here, key=lambda o: len(o.when or {}), reverse=True):
            try:
                content = each.asks.read(tree)
            except SpellingError as error:
                problem = problem or error
                if each.when:
                    continue
                break
            if each.fits(content):
                return Call(self, each, content, soap)
        if problem is not None:
            raise _unreadable(problem.place, problem.expected, problem.found) from problem
        return Call(self, None, Paths().read(tree), soap)

    def _answered(self, here: Iterable[Operation], tree: Tree) -> Tree:
        """The reading that knows most of its keys."""
        read: list[tuple[int, Tree]] = []
        for each in here:
            try:
                content = each.answers.read(tree)
            except SpellingError:
                continue
            read.append((sum(map(each.answers.knows, content)), content))
        return max(read, key=lambda found: found[0], default=(0, Paths().read(tree)))[1]

    def _tree(self, soap: SoapMessage) -> Tree:
        return {} if soap.payload is None else _sound(tree_of(soap.payload, self.names))

    def _json(self, body: bytes, lines: str | None) -> Tree:
        if lines is not None:
            rows = [load_json(row) for row in body.split(b"\n") if row.strip()]
            return _sound({lines: rows})
        read = load_json(body)
        if not isinstance(read, Mapping):
            raise _unreadable("corps du message", "un objet JSON", type(read).__name__)
        return _sound(cast("Mapping[str, Any]", read))

    def _our_code(self, code: str) -> str:
        return next((ours for ours, written in self.errors.items() if written == code), code)

    def _detailed(self, fault: SoapFault) -> str | None:
        if fault.detail is None:
            return None
        if not self.fault.detail:
            told = fault.detail.find(f"{{{NS_SIRAM}}}Erreur")
            return None if told is None else told.get("code")
        told = fault.detail.find(self.names.tag(self.fault.detail))
        return None if told is None else held_at(tree_of(told, self.names), self.fault.code)


def _root(soap: SoapMessage) -> str:
    return "" if soap.payload is None else str(soap.payload.tag)


def _action(soap: SoapMessage, message: Message) -> str | None:
    """``wsa:Action``, else what the HTTP head says."""
    header = (message.header("SOAPAction") or "").strip().strip('"')
    return soap.action or soap.media_type.parameter("action") or header or None


def _dumped(tree: object) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode()


def _sound(tree: Mapping[str, Any]) -> Tree:
    flaw = unsound(tree)
    if flaw is not None:
        raise _unreadable("corps du message", "des valeurs que chaque fil sait écrire", flaw)
    return dict(tree)


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
