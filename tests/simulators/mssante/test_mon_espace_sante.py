"""Mon espace santé: deliveries, bounces, conversations; and the service of the platform."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from lxml import etree

from rules.formats.mail import parse_mail
from rules.formats.mail_report import Dsn
from simulators.mssante.mes import CAUSES
from simulators.platform import Platform
from simulators.testing import client, exchanges, running, trust
from tests.rules.mssante.mails import CAMILLE, INS, plain_mail
from tests.shared_data import GOLDEN, needs_shared
from tests.simulators.mssante.clients import Doctor, kind_of, transcript
from tests.simulators.psc.client import HUGO, LOUISE


def change(platform: Platform, **asked: object) -> None:
    with platform.kernel.unit() as unit:
        platform.services["mssante"].set_state(unit, asked)


def state(platform: Platform) -> dict:
    return platform.state()["mssante"]


def send(doctor: Doctor, *recipients: str, mail: bytes | None = None) -> None:
    assert doctor.smtp().sendmail(doctor.address, list(recipients), mail or plain_mail()) == {}


def test_an_open_mailbox_receives(louise: Doctor, platform: Platform) -> None:
    send(louise, CAMILLE.upper())
    assert state(platform)["boites"][CAMILLE]["dossiers"]["INBOX"] == 1
    assert louise.inbox() == []


@pytest.mark.parametrize(
    ("address", "box", "status"),
    [
        (CAMILLE, "fermée", "5.2.1"),
        (CAMILLE, "inconnue", "5.1.1"),
        ("101046322015645@patient.mssante.fr", None, "5.1.3"),
        ("28507330630420@patient.mssante.fr", None, "5.1.3"),
        ("269059913116714@patient.mssante.fr", None, "5.1.1"),
    ],
)
def test_bounces(
    louise: Doctor, platform: Platform, address: str, box: str | None, status: str
) -> None:
    if box:
        change(platform, usagers={INS: box})
    send(louise, address)
    (received,) = louise.inbox()
    bounce = parse_mail(received)
    assert isinstance(bounce.report, Dsn)
    assert bounce.report.failed == ((address, status),)
    assert bounce.subject == "Message non distribué"
    assert bounce.value("In-Reply-To") == "<un.premier@medecin.banc.mssante.fr>"
    assert list(bounce.problems()) == []


def test_a_mail_too_large_bounces(louise: Doctor) -> None:
    large = plain_mail() + (b"x" * 998 + b"\r\n") * 26_300
    send(louise, CAMILLE, mail=large)
    (received,) = louise.inbox()
    bounce = parse_mail(received)
    assert bounce.subject == "Undelivered Mail Returned to Sender"
    assert isinstance(bounce.report, Dsn)
    assert bounce.report.failed == ((CAMILLE, "5.3.4"),)


def test_a_notification_never_bounces(louise: Doctor, platform: Platform) -> None:
    change(platform, usagers={INS: "fermée"})
    assert louise.smtp().sendmail("", [CAMILLE], plain_mail()) == {}
    assert louise.inbox() == []


@pytest.mark.parametrize(
    ("fields", "is_open"),
    [
        ({}, True),
        ({"X_MSS_MES": "FIN"}, False),
        ({"Subject": "[FIN]"}, False),
        ({"Subject": "Merci [FIN]"}, True),
    ],
)
def test_conversations(
    louise: Doctor, platform: Platform, fields: dict[str, str], is_open: bool
) -> None:
    send(louise, CAMILLE, mail=plain_mail(**fields))
    asked = {"usager": INS, "a": louise.address, "texte": "Merci docteur."}
    if not is_open:
        with pytest.raises(ValueError, match="close"):
            change(platform, reponses=[asked])
        return
    change(platform, reponses=[asked])
    answer = parse_mail(louise.inbox()[0])
    assert answer.sender is not None
    assert answer.sender.address == CAMILLE
    assert answer.value("In-Reply-To") == "<un.premier@medecin.banc.mssante.fr>"
    assert answer.subject.startswith("RE: ")


def test_a_closed_conversation_opens_again(louise: Doctor, platform: Platform) -> None:
    send(louise, CAMILLE, mail=plain_mail(X_MSS_MES="FIN"))
    send(louise, CAMILLE, mail=plain_mail(Message_ID="<deux@m.fr>"))
    assert [c["ouverte"] for c in state(platform)["conversations"]] == [True]


def test_a_reply_goes_to_reply_to(louise: Doctor, hugo: Doctor, platform: Platform) -> None:
    send(louise, CAMILLE, mail=plain_mail(Reply_To=hugo.address))
    change(platform, reponses=[{"usager": INS, "a": louise.address}])
    assert (len(louise.inbox()), len(hugo.inbox())) == (0, 1)


@pytest.mark.parametrize(
    "asked",
    [
        {"reponses": [{"usager": INS, "a": "louise.testmedecin@medecin.banc.mssante.fr"}]},
        {"reponses": [{"usager": INS}]},
        {"usagers": {INS: "absente"}},
        {"courriels": [{"a": "x@y.fr", "contenu": "YQ=="}]},
        {"courriels": [{"a": "louise.testmedecin@medecin.banc.mssante.fr", "contenu": "?"}]},
        {"autre": {}},
    ],
)
def test_states_that_mean_nothing(platform: Platform, asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\."):
        change(platform, **asked)


def test_a_mail_may_be_put_in_a_mailbox(louise: Doctor, platform: Platform) -> None:
    content = base64.b64encode(plain_mail()).decode()
    change(platform, courriels=[{"a": louise.address, "contenu": content}])
    assert louise.inbox() == [plain_mail()]


def test_causes_are_all_different() -> None:
    assert len({cause.status for cause in CAUSES}) == len(CAUSES) == 4


# The service of the platform


def test_the_descriptor_and_the_documents(platform: Platform) -> None:
    described = platform.descriptor["mssante"]
    with client(platform) as http:
        config = etree.fromstring(http.get(described["autoconfiguration"]).content)
        white = etree.fromstring(http.get(described["liste_blanche"]).content)
    assert config.tag == "clientConfig"
    ports = [int(e.text or 0) for e in config.iter("port")]
    assert ports == [described["imap"]["port"], described["smtp"]["port"]]
    assert {e.text for e in config.iter("socketType")} == {"STARTTLS"}
    assert {e.text for e in config.iter("authentication")} == {"OAuth2"}
    names = [e.text for e in white.iter("{https://listeblanche.mssante.fr/schema}Nom")]
    assert names == list(platform.kernel.world.mss_domains)
    operations = {e.operation for e in exchanges(platform, "mssante")}
    assert operations == {"autoconfiguration", "liste-blanche"}


def test_autoconfiguration_by_the_name_of_the_domain(platform: Platform) -> None:
    url = platform.descriptor["mssante"]["autoconfiguration"]
    with client(platform) as http:
        answer = http.get(url, headers={"Host": "autoconfig.cardio.banc.mssante.fr"})
    provider = etree.fromstring(answer.content)[0]
    assert [e.text for e in provider.iter("domain")] == ["cardio.banc.mssante.fr"]


@pytest.mark.parametrize(
    ("fault", "status"), [("autoconfig-404", 404), ("autoconfig-mal-forme", 200)]
)
def test_autoconfiguration_may_fail(platform: Platform, fault: str, status: int) -> None:
    platform.kernel.faults.add("mssante", "autoconfiguration", fault=fault)
    with client(platform) as http:
        answer = http.get(platform.descriptor["mssante"]["autoconfiguration"])
    assert answer.status_code == status
    if status == 200:
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(answer.content)


def test_a_restarted_bench_keeps_its_mails(tmp_path: Path) -> None:
    services = ("psc", "mssante")
    with running(services, folder=tmp_path) as platform, Doctor(platform, LOUISE) as louise:
        send(louise, "hugo.testcardio@cardio.banc.mssante.fr")
    with running(services, folder=tmp_path) as platform, Doctor(platform, HUGO) as hugo:
        assert len(hugo.inbox()) == 1


def test_the_setting_of_the_refusal() -> None:
    settings = {"mssante": {"refus": "coupure", "taille": 5000}}
    bench = running(("psc", "mssante"), settings=settings)
    with bench as platform, Doctor(platform, LOUISE) as louise:
        session = louise.smtp(login=False)
        assert session.esmtp_features["size"] == "5000"
        session.sock.sendall(b"AUTH XOAUTH2 " + louise.blob("faux") + b"\r\n")  # type: ignore[union-attr]
        assert session.sock.makefile("rb").read().startswith(b"334 ey")  # type: ignore[union-attr]


@needs_shared
@pytest.mark.parametrize(
    "name",
    [
        "smtp-xoauth2-accepte",
        "smtp-xoauth2-refuse-535",
        "smtp-xoauth2-refuse-coupure",
        "imap-xoauth2-accepte",
        "imap-xoauth2-refuse-no",
        "imap-xoauth2-refuse-coupure",
    ],
)
def test_the_golden_dialogues(louise: Doctor, platform: Platform, name: str) -> None:
    """The server's lines are of the golden kinds; the token is one of today."""
    Dialogue(louise, name).play()


