"""Where scores stop being normal, and how a score compares with the training rows'."""

from __future__ import annotations

import numpy as np

# Tukey's fence: of normally distributed values 0.35 % lie above it.
_FENCE = 1.5
# The automatic threshold flags at least so many of the training rows.
_LEAST_SHARE = 0.01
# Scores this close, relatively, count as equal: the last digits depend on how many rows are
# scored together. A threshold above all training rows is so much above them.
_EQUAL = 1e-5


def outlier_threshold(
    scores: np.ndarray, weights: np.ndarray, contamination: float | str
) -> float:
    """Return the anomaly score above which a row is an outlier.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Anomaly scores of the training rows, higher is more anomalous.
    weights : ndarray of shape (n,)
        Row weights; an integer weight equals repeated rows.
    contamination : float or "auto"
        The share of the weight that lies above; ``"auto"``: Tukey's fence, the third quartile
        plus 1.5 times the distance of the quartiles, of the logarithms where all scores are
        positive, but at least the top 1 % of the rows.

    References
    ----------
    J. W. Tukey, "Exploratory Data Analysis", 1977.

    Examples
    --------
    >>> outlier_threshold(np.arange(10.0), np.ones(10), 0.2)
    7.5
    """
    order = np.argsort(-scores, kind="stable")
    ranked, below = scores[order], np.cumsum(weights[order])
    if contamination == "auto":
        logged = ranked.min() > 0
        values = np.log(ranked) if logged else ranked
        low, high = (
            np.quantile(values, q, weights=weights[order], method="inverted_cdf")
            for q in (0.25, 0.75)
        )
        fence = high + _FENCE * (high - low)
        high, fence = (float(np.exp(v) if logged else v) for v in (high, fence))
        fence = max(fence, high + _EQUAL * abs(high))  # also where all scores are equal
        return min(fence, outlier_threshold(scores, weights, _LEAST_SHARE))
    values, first = np.unique(-ranked, return_index=True)  # tied rows are flagged together
    within = np.append(below[first[1:] - 1], below[-1])
    flagged = int((within <= contamination * below[-1] * (1 + 1e-9)).sum())
    if flagged == 0:
        return float(ranked[0] + _EQUAL * abs(ranked[0]))
    return float(-(values[flagged - 1] + values[min(flagged, len(values) - 1)]) / 2)


class ScoreDistribution:
    """The training rows' anomaly scores, as an empirical distribution.

    Parameters
    ----------
    scores, weights : ndarray of shape (n,)
        Anomaly scores and row weights.

    Examples
    --------
    >>> ScoreDistribution(np.array([3.0, 1.0, 2.0]), np.ones(3)).share_below(np.array([0.0, 2.0]))
    array([0.        , 0.66666667])
    """

    def __init__(self, scores: np.ndarray, weights: np.ndarray) -> None:
        order = np.argsort(scores, kind="stable")
        self._scores = np.asarray(scores)[order]
        total = np.cumsum(np.asarray(weights, dtype=np.float64)[order])
        self._shares = np.concatenate([[0.0], total / total[-1]])

    def share_below(self, scores: np.ndarray) -> np.ndarray:
        """Return the weighted share of training rows at or below each score, in [0, 1]."""
        at_most = scores + _EQUAL * np.abs(scores)
        return self._shares[np.searchsorted(self._scores, at_most, side="right")]
