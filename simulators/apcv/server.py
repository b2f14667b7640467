"""The appli carte Vitale as a service of the bench: AUTH, SIGN, the phone.

Source: sheet ``apcv`` §3 to §5 and §11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, cast

from lxml import etree

from fixtures.apcv import make_apcv
from rules.artefact import MalformedError
from rules.exchange import Correlation, Outcome
from rules.formats.apcv import ApcvRequest, read_request
from rules.formats.apcv_names import AUTHENTICATE, DESTROY, PATH_AUTH, PATH_SIGN, SIGN
from rules.formats.insi import ContexteLps
from simulators.apcv import description, faults
from simulators.apcv.admission import admit, require_practice
from simulators.apcv.codec import Codec, UnreadableCodeError
from simulators.apcv.errors import Code, StatusError
from simulators.apcv.handset import PATH, Handset
from simulators.apcv.state import ApcvContext, ApcvState, Profile
from simulators.apcv.wire import CONTENT_TYPE, Opened, envelope, give, report
from simulators.http import ClientCertificate, HttpListener, HttpRequest, HttpResponse, Route
from simulators.insi.admission import RefusedError
from simulators.insi.errors import CATALOGUE, ServiceError
from simulators.insi.wire import fault
from simulators.kernel import Kernel
from simulators.reading import ReadOnce
from simulators.store import Unit
from simulators.wsdl import described

HOSTNAMES = ("qualiflps.ecv-xp.sesam-vitale.fr", "ias.apcv.sesam-vitale.fr")
"""Qualification and production."""
MAX_BODY = 1024 * 1024
LIFE = timedelta(minutes=20)
"""Seen for a médecin généraliste; it depends on the speciality, we do not know how."""


class ApcvService:
    """The simulator; its listener is ``apcv``."""

    name = "apcv"
    faults: Mapping[str, str] = faults.FAULTS

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._requests = ReadOnce(read_request)
        self._handset = Handset(kernel)

    def listeners(self) -> Sequence[HttpListener]:
        """One address: the assertion vouches for the caller, not the handshake."""
        paths = (PATH_AUTH, PATH_SIGN)
        routes = tuple(Route(("POST",), path, self.call, self._operation) for path in paths)
        described = tuple(
            Route(("GET",), path, partial(self.describe_itself, path), "wsdl") for path in paths
        )
        return (
            HttpListener(
                "apcv",
                (*routes, *described, *self._handset.routes()),
                HOSTNAMES,
                ClientCertificate.OPTIONAL,
                max_body=MAX_BODY,
            ),
        )

    def _operation(self, request: HttpRequest) -> str:
        try:
            return self._requests.first(request).operation or "?"
        except MalformedError:
            return "?"

    def call(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """Answer one SOAP call."""
        try:
            message = self._requests.again(request)
        except MalformedError:
            return _refusal(CATALOGUE["desir_9010"], None)
        if request.fault == faults.HTML:
            return _page_of_proxy()
        try:
            if error := faults.SOAP_FAULTS.get(request.fault or ""):
                raise RefusedError(error)
            professional = admit(message, request, self._kernel)
            return self._serve(message, request, professional, unit)
        except RefusedError as refused:
            return _refusal(refused.error, message)

    def _serve(
        self, message: ApcvRequest, request: HttpRequest, professional: str, unit: Unit
    ) -> HttpResponse:
        operation = message.operation
        assert operation is not None  # AV-02 refuses any other body
        patient = None
        try:
            if request.fault in faults.STATUS:
                raise StatusError(faults.STATUS[request.fault])
            context = self._context(message, request, professional, unit)
            root = report(operation, Code.OK, request.at)
            if context is not None:
                patient = self._give(root, context, unit)
            code = Code.OK
        except StatusError as error:
            code = error.code
            root = report(operation, code, request.at)
        return _answer(root, message, request.fault, code, patient)

    def _context(
        self, message: ApcvRequest, request: HttpRequest, professional: str, unit: Unit
    ) -> ApcvContext | None:
        """The context to give; None when the answer gives none."""
        state, now = self._state(unit), request.at
        if message.operation == AUTHENTICATE:
            require_practice(message, self._kernel)
            try:
                shown = self._codec.read(message.data.text if message.data else "")
            except UnreadableCodeError as error:
                raise StatusError(Code.UNREADABLE) from error
            life = faults.SHORT_LIFE if request.fault == faults.SHORT else LIFE
            return state.authenticate(shown, professional, now, life)
        if message.operation == DESTROY:
            state.destroy(message.context_id, professional)
            return None
        if message.operation == SIGN:
            state.usable(message.context_id, professional, now)
            return None
        return state.current(professional, now)

    def _give(self, root: etree._Element, context: ApcvContext, unit: Unit) -> str | None:
        told = self._handset.told(context.serial)
        profile = self._state(unit).profile(context.serial)
        kind = profile.kind if profile else told.kind
        give(root, Opened(context.id, context.ends), kind, told)
        return told.holder.ins

    def describe_itself(self, path: str, request: HttpRequest, _unit: Unit) -> HttpResponse:
        """``GET ?wsdl`` and the schemas it imports (``?xsd=``)."""
        return described(
            request, partial(description.wsdl, path), partial(description.schema, path)
        )

    def prepare(self, unit: Unit) -> None:
        """Put the profiles of the world, once."""
        everyone = make_apcv(self._kernel.world)
        self._state(unit).fill(Profile(one.serial, one.kind, one.revoked) for one in everyone)

    def describe(self) -> Mapping[str, Any]:
        """Its part of the environment descriptor."""
        address = self._kernel.addresses["apcv"]
        paths = {
            "auth": PATH_AUTH,
            "sign": PATH_SIGN,
            "wsdl": f"{PATH_AUTH}?wsdl",
            "telephone": PATH,
        }
        return {name: address.url(path) for name, path in paths.items()}

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Profiles by serial number, contexts of those who read them."""
        state, now = self._state(unit), self._kernel.clock.now()
        return {
            "profils": {p.serial: {"type": p.kind, "revoque": p.revoked} for p in state.profiles()},
            "contextes": [
                {
                    "identifiant": c.id,
                    "profil": c.serial,
                    "professionnel": c.professional,
                    "fin": c.ends.isoformat(),
                    "etat": c.state_at(now),
                }
                for c in state.contexts()
            ],
        }

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """``{"profils": {"<numSerie>": {"type": "D", "revoque": true, "expire": true}}}``.

        ``expire`` ends the contexts of the profile now.
        """
        profiles = change.get("profils")
        if set(change) != {"profils"} or not isinstance(profiles, Mapping):
            raise ValueError('ApCV : {"profils": {"<numSerie>": {…}}} est attendu.')
        for serial, told in cast("Mapping[str, Any]", profiles).items():
            self._change(unit, serial, told)

    def _change(self, unit: Unit, serial: str, told: Any) -> None:
        state = self._state(unit)
        if state.profile(serial) is None or not isinstance(told, Mapping):
            raise ValueError(f"ApCV : profil {serial} inconnu, ou changement illisible.")
        for name, value in cast("Mapping[str, Any]", told).items():
            if name == "type" and value in ("T", "D", "R"):
                state.change(serial, kind=value)
            elif name == "revoque" and isinstance(value, bool):
                state.change(serial, revoked=value)
            elif name == "expire" and value is True:
                state.expire(serial, self._kernel.clock.now())
            else:
                raise ValueError(
                    f"ApCV : « {name} » : {value!r} ne veut rien dire. Attendus : type (T, D, R), "
                    "revoque (true ou false), expire (true)."
                )

    @property
    def _codec(self) -> Codec:
        return Codec(self._kernel.campaign, self._kernel.seed)

    def _state(self, unit: Unit) -> ApcvState:
        return ApcvState(unit.connection, self._kernel.campaign)


