"""The administration of a running bench: plain HTTP on loopback, JSON, not journaled."""

from simulators.administration.server import Administration

__all__ = ["Administration"]
