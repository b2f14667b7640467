"""Mistakes made with the ordonnance numérique and its document."""

from __future__ import annotations

from . import (
    prescription_calls,
    prescription_documents,
    prescription_numbers,
    prescription_outages,
    prescription_paper,
    stimuli_prescription,
)

__all__ = ["DEFECTS", "stimuli_prescription"]

DEFECTS = (
    *prescription_numbers.DEFECTS,
    *prescription_paper.DEFECTS,
    *prescription_documents.DEFECTS,
    *prescription_calls.DEFECTS,
    *prescription_outages.DEFECTS,
)
