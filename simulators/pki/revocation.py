"""CRL and OCSP answers of the authorities of the bench (RFC 5280, RFC 6960)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from simulators.pki.authority import AUTHORITIES

if TYPE_CHECKING:
    from simulators.pki.hierarchy import Pki

_LIFE = timedelta(days=7)


def revocation_list(
    pki: Pki, issuer: str, *, expired: bool = False, life: timedelta = _LIFE
) -> x509.CertificateRevocationList:
    """The CRL of an authority. ``expired`` gives one whose next update is past.

    Dates are those of the machine, not of the bench clock: the product under
    test verifies them with its own.
    """
    authority = pki.authority(issuer)
    issued = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    if expired:
        issued -= 2 * life
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(issued)
        .next_update(issued + life)
        .add_extension(x509.CRLNumber(int(issued.timestamp())), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    for number in pki.revoked_serials(issuer):
        builder = builder.add_revoked_certificate(_revoked(pki, number))
    return builder.sign(authority.key, hashes.SHA256())


def _revoked(pki: Pki, number: int) -> x509.RevokedCertificate:
    return (
        x509.RevokedCertificateBuilder()
        .serial_number(number)
        .revocation_date(datetime(pki.year - 1, 6, 1, tzinfo=UTC))
        .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        .build()
    )


def ocsp_answer(pki: Pki, content: bytes, *, unknown: bool = False) -> tuple[bytes, str]:
    """The OCSP response (DER) to a request, and the status it gives.

    Statuses: ``good``, ``revoked``, ``unknown``; ``malformed`` and
    ``unauthorized`` are unsuccessful responses. ``unknown`` forces that status.
    """
    try:
        request = ocsp.load_der_ocsp_request(content)
    except ValueError:
        return _failure(ocsp.OCSPResponseStatus.MALFORMED_REQUEST), "malformed"
    issuer = _issuer_of(pki, request)
    if issuer is None:
        return _failure(ocsp.OCSPResponseStatus.UNAUTHORIZED), "unauthorized"
    status = "unknown" if unknown else _status(pki, issuer, request.serial_number)
    return _signed(pki, request, issuer, status), status


def _status(pki: Pki, issuer: str, number: int) -> str:
    return "revoked" if number in pki.revoked_serials(issuer) else "good"


def _signed(pki: Pki, request: ocsp.OCSPRequest, issuer: str, status: str) -> bytes:
    authority = pki.authority(issuer)
    now = datetime.now(UTC).replace(microsecond=0)
    revoked = status == "revoked"
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=request.serial_number,
            algorithm=request.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus[status.upper()],
            this_update=now - timedelta(hours=1),
            next_update=now + _LIFE,
            revocation_time=datetime(pki.year - 1, 6, 1, tzinfo=UTC) if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
    )
    for extension in request.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    answer = builder.sign(authority.key, hashes.SHA256())
    return answer.public_bytes(serialization.Encoding.DER)


def _issuer_of(pki: Pki, request: ocsp.OCSPRequest) -> str | None:
    for name in AUTHORITIES:
        certificate = pki.authority(name).certificate
        probe = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(certificate, certificate, request.hash_algorithm)
            .build()
        )
        if probe.issuer_key_hash == request.issuer_key_hash:
            return name
    return None


def _failure(status: ocsp.OCSPResponseStatus) -> bytes:
    answer = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return answer.public_bytes(serialization.Encoding.DER)