class Dialogue:
    """Plays the client's lines of a golden transcript and compares the server's kinds."""

    def __init__(self, doctor: Doctor, name: str) -> None:
        self._doctor = doctor
        self._smtp = name.startswith("smtp")
        self._lines = transcript(GOLDEN / "mssante" / f"{name}.txt")
        self._blob = doctor.blob() if name.endswith("accepte") else doctor.blob("refuse")
        self._wire = doctor.wire("smtp" if self._smtp else "imap")
        if name.endswith("coupure"):
            doctor.platform.kernel.faults.add("mssante", fault="401-cut")
        if "imap" in name and name.endswith("accepte"):
            content = base64.b64encode(plain_mail()).decode()
            change(doctor.platform, courriels=[{"a": doctor.address, "contenu": content}] * 2)

    def play(self) -> None:
        expected: list[str] = []
        for who, text in self._lines:
            if who == "S":
                expected.append(kind_of(text))
                continue
            self._compare(expected)
            expected = []
            if who == "C":
                self._say(text)
            elif "négociation" in text:
                self._wire.secure(trust(self._doctor.platform))
            elif "contenu" in text:
                self._wire.send(plain_mail())
            elif "ferme la connexion" in text:
                assert self._wire.rest() == b""
        self._compare(expected)

    def _say(self, text: str) -> None:
        self._wire.send((self._blob if text.startswith("dXNlcj") else text.encode()) + b"\r\n")

    def _compare(self, expected: list[str]) -> None:
        """Extensions more, and lines that inform, are allowed; nothing expected may lack."""
        told: list[str] = []
        while any(kind not in told for kind in expected):
            line = self._wire.line()
            assert line, f"il manque {set(expected) - set(told)} après {told}"
            told.append(kind_of(line))
        if expected and self._smtp:
            assert told[-1] == expected[-1] or told[-1].split()[0] == expected[-1].split()[0]
