"""The JSON Schema of ``report.json``."""

from __future__ import annotations

import json
from importlib.resources import files


def report_schema() -> dict:
    """Return the JSON Schema (draft 2020-12) that every ``report.json`` meets.

    Returns
    -------
    dict
        A new one each time.

    Examples
    --------
    >>> report_schema()["title"]
    'Audit report'
    """
    text = files("appliednn.audit.report").joinpath("report.schema.json").read_text("utf-8")
    return json.loads(text)