def _answer(
    root: etree._Element, message: ApcvRequest, lie: str | None, code: Code, patient: str | None
) -> HttpResponse:
    return HttpResponse(
        200,
        (("Content-Type", CONTENT_TYPE),),
        faults.spoil(envelope(root, message.soap.message_id), lie),
        outcome=Outcome.ACCEPTED if code is Code.OK else Outcome.REFUSED,
        error_code=None if code is Code.OK else f"statut-{code}",
        correlation=_correlation(message, patient),
    )


def _refusal(error: ServiceError, message: ApcvRequest | None) -> HttpResponse:
    return HttpResponse(
        500,
        (("Content-Type", CONTENT_TYPE),),
        fault(error, message.soap.message_id if message else None),
        outcome=Outcome.FAILED if error.technical else Outcome.REFUSED,
        error_code=error.code,
        correlation=_correlation(message, None) if message else Correlation(),
    )


def _correlation(message: ApcvRequest, patient: str | None) -> Correlation:
    lps = None if message.lps is None else ContexteLps(message.lps.element)
    return Correlation(
        patient=patient,
        professional=message.assertion.saml.name_id if message.assertion else None,
        software=lps.instance if lps else None,
    )


def _page_of_proxy() -> HttpResponse:
    body = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    headers = (("Content-Type", "text/html"),)
    return HttpResponse(502, headers, body, outcome=Outcome.FAILED, error_code="http-502")
