"""The OpenAPI document of the driver contract, made from its models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from reference_impl.contract import ErrorAnswer
from reference_impl.people import SoftwareIdentity

_REFERENCE = "#/components/schemas/{model}"


def describe(
    software: SoftwareIdentity, actions: Mapping[str, tuple[type[BaseModel], type[BaseModel]]]
) -> dict[str, Any]:
    """OpenAPI 3.1 of the actions, each with its models of parameters and of answer."""
    models = {model for pair in actions.values() for model in pair} | {ErrorAnswer}
    ordered = sorted(models, key=lambda model: model.__name__)
    references, definitions = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=_REFERENCE
    )
    schema = {model: references[model, "validation"] for model in ordered}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Gestes de {software.name}", "version": software.version},
        "paths": {
            f"/actions/{name}": {"post": _operation(name, schema[asked], schema[given], schema)}
            for name, (asked, given) in actions.items()
        },
        "components": {"schemas": definitions["$defs"]},
    }


def _operation(
    name: str,
    asked: Mapping[str, Any],
    given: Mapping[str, Any],
    schema: Mapping[type[BaseModel], Mapping[str, Any]],
) -> dict[str, Any]:
    error = {"description": "Geste empêché", "content": _json(schema[ErrorAnswer])}
    return {
        "operationId": name,
        "requestBody": {"required": True, "content": _json(asked)},
        "responses": {
            "200": {"description": "Résultat", "content": _json(given)},
            "400": error,
            "404": error,
            "409": error,
            "default": error,
        },
    }


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
