"""The section ``model``: one pydantic model for each estimator of the registry, made when asked.

A config names one estimator, the registry knows many: only the model that is needed is built, and
the JSON Schema of all is written from the registry's table, so that a config is read as quickly
however many estimators there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticKnownError, core_schema

from appliednn.pipeline.config._section_types import (
    ModelSection,
    NetworkSection,
    from_table,
    json_of,
)
from appliednn.pipeline.registry._entries import ESTIMATORS
from appliednn.pipeline.registry._tables import parameters, summary


class _Models(Mapping[str, type[ModelSection]]):
    """Registered name -> pydantic model, built at first use."""

    def __getitem__(self, name: str) -> type[ModelSection]:
        if name not in ESTIMATORS:
            raise KeyError(name)
        return _model(name)

    def __iter__(self) -> Iterator[str]:
        return iter(ESTIMATORS)

    def __len__(self) -> int:
        return len(ESTIMATORS)


MODELS = _Models()


@cache
def _model(name: str) -> type[ModelSection]:
    kind = Literal[name]
    return from_table(name, parameters(name), _base(name), type=(kind, ...), doc=summary(name))


def _base(name: str) -> type[ModelSection]:
    return NetworkSection if ESTIMATORS[name].module == "appliednn.tabular" else ModelSection


class ByType:
    """Validates a mapping by the model that its key ``type`` names."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Leave the choice of the model to the moment of validation."""
        return core_schema.no_info_plain_validator_function(_validated)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the alternatives, from the registry's table."""
        return {"oneOf": [_json_schema(name) for name in ESTIMATORS]}


def _validated(value: Any) -> ModelSection:
    if isinstance(value, ModelSection):
        return value
    if not isinstance(value, dict):
        raise PydanticKnownError("model_attributes_type")
    if "type" not in value:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'type'"})
    if not isinstance(value["type"], str) or value["type"] not in MODELS:
        expected = ", ".join(map(repr, MODELS))
        said = {"discriminator": "'type'", "tag": str(value["type"]), "expected_tags": expected}
        raise PydanticKnownError("union_tag_invalid", said)
    return MODELS[value["type"]].model_validate(value)


def _json_schema(name: str) -> dict[str, Any]:
    table, base = parameters(name), _base(name).model_json_schema()
    required = [key for key, spec in table.items() if spec.get("required")]
    return {
        "type": "object",
        "title": name,
        "description": summary(name),
        "additionalProperties": False,
        "required": ["type", *required],
        "properties": {
            "type": {"const": name, "type": "string"},
            **{key: json_of(spec) for key, spec in table.items()},
            **base["properties"],
        },
    }


ModelConfig = Annotated[ModelSection, ByType(), Field(description="The estimator.")]
