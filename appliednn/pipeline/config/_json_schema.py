"""The format of a config as JSON Schema, for editors and other tools."""

from __future__ import annotations

from typing import Any

from appliednn.pipeline.config._agent_schema import AgentRunConfig
from appliednn.pipeline.config._metrics import REINFORCEMENT, TASKS
from appliednn.pipeline.config._schema import RunConfig

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a config.

    An editor with it completes keys and names; what one section must know of another is checked
    by ``appliednn validate`` alone. Rows and an environment exclude each other: which of the two
    a config needs hangs on its task.

    Examples
    --------
    >>> sorted(json_schema()["required"])
    ['model', 'name', 'task', 'version']
    """
    rows, agent = RunConfig.model_json_schema(), AgentRunConfig.model_json_schema()
    mine, theirs = rows["properties"], agent["properties"]
    both = {key: mine[key] for key in mine if mine[key] == theirs.get(key)}
    either = {k: {"anyOf": [mine[k], theirs[k]]} for k in mine if k in theirs and k not in both}
    task = {"description": mine["task"]["description"], "enum": [*TASKS, REINFORCEMENT]}
    return {
        "$schema": DIALECT,
        "$defs": {**agent["$defs"], **rows["$defs"]},
        "type": "object",
        "additionalProperties": False,
        "properties": {**mine, **theirs, **either, "task": task},
        "required": sorted(set(rows["required"]) & set(agent["required"])),
        "if": {"properties": {"task": {"const": REINFORCEMENT}}},
        "then": _narrowed(theirs, mine, agent["required"]),
        "else": {**_narrowed(mine, theirs, rows["required"]), **_target_needed()},
        "title": "appliednn run",
    }


def _narrowed(own: dict[str, Any], other: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """Return what a config of one kind adds: its own sections, and none of the other kind's."""
    foreign: dict[str, Any] = {key: False for key in other if key not in own}
    differ = {key: own[key] for key in own if key in other and own[key] != other[key]}
    return {"properties": {**differ, **foreign}, "required": required}


def _target_needed() -> dict[str, Any]:
    """Return the rule that only a search for anomalies does without a target."""
    return {
        "if": {"properties": {"task": {"enum": [t for t in TASKS if t != "anomaly"]}}},
        "then": {"properties": {"data": {"required": ["target"]}}},
    }
