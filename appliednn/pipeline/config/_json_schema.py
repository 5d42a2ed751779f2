"""The format of a config as JSON Schema, for editors and other tools."""

from __future__ import annotations

from typing import Any

from appliednn.pipeline.config._metrics import TASKS
from appliednn.pipeline.config._schema import RunConfig

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a config.

    An editor with it completes keys and names; what one section must know of another is checked
    by ``appliednn validate`` alone.

    Examples
    --------
    >>> sorted(json_schema()["required"])
    ['data', 'model', 'name', 'task', 'version']
    """
    schema = RunConfig.model_json_schema()
    schema.pop("description", None)
    needed = {
        "if": {"properties": {"task": {"enum": [t for t in TASKS if t != "anomaly"]}}},
        "then": {"properties": {"data": {"required": ["target"]}}},
    }
    return {"$schema": DIALECT, **schema, **needed, "title": "appliednn run"}
