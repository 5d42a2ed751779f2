"""Checks parameter values that stand outside the model section: searched ones, a resampler's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import ValidationError

from appliednn.pipeline.config._messages import expectation, shown
from appliednn.pipeline.config._problems import closest
from appliednn.pipeline.config._section_types import ModelSection, from_table
from appliednn.pipeline.registry._tables import parameters

Path = tuple[Any, ...]


def value_problem(model: type[ModelSection], name: str, value: Any) -> str | None:
    """Return why ``model`` does not take ``value`` for its parameter ``name``, None if it does.

    Examples
    --------
    >>> from appliednn.pipeline.config._models import MODELS
    >>> value_problem(MODELS["Ridge"], "alpha", -1.0)
    'expected a list or a number of at least 0, got -1.0'
    """
    errors = [e for e in _errors(model, {name: value}) if e["loc"][:1] == (name,)]
    return f"expected {expectation(errors)}, got {shown(value)}" if errors else None


def sampler_problems(name: str, params: dict[str, Any]) -> Iterator[tuple[Path, str, str | None]]:
    """Yield path, message and suggestion for each parameter that resampler ``name`` refuses.

    A parameter it requires (the categorical columns of SMOTENC) is filled in by the run.
    """
    model = _sampler_model(name)
    errors = _errors(model, params)
    for key in dict.fromkeys(e["loc"][0] for e in errors if e["loc"]):
        own = [e for e in errors if e["loc"][0] == key]
        kinds = {e["type"] for e in own}
        if kinds == {"missing"}:
            continue
        if kinds <= {"extra_forbidden", "invalid_key"}:
            known = list(model.model_fields)
            message = f"{name} has no such parameter; it takes {', '.join(known)}"
            yield (key,), message, closest(key, known)
        else:
            yield (key,), f"expected {expectation(own)}, got {shown(params[key])}", None


@cache
def _sampler_model(name: str) -> type[ModelSection]:
    return from_table(name, parameters(name))


def _errors(model: type[ModelSection], values: dict[str, Any]) -> list:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return []
