"""The exceptions of this package. Each carries one French sentence for a tester.

::

    SimulatorError
    ├── StoreError               the store cannot be opened (simulators.store)
    ├── PkiError                 unknown certificate, unreadable key cache
    ├── UnknownServiceError      no simulator of that name
    ├── AddressError             a port is taken or cannot be bound
    └── SettingsError            a setting or a seed that means nothing
"""

from __future__ import annotations


class SimulatorError(Exception):
    """Something the person who runs the bench can put right; never a wire error."""


class PkiError(SimulatorError):
    """A certificate nobody declared, or a key that cannot be kept."""


class UnknownServiceError(SimulatorError):
    """A service was asked for that this installation does not have."""


class AddressError(SimulatorError):
    """A listener cannot be bound where it was asked to be."""


class SettingsError(SimulatorError):
    """A setting contradicts another or the campaign already stored."""
