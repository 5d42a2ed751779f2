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

from appliednn.pipeline.config._section_types import ModelSection, from_table, json_of
from appliednn.pipeline.registry._entries import ESTIMATORS
from appliednn.pipeline.registry._tables import parameters, summary

_BAGS = "Train so many networks, each on all folds but one, and average them; null: one network."
_BAGS_TABLE = {
    "n_bags": {
        "any_of": [{"type": "integer", "minimum": 2}, {"type": "null"}],
        "default": None,
        "text": _BAGS,
    }
}


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


def table_of(name: str) -> dict[str, dict[str, Any]]:
    """Return the keys of an estimator's section: its parameters, and whether it is bagged."""
    own = parameters(name)
    bagged = ESTIMATORS[name].module == "appliednn.tabular"
    return {**own, **_BAGS_TABLE} if bagged else own


@cache
def _model(name: str) -> type[ModelSection]:
    return from_table(name, table_of(name), type=(Literal[name], ...), doc=summary(name))


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
    table = table_of(name)
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
        },
    }


ModelConfig = Annotated[ModelSection, ByType(), Field(description="The estimator.")]
