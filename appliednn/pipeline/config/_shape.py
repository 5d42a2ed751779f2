"""Follows a pydantic error location through the models and the document at the same time."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from appliednn.pipeline.config._agent_schema import root_model
from appliednn.pipeline.config._models import MODELS
from appliednn.pipeline.config._section_types import ModelSection
from appliednn.pipeline.config._yaml import Path


class Spot(NamedTuple):
    """Where a location leads: the path in the document, and the models that may stand there."""

    path: Path
    models: list[type[BaseModel]]


def follow(loc: tuple, data: Any) -> Spot:
    """Return where ``loc`` leads.

    Pydantic puts the tag of a union into a location (``split.random.test_size``), and the name of
    the branch it tried (``model.xla.bool``); neither is a key of the document.

    Examples
    --------
    >>> loc = ("split", "random", "test_size", "float")
    >>> follow(loc, {"split": {"type": "random", "test_size": "x"}}).path
    ('split', 'test_size')
    """
    hint: Any = root_model(data)
    path: Path = ()
    for item in loc:
        models = _models_at(hint, data)
        if len(models) > 1:
            hint = next((m for m in models if tag_of(m) == item), models[0])
            continue
        if models and not _has(data, item):
            if item not in models[0].model_fields and not isinstance(item, int):
                continue  # the branch of a union
        elif not models and not _has(data, item):
            continue
        path = (*path, item)
        hint = _step(hint, models, item)
        data = data[item] if _has(data, item) else None
    return Spot(path, _models_at(hint, data))


def _models_at(hint: Any, data: Any) -> list[type[BaseModel]]:
    """Return the models of a type; of an estimator's section the one it names, if it does."""
    if hint is ModelSection and isinstance(data, dict) and data.get("type") in tuple(MODELS):
        return [MODELS[data["type"]]]
    return models_of(hint)


def _has(data: Any, item: Any) -> bool:
    if isinstance(data, dict):
        return item in data
    return isinstance(data, list) and isinstance(item, int) and item < len(data)


def _step(hint: Any, models: list[type[BaseModel]], item: Any) -> Any:
    if models:
        field = models[0].model_fields.get(item)
        return None if field is None else field.annotation
    for part in _parts(hint):
        if get_origin(part) in (list, dict):
            return get_args(part)[-1]
    return None


def _parts(hint: Any) -> list[Any]:
    """Return the alternatives of a type, without ``Annotated``."""
    if get_origin(hint) is Annotated:
        return _parts(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return [part for arg in get_args(hint) for part in _parts(arg)]
    return [hint]


def element_of(hint: Any) -> Any:
    """Return the type of the items of a list; any other type as it is."""
    for part in _parts(hint):
        if get_origin(part) is list:
            return get_args(part)[0]
    return hint


def models_of(hint: Any) -> list[type[BaseModel]]:
    """Return the pydantic models among the alternatives of a type."""
    if hint is ModelSection:
        return list(MODELS.values())
    parts = _parts(hint)
    return [p for p in parts if isinstance(p, type) and issubclass(p, BaseModel)]


def tag_of(model: type[BaseModel]) -> str | None:
    """Return what ``type`` must be for this model, None if it has no such key."""
    field = model.model_fields.get("type")
    return get_args(field.annotation)[0] if field else None
