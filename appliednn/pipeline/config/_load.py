"""Reads a config: text, overrides, environment, validation, checks between sections."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from appliednn.pipeline.config import (  # noqa: F401 (they register their checks)
    _agent_checks,
    _anomaly_checks,
    _text_checks,
)
from appliednn.pipeline.config._agent_schema import AgentRunConfig, root_model
from appliednn.pipeline.config._checks import run_checks
from appliednn.pipeline.config._document import Document, apply_overrides, read, substitute
from appliednn.pipeline.config._messages import problems
from appliednn.pipeline.config._problems import ConfigError
from appliednn.pipeline.config._schema import RunConfig

_STAND_IN = {
    "version": 1,
    "name": "stand-in",
    "task": "classification",
    "data": {"source": {"type": "dataset", "name": "stand-in"}, "target": "stand-in"},
    "model": {"type": "DummyClassifier"},
}
_AGENT_STAND_IN = {
    **{key: _STAND_IN[key] for key in ("version", "name", "model")},
    "task": "reinforcement",
    "env": {"id": "stand-in"},
}


@dataclass(frozen=True)
class LoadedConfig:
    """A config that was found to be right.

    Attributes
    ----------
    config : RunConfig or AgentRunConfig
        Validated, with defaults and with the environment filled in: it may hold secrets, so it
        is neither printed nor written to disk.
    text : str
        The file as it was written.
    path : pathlib.Path
        The file.
    base_dir : pathlib.Path
        Its folder; relative paths of the config start here.
    resolved : dict
        Every key with its value, defaults and overrides included; references to the environment
        stand as they were written. Safe to write to disk.
    overrides : tuple of str
        Overrides as given.
    """

    config: RunConfig | AgentRunConfig = field(repr=False)
    text: str = field(repr=False)
    path: Path
    base_dir: Path
    resolved: dict[str, Any] = field(repr=False)
    overrides: tuple[str, ...] = ()

    def resolve(self, path: str | os.PathLike) -> Path:
        """Return a path of the config as it is seen from the working folder."""
        return Path(os.path.normpath(self.base_dir / path))


def load_config(
    path: str | os.PathLike,
    overrides: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Read and check a config.

    Parameters
    ----------
    path : str or path
        YAML file.
    overrides : sequence of str
        ``"key.path=value"``, the value as YAML; applied in order.
    env : mapping of str to str, optional
        Where ``${env:NAME}`` is looked up; default: the process's environment.

    Returns
    -------
    LoadedConfig

    Raises
    ------
    ConfigError
        With everything that is wrong, each with its line and column.

    Examples
    --------
    >>> load_config("no-such.yaml")
    Traceback (most recent call last):
    ...
    appliednn.pipeline.config._problems.ConfigError: no-such.yaml: no such file
    """
    text, document = read(path)
    apply_overrides(document, overrides)
    values, written = substitute(document, os.environ if env is None else env)
    file = Path(path)
    config = _validate(document, values, file.parent)
    return LoadedConfig(
        config=config,
        text=text,
        path=file,
        base_dir=file.parent,
        resolved=_resolved(config, written),
        overrides=tuple(overrides),
    )


def _validate(
    document: Document, values: dict[str, Any], base_dir: Path
) -> RunConfig | AgentRunConfig:
    """Return the config, or raise all problems of the text, the sections and between them."""
    found = list(document.problems)
    broken: set[str] = set()
    root = root_model(values)
    try:
        config = root.model_validate(values)
    except ValidationError as error:
        # A default that follows from another key cannot be found while that key is wrong.
        errors = [
            e
            for e in error.errors(include_url=False, include_input=False)
            if e["type"] != "default_factory_not_called"
        ]
        found += problems(document, errors, values)
        broken = {str(e["loc"][0]) for e in errors if e["loc"]}
        usable = {k: values[k] for k in root.model_fields if k in values and k not in broken}
        gates = _gates(values.get("gates")) if "gates" in broken else None
        if gates is not None:
            usable["gates"] = gates
            broken.discard("gates")
        stand_in = _AGENT_STAND_IN if root is AgentRunConfig else _STAND_IN
        config = root.model_validate({**stand_in, **usable})
    for issue in run_checks(config, base_dir, broken):
        found.append(document.problem(*issue))
    if found:
        raise ConfigError(found) from None
    return config


def _gates(given: Any) -> list[dict[str, Any]] | None:
    """Return gates with the metrics as given, for the checks on metrics; None without them.

    One gate's misspelt operator must not hide another's misspelt metric.
    """
    if not isinstance(given, list) or not all(isinstance(g, dict) for g in given):
        return None
    metrics = [g.get("metric") for g in given]
    if not all(isinstance(m, str) and m.strip() for m in metrics):
        return None
    known = {(g["metric"], str(g.get("op"))) for g in given}
    gates = []
    for metric, op in ((g["metric"], g.get("op")) for g in given):
        if op not in (">=", "<="):  # the side that no other gate on this metric has
            op = "<=" if (metric, ">=") in known else ">="
        gates.append({"metric": metric, "op": op, "threshold": 0.0})
    return gates


def _resolved(config: RunConfig | AgentRunConfig, written: Mapping[tuple, str]) -> dict[str, Any]:
    """Return the whole config as plain values, with references to the environment restored."""
    resolved = deepcopy(config.model_dump(mode="python"))
    resolved["model"] = {"type": config.model.type, **resolved["model"]}
    for path, text in written.items():
        node: Any = resolved
        for key in path[:-1]:
            node = node[key]
        if isinstance(node[path[-1]], dict):  # a sensitive attribute written as a plain name
            node[path[-1]]["column"] = text
        else:
            node[path[-1]] = text
    return resolved
