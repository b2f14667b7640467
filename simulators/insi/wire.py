"""INSi answers and faults as bytes, in each serialisation that was seen.

Text is assembled by hand: real servers declare prefixes they do not use and use two
prefixes for one namespace, which no XML library would write.

Reference: sheet ``ins-insi`` §2.11 (four serialisations) and §2.12 (two faults).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from rules.formats.insi import NS_RECSANS, NS_RECVIT
from rules.formats.insi_answer import NS_RESULTAT, NS_SIRAM
from rules.formats.soap import NS_SOAP11, NS_SOAP12
from simulators.insi.errors import LABELS, Producer, ServiceError
from simulators.insi.people import Number, Person

CONTENT_TYPE = "application/soap+xml; charset=utf-8"
_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Style:
    """One serialisation: prefix of Body, of RESULTAT, what TIQ holds of the prénoms."""

    body: str
    result: str
    """Prefix of the elements of the answer; empty when their namespace is the default."""
    declared: tuple[tuple[str, str], ...]
    """Other namespaces declared on RESULTAT, used or not."""
    given_name: bool = True
    given_names: bool = True


STYLES: Mapping[str, Style] = {
    "2022": Style("env", "", (("ns0", NS_RECVIT), ("ns1", NS_RECSANS)), given_name=False),
    "cnda": Style("S", "", (("ns3", NS_RECVIT), ("ns2", NS_RECSANS))),
    "avant-2022": Style("S", "ns2", (("ns3", NS_RECVIT), ("", NS_RECSANS))),
    "2021": Style("env", "ns2", (("ns3", NS_RECVIT), ("", NS_RECSANS)), given_names=False),
}
"""``2022``: live since October 2022, the default; ``cnda``: files to inject;
``avant-2022``: live before; ``2021``: the official example."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is written. The options make it lie or differ (§8, N11–N20)."""

    code: str
    person: Person | None = None
    style: str = "2022"
    header: bool = False
    """An empty Header before Body."""
    omitted: frozenset[str] = frozenset()
    """Elements left out: ``INDIVIDU``, ``Cle``, ``LieuNaissance``, ``ListePrenom``."""
    dates_first: bool = False
    """INSHISTO begins with its dates, against the schema."""
    unknown_element: bool = False
    comment: bool = False
    byte_order_mark: bool = False
    pretty: bool = False
    by_card: bool = False
    label: str | None = None
    """LibelleCR when it is not that of a search."""

    def changed(self, person: Person) -> Reply:
        """The same answer about another person."""
        return replace(self, person=person)


def answer(reply: Reply) -> bytes:
    """The bytes of an answer."""
    style = STYLES[reply.style]
    header = '<env:Header xmlns:env="%s"/>' % NS_SOAP12 if reply.header else ""  # noqa: UP031
    declared = "".join(
        f" xmlns:{prefix}={quoteattr(NS_SOAP12)}" for prefix in _soap_prefixes(style)
    )
    text = (
        f'<soap:Envelope xmlns:soap="{NS_SOAP12}">{header}<{style.body}:Body{declared}>'
        f"{_Writer(reply, style).result()}</{style.body}:Body></soap:Envelope>"
    )
    if reply.pretty:
        text = text.replace("><", ">\n  <")
    mark = b"\xef\xbb\xbf" if reply.byte_order_mark else b""
    return mark + (_PROLOGUE + text).encode()


def _soap_prefixes(style: Style) -> tuple[str, ...]:
    return ("S", "env") if style.body == "env" and not style.result else (style.body,)


