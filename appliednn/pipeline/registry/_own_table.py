"""Parameters of our estimators for ``tables.json``: bounds and words from the classes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

# What only an object can be: code has no place in a config; an agent's environment has a section
# of its own.
OBJECTS = frozenset({"base", "callbacks", "detectors", "env", "estimator", "estimators"})

# What the run sets by itself.
SET_BY_RUN = {("LocalOutlierFactor", name) for name in ("novelty", "algorithm", "leaf_size")}

_NUMBERS = {"type": "object", "propertyNames": {"type": "string"}}
# Where a class takes more kinds of values than a config can say, or the names of a library.
_SPECIAL: dict[str, list[dict[str, Any]]] = {
    "hidden_layer_sizes": [{"type": "array", "items": {"type": "integer", "minimum": 1}}],
    "activation": [{"enum": "activations"}],
    "kernel_initializer": [{"enum": "initializers"}],
    "bias_initializer": [{"enum": "initializers"}],
    "optimizer": [{"enum": "optimizers"}],
    "class_weight": [
        {"enum": ["balanced"]},
        {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
    ],
    "encoder": [{"type": "string"}],
    "embeddings": [{"type": "string"}],
    "loss_params": [_NUMBERS],
    "optimizer_params": [_NUMBERS],
    "schedule_params": [_NUMBERS],
}
_WORDS = {
    "class_weight": "Weights by class; the section imbalance does the same for any model.",
    "random_state": "Default: drawn from the run's seed.",
}


def special(name: str, cls: type) -> list[dict[str, Any]] | None:
    """Return the alternatives of a parameter whose constraints say less than a config needs.

    Parameters
    ----------
    name : str
        The parameter.
    cls : type
        Estimator of ours.

    Returns
    -------
    list of dict or None
        JSON Schema fragments; None where the constraints say it all.
    """
    from sklearn.base import ClassifierMixin, OutlierMixin

    constraints = cls._parameter_constraints[name]
    if name == "scoring":
        options = {o for c in constraints for o in getattr(c, "options", ())}
        found = [{"enum": "scorers"}, *([{"enum": ["loss"]}] if "loss" in options else [])]
        if issubclass(cls, OutlierMixin):  # which score of its own it gives
            found = [{"enum": sorted(options)}]
    elif name == "models":
        found = [{"enum": ["auto"]}, {"type": "array", "items": {"enum": _rooms()}}]
    elif name == "loss":
        kind = "classifier" if issubclass(cls, ClassifierMixin) else "regressor"
        found = [{"enum": f"{kind}_losses"}]
    elif name in _SPECIAL and not (name == "activation" and _lists_names(constraints)):
        found = list(_SPECIAL[name])
    else:
        return None
    return [*found, {"type": "null"}] if None in constraints else found


def _lists_names(constraints: list) -> bool:
    """Return whether a class takes names of a list of its own."""
    return any(hasattr(constraint, "options") for constraint in constraints)


def _rooms() -> list[str]:
    """Return the kinds of models that the automatic estimators choose from."""
    from appliednn.search._candidates import MODELS

    return list(MODELS)


def losses(keras_losses: list[str]) -> dict[str, list[str]]:
    """Return the losses a classifier and a regressor know by name: ours first, then Keras's."""
    from appliednn.core._losses import _CLASSIFIER_LOSSES, _REGRESSOR_LOSSES

    own = {"classifier_losses": _CLASSIFIER_LOSSES, "regressor_losses": _REGRESSOR_LOSSES}
    return {name: ["auto", *table, *keras_losses] for name, table in own.items()}


def presets(cls: type) -> dict[str, dict[str, Any]]:
    """Return preset -> parameter -> value, for classes or for numbers as ``cls`` predicts."""
    from sklearn.base import RegressorMixin

    own, kind = getattr(cls, "_presets", {}), issubclass(cls, RegressorMixin)

    def chosen(value: Any) -> Any:
        return value[kind] if isinstance(value, tuple) else value

    return {name: {k: chosen(v) for k, v in given.items()} for name, given in own.items()}


def texts(cls: type) -> dict[str, str]:
    """Return what each parameter means, with the value a preset gives it."""
    given = presets(cls)
    found = {}
    for name, text in documented(cls.__doc__ or ""):
        text = _WORDS.get(name, re.sub(r"\bNone\b", "null", text))
        values = {preset: own[name] for preset, own in given.items() if name in own}
        found[name] = f"{text} {_preset_words(values)}".strip()
    return found


def _preset_words(values: dict[str, Any]) -> str:
    if not values:
        return ""
    shown = {preset: str(value) for preset, value in values.items()}
    if len(set(shown.values())) == 1:
        return f"Default: {next(iter(shown.values()))}."
    return f"Default: {', '.join(f'{value} ({preset})' for preset, value in shown.items())}."


def documented(doc: str) -> Iterator[tuple[str, str]]:
    """Yield each parameter of a numpydoc text with its description in plain words.

    Examples
    --------
    >>> doc = '''Ridge.
    ...
    ... Parameters
    ... ----------
    ... alpha, beta : float
    ...     Penalty; ``0`` for
    ...     none.
    ... '''
    >>> list(documented(doc))
    [('alpha', 'Penalty; 0 for none.'), ('beta', 'Penalty; 0 for none.')]
    """
    _, _, section = inspect.cleandoc(doc).partition("Parameters\n----------\n")
    names: list[str] = []
    lines: list[str] = []
    for line in [*section.split("\n"), "end"]:
        if line.startswith(" ") or not line:
            lines.append(line.strip())
            continue
        text = re.sub(r":\w+:`~?[\w.]*?(\w+)`", r"\1", " ".join(filter(None, lines)))
        text = re.sub(r"`+", "", text)
        yield from ((name, text) for name in names)
        head = re.fullmatch(r"([\w, ]+?) : .*", line)
        if head is None:
            return
        names, lines = head[1].split(", "), []
