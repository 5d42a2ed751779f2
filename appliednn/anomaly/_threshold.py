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

# Of the training scores, those above this quantile tell how the tail goes on.
_TAIL = 0.9


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


class SurpriseScale:
    """Anomaly scores of one detector on a scale that those of others share.

    The surprise of a score is the negative logarithm of the share of training rows that reach it.
    Above their ninth decile it goes on as an exponential tail (Pickands 1975), so that scores
    beyond all training rows still differ. Scores are first measured from their median in quartile
    ranges, and large ones by their logarithm (the inverse hyperbolic sine).

    Parameters
    ----------
    scores, weights : ndarray of shape (n,)
        Anomaly scores of the training rows, and row weights.

    Examples
    --------
    >>> scale = SurpriseScale(np.arange(100.0), np.ones(100))
    >>> scale.surprise(np.array([0.0, 49.0, 98.0, 1000.0])).round(2).tolist()
    [0.01, 0.68, 3.92, 37.32]
    """

    def __init__(self, scores: np.ndarray, weights: np.ndarray) -> None:
        low, self._middle, high = (
            np.quantile(scores, q, weights=weights, method="inverted_cdf")
            for q in (0.25, 0.5, 0.75)
        )
        self._spread = max(high - low, _EQUAL * max(abs(self._middle), _EQUAL))
        straight = self._straight(scores)
        self._own = ScoreDistribution(straight, weights)
        self._start = float(np.quantile(straight, _TAIL, weights=weights, method="inverted_cdf"))
        above = straight > self._start
        excess = 0.0
        if above.any():
            excess = np.average(straight[above] - self._start, weights=weights[above])
        self._slope = max(float(excess), _EQUAL)
        self._total = float(weights.sum())

    def _straight(self, scores: np.ndarray) -> np.ndarray:
        return np.arcsinh((scores - self._middle) / self._spread)

    def surprise(self, scores: np.ndarray) -> np.ndarray:
        """Return the surprise of each score, (n,); at least 0."""
        straight = self._straight(scores)
        share = self._own.share_below(straight) * self._total / (self._total + 1.0)
        beyond = (straight - self._start) / self._slope - np.log1p(-_TAIL)
        body = np.minimum(-np.log1p(-share), -np.log1p(-_TAIL))
        return np.where(straight > self._start, beyond, body)


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
