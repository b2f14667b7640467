"""Proof that an adapter loses nothing: what it writes of every key, it reads back.

Each message is filled with every key that the model has; the first that does not
come back is named, for two paths that meet are seen by nobody until a product fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from lxml import etree

from rules.formats.adapter_wire import SOAP, Adapter, Operation
from rules.formats.keyed import DATE, INSTANT, KeyedError, Part, parts, read, write
from rules.formats.keyed_paths import Paths
from rules.formats.prescription_messages import MESSAGES
from rules.formats.spellings import SpellingError
from rules.formats.xml_tree import element_of, tree_of

_DAY, _AT = "2026-03-12", "2026-03-12T10:21:00+01:00"


def first_loss(adapter: Adapter) -> str | None:
    """Which key is lost, and what to do, in French; None when none is."""
    for operation in adapter.operations:
        if operation.lines or operation.text or operation.method == "GET":
            continue
        asked, answered = MESSAGES[operation.name]
        for paths, cls, element in (
            (operation.asks, asked, operation.request),
            (operation.answers, answered, operation.answer),
        ):
            found = _loss(adapter, operation, paths, cls, element)
            if found is not None:
                return found
    return None


def _loss(
    adapter: Adapter, operation: Operation, paths: Paths, cls: type, element: str
) -> str | None:
    sample = {**_sample(cls, _counter()), **(operation.when or {})}
    try:
        tree = paths.written(sample)
        if adapter.form == SOAP:
            made = etree.fromstring(etree.tostring(element_of(element, tree, adapter.names)))
            tree = tree_of(made, adapter.names)
        back = write(read(cls, paths.read(tree)))
    except SpellingError as error:
        return f"{operation.name} : « {error.place} » ne se relit pas : {error}."
    except KeyedError as error:
        return f"{operation.name} : « {error.place} » ne se relit pas ; {_WHY}"
    except (ValueError, TypeError, AttributeError) as error:
        return f"{operation.name} : un nom d'élément ou un chemin n'est pas du XML ({error})."
    lost = next(_differences(write(read(cls, sample)), back, ""), None)
    return None if lost is None else f"{operation.name} : « {lost} » ne se relit pas ; {_WHY}"


_WHY = (
    "deux clés écrivent au même endroit, ou un chemin passe par une clé qui n'en a pas : donner "
    "dans [cles] un chemin propre à chacune."
)


def _differences(sent: object, back: object, place: str) -> Iterator[str]:
    if isinstance(sent, Mapping) and isinstance(back, Mapping):
        told, read_back = cast("Mapping[str, Any]", sent), cast("Mapping[str, Any]", back)
        for key, value in told.items():
            yield from _differences(value, read_back.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(sent, list) and isinstance(back, list):
        held, found = cast("list[Any]", sent), cast("list[Any]", back)
        if len(held) != len(found):
            yield place
        for one, other in zip(held, found, strict=False):
            yield from _differences(one, other, place)
    elif sent != back:
        yield place


def _sample(cls: type, count: Iterator[int]) -> dict[str, Any]:
    return {
        part.key: [_value(part, count), _value(part, count)] if part.several
        else _value(part, count)
        for part in parts(cls)
    }  # fmt: skip


def _value(part: Part, count: Iterator[int]) -> Any:
    rank = next(count)
    if part.says in (DATE, INSTANT):
        return _DAY if part.says == DATE else _AT
    if part.holds is bool:
        return rank % 2 == 0
    if part.holds is int:
        return rank
    return f"t{rank}" if part.holds is str else _sample(part.holds, count)


def _counter() -> Iterator[int]:
    yield from range(1, 100_000)
