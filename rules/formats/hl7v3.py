"""TD0.2, test d'existence: HL7 V3 ``PRPA_IN201307UV02`` and ``PRPA_IN201308UV02``.

Source: GUIDE by sheet dmp.md §7.1-7.3; HL7 V3 normative edition 2009. Date,
motive and reason of a closing are at our own placeholder's places (§7.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact
from rules.xml import place_of, text_of

HL7 = "urn:hl7-org:v3"
QUERY_NAME = "PRPA_IN201307UV02"
ANSWER_NAME = "PRPA_IN201308UV02"
TEST_EXISTENCE = "TEST_EXST"
ADMINISTRATIVE_DATA = "CNSLT_DATA"


@dataclass(frozen=True, slots=True)
class Instance:
    """An II: root OID and extension, empty when absent."""

    root: str
    extension: str


@dataclass(frozen=True, eq=False)
class ExistenceQuery(Artefact):
    """A TD0.2 (or TD1.3a) request."""

    label: ClassVar[str] = "Test d'existence"
    element: etree._Element

    @property
    def place(self) -> str:
        """XPath of the interaction."""
        return place_of(self.element)

    @property
    def id(self) -> Instance | None:
        """Id of the message, echoed in the acknowledgement."""
        return _instance(_find(self.element, "id"))

    @property
    def creation_time(self) -> str | None:
        """``yyyyMMddHHmmss`` in UTC."""
        return _attribute(_find(self.element, "creationTime"), "value")

    @property
    def processing_code(self) -> str | None:
        """``D`` on a test platform, ``P`` in production."""
        return _attribute(_find(self.element, "processingCode"), "code")

    @property
    def sender(self) -> Instance | None:
        """OID of the LPS."""
        return _instance(_find(self.element, "sender/device/id"))

    @property
    def sender_name(self) -> str | None:
        """Name of the LPS."""
        return text_of(_find(self.element, "sender/device/softwareName"))

    @property
    def receiver(self) -> Instance | None:
        """OID of the DMP."""
        return _instance(_find(self.element, "receiver/device/id"))

    @property
    def reason(self) -> str | None:
        """``TEST_EXST`` or ``CNSLT_DATA``."""
        return _attribute(_find(self.element, "controlActProcess/reasonCode"), "code")

    @property
    def query_id(self) -> Instance | None:
        """Id of the query, echoed in ``queryAck``."""
        return _instance(_find(self.element, "controlActProcess/queryByParameter/queryId"))

    @property
    def patient(self) -> Instance | None:
        """INS asked for: OID and 15 characters."""
        path = "controlActProcess/queryByParameter/parameterList/patientIdentifier/value"
        return _instance(_find(self.element, path))


@dataclass(frozen=True, eq=False)
class ExistenceAnswer(Artefact):
    """A TD0.2 (or TD1.3a) answer."""

    label: ClassVar[str] = "Réponse au test d'existence"
    element: etree._Element

    @property
    def place(self) -> str:
        """XPath of the interaction."""
        return place_of(self.element)

    @property
    def acknowledgement(self) -> str | None:
        """``AA``, or ``AE`` with an error."""
        return _attribute(_find(self.element, "acknowledgement"), "typeCode")

    @property
    def error_code(self) -> str | None:
        """DMP error code of an ``AE``."""
        path = "acknowledgement/acknowledgementDetail/code"
        return _attribute(_find(self.element, path), "code")

    @property
    def target(self) -> Instance | None:
        """Id of the message answered."""
        return _instance(_find(self.element, "acknowledgement/targetMessage/id"))

    @property
    def response_code(self) -> str | None:
        """``OK``, or ``NF`` when the patient has no DMP."""
        path = "controlActProcess/queryAck/queryResponseCode"
        return _attribute(_find(self.element, path), "code")

    @property
    def query_id(self) -> Instance | None:
        """Id of the query answered."""
        return _instance(_find(self.element, "controlActProcess/queryAck/queryId"))

    @property
    def status(self) -> str | None:
        """``active`` or ``terminated``; None without subject."""
        return _attribute(_find(self.element, f"{_PATIENT}/statusCode"), "code")

    @property
    def patients(self) -> tuple[Instance, ...]:
        """Identifiers of the patient: INS, at times an old INS-C."""
        return tuple(
            found
            for each in self.element.iterfind(_path(f"{_PATIENT}/id"))
            if (found := _instance(each)) is not None
        )

    @property
    def authorization(self) -> str | None:
        """``VALIDE``, ``NON_EXISTE``, ``EXPIRE`` or ``INTERDIT``."""
        return self._attention("AUTORISATION", "code")

    @property
    def is_attending_doctor(self) -> bool | None:
        """STATUT_MT; None when not given."""
        value = self._attention("STATUT_MT", "value")
        return None if value is None else value == "true"

    def _attention(self, keyword: str, attribute: str) -> str | None:
        for line in self.element.iterfind(_path("attentionLine")):
            if _attribute(_find(line, "keyWordText"), "code") == keyword:
                return _attribute(_find(line, "value"), attribute)
        return None

    @property
    def closing_motive(self) -> str | None:
        """Code of the closing motive; its place in the answer is our placeholder (dmp.md §7.2)."""
        path = "controlActProcess/reasonOf/detectedIssueEvent/code"
        return _attribute(_find(self.element, path), "code")

    @property
    def names(self) -> tuple[str, ...]:
        """Every part of the patient's names, ``NON_RENSEIGNE`` included."""
        name = _find(self.element, f"{_PATIENT}/patientPerson/name")
        return () if name is None else tuple((part.text or "").strip() for part in name)

    @property
    def birth_time(self) -> str | None:
        """``AAAAMMJJ``; the day may be 00."""
        return _attribute(_find(self.element, f"{_PATIENT}/patientPerson/birthTime"), "value")

    @property
    def exists(self) -> bool:
        """True when the record is there, whatever its state."""
        return self.response_code == "OK" and self.status is not None

    @property
    def open(self) -> bool:
        """True when documents may be deposited: the record is there and active."""
        return self.acknowledgement == "AA" and self.exists and self.status == "active"


_PATIENT = "controlActProcess/subject/registrationEvent/subject1/patient"


def _path(path: str) -> str:
    return "/".join(f"{{{HL7}}}{name}" for name in path.split("/"))


def _find(element: etree._Element, path: str) -> etree._Element | None:
    return element.find(_path(path))


def _attribute(element: etree._Element | None, name: str) -> str | None:
    return None if element is None else element.get(name)


def _instance(element: etree._Element | None) -> Instance | None:
    if element is None:
        return None
    return Instance(element.get("root", ""), element.get("extension", ""))
