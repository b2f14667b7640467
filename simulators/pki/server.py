"""The publication point of the test PKI: CRL, OCSP and authorities, over plain HTTP."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization

from simulators.errors import PkiError
from simulators.http import HttpListener, HttpRequest, HttpResponse, Route
from simulators.kernel import Kernel
from simulators.pki.authority import AUTHORITIES
from simulators.pki.revocation import ocsp_answer, revocation_list
from simulators.store import Unit, metadata

revocations = sa.Table(
    "pki_revocations",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(128), primary_key=True),
)

_DER = serialization.Encoding.DER
_OCSP_TYPE = "application/ocsp-response"


class PkiService:
    """CRL at ``/crl/<autorité>.crl``, OCSP at ``/ocsp/<autorité>``, ``/ac/<autorité>.cer``."""

    name = "pki"
    faults: Mapping[str, str] = {
        "crl-expiree": "la CRL servie a dépassé sa date de prochaine mise à jour",
        "ocsp-inconnu": "le répondeur OCSP dit ne pas connaître le certificat",
    }

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._pki = kernel.pki
        self._pki.revoked = self._revoked

    def listeners(self) -> Sequence[HttpListener]:
        """One plain HTTP listener."""
        routes = (
            Route(("GET",), "/crl/{name}.crl", self._crl, "CRL"),
            Route(("GET",), "/ac/{name}.cer", self._authority, "AC"),
            Route(("POST",), "/ocsp/{name}", self._ocsp, "OCSP"),
            Route(("GET",), "/ocsp/{name}/{encoded:path}", self._ocsp_by_get, "OCSP"),
        )
        return (HttpListener("pki", routes, tls=False, max_body=64 * 1024),)

    def prepare(self, unit: Unit) -> None:
        """Nothing is revoked at first but the ``.revoque`` variants."""

    def describe(self) -> Mapping[str, Any]:
        """Where the publication point is."""
        return {"publication": self._kernel.addresses["pki"].url(scheme="http")}

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Certificates revoked on demand."""
        return {"revoques": list(self._names(unit.connection))}

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """``{"revoques": ["org-insi-manu"]}`` replaces the list of revoked certificates."""
        names = change.get("revoques")
        if set(change) != {"revoques"} or not isinstance(names, list):
            raise ValueError("Donnez « revoques », la liste des certificats à révoquer.")
        names = [str(name) for name in cast("list[object]", names)]
        for name in names:
            try:
                self._pki.credential(name)
            except PkiError as error:
                raise ValueError(str(error)) from error
        mine = revocations.c.campaign == self._kernel.campaign
        unit.connection.execute(revocations.delete().where(mine))
        for name in dict.fromkeys(names):
            row = {"campaign": self._kernel.campaign, "name": name}
            unit.connection.execute(revocations.insert().values(row))

    def _revoked(self) -> Iterable[str]:
        with self._kernel.store.reading() as connection:
            return self._names(connection)

    def _names(self, connection: sa.Connection) -> tuple[str, ...]:
        query = sa.select(revocations.c.name).where(revocations.c.campaign == self._kernel.campaign)
        return tuple(connection.execute(query.order_by(revocations.c.name)).scalars())

    def _crl(self, request: HttpRequest, _unit: Unit) -> HttpResponse:
        name = request.params["name"]
        if name not in AUTHORITIES:
            return _unknown(name)
        crl = revocation_list(self._pki, name, expired=request.fault == "crl-expiree")
        return _answer("application/pkix-crl", crl.public_bytes(_DER))

    def _authority(self, request: HttpRequest, _unit: Unit) -> HttpResponse:
        name = request.params["name"]
        if name not in AUTHORITIES:
            return _unknown(name)
        certificate = self._pki.authority(name).certificate
        return _answer("application/pkix-cert", certificate.public_bytes(_DER))

    def _ocsp(self, request: HttpRequest, _unit: Unit) -> HttpResponse:
        return self._answer_ocsp(request, request.body)

    def _ocsp_by_get(self, request: HttpRequest, _unit: Unit) -> HttpResponse:
        # RFC 6960 A.1: base64 of the request, then URL-encoded.
        try:
            content = base64.b64decode(unquote(request.params["encoded"]), validate=True)
        except (binascii.Error, ValueError):
            content = b""
        return self._answer_ocsp(request, content)

    def _answer_ocsp(self, request: HttpRequest, content: bytes) -> HttpResponse:
        forced = request.fault == "ocsp-inconnu"
        body, status = ocsp_answer(self._pki, content, unknown=forced)
        refused = status in ("malformed", "unauthorized")
        return HttpResponse(
            200, (("Content-Type", _OCSP_TYPE),), body, error_code=status if refused else None
        )


def _answer(content_type: str, body: bytes) -> HttpResponse:
    return HttpResponse(200, (("Content-Type", content_type),), body)


def _unknown(name: str) -> HttpResponse:
    text = f"Autorité inconnue : {name}. Autorités du banc : {', '.join(AUTHORITIES)}.\n"
    return HttpResponse(404, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())
