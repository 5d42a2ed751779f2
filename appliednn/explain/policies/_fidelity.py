"""How far a surrogate decides as the policy does."""

from __future__ import annotations

import numpy as np

from appliednn.core.statistics import Estimate, bootstrap_interval, not_estimable


def fidelity(name: str, teacher: list[np.ndarray], student: list[np.ndarray], *, continuous: bool):
    """Return the agreement of two policies on the same states, episode by episode.

    Parameters
    ----------
    name : str
        Name of the estimate.
    teacher, student : list of ndarray of shape (length, ...)
        Actions in each episode's states.
    continuous : bool
        R2 of the student's numbers instead of the share of equal actions.

    Returns
    -------
    Estimate
        With a bootstrap interval over episodes, since states of an episode are alike.

    Examples
    --------
    >>> same = fidelity("Fidelity", [np.array([0, 1])], [np.array([0, 0])], continuous=False)
    >>> same.value, same.n
    (0.5, 1)
    """
    n = len(teacher)
    pairs = [_numbers(a, b) for a, b in zip(teacher, student, strict=True)]
    if not continuous:
        hits = np.array([(a == b).all(axis=1).sum() for a, b in pairs], dtype=np.float64)
        return _estimate(name, n, _share, hits, np.array([len(a) for a, _ in pairs], float))
    sums = np.array(
        [[((a - b) ** 2).sum(), (a**2).sum(), *a.sum(axis=0), len(a)] for a, b in pairs]
    )
    return _estimate(name, n, _r2, sums)


def _numbers(a, b) -> tuple[np.ndarray, np.ndarray]:
    a, b = (np.asarray(x, dtype=np.float64).reshape(len(x), -1) for x in (a, b))
    return a, b


def _share(hits: np.ndarray, counts: np.ndarray) -> float:
    return float(hits.sum() / counts.sum())


def _r2(sums: np.ndarray) -> float:
    """Return 1 - error / variance, pooled over the numbers of an action."""
    error, squares, *totals, n = sums.sum(axis=0)
    spread = squares - float(np.square(totals).sum()) / n
    return float(1 - error / spread) if spread > 0 else float("nan")


def _estimate(name: str, n: int, statistic, *arrays) -> Estimate:
    value = statistic(*arrays)
    if not np.isfinite(value):
        return not_estimable(name, n, "the policy's action never varies")
    if n < 2:
        return Estimate(name, value, None, n, reason="one episode gives no interval")
    return Estimate(name, value, bootstrap_interval(statistic, *arrays, n_boot=1000), n, seed=0)
