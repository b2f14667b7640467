"""The evidence archive: what may leave the campaign's folder, redacted and signed (R-06, R-08).

One file per request and answer, named by proof, scenario rank and transaction; a
manifest with the SHA-256 of each; a detached CMS signature of the manifest by
the bench's own test certificate; a capture guide. Same campaign, same bytes:
entries are sorted, their dates fixed, the signature has no attribute.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs7

from reports.events import REHEARSAL, ExchangeSeen
from reports.model import Report, ScenarioReport
from reports.redaction import redacted_headers, redacted_text
from rules.exchange import Exchange, Message

ARCHIVE = "preuves.zip"
MANIFEST = "manifeste.json"
SIGNATURE = "manifeste.json.p7s"
GUIDE = "GUIDE-DE-CAPTURE.txt"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of every entry: the zip format begins there, and dates would not be reproducible."""


def write_evidence(
    report: Report, exchanges: Mapping[str, Exchange], folder: Path, credential: Path | None
) -> Path:
    """Write ``preuves.zip`` in a folder; the archive's path.

    ``credential`` is the PEM certificate that signs, its key beside it in
    ``<name>.key.pem``; without it the archive says that it is not signed.
    """
    entries = dict(_messages(report, exchanges))
    entries[GUIDE] = _guide(report).encode()
    manifest = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(entries.items())}
    content = json.dumps(
        {"campagne": report.started.campaign, "avis": REHEARSAL, "fichiers": manifest},
        ensure_ascii=False,
        indent=1,
        sort_keys=True,
    ).encode()
    entries[MANIFEST] = content
    signature = _signature(content, credential)
    if signature is not None:
        entries[SIGNATURE] = signature
    path = folder / ARCHIVE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), entries[name], zipfile.ZIP_DEFLATED)
    return path


def _messages(report: Report, exchanges: Mapping[str, Exchange]) -> Iterator[tuple[str, bytes]]:
    for scenario in report.scenarios:
        for rank, seen in enumerate(_wire(report, scenario), start=1):
            exchange = exchanges.get(seen.id)
            if exchange is None:
                continue
            name = f"{_folder(scenario)}/{rank:03d}-{seen.service}-{_safe(seen.operation)}"
            yield f"{name}-requete.txt", _redacted(exchange.request)
            if exchange.response is not None:
                yield f"{name}-reponse.txt", _redacted(exchange.response)


def _wire(report: Report, scenario: ScenarioReport) -> list[ExchangeSeen]:
    return [e for e in report.exchanges if e.scenario == scenario.started.id and e.service != "lgc"]


def _folder(scenario: ScenarioReport) -> str:
    proofs = scenario.finished.proofs or (scenario.started.name,)
    rows = re.findall(r"\[(.+)\]$", scenario.started.id)  # one proof, several rows of examples
    return _safe("+".join((*proofs, *rows)))


def _redacted(message: Message) -> bytes:
    head = [redacted_text(message.start_line)]
    head += [f"{name}: {value}" for name, value in redacted_headers(message.headers)]
    text = message.body.decode("utf-8", "surrogateescape")
    return "\r\n".join([*head, "", redacted_text(text)]).encode("utf-8", "surrogateescape")


def _guide(report: Report) -> str:
    lines = [
        "GUIDE DE CAPTURE",
        "",
        REHEARSAL,
        "",
        "Pour chaque scénario, filmer l'écran du logiciel pendant les étapes ci-dessous, puis",
        "joindre les échanges du dossier indiqué.",
    ]
    for scenario in report.scenarios:
        lines += ["", f"{scenario.started.name} (dossier {_folder(scenario)})"]
        lines += [f"  - {step.keyword} {step.text}" for step in scenario.steps]
    return "\n".join(lines) + "\n"


def _signature(content: bytes, credential: Path | None) -> bytes | None:
    if credential is None or not credential.is_file():
        return None
    certificate = x509.load_pem_x509_certificate(credential.read_bytes())
    key = serialization.load_pem_private_key(
        credential.with_suffix(".key.pem").read_bytes(), password=None
    )
    if not isinstance(key, RSAPrivateKey):
        return None
    options = [
        pkcs7.PKCS7Options.DetachedSignature,
        pkcs7.PKCS7Options.Binary,
        pkcs7.PKCS7Options.NoAttributes,
    ]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    return builder.add_signer(certificate, key, hashes.SHA256()).sign(
        serialization.Encoding.DER, options
    )


def _safe(text: str) -> str:
    return re.sub(r"[^\w.+-]", "_", text)
