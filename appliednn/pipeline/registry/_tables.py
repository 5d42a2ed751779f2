"""Parameters of the registered names as a static table, read without importing any library.

``tables.json`` is written by ``python -m appliednn.pipeline.registry._generate``. A parameter is
``{"default": ..., "any_of": [...]}``, each alternative a JSON Schema fragment whose ``enum`` may
be the name of a list under ``names``; one without default is marked ``{"required": true}``, one
of ours has a ``text``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

TABLES = "tables.json"


@cache
def tables() -> dict[str, Any]:
    """Return the whole table: parameters, presets, names, numbers and metrics."""
    text = files(__package__).joinpath(TABLES).read_text(encoding="utf-8")
    return json.loads(text)


def parameters(name: str) -> dict[str, dict[str, Any]]:
    """Return the parameters of an estimator or a resampler.

    Parameters
    ----------
    name : str
        A registered name.

    Returns
    -------
    dict
        Parameter name to ``{"default": ..., "any_of": [JSON Schema fragments]}``.

    Raises
    ------
    KeyError
        If the table has no such name.

    Examples
    --------
    >>> parameters("Ridge")["alpha"]["default"]
    1.0
    """
    known = tables()
    return known["estimators"].get(name) or known["samplers"][name]


def names(kind: str) -> tuple[str, ...]:
    """Return the names a library accepts for a string parameter.

    Parameters
    ----------
    kind : str
        ``"scorers"``, ``"activations"``, ``"losses"``, ``"optimizers"``, ``"initializers"``,
        ``"classifier_losses"`` or ``"regressor_losses"``.

    Examples
    --------
    >>> "roc_auc" in names("scorers")
    True
    """
    return tuple(tables()["names"][kind])


def summary(name: str) -> str:
    """Return what an estimator or a resampler is, in one line.

    Examples
    --------
    >>> summary("Ridge")
    'Linear least squares with l2 regularization.'
    """
    return tables()["summaries"].get(name, f"{name}.")


def preset(name: str, which: str) -> dict[str, Any]:
    """Return the values that a preset of an estimator gives to parameters that are null.

    Examples
    --------
    >>> preset("RealMLPClassifier", "td")["schedule"]
    'coslog'
    >>> preset("Ridge", "td")
    {}
    """
    return tables()["presets"].get(name, {}).get(which, {})


def metrics(kind: str) -> tuple[str, ...]:
    """Return the keys of the audit's estimates, without what stands in brackets.

    Parameters
    ----------
    kind : {"supervised", "anomaly", "text", "tagging", "reinforcement"}
        Of models that learn from labels, of detectors, of models that read text, of taggers, of
        agents.

    Examples
    --------
    >>> "roc_auc" in metrics("supervised"), "log_loss" in metrics("anomaly")
    (True, False)
    """
    return tuple(tables()["metrics"][kind])


def numbers(parameter: str, name: str) -> tuple[str, ...] | None:
    """Return what a schedule, an optimiser or a loss takes; None if the table has no such name.

    Parameters
    ----------
    parameter : {"schedule_params", "optimizer_params", "loss_params"}
        The estimator's parameter that holds them.
    name : str
        Name of the schedule, optimiser or loss, in any spelling Keras takes.

    Examples
    --------
    >>> numbers("schedule_params", "exponential")
    ('decay', 'warmup')
    """
    found = tables()["numbers"][parameter].get(normalised(name))
    return None if found is None else tuple(found)


def normalised(name: str) -> str:
    """Return a name without case and underscores, so that one entry serves all spellings.

    Examples
    --------
    >>> normalised("MeanSquaredError") == normalised("mean_squared_error")
    True
    """
    return name.replace("_", "").lower()
