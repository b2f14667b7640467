"""Revocation of server certificates: the CRL that each of them names.

Checked at the end of the handshake, before any application data leaves, on
HTTPS as on STARTTLS (sheet bench X-08; MSSanté MSS-T06, MSS-T07).
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

_FRESH = timedelta(hours=1)
_TIMEOUT = 10.0


class RevokedError(ssl.SSLError):
    """A server certificate is revoked, or nobody can say that it is not.

    ``verify_message`` is French, and named as in the errors of :mod:`ssl`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(1, message)
        self.verify_message = message


@dataclass(frozen=True, slots=True)
class _Known:
    crl: x509.CertificateRevocationList
    read_at: datetime


class Revocations:
    """The CRL read so far. A list still valid serves when a newer one cannot be had."""

    def __init__(self, trust_path: Path) -> None:
        self._trust_path = trust_path
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def check(self, certificate: x509.Certificate) -> None:
        """Raises RevokedError. A certificate that names no list cannot be checked: it passes."""
        url = _distribution_point(certificate)
        if url is None:
            return
        with self._lock:
            crl = self._list(url)
        if crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
            raise RevokedError("certificat du serveur révoqué")

    def _list(self, url: str) -> x509.CertificateRevocationList:
        now = datetime.now(UTC)
        known = self._known.get(url)
        if known is not None and now - known.read_at < _FRESH and _valid(known.crl, now):
            return known.crl
        try:
            crl = self._download(url)
        except (httpx.HTTPError, ValueError) as error:
            if known is not None and _valid(known.crl, now):
                return known.crl
            raise RevokedError("liste de révocation indisponible") from error
        if not _valid(crl, now):
            raise RevokedError("liste de révocation périmée")
        self._known[url] = _Known(crl, now)
        return crl

    def _download(self, url: str) -> x509.CertificateRevocationList:
        response = httpx.get(url, timeout=_TIMEOUT, trust_env=False).raise_for_status()
        crl = x509.load_der_x509_crl(response.content)
        authorities = x509.load_pem_x509_certificates(self._trust_path.read_bytes())
        if not any(a.subject == crl.issuer and _signed_by(crl, a) for a in authorities):
            raise ValueError("CRL d’une autorité inconnue")
        return crl


@lru_cache
def revocations_of(trust_path: Path) -> Revocations:
    """The lists of one trust store, shared by all that trusts it in this process."""
    return Revocations(trust_path)


def checked_sockets(revocations: Revocations) -> type[ssl.SSLSocket]:
    """A class of TLS sockets that refuse a revoked server at the end of the handshake."""

    class CheckedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            der = self.getpeercert(binary_form=True)
            if der is not None:
                revocations.check(x509.load_der_x509_certificate(der))

    return CheckedSocket


def _distribution_point(certificate: x509.Certificate) -> str | None:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return None
    names = (name for point in points for name in point.full_name or ())
    return next((n.value for n in names if n.value.startswith("http")), None)


def _valid(crl: x509.CertificateRevocationList, now: datetime) -> bool:
    return crl.next_update_utc is not None and now < crl.next_update_utc


def _signed_by(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    return isinstance(key, CertificateIssuerPublicKeyTypes) and crl.is_signature_valid(key)
