"""Write ``tables.json`` from classes and libraries: ``python -m ...registry._generate``.

Run it after a parameter of an estimator of ours has changed, after a new scikit-learn,
imbalanced-learn or Keras, and after a check of the audit has got a new key; a test compares the
file with what this module finds.
"""

from __future__ import annotations

import inspect
import json
import math
import numbers
from pathlib import Path
from typing import Any

from appliednn.pipeline.registry import _own_table as own
from appliednn.pipeline.registry._entries import ESTIMATORS, SAMPLERS
from appliednn.pipeline.registry._tables import TABLES, normalised

_TYPES: dict[Any, dict] = {
    None: {"type": "null"},
    "boolean": {"type": "boolean"},
    "verbose": {"type": "integer", "minimum": 0},
    "random_state": {"type": "integer", "minimum": 0},
    "cv_object": {"type": "integer", "minimum": 2},
    "array-like": {"type": "array"},
    str: {"type": "string"},
    dict: {"type": "object"},
    list: {"type": "array"},
    numbers.Integral: {"type": "integer"},
    numbers.Real: {"type": "number"},
}


def collect() -> dict[str, Any]:
    """Return the table for the installed libraries."""
    from sklearn.metrics import get_scorer_names

    classes = {name: entry.load() for name, entry in ESTIMATORS.items()}
    names = {"scorers": sorted(get_scorer_names()), **keras_names()}
    presets = {name: own.presets(cls) for name, cls in classes.items()}
    return {
        "estimators": {name: signature_table(cls) for name, cls in classes.items()},
        "summaries": {name: inspect.getdoc(cls).split("\n")[0] for name, cls in classes.items()},
        "presets": {name: given for name, given in presets.items() if given},
        "samplers": {name: signature_table(entry.load()) for name, entry in SAMPLERS.items()},
        "names": {**names, **own.losses(names["losses"])},
        "numbers": network_numbers(),
        "metrics": audit_metrics(),
    }