class _Writer:
    """Writes RESULTAT in one style."""

    def __init__(self, reply: Reply, style: Style) -> None:
        self._reply = reply
        self._style = style
        self._prefix = f"{style.result}:" if style.result else ""

    def result(self) -> str:
        reply, style = self._reply, self._style
        own = f"xmlns:{style.result}" if style.result else "xmlns"
        names = [(own, NS_RESULTAT)]
        names += [(f"xmlns:{p}" if p else "xmlns", ns) for p, ns in style.declared]
        label = reply.label or LABELS.get(reply.code, "")
        inside = self._tag(
            "CR", self._tag("CodeCR", escape(reply.code)) + self._tag("LibelleCR", escape(label))
        )
        if reply.person is not None and "INDIVIDU" not in reply.omitted:
            inside += self._individual(reply.person)
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in names)
        return f"<{self._prefix}RESULTAT{attributes}>{inside}</{self._prefix}RESULTAT>"

    def _individual(self, person: Person) -> str:
        active = person.active
        if self._reply.by_card and person.oid_by_card:
            active = replace(active, oid=person.oid_by_card)
        extra = self._tag("ElementInconnu", "1") if self._reply.unknown_element else ""
        history = "".join(self._number("INSHISTO", number) for number in person.history)
        return self._tag(
            "INDIVIDU", self._number("INSACTIF", active) + history + self._traits(person) + extra
        )

    def _number(self, name: str, number: Number) -> str:
        key = "" if "Cle" in self._reply.omitted else self._optional("Cle", number.key)
        identifier = self._tag(
            "IdIndividu", self._tag("NumIdentifiant", escape(number.number)) + key
        )
        comment = "<!-- identifiant -->" if self._reply.comment else ""
        what = identifier + comment + self._tag("OID", escape(number.oid))
        dates = self._optional("DateDeb", number.start) + self._optional("DateFin", number.end)
        first = self._reply.dates_first and name == "INSHISTO"
        return self._tag(name, dates + what if first else what + dates)

    def _traits(self, person: Person) -> str:
        style = self._style
        first = person.given_names.split(" ", 1)[0]
        fields: Iterable[tuple[str, str | None]] = (
            ("NomNaissance", person.birth_name),
            ("Prenom", first if style.given_name else None),
            ("ListePrenom", person.given_names if style.given_names else None),
            ("Sexe", person.sex),
            ("DateNaissance", person.birth_date),
            ("LieuNaissance", person.birth_place),
        )
        kept = [(name, value) for name, value in fields if name not in self._reply.omitted]
        return self._tag("TIQ", "".join(self._optional(name, value) for name, value in kept))

    def _optional(self, name: str, value: str | None) -> str:
        return "" if value is None else self._tag(name, escape(value))

    def _tag(self, name: str, content: str) -> str:
        return f"<{self._prefix}{name}>{content}</{self._prefix}{name}>"


def fault(error: ServiceError, message_id: str | None = None) -> bytes:
    """The bytes of a fault, in the shape of its producer.

    The gateway echoes ``message_id``; the application does not.
    """
    if error.producer is Producer.GATEWAY:
        return _gateway_fault(error, message_id)
    code = "Receiver" if error.technical else "Sender"
    detail = (
        f'<siram:Erreur xmlns:siram="{NS_SIRAM}" code={quoteattr(error.code)} '
        f"severite={quoteattr(error.severity)}>{escape(error.text)}</siram:Erreur>"
    )
    # The declaration of SOAP 1.1 serves nothing: the real application has it.
    declared = f' xmlns:ns4="{NS_SOAP11}"'
    return _fault("S", code, error, "en", detail, declared)


def _gateway_fault(error: ServiceError, message_id: str | None) -> bytes:
    echo = f" messageID={quoteattr(message_id)}" if message_id else ""
    detail = (
        f"<siram:Erreur code={quoteattr(error.code)}{echo} severite={quoteattr(error.severity)} "
        f'xmlns:siram="{NS_SIRAM}">{escape(error.text)}</siram:Erreur>'
    )
    return _fault("soap", "Sender", error, "fr", detail)


def _fault(
    prefix: str, code: str, error: ServiceError, language: str, detail: str, declared: str = ""
) -> bytes:
    p = prefix
    scope = f' xmlns:S="{NS_SOAP12}"' if p == "S" else ""
    text = (
        f'<soap:Envelope xmlns:soap="{NS_SOAP12}"><env:Body xmlns:env="{NS_SOAP12}"{scope}>'
        f"<{p}:Fault{declared}><{p}:Code><{p}:Value>{p}:{code}</{p}:Value><{p}:Subcode><{p}:Value>"
        f"{p}:{error.subcode}</{p}:Value></{p}:Subcode></{p}:Code><{p}:Reason>"
        f'<{p}:Text xml:lang="{language}">{escape(error.reason)}</{p}:Text></{p}:Reason>'
        f"<{p}:Detail>{detail}</{p}:Detail></{p}:Fault></env:Body></soap:Envelope>"
    )
    return (_PROLOGUE + text).encode()
