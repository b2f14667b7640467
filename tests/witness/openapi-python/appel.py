"""Calls each operation it is told of by a generated package, prints what came back as JSON.

Usage: python appel.py < parameters as JSON: paquet (its folder), adresse, ca, and appels
[{operation, chaine, cle, corps}]. Only what was generated is used: a function for each operation,
a class for each body and each answer.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import ssl
import sys
import typing
from pathlib import Path
from typing import Any

told: dict[str, Any] = json.load(sys.stdin)
folder = Path(told["paquet"])
sys.path.insert(0, str(folder.parent))
package = importlib.import_module(folder.name)
api = importlib.import_module(f"{folder.name}.api.default")
modules = {m.name.replace("_", ""): m.name for m in pkgutil.iter_modules(api.__path__)}


def client(call: dict[str, Any]) -> Any:
    """One that shows the certificate of this call."""
    context = ssl.create_default_context(cafile=told["ca"])
    context.load_cert_chain(call["chaine"], call["cle"])
    options = {"trust_env": False}
    return package.Client(told["adresse"], verify_ssl=context, timeout=20, httpx_args=options)


def unknown(parsed: Any, place: str = "") -> list[str]:
    """Keys of an answer that no generated class names."""
    if isinstance(parsed, list):
        return [key for each in parsed for key in unknown(each, place)]
    if not hasattr(parsed, "additional_properties"):
        return []
    fields = [a.name for a in type(parsed).__attrs_attrs__ if a.name != "additional_properties"]
    below = (unknown(getattr(parsed, name), f"{place}{name}.") for name in fields)
    own = [f"{place}{key}" for key in parsed.additional_properties]
    return own + [key for keys in below for key in keys]


def body_of(hint: Any, written: dict[str, Any]) -> Any:
    """The body as its class reads it; of several, the first that has all it demands."""
    *others, last = [
        each for each in typing.get_args(hint) or (hint,) if hasattr(each, "from_dict")
    ]
    for kind in others:
        try:
            return kind.from_dict(written)
        except (KeyError, TypeError, ValueError):
            continue
    return last.from_dict(written)


def made(call: dict[str, Any]) -> dict[str, Any]:
    """Call once; what the generated code understood of the answer."""
    name = modules[call["operation"].replace("_", "").lower()]
    function = importlib.import_module(f"{api.__name__}.{name}").sync_detailed
    options = {"client": client(call)}
    if call.get("corps") is not None:
        options["body"] = body_of(typing.get_type_hints(function)["body"], call["corps"])
    answer = function(**options)
    return {
        "statut": int(answer.status_code),
        "classe": type(answer.parsed).__name__,
        "corps": answer.parsed.to_dict() if hasattr(answer.parsed, "to_dict") else answer.parsed,
        "inconnus": unknown(answer.parsed),
    }


answers = [made(call) for call in told["appels"]]
print(json.dumps({"operations": sorted(modules), "reponses": answers}))
