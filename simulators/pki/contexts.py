"""Server TLS contexts out of credentials."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from simulators.http import ClientCertificate
from simulators.pki.credential import Credential

_VERIFY = {
    ClientCertificate.NONE: ssl.CERT_NONE,
    ClientCertificate.OPTIONAL: ssl.CERT_OPTIONAL,
    ClientCertificate.REQUIRED: ssl.CERT_REQUIRED,
}


def make_context(
    server: Credential,
    client_certificate: ClientCertificate,
    issuers: Iterable[x509.Certificate],
    revocation_lists: Iterable[bytes],
) -> ssl.SSLContext:
    """A context that presents ``server`` and admits clients certified by ``issuers``.

    Issuers are trusted by themselves: a certificate of another gamme under the
    same root is refused. ``revocation_lists`` are CRL in PEM, one per issuer.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A ticket would carry the client's certificate where the bench cannot see it.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    with _file(server.chain_pem, server.key_pem) as path:
        context.load_cert_chain(path)
    if client_certificate is not ClientCertificate.NONE:
        authorities = (c.public_bytes(serialization.Encoding.PEM) for c in issuers)
        with _file(*authorities, *revocation_lists) as path:
            context.load_verify_locations(path)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_CRL_CHECK_LEAF
    context.verify_mode = _VERIFY[client_certificate]
    return context


@contextmanager
def _file(*contents: bytes) -> Generator[Path]:
    # The ssl module reads private keys and CRL from files only.
    handle, name = tempfile.mkstemp(prefix="banc-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"".join(contents))
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
