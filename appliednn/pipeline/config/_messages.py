"""Pydantic's errors in the words of a config: what was given, what was expected, where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic_core import ErrorDetails

from appliednn.pipeline.config._document import Document
from appliednn.pipeline.config._problems import Problem, closest
from appliednn.pipeline.config._shape import Spot, follow, tag_of
from appliednn.pipeline.config._yaml import Path
from appliednn.pipeline.registry._entries import ESTIMATORS

_EXPECTED: dict[str, str] = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "whole_number": "a number with a decimal point",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "list_type": "a list",
    "dict_type": "a mapping",
    "none_required": "null",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "letters, digits, '.', '_' and '-' only",
    "literal_error": "{expected}",
}
_QUOTED = re.compile(r"'([^']*)'")
_BOOLEAN_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}  # YAML 1.1
_MANY = 12


def problems(document: Document, errors: Iterable[ErrorDetails], data: Any) -> list[Problem]:
    """Return the problems behind pydantic's errors, one for each place.

    Parameters
    ----------
    document : Document
        For places, and for values as they were written (a secret is never printed).
    errors : iterable of ErrorDetails
        ``ValidationError.errors(include_url=False)``.
    data : dict
        The values that were validated.

    Notes
    -----
    A value that already has a problem (an environment variable that is not set) gets no second.
    """
    unfilled = {problem.path for problem in document.problems}
    grouped: dict[Path, list[tuple[ErrorDetails, Spot]]] = {}
    for error in errors:
        spot = follow(error["loc"], data)
        grouped.setdefault(spot.path, []).append((error, spot))
    deeper = {path[:end] for path in grouped for end in range(len(path))}
    found = []
    for path, group in grouped.items():
        kept = [
            (e, s) for e, s in group if path not in deeper or e["type"] not in _EXPECTED
        ]  # a union reports each branch: the one that got further inside says more
        if kept and ".".join(map(str, path)) not in unfilled:
            found.append(_one(document, path, kept))
    return _without_echo(found)


def _one(document: Document, path: Path, group: list[tuple[ErrorDetails, Spot]]) -> Problem:
    for error, spot in group:
        special = _SPECIAL.get(error["type"])
        if special:
            return special(document, path, error, spot)
        if error["type"] not in _EXPECTED and error["type"] != "unknown_name":
            return document.problem(path, error["msg"])
    value = document.value(path)
    errors = [error for error, _ in group]
    near = closest(value, _options(errors)) if isinstance(value, str) else None
    if isinstance(value, str) and any(error["type"] == "bool_type" for error in errors):
        near = _BOOLEAN_WORDS.get(value.lower(), near)
    return document.problem(path, f"expected {expectation(errors)}, got {shown(value)}", near)


def expectation(errors: Iterable[ErrorDetails]) -> str:
    """Return what was expected: the alternatives of all errors of one value."""
    phrases = (_phrase(error["type"], error) for error in errors)
    return " or ".join(dict.fromkeys(phrases))


def _phrase(kind: str, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if kind != "unknown_name":
        return _EXPECTED[kind].format(**context) if kind in _EXPECTED else error["msg"]
    options = context["options"]
    few = f" ({', '.join(options)})" if len(options) <= _MANY else ""
    return f"a known {context['what']}{few}"


def _options(errors: Iterable[ErrorDetails]) -> list[str]:
    options: list[str] = []
    for error in errors:
        if error["type"] == "unknown_name":
            options += error["ctx"]["options"]
        elif error["type"] == "literal_error":
            options += _QUOTED.findall(error["ctx"]["expected"])
    return options


def _missing(document: Document, path: Path, error: ErrorDetails, spot: Spot) -> Problem:
    place = document.problem(path[:-1], "", at_key=True)
    dotted = ".".join(map(str, path))
    return Problem(place.file, place.line, place.column, dotted, "is required")


def _extra(document: Document, path: Path, error: ErrorDetails, spot: Spot) -> Problem:
    parent = follow(error["loc"][:-1], document.data)
    model = parent.models[0] if parent.models else None
    known = [name for name in (model.model_fields if model else ()) if name != "type"]
    near = closest(path[-1], known)
    tag = tag_of(model) if model else None
    message = f"unknown key of {tag}" if tag else "unknown key"
    if not near:
        few = len(known) <= _MANY
        takes = (", ".join(known) or "no further keys") if few else "other keys"
        message += f"; it takes {takes}" if few else ""
    return document.problem(path, message, near, at_key=True)


def _bad_tag(document: Document, path: Path, error: ErrorDetails, spot: Spot) -> Problem:
    tags = _QUOTED.findall(error["ctx"]["expected_tags"])
    task = document.value(("task",))
    # models of other tasks are no help; other lists of types know no tasks
    tags = [tag for tag in tags if tag in ESTIMATORS and task in ESTIMATORS[tag].tasks] or tags
    path = (*path, "type")
    value = document.value(path)
    message = f"expected one of {', '.join(tags)}, got {shown(value)}"
    return document.problem(path, message, closest(value, tags))


def _no_tag(document: Document, path: Path, error: ErrorDetails, spot: Spot) -> Problem:
    tags = [str(tag_of(model)) for model in spot.models]
    for key in document.value(path) or ():
        if closest(key, ["type"]):
            return document.problem((*path, key), "unknown key", "type", at_key=True)
    problem = document.problem(path, "", at_key=True)
    dotted = ".".join(map(str, (*path, "type")))
    message = f"is required; one of {', '.join(tags)}"
    return Problem(problem.file, problem.line, problem.column, dotted, message)


def _bad_key(document: Document, path: Path, error: ErrorDetails, spot: Spot) -> Problem:
    return document.problem(path, "a key must be a word here", at_key=True)


def _bad_length(document: Document, path: Path, error: ErrorDetails, spot: Spot) -> Problem:
    least = error["ctx"].get("min_length", 1)
    return document.problem(path, f"expected at least {least} item{'s' * (least > 1)}, got none")


_SPECIAL: dict[str, Callable[[Document, Path, ErrorDetails, Spot], Problem]] = {
    "missing": _missing,
    "extra_forbidden": _extra,
    "union_tag_invalid": _bad_tag,
    "union_tag_not_found": _no_tag,
    "invalid_key": _bad_key,
    "too_short": _bad_length,
}


def _without_echo(found: list[Problem]) -> list[Problem]:
    """Drop "is required" where the key stands there misspelt and was suggested."""
    guessed = {
        (p.path.rpartition(".")[0], p.suggestion)
        for p in found
        if p.suggestion and p.message.startswith("unknown key")
    }
    return [
        p
        for p in found
        if p.message != "is required" or (p.path.rpartition(".")[::2]) not in guessed
    ]


def shown(value: Any) -> str:
    """Return a value as a message shows it.

    Examples
    --------
    >>> shown(True), shown([1, 2]), shown("a" * 60)
    ('true', 'a list', "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'")
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, str) and len(value) > 40:
        value = value[:37] + "..."
    return repr(value)
