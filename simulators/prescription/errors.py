"""Error catalogue of the ordonnance numérique.

No real code was ever seen: all are ours, hors spécification. Those from
EP-P-001 to EP-P-011 are the placeholders of the sheet (e-prescription.md §13),
those from EP-P-012 on were added with the simulator. Subcodes ``siram_…`` are
those of the teleservices of the same family (ins-insi.md §2.13), by analogy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FUNCTIONAL, TECHNICAL, ACCESS = "siram_10", "siram_40", "siram_50"
_STATUSES = {FUNCTIONAL: 422, TECHNICAL: 503, ACCESS: 401}


@dataclass(frozen=True, slots=True)
class ServiceError:
    """One entry: what both wires answer. ``status`` is of HTTP on a JSON wire."""

    code: str
    text: str
    subcode: str = FUNCTIONAL
    http: int | None = None
    hors_specification: bool = True

    @property
    def technical(self) -> bool:
        """True when the caller may try again later; it cannot know what was done."""
        return self.subcode == TECHNICAL

    @property
    def status(self) -> int:
        """Status of the answer on a JSON wire."""
        return self.http or _STATUSES[self.subcode]


class RefusedError(Exception):
    """The service does not do what is asked; ``detail`` tells of this call."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.error = CATALOGUE.get(code) or ServiceError(code, "Demande refusée.")
        self.detail = detail

    @property
    def text(self) -> str:
        """The sentence answered."""
        return f"{self.error.text} {self.detail}".strip()


_ALL = (
    ServiceError("EP-P-001", "Ce numéro d'ordonnance est déjà utilisé.", http=409),
    ServiceError("EP-P-002", "Le numéro d'ordonnance est mal formé ou sa date est refusée."),
    ServiceError("EP-P-003", "Le prescripteur n'est pas le professionnel authentifié.", ACCESS,
                 http=403),
    ServiceError("EP-P-004", "Le numéro AM et le FINESS du professionnel sont absents."),
    ServiceError("EP-P-005", "Le nom de famille du patient est absent ou dépasse 100 caractères."),
    ServiceError("EP-P-006", "L'ordonnance n'a aucune ligne, ou ses lignes sont mal numérotées."),
    ServiceError("EP-P-007", "Cette ordonnance est inconnue.", http=404),
    ServiceError("EP-P-008", "Le patient s'oppose à la consultation de ce qui a été délivré.",
                 http=403),
    ServiceError("EP-P-009", "Une ordonnance exécutée ne s'annule plus.", http=409),
    ServiceError("EP-P-010", "Cette profession ne prescrit pas ce type de ligne.", http=403),
    ServiceError("EP-P-011", "Ce produit n'est pas ou plus référencé."),
    ServiceError("EP-P-012", "L'exécution dépasse ce qui est prescrit.", http=409),
    ServiceError("EP-P-013", "L'exécution est incomplète ou incohérente."),
    ServiceError("EP-P-014", "Cette ordonnance est annulée.", http=409),
    ServiceError("EP-P-015", "Cette ordonnance n'est plus valable.", http=409),
    ServiceError("EP-P-016", "Cette ligne n'existe pas dans l'ordonnance."),
    ServiceError("EP-P-017", "La recherche n'a pas de critère lisible."),
    ServiceError("EP-P-018", "Cette ordonnance est d'un autre prescripteur.", ACCESS, http=403),
    ServiceError("EP-P-019", "Une exécution est transmise par un exécutant.", ACCESS, http=403),
    ServiceError("EP-P-020", "L'appelant n'est pas authentifié.", ACCESS),
    ServiceError("EP-P-021", "L'assertion ou le jeton présenté est refusé.", ACCESS),
    ServiceError("EP-P-022", "L'INS du patient est exigée."),
    ServiceError("EP-P-030", "Le message n'est pas lisible.", http=400),
    ServiceError("EP-P-031", "Cette opération n'existe pas à cette adresse.", http=404),
    ServiceError("EP-P-040", "Le service est temporairement indisponible.", TECHNICAL),
)  # fmt: skip

CATALOGUE: Mapping[str, ServiceError] = {error.code: error for error in _ALL}

WITHDRAWN = "EP-P-011"
"""Always a warning beside a success, never a refusal."""
