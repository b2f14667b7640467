"""Broken LGCs: each is the reference LGC with one mistake of a real editor.

``segur-bench defects`` reads :data:`DEFECTS` and :func:`play` from here.
"""

from __future__ import annotations

from bench.defects import Defect

from . import (
    apcv,
    cards,
    cda_documents,
    datamatrix,
    dmp_calls,
    dmp_lots,
    identity,
    insi,
    mom,
    mssante,
    prescription,
    psc,
    usability,
)
from .laboratory import play

DEFECTS: tuple[Defect, ...] = (
    *insi.DEFECTS,
    *identity.DEFECTS,
    *cards.DEFECTS,
    *psc.DEFECTS,
    *dmp_calls.DEFECTS,
    *dmp_lots.DEFECTS,
    *cda_documents.DEFECTS,
    *datamatrix.DEFECTS,
    *mssante.DEFECTS,
    *mom.DEFECTS,
    *apcv.DEFECTS,
    *prescription.DEFECTS,
    *usability.DEFECTS,
)

__all__ = ["DEFECTS", "play"]