def signature_table(cls: type) -> dict[str, dict[str, Any]]:
    """Return the parameters of ``cls`` that a config can express.

    A parameter is left out if it is deprecated or takes only objects (an estimator, a callable).
    """
    table = {}
    ours = cls.__module__.startswith("appliednn.")
    texts = own.texts(cls) if ours else {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.default == "deprecated" or (ours and name in own.OBJECTS):
            continue
        if (cls.__name__, name) in own.SET_BY_RUN:
            continue
        constraints = cls._parameter_constraints[name]
        found = own.special(name, cls) if ours else None
        any_of = _alternatives(name, constraints) if found is None else found
        if any_of in ([], [{"type": "null"}]):
            continue
        if name == "random_state":
            any_of.append({"type": "null"})
        spec: dict[str, Any] = {"any_of": any_of}
        if parameter.default is inspect.Parameter.empty:
            spec["required"] = True
        else:
            spec["default"] = parameter.default
        if name in texts:
            spec["text"] = texts[name]
        table[name] = spec
    return table


def _alternatives(name: str, constraints) -> list[dict]:
    if name == "scoring":
        return [{"enum": "scorers"}, {"enum": ["loss"]}, {"type": "null"}]
    if constraints == "no_validation":
        return []
    found = [_fragment(c) for c in constraints]
    unique: list[dict] = []
    for fragment in found:
        if fragment is not None and fragment not in unique:
            unique.append(fragment)
    return sorted(unique, key=json.dumps)


def _fragment(constraint) -> dict | None:
    """Return a constraint of scikit-learn as a JSON Schema fragment, None if not expressible."""
    from collections.abc import Mapping

    from sklearn.utils._param_validation import Interval, Options, StrOptions

    if isinstance(constraint, Interval):
        return _interval(constraint)
    if isinstance(constraint, StrOptions | Options):
        deprecated = getattr(constraint, "deprecated", set())
        return {"enum": sorted(set(constraint.options) - set(deprecated))}
    if constraint is Mapping:
        return _TYPES[dict]
    if constraint is None or isinstance(constraint, str | type):
        return _TYPES.get(constraint)
    return None


def _interval(interval) -> dict:
    kind = "integer" if interval.type is numbers.Integral else "number"
    fragment: dict[str, Any] = {"type": kind}
    closed_left = interval.closed in ("left", "both")
    closed_right = interval.closed in ("right", "both")
    if interval.left is not None and math.isfinite(interval.left):
        fragment["minimum" if closed_left else "exclusiveMinimum"] = interval.left
    if interval.right is not None and math.isfinite(interval.right):
        fragment["maximum" if closed_right else "exclusiveMaximum"] = interval.right
    return fragment


def keras_names() -> dict[str, list[str]]:
    """Return the names that Keras resolves, for each kind of object the estimators take."""
    import keras

    def public(module) -> set[str]:
        return {name for name in dir(module) if not name.startswith("_")}

    skip = {"get", "serialize", "deserialize", "Loss", "Optimizer", "Initializer", "schedules"}
    skip |= {"LossScaleOptimizer", "legacy", "Identity", "IdentityInitializer", "STFT"}
    skip |= {"STFTInitializer", "identity", "stft", "MultiOptimizer", "OptimizerMap"}
    return {
        "activations": sorted(public(keras.activations) - skip),
        "losses": sorted(public(keras.losses) - skip),
        "optimizers": sorted(public(keras.optimizers) - skip),
        "initializers": sorted(public(keras.initializers) - skip),
    }


def network_numbers() -> dict[str, dict[str, list[str]]]:
    """Return the numbers each schedule, optimiser and loss takes, by normalised name.

    They go by ``schedule_params``, ``optimizer_params`` and ``loss_params``.
    """
    import keras

    from appliednn.core._losses import _CLASSIFIER_LOSSES, _REGRESSOR_LOSSES
    from appliednn.core._schedules import _DEFAULTS

    def settings(module, names) -> dict[str, list[str]]:
        classes = [n for n in names if n[0].isupper()]
        skip = {"name", "reduction", "dtype", "fn"}
        return {n: sorted(set(getattr(module, n)().get_config()) - skip) for n in classes}

    names = keras_names()
    own = {**_CLASSIFIER_LOSSES, **_REGRESSOR_LOSSES}
    losses = {n: sorted(set(numbers) - {"label_smoothing"}) for n, numbers in own.items()}
    tables = {
        "schedule_params": {n: sorted(numbers) for n, numbers in _DEFAULTS.items()},
        "optimizer_params": settings(keras.optimizers, names["optimizers"]),
        "loss_params": {**settings(keras.losses, names["losses"]), **losses},
    }
    return {
        key: {normalised(name): numbers for name, numbers in table.items()}
        for key, table in tables.items()
    }


def audit_metrics() -> dict[str, list[str]]:
    """Return the keys of the audit's estimates, without what stands in brackets.

    ``supervised``: of models that learn from labels, ``anomaly``: of detectors, ``text``: of
    models that learn from labels of texts, ``tagging``: of taggers, ``reinforcement``: of agents.
    """
    from appliednn.audit._base import SUPERVISED
    from appliednn.audit._select import fits
    from appliednn.audit.checks import all_checks

    kinds = {
        "supervised": (SUPERVISED, "table"),
        "anomaly": (("anomaly",), "table"),
        "text": (SUPERVISED, "text"),
        "tagging": (("tagging",), "tokens"),
        "reinforcement": (("reinforcement",), "environment"),
    }
    return {
        name: sorted(
            {
                key
                for check in all_checks()
                if any(fits(check, task, reads) for task in tasks)
                for key in check.keys
            }
        )
        for name, (tasks, reads) in kinds.items()
    }


def main() -> None:
    """Write the file beside this module."""
    path = Path(__file__).with_name(TABLES)
    path.write_text(_by_line(collect()) + "\n", encoding="utf-8")
    print(f"wrote {path}")


def _by_line(value: Any, depth: int = 0) -> str:
    """Return JSON with a line for each parameter (or list), so that a change is seen as one."""
    if not isinstance(value, dict) or depth == 3:
        return json.dumps(value)
    pad = " " * (depth + 1)
    items = (f"{pad}{json.dumps(k)}: {_by_line(v, depth + 1)}" for k, v in value.items())
    return "{\n" + ",\n".join(items) + f"\n{pad[1:]}}}"


if __name__ == "__main__":
    main()
