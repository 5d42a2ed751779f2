"""Keys of a section in words, for people at a terminal."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from appliednn.core.errors import UsageError
from appliednn.pipeline.config._agent_schema import AgentRunConfig
from appliednn.pipeline.config._metrics import REINFORCEMENT
from appliednn.pipeline.config._problems import closest
from appliednn.pipeline.config._schema import RunConfig
from appliednn.pipeline.config._shape import element_of, models_of, tag_of

_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
_MANY = 8
_WIDE = 26


def describe(path: str = "") -> list[str]:
    r"""Return the keys at a place of the config, one line each: name, values, default, meaning.

    Parameters
    ----------
    path : str
        Dotted keys, with the name of a type where there are several (``"model.Ridge"``,
        ``"search.random"``); empty for the whole config; ``"reinforcement"``, and below it
        ``"reinforcement.robustness"``, for that of an agent.

    Raises
    ------
    UsageError
        If there is no such place; the message lists what there is.

    Examples
    --------
    >>> print(*describe("calibration.temperature"), sep="\n")
    One number that softens or sharpens all probabilities (Guo et al. 2017).
      type      'temperature'    required
      fraction  number > 0, < 1  0.2       Share of training rows kept for it.
    """
    models = _find([part for part in path.split(".") if part])
    if len(models) > 1:
        lines = [f"{path}: one of these types; see `appliednn schema {path}.TYPE`"]
        width = max(len(str(tag_of(model))) for model in models)
        return lines + [f"  {tag_of(m)!s:{width}}  {_summary(m)}" for m in models]
    model = models[0]
    return [_summary(model), *_table(model)]


def _table(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema()
    required = schema.get("required", [])
    rows = []
    for name, spec in schema["properties"].items():
        default = "required" if name in required else _plain(spec.get("default", ""))
        values, text = _values(spec, schema.get("$defs", {})), spec.get("description", "")
        if len(values) > _WIDE:
            values, text = "...", f"{text} [{values}]".strip()
        rows.append((name, values, default, text))
    rows.sort(key=lambda row: row[0] != "type")
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = (
        "  ".join(f"{cell:{w}}" for cell, w in zip(row, [*widths, 0], strict=True)) for row in rows
    )
    return [f"  {line}".rstrip() for line in lines]


def _find(parts: list[str]) -> list[type[BaseModel]]:
    models, parts = _root(parts)
    for i, part in enumerate(parts):
        by_tag = {tag_of(m): m for m in models}
        if len(models) > 1 and part in by_tag:
            models = [by_tag[part]]
            continue
        fields = models[0].model_fields if len(models) == 1 else {}
        found = models_of(element_of(fields[part].annotation)) if part in fields else []
        if not found:
            _refuse(parts[:i], part, models, fields)
        models = found
    return models


def _root(parts: list[str]) -> tuple[list[type[BaseModel]], list[str]]:
    """Return the model of a whole config that a place is in: of rows, or of an environment."""
    if parts and parts[0] == REINFORCEMENT:
        return [AgentRunConfig], parts[1:]
    own = parts and parts[0] in AgentRunConfig.model_fields.keys() - RunConfig.model_fields.keys()
    return [AgentRunConfig if own else RunConfig], parts


def _refuse(before: list[str], part: str, models: list[type[BaseModel]], fields: Any) -> None:
    several = len(models) > 1
    known = [str(tag_of(m)) for m in models] if several else list(fields)
    sections = (
        known if several else [k for k in known if models_of(element_of(fields[k].annotation))]
    )
    near = closest(part, sections)
    hint = f"; did you mean {near!r}?" if near else ""
    where = ".".join(before) or "the config"
    if part in fields:
        command = " ".join(["appliednn schema", *before])
        raise UsageError(f"{part!r} of {where} is a single value; see `{command}`")
    raise UsageError(f"{where} has no {part!r}; expected one of {', '.join(sections)}{hint}")


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n")[0].replace("``", "")


def _values(spec: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return what a value may be, from its JSON Schema."""
    if "const" in spec:
        return repr(spec["const"])
    if "enum" in spec:
        shown = ", ".join(map(str, spec["enum"][:_MANY]))
        return shown + (", ..." if len(spec["enum"]) > _MANY else "")
    if "$ref" in spec:
        return _values(definitions[spec["$ref"].rpartition("/")[2]], definitions)
    if "oneOf" in spec:
        return "section"
    if "anyOf" in spec:
        return " | ".join(_values(part, definitions) for part in spec["anyOf"])
    kind = spec.get("type", "anything")
    if kind == "array":
        items = spec.get("items", {})
        return f"list of {_values(items, definitions)}" if items else "list"
    if kind == "object":
        return "section" if "properties" in spec else "mapping"
    bounds = ", ".join(f"{op} {spec[key]:g}" for key, op in _BOUNDS.items() if key in spec)
    return f"{kind} {bounds}".strip()


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return value.get("type", "defaults")
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
