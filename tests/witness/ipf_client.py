"""Drives IPF (``ipf/*.java``): builds it, starts it, hands it what a card signs.

The reference LGC gives the VIHF, the XAdES, the CDA and the values of the metadata;
the messages are IPF's.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree

from reference_impl.cards.signer import Signer
from reference_impl.clock import SystemClock
from reference_impl.dmp import vihf
from reference_impl.dmp.xades import SignedLot, sign
from reference_impl.documents import codes
from reference_impl.documents.codes import Code
from reference_impl.documents.metadata import DocumentEntry, cx, read_entry
from reference_impl.documents.xdm import CONSULTATIONS
from reference_impl.people import Document, Patient
from simulators.platform import Platform
from tests.reference_impl.story import signer_of
from tests.simulators.dmp.test_dmp_service import Caller

SOURCES = Path(__file__).parent / "ipf"
REPOSITORY = "1.2.250.1.213.4.1.1.1.2"
_ANSWERS_WITHIN = 60  # seconds


@dataclass
class Ipf:
    """The Java process, and the folder of the files it is handed."""

    process: subprocess.Popen[str]
    lgc: Caller
    folder: Path
    _files: int = 0

    def deposit(
        self, document: Document, patient: Patient, *, ihe_only: bool = False
    ) -> dict[str, Any]:
        """ITI-41: the CDA and its signature. ``ihe_only`` drops what only CI-SIS writes."""
        now = datetime.now(UTC)
        entry = read_entry(document.content)
        lot_id, signature_id = self.lgc.ids.oid("lot"), self.lgc.ids.oid("entree")
        lot = SignedLot(signature_id, lot_id, {entry.unique_id: document.content}, now)
        submitted = f"{now:%Y%m%d%H%M%S}"
        seal = replace(_signature_entry(entry, submitted), unique_id=signature_id)
        return self._call(
            "deposit",
            self.assertion(patient),
            ihe_only=ihe_only,
            lot={
                "unique_id": lot_id,
                "source_id": self.lgc.environment.software.oid,
                "patient_id": entry.patient_id,
                "submission_time": submitted,
                "title": "Dépôt par IPF",
                "content_type": asdict(CONSULTATIONS),
                "author": asdict(entry.author),
            },
            document={**asdict(entry), "file": self._file(document.content)},
            signature={**asdict(seal), "file": self._file(sign(lot, self._signer))},
        )

    def search(self, patient: Patient) -> dict[str, Any]:
        """ITI-18 FindDocuments, whole entries."""
        since = f"{datetime.now(UTC).year - 1}0101000000"
        patient_id = self._patient_id(patient)
        return self._call("search", self.assertion(patient), patient_id=patient_id, since=since)

    def find(
        self, unique_id: str, patient: Patient, assertion: str | None = None
    ) -> dict[str, Any]:
        """ITI-18 GetDocuments, references only."""
        return self._call("find", assertion or self.assertion(patient), unique_id=unique_id)

    def read(self, unique_id: str, patient: Patient) -> dict[str, Any]:
        """ITI-43."""
        return self._call(
            "read", self.assertion(patient), unique_id=unique_id, repository=REPOSITORY
        )

    def opinion(self, request: bytes) -> dict[str, str | None]:
        """What IPF's validators say of a ProvideAndRegisterDocumentSetRequest."""
        return self._call("opinion", "", file=self._file(request))

    def assertion(self, patient: Patient, *, altered: bool = False) -> str:
        """File of a VIHF of the doctor for this patient, its signature broken on demand."""
        claims = vihf.Assertion(
            id=self.lgc.ids.uuid(),
            issued_at=SystemClock().now(),
            professional=self.lgc.doctor,
            software=self.lgc.environment.software,
            resource_id=self._patient_id(patient),
        )
        content = etree.tostring(vihf.build(claims, self._signer), encoding="UTF-8")
        return self._file(content.replace(b">DIRECTE<", b">DIRECTE <") if altered else content)

    def _call(self, name: str, assertion: str, **values: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"call": name, "assertion": assertion, **values}))
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], _ANSWERS_WITHIN)
        line = self.process.stdout.readline() if ready else ""
        assert line, (self.folder / "java.log").read_text(encoding="utf-8")[-3000:]
        return json.loads(line)

    def _file(self, content: bytes) -> str:
        self._files += 1
        path = self.folder / f"piece-{self._files}"
        path.write_bytes(content)
        return str(path)

    def _patient_id(self, patient: Patient) -> str:
        assert patient.ins is not None
        return cx(patient.ins.value, self.lgc.environment.document_oid(patient.ins), "NH")

    @property
    def _signer(self) -> Signer:
        return signer_of(self.lgc.environment.credentials[self.lgc.doctor.sign_credential])


def _signature_entry(entry: DocumentEntry, submitted: str) -> DocumentEntry:
    """The fixed values of a signature (sheet dmp.md §9.5)."""
    return replace(
        entry,
        title="Source",
        creation_time=submitted,
        service_start_time=submitted,
        service_stop_time=submitted,
        language="art",
        source_patient_id=entry.patient_id,
        source_patient_info=(),
        class_code=Code("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature"),
        type_code=Code("E1762", "ASTM", "Full Document"),
        format_code=Code("http://www.w3.org/2000/09/xmldsig#", "URN", "Default Signature Style"),
        events=(Code("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source"),),
        confidentiality=(codes.NORMAL, codes.MASKED_TO_PROFESSIONALS, codes.HIDDEN_FROM_PATIENT),
    )


def build(folder: Path) -> str:
    """Compile the Java classes in a folder of their own; gives the class path."""
    project = folder / "projet"
    shutil.copytree(SOURCES, project, ignore=shutil.ignore_patterns("target"))
    found = project / "classpath.txt"
    command = ["mvn", "-q", "-B", "compile", "dependency:build-classpath"]
    done = subprocess.run(
        [*command, f"-Dmdep.outputFile={found}"],
        cwd=project,
        check=False,
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return os.pathsep.join([str(project / "target/classes"), found.read_text("utf-8").strip()])


@contextmanager
def started(
    class_path: str, platform: Platform, lgc: Caller, folder: Path, *, host: str | None = None
) -> Generator[Ipf]:
    """IPF running. With ``host``, it calls that name, found in the hosts file of the bench."""
    settings = folder / "reglages.json"
    settings.write_text(json.dumps(_settings(platform, lgc, host)), encoding="utf-8")
    options = [f"-Djdk.net.hosts.file={platform.folder / 'hotes'}"] if host else []
    command = ["java", *options, "-cp", class_path, "Witness", str(settings)]
    with (
        (folder / "java.log").open("w") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        yield Ipf(process, lgc, folder)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=20)


def _settings(platform: Platform, lgc: Caller, host: str | None) -> dict[str, Any]:
    trust = platform.descriptor["confiance"]
    card = platform.descriptor["certificats"][lgc.doctor.auth_credential]
    base = platform.descriptor["dmp"]["base"]
    return {
        "base": base.replace("localhost", host) if host else base,
        "trust": {
            "file": str(platform.folder / trust["jks"]),
            "password": trust["mot_de_passe"],
        },
        "certificate": {
            "file": str(platform.folder / card["p12"]),
            "password": card["mot_de_passe"],
        },
    }
