"""Successive halving: how many candidates are trained how far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

_ETA = 3
_LEAST_EPOCHS = 8
_LEAST_ROWS = 100
# Epochs of networks that take them from a preset; only rungs before the last are counted by it.
_PRESET_EPOCHS = 256


@dataclass(frozen=True)
class Rung:
    """One round.

    Attributes
    ----------
    n_candidates : int
        Candidates that take part.
    fraction : float
        Share of the resource they get, 1 in the last round.
    """

    n_candidates: int
    fraction: float


def make_bracket(n_candidates: int, most: int, least: int) -> list[Rung]:
    """Return the rounds: each keeps the best third and gives it three times the resource.

    Parameters
    ----------
    n_candidates : int
        Candidates at the start.
    most : int
        All of the resource.
    least : int
        The least that tells anything.

    Returns
    -------
    list of Rung
        The last one has the whole resource.

    References
    ----------
    K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
    Optimization", AISTATS 2016.

    Examples
    --------
    >>> [(rung.n_candidates, round(rung.fraction, 3)) for rung in make_bracket(20, 256, 8)]
    [(20, 0.111), (7, 0.333), (3, 1.0)]
    """
    depth = int(math.log(max(n_candidates, 1), _ETA) + 1e-9)
    depth = max(0, min(depth, int(math.log(max(most / least, 1.0), _ETA) + 1e-9)))
    counts = [n_candidates]
    for _ in range(depth):
        counts.append(math.ceil(counts[-1] / _ETA))
    return [Rung(n, float(_ETA) ** (j - depth)) for j, n in enumerate(counts)]


def resource_of(estimator: Any, n_rows: int) -> tuple[str, int, int]:
    """Return the name of the resource, all of it, and the least that tells anything.

    Epochs, where the estimator has them: tables are small, and a share of the rows would favour
    candidates that regularise more than all rows need; also, programs for a share of the epochs
    are those of all of them, and nothing is compiled twice. Schedules run to their end within the
    share. Other estimators get a share of the rows.

    Parameters
    ----------
    estimator : estimator
        What is tuned.
    n_rows : int
        Rows it is trained on.
    """
    params = estimator.get_params(deep=False)
    if "epochs" in params:
        return "epochs", params["epochs"] or _PRESET_EPOCHS, _LEAST_EPOCHS
    return "rows", n_rows, _LEAST_ROWS


def set_epochs(estimator: Any, fraction: float) -> int:
    """Give an estimator a share of its epochs; return how many they are."""
    own = estimator.get_params(deep=False)["epochs"]
    epochs = max(1, round(fraction * (own or _PRESET_EPOCHS)))
    if fraction < 1:
        estimator.set_params(epochs=epochs)
    return epochs


def part_of_rows(
    rows: np.ndarray, fraction: float, strata: np.ndarray | None, rng: np.random.Generator
) -> np.ndarray:
    """Return a share of the rows, of each class in its share.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Row numbers.
    fraction : float
        Share.
    strata : ndarray of int, shape (n_all,), optional
        Class of every row of the table.
    rng : numpy.random.Generator
        Source of chance.
    """
    if fraction >= 1:
        return rows
    order = rng.permutation(rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    places = np.floor(np.arange(len(order)) * fraction)
    first = np.r_[True, np.diff(places) > 0]
    if strata is not None:  # no class is lost
        first |= np.r_[True, np.diff(strata[order]) != 0]
    return np.sort(order[first])
