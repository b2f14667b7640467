"""The SOAP placeholder: no real message was ever seen, all of its names are hors spécification.

Headers are those of the teleservices of the same family (sheet apcv §3): addressing,
one assertion signed by the card, ``ContexteLPS``. Without card, an assertion of the
open Pro Santé Connect session goes with its token. Source: sheet e-prescription §2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx
from lxml import etree
from lxml.builder import ElementMaker

from reference_impl.cards.errors import CardAbsentError
from reference_impl.cards.sessions import Cards
from reference_impl.clock import wire_instant
from reference_impl.errors import ConfigurationError, SessionRequiredError
from reference_impl.insi.assertion import common_name, signed_assertion
from reference_impl.insi.psc_assertion import psc_assertion
from reference_impl.insi.request import CONTENT_TYPE, CTXLPS, SOAP, WSA, WSSE
from reference_impl.people import Professional, SoftwareIdentity
from reference_impl.ports import Clock, IdSource, Tokens
from reference_impl.prescriptions.wire import NOT_ACCEPTED, SERVICE, WireAnswer
from reference_impl.transport import Transport
from reference_impl.xmltree import UnreadableXmlError, parse

NAMESPACE = "urn:banc:placeholder:epresc:1"
_ACTION = "urn:EPRESC:1.0.0:"
_ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"
Ask = Callable[[Professional], str]
_OPERATIONS = {
    "EP2": ("rechercher", "RechercherReq"),
    "EP3": ("consulter", "ConsulterReq"),
    "EP4": ("enregistrer", "EnregistrerReq"),
    "EP4-annulation": ("enregistrer", "EnregistrerReq"),
    "traces": ("deposerTraces", "DeposerTracesReq"),
}
_soap = ElementMaker(namespace=SOAP, nsmap={"soap": SOAP})
_wsa = ElementMaker(namespace=WSA, nsmap={"wsa": WSA})
_wsse = ElementMaker(namespace=WSSE, nsmap={"wsse": WSSE})
_lps = ElementMaker(namespace=CTXLPS, nsmap={"ctxlps": CTXLPS})


class SoapWire:
    """Calls of one installation to the endpoint ``url``."""

    def __init__(
        self,
        url: str | None,
        software: SoftwareIdentity,
        transport: Transport,
        ids: IdSource,
        clock: Clock,
        cards: Cards,
        tokens: Tokens,
    ) -> None:
        self._url = url
        self._software = software
        self._transport = transport
        self._ids = ids
        self._clock = clock
        self._cards = cards
        self._tokens = tokens

    def call(
        self, operation: str, content: Mapping[str, Any], professional: Professional
    ) -> WireAnswer:
        """One call under new identifiers, whatever was sent before.

        A token that is refused is renewed once, nothing having been done.
        """
        answer, token = self._once(operation, content, professional, self._tokens.access_token)
        if answer.code == NOT_ACCEPTED and token is not None:
            renewed = self._tokens.renewed_token
            answer, _ = self._once(operation, content, professional, renewed)
        return answer

    def _once(
        self, operation: str, content: Mapping[str, Any], professional: Professional, token_of: Ask
    ) -> tuple[WireAnswer, str | None]:
        """One request, its answer, and the token that went with it."""
        assertion, sender, token = self._identity(professional, token_of)
        verb, element = _OPERATIONS[operation]
        action = f"{_ACTION}{verb}"
        envelope = _soap.Envelope(
            _soap.Header(
                *self._addressing(action),
                _wsse.Security(assertion),
                self._context(sender),
            ),
            _soap.Body(element_of(element, content)),
        )
        response = self._transport.send(
            SERVICE,
            "POST",
            self._address(),
            headers={
                "Content-Type": f'{CONTENT_TYPE}; action="{action}"',
                "Accept": "application/soap+xml",
                **({"Authorization": f"Bearer {token}"} if token else {}),
            },
            content=etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"),
        )
        return _answer(response), token

    def _identity(
        self, professional: Professional, token_of: Ask
    ) -> tuple[etree._Element, str, str | None]:
        """The assertion, who it names, and the token that goes with it."""
        assertion_id, now = f"_{self._ids.uuid()}", self._clock.now()
        try:
            signer = self._cards.signer(professional)
        except CardAbsentError as absent:
            try:
                token = token_of(professional)
            except (SessionRequiredError, ConfigurationError):
                raise absent from None
            unsigned = psc_assertion(professional, assertion_id, now)
            return unsigned, professional.national_id, token
        holder = self._cards.professional(professional)
        signed = signed_assertion(holder, signer, assertion_id, now)
        return signed, common_name(signer.certificate), None

    def _addressing(self, action: str) -> Iterable[etree._Element]:
        return (
            _wsa.Action(action),
            _wsa.MessageID(f"urn:uuid:{self._ids.uuid()}"),
            _wsa.To(self._address()),
            _wsa.ReplyTo(_wsa.Address(_ANONYMOUS)),
        )

    def _context(self, sender: str) -> etree._Element:
        software = self._software
        return _lps.ContexteLPS(
            _lps.Id(self._ids.uuid()),
            _lps.Temps(wire_instant(self._clock.now())),
            _lps.Emetteur(sender),
            _lps.LPS(
                _lps.IDAM(software.idam, R="4"),
                _lps.Version(software.version),
                _lps.Instance(self._ids.instance),
                _lps.Nom(f"urn:lps:{software.name}:{software.version}"),
            ),
            Nature="CTXLPS",
            Version="01_00",
        )

    def _address(self) -> str:
        if self._url is None:
            raise ConfigurationError(
                "ADRESSE_ABSENTE",
                "L’adresse « ordonnance.soap » manque dans le descripteur d’environnement.",
                "ordonnance.soap",
            )
        return self._url


def element_of(name: str, content: Mapping[str, Any]) -> etree._Element:
    """An element from neutral keys: a capital first, lists repeated, what is absent left out."""
    element = etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={"ep": NAMESPACE})
    _fill(element, content)
    return element


def tree_of(element: etree._Element) -> dict[str, Any]:
    """Neutral keys of the children, whatever their prefix; what repeats is a list."""
    tree: dict[str, Any] = {}
    for child in element.iterchildren("{*}*"):
        name = etree.QName(child).localname
        name = name[:1].lower() + name[1:]
        value = tree_of(child) if len(child) else (child.text or "").strip()
        if name not in tree:
            tree[name] = value
        elif isinstance(tree[name], list):
            tree[name].append(value)
        else:
            tree[name] = [tree[name], value]
    return tree


def _fill(element: etree._Element, content: Mapping[str, Any]) -> None:
    for key, value in content.items():
        for each in value if isinstance(value, list | tuple) else [value]:
            if each is None:
                continue
            child = etree.SubElement(element, f"{{{NAMESPACE}}}{key[:1].upper()}{key[1:]}")
            if isinstance(each, Mapping):
                _fill(child, each)
            else:
                child.text = str(each).lower() if isinstance(each, bool) else str(each)


def _answer(response: httpx.Response) -> WireAnswer:
    try:
        root = parse(response.content)
    except UnreadableXmlError:
        return WireAnswer(max(response.status_code, 502), {})
    fault = next(root.iter(f"{{{SOAP}}}Fault"), None)
    if fault is not None:
        code, text = _fault(fault)
        return WireAnswer(response.status_code, {}, code, text)
    payload = root.find(f"{{{SOAP}}}Body/*")
    if payload is None:
        return WireAnswer(max(response.status_code, 502), {})
    return WireAnswer(response.status_code, tree_of(payload))


def _fault(fault: etree._Element) -> tuple[str, str]:
    """The code of ``Erreur`` when there is one, else the subcode, else that of SOAP."""
    error = next(fault.iter("{*}Erreur"), None)
    reason = fault.findtext(".//{*}Text") or ""
    if error is not None:
        return error.get("code") or "faute", (error.text or reason).strip()
    values = [(v.text or "").rpartition(":")[2].strip() for v in fault.iter("{*}Value")]
    return (values[-1] if values else "faute"), reason.strip()
