"""Errors a user may meet. Each prints one French sentence and gives an exit code.

BenchError
├── UsageError          2  the user asked for something that does not exist
└── BenchEnvironmentError 3  the machine, a port, the product cannot be reached
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line, stable (rule R-10)."""

    CONFORME = 0
    NON_CONFORME = 1
    USAGE = 2
    ENVIRONMENT = 3
    NOTHING_OBSERVED = 4


class BenchError(Exception):
    """A sentence for the user, and the exit code that goes with it."""

    exit_code: ExitCode = ExitCode.ENVIRONMENT


class UsageError(BenchError):
    """The command cannot mean what was typed."""

    exit_code = ExitCode.USAGE


class BenchEnvironmentError(BenchError):
    """Something outside the product under test prevents the campaign."""

    exit_code = ExitCode.ENVIRONMENT
