"""What a document of an ordonnance is made from: kept as text, written again when needed.

A document that never left is written again when the identity changes: all that it says,
but for the patient's identity, is therefore in the text of its :class:`Document`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from reference_impl.documents import code2d, codes
from reference_impl.errors import InvalidRequestError
from reference_impl.people import Patient
from reference_impl.prescriptions.model import DEVICE, DRUG, Ordonnance

HEALTH_PRODUCT_TITLE = "Prescription de médicaments et/ou de dispositifs médicaux"
"""Title of the structured document, fixed by its model."""
_ACTS = {
    "acteBiologieMedicale": "PRESC-BIO",
    "acteKinesitherapie": "PRESC-KINE",
    "acteInfirmier": "PRESC-INF",
    "actePedicurie": "PRESC-PEDI",
    "acteOrthophonie": "PRESC-ORTHOPHO",
    "acteOrthoptie": "PRESC-ORTHOPTIE",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """An ordonnance as one document says it.

    ``structured`` is the eP-MED-DM (N3), else a PDF (N1). ``registered`` says that the
    service holds it: no other carries a number and a Code 2D (PRESC.03, PRESC.04).
    """

    ordonnance: Ordonnance
    structured: bool
    registered: bool

    @property
    def number(self) -> str | None:
        """The number that may be shown."""
        return self.ordonnance.number if self.registered else None

    def code_2d(self, patient: Patient) -> str | None:
        """The text of the Code 2D that may be shown."""
        if not self.registered:
            return None
        return code2d.write_text(self.ordonnance, patient.traits)

    def to_text(self) -> str:
        """JSON, for :attr:`Document.text`."""
        return json.dumps(
            {
                "structure": self.structured,
                "enregistree": self.registered,
                "ordonnance": self.ordonnance.to_json(),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_text(cls, text: str) -> Paper:
        """Read :meth:`to_text`.

        Raises InvalidRequestError for any other text: an ordonnance is no letter.
        """
        try:
            held = json.loads(text)
            ordonnance = Ordonnance.from_json(held["ordonnance"])
            return cls(ordonnance, bool(held["structure"]), bool(held["enregistree"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidRequestError(
                "ORDONNANCE_NON_STRUCTUREE",
                "Une ordonnance s’écrit ligne par ligne : créez-la comme telle, non comme un "
                "courrier.",
                "type",
            ) from error


def type_code(ordonnance: Ordonnance) -> str:
    """The typeCode of the documents of an ordonnance."""
    kinds = {line.kind or DRUG for line in ordonnance.lines}
    only = next(iter(kinds)) if len(kinds) == 1 else DRUG
    return _ACTS.get(only, codes.HEALTH_PRODUCTS.type.code)


def structurable(ordonnance: Ordonnance) -> bool:
    """Whether the eP-MED-DM can say it: acts alone have no structured document."""
    return any((line.kind or DRUG) in (DRUG, DEVICE) for line in ordonnance.lines)


def title(ordonnance: Ordonnance, *, structured: bool) -> str:
    """The title of a document."""
    if structured:
        return HEALTH_PRODUCT_TITLE
    day = ordonnance.day
    return f"Ordonnance du {day:%d/%m/%Y}" if day else "Ordonnance"
