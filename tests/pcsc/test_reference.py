"""The reference LGC on real readers. Witnesses: pcscd, vpcd and pyscard carry its commands,
OpenSC's and SoftHSM's PKCS#11 modules hold the card, xmlsec1 verifies what was signed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from reference_impl.cards import token
from reference_impl.cards.errors import CardAbsentError, CardError
from reference_impl.cards.sessions import Cards
from reference_impl.cards.vitale import VitaleReader
from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.insi.assertion import signed_assertion
from reference_impl.people import Environment, Professional
from simulators.cards.issue import image_of
from simulators.cards.layout import data_contents
from simulators.platform import Platform
from simulators.testing import exchanges
from tests.pcsc.conftest import CPS_READER, VITALE_READER, event_count, wait_for_card
from tests.simulators.cards.reader_side import CPS_READER as FIRST_READER
from tests.simulators.cards.reader_side import LOUISE

pytestmark = pytest.mark.pcsc

OPENSC = Path("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so")
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, PUK = "1234", "12345678"
_SAML_IDS = ("--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion")


@dataclass
class Desk:
    """An installation that knows only a descriptor."""

    platform: Platform
    environment: Environment

    def __post_init__(self) -> None:
        self.cards = Cards(self.environment, SystemClock())

    @property
    def louise(self) -> Professional:
        found = self.environment.professional(LOUISE)
        assert found is not None
        return found

    def assertion(self) -> bytes:
        """An INSi assertion, signed now."""
        holder, signer = self.cards.professional(self.louise), self.cards.signer(self.louise)
        signed = signed_assertion(holder, signer, "_banc", SystemClock().now())
        return etree.tostring(signed)

    def verified(self, assertion: bytes, folder: Path) -> bool:
        """What xmlsec1 says, trusting the authority of the cards alone."""
        (folder / "assertion.xml").write_bytes(assertion)
        chain = self.platform.kernel.pki.authority("personnes").chain
        trusted = [part for rank, one in enumerate(chain) for part in _trusted(one, rank, folder)]
        command = ["xmlsec1", "--verify", *_SAML_IDS, *trusted, str(folder / "assertion.xml")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode == 0 and "OK" in done.stdout + done.stderr


def _trusted(certificate: x509.Certificate, rank: int, folder: Path) -> tuple[str, str]:
    path = folder / f"autorite-{rank}.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return "--trusted-pem", str(path)


@pytest.fixture
def desk(bench: Platform) -> Iterator[Desk]:
    """The LGC as the descriptor of the bench tells it to be: over PC/SC."""
    made = Desk(bench, read_environment(bench.folder / "environnement.json"))
    assert made.environment.cards.access == "pcsc"
    yield made
    made.cards.shutdown()


def through(desk: Desk, module: Path) -> Desk:
    """The same LGC with a PKCS#11 module."""
    settings = replace(desk.environment.cards, access="pkcs11", pkcs11=module)
    return Desk(desk.platform, replace(desk.environment, cards=settings))


def test_an_assertion_signed_over_pcsc_is_verified_by_xmlsec1(desk: Desk, tmp_path: Path) -> None:
    view = desk.cards.read(LOUISE)
    assert (view.card.reader, view.situation) == (CPS_READER, 1)
    signed = desk.assertion()
    assert desk.verified(signed, tmp_path)
    assert not desk.verified(signed.replace(b"331999011", b"331999012"), tmp_path)
    operations = [e.operation for e in exchanges(desk.platform, "cards")]
    assert operations.count("VERIFY") == 1
    assert operations.count("SIGN") == 1


def test_a_card_taken_out_of_a_real_reader_ends_the_session(desk: Desk) -> None:
    desk.cards.read(LOUISE)
    service, before = desk.platform.services["cards"], event_count(CPS_READER)
    with desk.platform.kernel.unit() as unit:
        service.set_state(unit, {"lecteurs": {FIRST_READER: None}})
    wait_for_card(CPS_READER, present=False, newer_than=before)
    with pytest.raises(CardAbsentError):
        desk.assertion()
    with desk.platform.kernel.unit() as unit:
        service.set_state(unit, {"lecteurs": {FIRST_READER: {"carte": f"cps-{LOUISE}"}}})
    wait_for_card(CPS_READER)
    assert desk.assertion()


def test_the_carte_vitale_is_found_beside_an_open_cps(desk: Desk) -> None:
    desk.cards.read(LOUISE)
    card = VitaleReader(desk.environment, desk.cards.readers_in_use).read()
    assert (card.reader, card.means) == (VITALE_READER, "apdu")
    assert card.beneficiaries[1].given_name == "Éloïse"
    assert desk.assertion()


def test_the_card_is_read_through_opensc(bench: Platform, tmp_path: Path) -> None:
    """The LGC in a process of its own: a module holds the whole process while a card answers."""
    with _installed(bench, OPENSC, tmp_path) as lgc:
        card = lgc.post("/actions/card.read_cps", json={"professionnel": LOUISE}).json()["carte"]
        assert (card["famille"], card["titulaire"]["identifiant_national"]) == ("CPS3", LOUISE)
        assert [s["structure"] for s in card["situations"]] == ["1330999004"]
        wrong = {"professionnel": LOUISE, "code": "9999"}
        refused = lgc.post("/actions/card.read_cps", json=wrong)
        assert (refused.status_code, refused.json()["erreur"]["code"]) == (409, "CODE_FAUX")


