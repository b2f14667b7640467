"""Finding the simulators: a name, its package, its class."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from typing import Any

from simulators.errors import UnknownServiceError
from simulators.kernel import Kernel, Service

KNOWN = ("psc", "insi", "dmp", "mssante", "cards", "prescription", "apcv")
"""Services a whole bench runs, in the order in which they start."""

ServiceClass = Any
"""A class that implements :class:`simulators.kernel.Service`, built with its kernel."""


def service_class(name: str) -> ServiceClass:
    """The class of a service by its name; raises UnknownServiceError.

    It is the class of ``simulators/<name>/server.py`` whose ``name`` is that name.
    """
    module_name = f"simulators.{name}.server"
    if not name.isidentifier() or not _exists(f"simulators.{name}", module_name):
        raise UnknownServiceError(
            f"Service inconnu : « {name} ». Services de ce banc : {', '.join(available())}."
        )
    module = importlib.import_module(module_name)
    for candidate in vars(module).values():
        ours = inspect.isclass(candidate) and candidate.__module__ == module_name
        if ours and getattr(candidate, "name", None) == name:
            return candidate
    raise UnknownServiceError(f"{module_name} ne contient pas le service « {name} ».")


def available() -> tuple[str, ...]:
    """The services of this installation."""
    return tuple(n for n in KNOWN if _exists(f"simulators.{n}", f"simulators.{n}.server"))


def build(asked: str | ServiceClass, kernel: Kernel) -> Service:
    """A service from its name or its class."""
    made = service_class(asked) if isinstance(asked, str) else asked
    return made(kernel)


def _exists(package: str, module: str) -> bool:
    if importlib.util.find_spec(package) is None:
        return False
    return importlib.util.find_spec(module) is not None
