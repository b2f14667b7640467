"""The reference clients and the simulators, which know nothing of each other, meet on the wire.

What passes between them raises no finding; what must be refused is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.documents.writer import CdaWriter
from reference_impl.errors import RefusedError
from reference_impl.lgc import Lgc
from reference_impl.people import Document, Environment, Mail, Patient, Professional, Visibility
from reference_impl.ports import DmpStatus
from reference_impl.wiring import build
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.reference_impl.story import CAMILLE, UNQUALIFIED


@dataclass
class Meeting:
    """A platform, and a LGC that only knows its descriptor."""

    platform: Platform
    environment: Environment
    lgc: Lgc
    _position: int = 0

    @property
    def louise(self) -> Professional:
        return self.environment.professionals[0]

    @property
    def hugo(self) -> Professional:
        return self.environment.professionals[1]

    def letter(self, patient: Patient = CAMILLE, **changes: object) -> Document:
        draft = Document(
            id="d1",
            unique_id=self.lgc.ids.oid("document"),
            set_id=self.lgc.ids.oid("version"),
            type_code="11488-4",
            title="CR de consultation",
            text="Cher confrère,\n\nTension 12/8, pas d’œdème.",
            patient_id=patient.id,
            author_id=self.louise.national_id,
            created_at=datetime.now(UTC),
        )
        draft = replace(draft, **changes)  # type: ignore[arg-type]
        content = CdaWriter(self.environment).write(draft, patient, self.louise)
        return replace(draft, content=content)

    def mail(self, patient: Patient = CAMILLE, **changes: object) -> Mail:
        usual = Mail(
            message_id=self.lgc.ids.message_id("medecin.banc.mssante.fr"),
            sender=self.louise,
            recipients=(self.hugo.mailbox,),
            patient=patient,
            documents=(self.letter(patient),),
            text="Bonjour Hugo,\n.\nVoici le compte rendu à lire.",
            created_at=datetime.now(UTC),
        )
        return replace(usual, **changes)  # type: ignore[arg-type]

    def new_findings(self) -> list[tuple[str, str]]:
        """Findings of what these exchanges alone show (identities are judged with gestures)."""
        found = exchanges(self.platform)[self._position :]
        self._position += len(found)
        judged = judge_journal(JournalView(found), self.platform.kernel.environment)
        return [(f.check_id, f.found) for f in judged.findings if f.check_id not in _NEED_GESTURES]

    def operations(self, service: str) -> list[tuple[str, str]]:
        return [(e.operation, e.outcome) for e in exchanges(self.platform, service)]


# A part of a journal, or clients moved without the gestures of a driver, cannot show these.
_NEED_GESTURES = frozenset({"DMP-02-01", "DMP-02-02", "DMP-02-03"})


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory):
    with running(("psc", "dmp", "mssante", "cards")) as platform:
        environment = read_environment(Path(platform.folder) / "environnement.json")
        # The cards sign: their keys in files are for other products, and not missed here.
        for name, credential in environment.credentials.items():
            if name.startswith("cps-") and name.partition(".")[0].endswith("-sign"):
                credential.key_path.unlink(missing_ok=True)
        data = tmp_path_factory.mktemp("lgc")
        lgc = build(environment, data, 1, SystemClock())
        met = Meeting(platform, environment, lgc)
        try:
            lgc.sessions.open(met.louise)
            lgc.sessions.open(met.hugo)
            yield met
        finally:
            lgc.close()


def test_a_deposit_is_found_again_searched_and_read(meeting):
    meeting.new_findings()
    dmp, louise, letter = meeting.lgc.dmp, meeting.louise, meeting.letter()
    assert dmp.existence(CAMILLE, louise).state == "actif"
    assert dmp.deposit(letter, CAMILLE, louise, Visibility()).unique_id == letter.unique_id
    assert meeting.new_findings() == []
    # Later and on demand: nothing is searched by itself after a deposit.
    found = dmp.find(letter.unique_id, CAMILLE, louise)
    assert found is not None
    assert found.entry_uuid.startswith("urn:uuid:")
    assert dmp.authorize(CAMILLE, louise, "AJOUT") == DmpStatus("actif", "VALIDE")
    titles = {e.unique_id: (e.title, e.type_code) for e in dmp.search(CAMILLE, louise)}
    assert titles[letter.unique_id] == ("CR de consultation", "11488-4")
    assert dmp.read(CAMILLE, louise, letter.unique_id) == letter.content
    assert dmp.authorize(CAMILLE, louise, "SUPPRESSION").authorization != "VALIDE"
    assert meeting.new_findings() == []


@pytest.mark.parametrize("kind", ["11488-4", "96349-6", "CERT_DECL"])
@pytest.mark.parametrize(
    "visibility",
    [
        Visibility(masked_to_professionals=True),
        Visibility(hidden_from_patient=True),
        Visibility(hidden_from_representatives=True),
    ],
    ids=["masqué PS", "invisible patient", "invisible RL"],
)
def test_every_kind_with_every_mask_is_accepted_without_finding(meeting, kind, visibility):
    meeting.new_findings()
    letter = meeting.letter(type_code=kind, title="Titre & <œuvre>")
    meeting.lgc.dmp.existence(CAMILLE, meeting.louise)
    result = meeting.lgc.dmp.deposit(letter, CAMILLE, meeting.louise, visibility)
    assert result.warnings == ()
    assert meeting.new_findings() == []


def test_the_same_document_twice_is_refused_by_its_identifier(meeting):
    letter = meeting.letter()
    meeting.lgc.dmp.deposit(letter, CAMILLE, meeting.louise, Visibility())
    with pytest.raises(RefusedError) as refused:
        meeting.lgc.dmp.deposit(letter, CAMILLE, meeting.louise, Visibility())
    assert refused.value.code == "XDSDuplicateUniqueIdInRegistry"


def test_a_document_never_deposited_is_not_found(meeting):
    assert meeting.lgc.dmp.find("2.25.1.404", CAMILLE, meeting.louise) is None


def test_a_letter_to_a_colleague_arrives_in_his_inbox(meeting):
    meeting.new_findings()
    mail = meeting.mail()
    assert meeting.lgc.mailer.send(mail).refused == ()
    received = {m.message_id: m for m in meeting.lgc.mailer.inbox(meeting.hugo)}
    assert received[mail.message_id].subject == (
        "CR ou fiche de consultation ou de visite TESTAVRIL CAMILLE 12/07/1985"
    )
    assert meeting.new_findings() == []


def test_a_letter_to_the_usager_and_one_without_ins_raise_no_finding(meeting):
    meeting.new_findings()
    usager = meeting.mail(to_patient=True, recipients=(), end_of_conversation=True)
    assert meeting.lgc.mailer.send(usager).message_id == usager.message_id
    anonymous = meeting.mail(UNQUALIFIED)
    assert meeting.lgc.mailer.send(anonymous).message_id == anonymous.message_id
    assert meeting.new_findings() == []


def test_a_domain_out_of_the_white_list_is_refused(meeting):
    with pytest.raises(RefusedError) as refused:
        meeting.lgc.mailer.send(meeting.mail(recipients=("quelqu-un@ailleurs.fr",)))
    assert refused.value.code == "SMTP_550"
    assert ("SMTP", "refusé") in meeting.operations("mssante")