@contextmanager
def _installed(bench: Platform, module: Path, data: Path) -> Iterator[httpx.Client]:
    """The reference LGC, told to use a module."""
    described = json.loads((bench.folder / "environnement.json").read_text(encoding="utf-8"))
    described["cartes"] |= {"acces": "pkcs11", "pkcs11": str(module)}
    environment = bench.folder / "environnement-pkcs11.json"
    environment.write_text(json.dumps(described), encoding="utf-8")
    command = [sys.executable, "-m", "reference_impl", "--environment", str(environment)]
    process = subprocess.Popen(
        [*command, "--data", str(data / "lgc")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait(10)


# SoftHSM: a token nobody here wrote, loaded like a CPS


@pytest.fixture(scope="module")
def softhsm(shared_bench: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token with the label, the key, the certificate and the data of Louise's card."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "jetons").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'jetons'}\n")
    patch = pytest.MonkeyPatch()
    patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    _load(shared_bench, folder)
    yield SOFTHSM
    # A module is initialised once in a process: this one has read its folder.
    token._modules.pop(SOFTHSM, None)
    patch.undo()


def _load(bench: Platform, folder: Path) -> None:
    pki, who = bench.kernel.pki, bench.kernel.world.professionals[0]
    image = image_of(pki, who)
    label = f"CPS3v3-{image.number}"
    _run(
        "softhsm2-util",
        "--init-token",
        "--free",
        *("--label", label, "--pin", PIN, "--so-pin", PUK),
    )
    identifier = "E828BD080F8025000001FF001010"
    (folder / "cle.pem").write_bytes(image.sign.key_pem)
    _run(
        *("softhsm2-util", "--import", str(folder / "cle.pem"), "--token", label, "--pin", PIN),
        *("--label", "CPS_PRIV_SIG", "--id", identifier),
    )
    (folder / "cert.der").write_bytes(image.sign.der)
    write = (
        "pkcs11-tool",
        "--module",
        str(SOFTHSM),
        "--token-label",
        label,
        "--login",
        "--pin",
        PIN,
    )
    _run(
        *write,
        *("--write-object", str(folder / "cert.der"), "--type", "cert", "--id", identifier),
        *("--label", "Certificat de Signature CPS"),
    )
    for name, content in data_contents(image).items():
        (folder / "objet").write_bytes(content)
        hidden = name.startswith("CPS_ACTIVITY") or name == "CPS_SIT_FACT"
        _run(
            *write,
            *("--write-object", str(folder / "objet"), "--type", "data", "--label", name),
            *("--application-label", "CPS", *(("--private",) if hidden else ())),
        )


def _run(*command: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def independent(desk: Desk, softhsm: Path) -> Iterator[Desk]:
    lgc = through(desk, softhsm)
    yield lgc
    lgc.cards.shutdown()


def test_an_assertion_signed_by_another_token_is_verified_by_xmlsec1(
    independent: Desk, tmp_path: Path
) -> None:
    view = independent.cards.read(LOUISE)
    assert (view.card.family, view.situation) == ("CPS3", 1)
    assert view.card.situations[0].billing_id == "331999011"
    assert independent.verified(independent.assertion(), tmp_path)


def test_a_module_that_cannot_hash_signs_a_digest_info(
    independent: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenSC 0.23 with the signature key: CKM_SHA256_RSA_PKCS is refused."""
    p11 = token._pykcs11()
    sign = p11.Session.sign
    asked = []

    def refusing(session: object, key: object, data: object, mechanism: object) -> object:
        asked.append(mechanism.to_native().mechanism)  # type: ignore[attr-defined]
        if asked[-1] == p11.CKM_SHA256_RSA_PKCS:
            raise p11.PyKCS11Error(p11.CKR_MECHANISM_INVALID)
        return sign(session, key, data, mechanism)

    monkeypatch.setattr(p11.Session, "sign", refusing)
    assert independent.verified(independent.assertion(), tmp_path)
    assert asked == [p11.CKM_SHA256_RSA_PKCS, p11.CKM_RSA_PKCS]


def test_a_wrong_code_and_a_new_one_by_pkcs11(independent: Desk) -> None:
    with pytest.raises(CardError) as refused:
        independent.cards.read(LOUISE, "9999")
    assert refused.value.code == "CODE_FAUX"
    with pytest.raises(CardError) as refused:
        independent.cards.unblock(LOUISE, "00000000", "2468")
    assert refused.value.code == "CODE_DEBLOCAGE_FAUX"
    independent.cards.unblock(LOUISE, PUK, "2468")
    assert independent.cards.read(LOUISE, "2468").card.situations
    independent.cards.unblock(LOUISE, PUK, PIN)
