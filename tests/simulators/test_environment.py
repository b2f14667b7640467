"""The environment descriptor and what is written beside it."""

from __future__ import annotations

import json
import re
import ssl

import pytest

from rules.context import OID_INS_NIR, OID_INS_NIR_TEST
from simulators import descriptor
from simulators.environment import dotenv
from simulators.pki.pages import PAGES
from simulators.testing import running
from tests.simulators.demo import Demo


@pytest.fixture(scope="module")
def platform():
    with running([Demo], settings={"reglages": {"essai": True}}) as started:
        yield started


def test_the_file_is_the_descriptor(platform):
    written = json.loads((platform.folder / "environnement.json").read_text("utf-8"))
    assert written == platform.descriptor
    described = descriptor.read(platform.folder / "environnement.json")
    assert described.banc.campagne == platform.kernel.campaign
    assert re.fullmatch(r"http://localhost:\d+", written["banc"]["administration"])


def test_every_path_in_it_leads_to_a_file(platform):
    described = platform.descriptor
    paths = [v for k, v in described["confiance"].items() if k in ("pem", "p12", "jks")]
    paths += described["confiance"]["der"]
    for files in described["certificats"].values():
        paths += [v for k, v in files.items() if k != "mot_de_passe"]
    assert len(paths) > 100
    for path in paths:
        assert (platform.folder / path).is_file(), path


def test_every_key_fits_its_certificate(platform):
    for files in platform.descriptor["certificats"].values():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(platform.folder / files["chaine"], platform.folder / files["cle"])


def test_people_are_those_of_the_golden_stories(platform):
    louise = platform.descriptor["professionnels"][0]
    assert louise["identifiant_national"] == "810999990012"
    assert louise["carte"] == {
        "pin": "1234",
        "authentification": "cps-810999990012-auth",
        "signature": "cps-810999990012-sign",
    }
    camille = platform.descriptor["patients"][0]
    assert (camille["nom_naissance"], camille["matricule"], camille["cle"]) == (
        "TESTAVRIL",
        "2850733063042",
        "08",
    )


def test_the_env_file_is_read_by_a_shell(platform):
    lines = (platform.folder / "environnement.env").read_text("utf-8").splitlines()
    assert all(re.fullmatch(r'SEGUR_[A-Z0-9_]+="[^"]*"', line) for line in lines)
    values = dict(line.split("=", 1) for line in lines)
    assert values["SEGUR_CONFIANCE_PEM"] == '"confiance/autorites.pem"'
    assert values["SEGUR_LOGICIEL_NIL"] == '"900042"'


def test_names_of_the_env_file_come_from_the_paths_of_the_descriptor():
    described = {"psc": {"clients": [{"client_id": "a"}], "absent": None}, "dmp": {"base": "b"}}
    assert dotenv(described) == 'SEGUR_PSC_CLIENTS_0_CLIENT_ID="a"\nSEGUR_DMP_BASE="b"\n'


def test_hosts_lines_lead_official_names_here(platform):
    assert platform.descriptor["hotes"] == ["127.0.0.1 demo.banc.invalid"]
    assert (platform.folder / "hotes").read_text("utf-8") == "127.0.0.1 demo.banc.invalid\n"


def test_settings_are_shown(platform):
    assert platform.descriptor["reglages"] == {
        "oid_ins_de_test": {OID_INS_NIR: OID_INS_NIR_TEST},
        "essai": True,
    }


def test_checks_are_told_of_the_world(platform):
    known = platform.kernel.environment
    assert known.software.nil == "900042"
    assert known.professional("810999990012").structure_id == "1330999004"
    assert known.owner_of("louise.testmedecin@medecin.banc.mssante.fr").family_name == "TESTMEDECIN"
    assert known.anchors == platform.kernel.pki.anchors
    assert "patient.mssante.fr" in known.mss_domains


def test_each_technology_has_its_page(platform):
    for name in PAGES:
        text = (platform.folder / "confiance" / name).read_text("utf-8")
        assert text.startswith("# ")
        assert "production" in text
        for file in re.findall(r"`([\w-]+\.(?:cer|pem|jks|p12))`", text):
            assert (platform.folder / "confiance" / file).is_file(), file
