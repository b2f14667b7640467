"""A CPS3 under programs nobody here wrote. Witness: the stock OpenSC of the distribution
(``opensc-tool``, ``pkcs15-tool``, ``pkcs11-tool``), its signature verified by openssl.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from simulators.platform import Platform
from simulators.testing import exchanges
from tests.simulators.cards.reader_side import LOUISE

pytestmark = pytest.mark.pcsc
READER = "0"
MODULE = "opensc-pkcs11.so"
AUTHENTICATION = "e828bd080f8025000001ff001020"


def tool(*command: str | Path, check: bool = True) -> str:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=30, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0 or not check, told
    return told


def test_the_card_is_listed_with_its_name(bench: Platform) -> None:
    assert "Virtual PCD 00 00" in tool("opensc-tool", "-l")
    atr = tool("opensc-tool", "-r", READER, "-a").replace(":", "").strip()
    assert atr.lower() == "3bac00402a001225006480000310009000"
    assert "IAS" in tool("opensc-tool", "-r", READER, "-n")


def test_its_objects_are_listed(bench: Platform) -> None:
    told = tool("pkcs15-tool", "-r", READER, "-D")
    for label in ("CPS_PRIV_SIG", "CPS_PRIV_AUT", "Code porteur", "CPS_NAME_PS"):
        assert label in told
    assert "Certificat d'Authentification CPS" in tool("pkcs15-tool", "-r", READER, "-c")


def test_the_right_code_is_accepted_and_hidden(bench: Platform) -> None:
    tool("pkcs15-tool", "-r", READER, "--verify-pin", "--auth-id", "01", "--pin", "1234")
    presented = [e for e in exchanges(bench, "cards") if e.operation == "VERIFY"]
    assert presented[-1].accepted
    assert all(b"1234" not in e.request.body for e in presented)


def test_the_authentication_key_signs(bench: Platform, tmp_path: Path) -> None:
    (tmp_path / "carte.pem").write_bytes(bench.kernel.pki.credential(f"cps-{LOUISE}-auth").pem)
    (tmp_path / "message").write_bytes(b"message du banc")
    digest = tmp_path / "condense"
    digest.write_bytes(_digest_info(b"message du banc"))
    signature = tmp_path / "signature"
    tool(
        *("pkcs11-tool", "--module", MODULE, "--slot-index", READER, "--login", "--pin", "1234"),
        *("--sign", "--mechanism", "RSA-PKCS", "--id", AUTHENTICATION),
        *("--input-file", digest, "--output-file", signature),
    )
    key = tmp_path / "cle.pem"
    tool("openssl", "x509", "-in", tmp_path / "carte.pem", "-pubkey", "-noout", "-out", key)
    told = tool(
        *("openssl", "dgst", "-sha256", "-verify", key, "-signature", signature),
        tmp_path / "message",
    )
    assert "Verified OK" in told
    operations = [e.operation for e in exchanges(bench, "cards")]
    assert "INTERNAL AUTHENTICATE" in operations


def _digest_info(message: bytes) -> bytes:
    head = bytes.fromhex("3031300d060960864801650304020105000420")
    return head + hashlib.sha256(message).digest()


def test_a_wrong_code_is_counted_by_the_card(bench: Platform) -> None:
    wrong = ("pkcs15-tool", "-r", READER, "--verify-pin", "--auth-id", "01", "--pin", "9999")
    assert "PIN code or key incorrect" in tool(*wrong, check=False)
    left = bench.state()["cards"]["cartes"][f"cps-{LOUISE}"]["essais_porteur"]
    assert left == 2
