"""Bodies that the administration accepts, and how a wrong one is told in French."""

from __future__ import annotations

import json
from typing import Any, TypeVar, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from simulators.administration.errors import RefusedError

M = TypeVar("M", bound="Body")


class Body(BaseModel):
    """A JSON object whose every field is known."""

    model_config = ConfigDict(extra="forbid", strict=False)


class SeedBody(Body):
    """``PUT /seed``."""

    graine: int


class FreezeBody(Body):
    """``POST /clock/freeze``: at an instant, else now."""

    at: AwareDatetime | None = None


class SecondsBody(Body):
    """``POST /clock/advance`` and ``POST /clock/offset``."""

    seconds: float


class FaultBody(Body):
    """``POST /faults``: see :meth:`simulators.faults.Faults.add`."""

    service: str
    fault: str
    operation: str | None = None
    times: int | None = 1
    nth: int | None = None
    patient: str | None = None
    probability: float | None = None
    delay: float = 5.0


class MarkBody(Body):
    """``POST /marks``."""

    kind: str
    payload: dict[str, Any] = Field(default_factory=dict)


class StepBody(Body):
    """``PUT /step``: the scenario step now open, ``scenario#n``, or null."""

    step: str | None


def read_object(content: bytes) -> dict[str, Any]:
    """A JSON object; raises RefusedError."""
    try:
        value = json.loads(content or b"{}")
    except ValueError as error:
        raise RefusedError(400, "json", f"Le corps n'est pas du JSON : {error}.") from error
    if not isinstance(value, dict):
        raise RefusedError(400, "json", "Le corps doit être un objet JSON.")
    return cast("dict[str, Any]", value)


def read(model: type[M], content: bytes) -> M:
    """A body of a known shape; raises RefusedError that names the field."""
    try:
        return model.model_validate(read_object(content))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise RefusedError(422, "champ", _sentence(model, field, first), field) from error


def _sentence(model: type[Body], field: str, error: Any) -> str:
    known = ", ".join(model.model_fields)
    if error["type"] == "missing":
        return f"Il manque le champ « {field} »."
    if error["type"] == "extra_forbidden":
        return f"Champ inconnu : « {field} ». Champs admis : {known}."
    return f"La valeur du champ « {field} » n'est pas admise : {error['input']!r}."
