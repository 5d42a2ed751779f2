"""Predictions of members for rows they were not trained on, put together and calibrated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.core._temperature import search_temperature
from appliednn.ensemble._metrics import log_loss
from appliednn.ensemble._predictions import tempered

_RANGE = (0.1, 10.0)


def mean_by_row(
    answers: Sequence[np.ndarray], rows: Sequence[np.ndarray], n_rows: int
) -> np.ndarray:
    """Return the mean of all answers for each row; NaN where no member answered.

    Parameters
    ----------
    answers : sequence of ndarray of shape (n_j, ...)
        Of each member.
    rows : sequence of ndarray of int, shape (n_j,)
        The rows they are for.
    n_rows : int
        Number of all rows.

    Examples
    --------
    >>> mean_by_row([np.array([1.0, 2.0]), np.array([4.0])], [np.array([0, 2]), np.array([2])], 3)
    array([ 1., nan,  3.])
    """
    total = np.zeros((n_rows, *answers[0].shape[1:]))
    count = np.zeros(n_rows)
    for answer, own in zip(answers, rows, strict=True):
        total[own] += answer
        count[own] += 1
    count = count.reshape(-1, *[1] * (total.ndim - 1))
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def held_out_temperature(
    answers: Sequence[np.ndarray],
    rows: Sequence[np.ndarray],
    target: np.ndarray,
    weights: np.ndarray,
    *,
    multilabel: bool = False,
) -> float:
    """Return what members' logits are divided by so that held-out labels are most likely.

    Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Parameters
    ----------
    answers, rows
        Members' probabilities and the rows they are for, as :func:`mean_by_row` takes them.
    target : ndarray of int, shape (n,) or (n, n_labels)
        Class indices, or 0/1 of each label.
    weights : ndarray of shape (n,)
        Row weights.
    multilabel : bool
        Whether columns are labels of their own.

    Returns
    -------
    float
        From 0.1 to 10; above 1 the members were overconfident.

    Examples
    --------
    >>> proba = np.tile([0.1, 0.9], (4, 1))  # says 0.9, and 3 of 4 are
    >>> found = held_out_temperature([proba], [np.arange(4)], np.array([1, 1, 1, 0]), np.ones(4))
    >>> round(found, 2)
    2.0
    """
    judged = np.zeros(len(target), dtype=bool)
    for own in rows:
        judged[own] = True
    judged &= weights > 0

    def loss(t: float) -> float:
        softened = [tempered(answer, t, multilabel=multilabel) for answer in answers]
        mean = mean_by_row(softened, rows, len(target))
        return log_loss(mean[judged], target[judged], weights[judged])

    return search_temperature(loss, *_RANGE)
