"""Write ``tables.json`` from the installed libraries: ``python -m ...registry._generate``.

Run it after a new scikit-learn, imbalanced-learn or Keras; a test compares the file with what this
module finds.
"""

from __future__ import annotations

import inspect
import json
import math
import numbers
from pathlib import Path
from typing import Any

from appliednn.pipeline.registry._entries import ESTIMATORS, SAMPLERS
from appliednn.pipeline.registry._tables import TABLES

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

    outside = {n: e for n, e in ESTIMATORS.items() if not e.module.startswith("appliednn")}
    return {
        "estimators": {name: signature_table(entry.load()) for name, entry in outside.items()},
        "samplers": {name: signature_table(entry.load()) for name, entry in SAMPLERS.items()},
        "names": {"scorers": sorted(get_scorer_names()), **keras_names()},
    }


def signature_table(cls: type) -> dict[str, dict[str, Any]]:
    """Return the parameters of ``cls`` that a config can express.

    A parameter is left out if it is deprecated or takes only objects (an estimator, a callable).
    """
    table = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.default == "deprecated":
            continue
        any_of = _alternatives(name, cls._parameter_constraints[name])
        if any_of in ([], [{"type": "null"}]):
            continue
        if name == "random_state":
            any_of.append({"type": "null"})
        spec: dict[str, Any] = {"any_of": any_of}
        if parameter.default is inspect.Parameter.empty:
            spec["required"] = True
        else:
            spec["default"] = parameter.default
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


def main() -> None:
    """Write the file beside this module."""
    path = Path(__file__).with_name(TABLES)
    path.write_text(json.dumps(collect(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
