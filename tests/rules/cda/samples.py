"""Conformant CDA documents of this project, and how to spoil them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rules.context import Context, Environment
from rules.formats.cda import ClinicalDocument
from rules.judge import Judgement, judge_artefact

FOLDER = Path(__file__).parents[3] / "fixtures" / "golden" / "cda"
LETTER = (FOLDER / "syn-n1-cr-consultation.xml").read_bytes()
LETTER_V2 = (FOLDER / "syn-n1-cr-consultation-v2-rplc.xml").read_bytes()
CERTIFICATE = (FOLDER / "syn-n1-certificat-medical.xml").read_bytes()
VSM = (FOLDER / "syn-vsm-structure.xml").read_bytes()
OBSERVED_AT = datetime(2026, 3, 12, 9, 25, tzinfo=UTC)
OBSERVED_V2 = datetime(2026, 3, 13, 8, 5, tzinfo=UTC)


def spoil(data: bytes, old: str, new: str, count: int = 1) -> bytes:
    """The document with the first ``count`` occurrences of a text replaced."""
    assert old.encode() in data, f"{old} n'est pas dans le document"
    return data.replace(old.encode(), new.encode(), count)


def judged(data: bytes, context: Context | None = None, **changes: object) -> Judgement:
    """The judgement of a document, ten minutes after it was written unless told."""
    context = replace(context or Context(observed_at=OBSERVED_AT), **changes)
    return judge_artefact(ClinicalDocument.parse(data), context)


def raised(judgement: Judgement) -> set[str]:
    """Check ids of the findings."""
    return {finding.check_id for finding in judgement.findings}


def environment(**changes: object) -> Environment:
    """A test environment with some fields changed."""
    return replace(Environment(), **changes)
