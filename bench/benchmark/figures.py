"""Arithmetic of the benchmark: medians, percentiles, ratios, and their JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of the values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("aucune valeur")
    rank = max(1, math.ceil(share * len(values)))
    return sorted(values)[rank - 1]


@dataclass(frozen=True, slots=True)
class Sample:
    """The results of several runs of one measure, in the order they were made."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("une mesure sans essai ne dit rien")

    @property
    def median(self) -> float:
        """Middle value."""
        return median(self.values)

    def to_json(self) -> dict[str, Any]:
        """Median, bounds and every run."""
        return {
            "mediane": self.median,
            "minimum": min(self.values),
            "maximum": max(self.values),
            "essais": list(self.values),
        }


@dataclass(frozen=True, slots=True)
class Peer:
    """Another server, given the same octets by the same clients in the same run."""

    name: str
    sample: Sample
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A target of ``specs/bench.md``: indicative, it was measured on another machine."""

    id: str
    bound: float
    at_most: bool

    def met(self, value: float) -> bool:
        """Whether a median is within the bound."""
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the benchmark.

    ``p99`` is given for round trips, whose sample is that of single calls.
    """

    id: str
    label: str
    unit: str
    sample: Sample
    peers: tuple[Peer, ...] = ()
    target: Target | None = None
    p99: float | None = None
    remark: str = ""

    def ratio(self, peer: Peer) -> float | None:
        """Ours over theirs: median of the ratios of runs made one after the other.

        None when the peer measured zero.
        """
        ours, theirs = self.sample.values, peer.sample.values
        if len(ours) == len(theirs) and all(theirs):
            return median(a / b for a, b in zip(ours, theirs, strict=True))
        return self.sample.median / peer.sample.median if peer.sample.median else None

    def to_json(self) -> dict[str, Any]:
        """A JSON object; fields are French like those of the reports."""
        return {
            "id": self.id,
            "libelle": self.label,
            "unite": self.unit,
            **self.sample.to_json(),
            "p99": self.p99,
            "cible": self._target(),
            "temoins": [
                {
                    "nom": peer.name,
                    **peer.sample.to_json(),
                    "rapport": self.ratio(peer),
                    "precision": peer.remark,
                }
                for peer in self.peers
            ],
            "precision": self.remark,
        }

    def _target(self) -> dict[str, Any] | None:
        if self.target is None:
            return None
        return {
            "id": self.target.id,
            "borne": self.target.bound,
            "sens": "au plus" if self.target.at_most else "au moins",
            "tenue": self.target.met(self.sample.median),
        }


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Everything one run of the benchmark measured, on which machine."""

    figures: tuple[Figure, ...]
    machine: dict[str, Any]
    counts: dict[str, int]
    remarks: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The object printed by ``--json``."""
        return {
            "machine": self.machine,
            "comptes": self.counts,
            "mesures": [figure.to_json() for figure in self.figures],
            "remarques": list(self.remarks),
        }
