"""Witness: xmlsec1 verifies the VIHF and the XAdES that the rules accept, and no other."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rules.formats.dmp import DmpRequest
from rules.formats.vihf import Vihf
from rules.formats.xades import signature_faults
from rules.formats.xds import Submission
from rules.judge import read
from tests.rules.dmp import golden

pytestmark = [
    pytest.mark.witness,
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 n'est pas installé"),
]
INSTANT = "2026-03-13 09:00:00"
VIHF = ("--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion")
XADES = (
    "--ignore-manifests",
    "--id-attr:Id",
    "http://www.w3.org/2000/09/xmldsig#:Manifest",
    "--id-attr:Id",
    "http://uri.etsi.org/01903/v1.1.1#:SignedProperties",
)


def verifies(data: bytes, options: tuple[str, ...], folder: Path) -> bool:
    file = folder / "signature.xml"
    file.write_bytes(data)
    anchors = [str(golden.FOLDER / "certs" / name) for name in ("ca-org.pem", "ca-pp.pem")]
    trusted = [word for anchor in anchors for word in ("--trusted-pem", anchor)]
    done = subprocess.run(
        ["xmlsec1", "--verify", *options, *trusted, "--verification-time", INSTANT, str(file)],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


@pytest.mark.parametrize("file", golden.story()["vihf_isoles"])
def test_xmlsec1_and_the_rules_agree_on_a_vihf(file: str, tmp_path: Path) -> None:
    data = (golden.FOLDER / file).read_bytes()
    for candidate in (data, data.replace(b">normal<", b">autre<").replace(b"SA07^", b"SA08^")):
        proof = Vihf.parse(candidate).proof
        assert proof is not None
        assert proof.holds is verifies(candidate, VIHF, tmp_path)
        assert proof.holds is (candidate == data)


@pytest.mark.parametrize("name", [n for n in golden.names() if n != golden.T02])
def test_xmlsec1_verifies_the_vihf_inside_each_envelope(name: str, tmp_path: Path) -> None:
    request = read(golden.exchange(name)).first(DmpRequest)
    assert request is not None
    assert request.vihf is not None
    assert request.vihf.proof is not None
    assert request.vihf.proof.holds
    assert verifies(request.soap.raw, VIHF, tmp_path)


@pytest.mark.parametrize("name", [golden.T04, golden.T06])
def test_xmlsec1_and_the_rules_agree_on_a_xades(name: str, tmp_path: Path) -> None:
    submission = read(golden.exchange(name)).first(Submission)
    assert submission is not None
    xades = submission.signature
    assert xades is not None
    for candidate in (xades.data, xades.data.replace(b"<SigningTime>2026", b"<SigningTime>2025")):
        ours = not list(signature_faults(type(xades).parse(candidate)))
        assert ours is verifies(candidate, XADES, tmp_path)
        assert ours is (candidate == xades.data)
