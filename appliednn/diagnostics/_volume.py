"""Areas under ROC and precision-recall curves whose labels reach beyond the labelled segments.

The label of an anomaly in a series is rarely exact to the point. A buffer gives the points beside
a segment a label between 0 and 1; the volume under the surface averages over buffers.
"""

from __future__ import annotations

import numbers

import numpy as np

from appliednn.diagnostics._point_labels import point_labels, same_length, segments, undefined

_FAR = np.iinfo(np.int64).max // 4


def vus_roc(y_true, y_score, max_buffer: int = 100, *, n_thresholds: int = 250) -> float:
    """Return the volume under the ROC surface: its area's mean over buffers 0..max_buffer.

    Parameters
    ----------
    y_true : array-like of bool or 0/1, shape (n,)
        Which points of one series, in order, are anomalous.
    y_score : array-like of float, shape (n,)
        Anomaly scores, higher is more anomalous.
    max_buffer : int
        Largest buffer, in points. Published tables take the period of the series.
    n_thresholds : int
        Quantiles of the scores that serve as thresholds.

    Returns
    -------
    float
        In [0, 1]; NaN, with a warning, if all labels are equal. A constant score has 0.5 without
        buffers and somewhat more with them.

    Raises
    ------
    ValueError
        If shapes differ, labels are not 0/1, a score is not finite, or ``max_buffer`` is not a
        whole number from 0 up.

    Notes
    -----
    With buffer w, a point at most w // 2 away from a segment has the label sqrt(1 - d / w), d the
    distance, and 1 if two segments are so near. The true positive rate is the share of label
    weight found, at most 1, times the share of segments with a hit; segments whose buffers touch
    are one. This is the definition of TSB-AD 1.5 in its published tables, vus 0.0.6 and
    tsadmetrics 1.0.16. aeon 1.6 gives other values: it averages precision between neighbouring
    thresholds, measures distances behind a segment from the segment's last point, and counts
    label weight among the positives that no point was predicted for.

    References
    ----------
    J. Paparrizos, P. Boniol, T. Palpanas, R. S. Tsay, A. Elmore, M. J. Franklin, "Volume Under
    the Surface", PVLDB 15 (2022) 2774-2787. Q. Liu, J. Paparrizos, "The Elephant in the Room:
    Towards A Reliable Time-Series Anomaly Detection Benchmark", NeurIPS 2024.

    Examples
    --------
    >>> y = [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    >>> late = [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]  # one point late
    >>> round(vus_roc(y, late, max_buffer=0), 3), round(vus_roc(y, late, max_buffer=4), 3)
    (0.688, 0.803)
    """
    curves = _Curves(y_true, y_score, n_thresholds)
    return curves.mean_roc("vus_roc", _buffers(max_buffer, "max_buffer"))


def vus_pr(y_true, y_score, max_buffer: int = 100, *, n_thresholds: int = 250) -> float:
    """Return the volume under the precision-recall surface.

    It is the mean over buffers 0..max_buffer of the area of :func:`range_auc_pr`.

    Parameters
    ----------
    y_true, y_score, max_buffer, n_thresholds
        As for :func:`vus_roc`, with its definitions, errors and references.

    Returns
    -------
    float
        NaN, with a warning, if no point is anomalous.

    Examples
    --------
    >>> y = [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    >>> late = [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]
    >>> round(vus_pr(y, late, max_buffer=0), 3), round(vus_pr(y, late, max_buffer=4), 3)
    (0.35, 0.605)
    """
    curves = _Curves(y_true, y_score, n_thresholds)
    return curves.mean_pr("vus_pr", _buffers(max_buffer, "max_buffer"))


def range_auc_roc(y_true, y_score, buffer: int = 0, *, n_thresholds: int = 250) -> float:
    """Return the area under the ROC curve for one buffer.

    With buffer 0, one segment and a threshold for each score it is scikit-learn's
    ``roc_auc_score``; with more segments a threshold that misses some counts less.

    Parameters
    ----------
    y_true, y_score, n_thresholds
        As for :func:`vus_roc`, with its definitions, errors and references.
    buffer : int
        Half of it reaches beyond each end of a segment.

    Returns
    -------
    float

    Examples
    --------
    >>> range_auc_roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    curves = _Curves(y_true, y_score, n_thresholds)
    return curves.mean_roc("range_auc_roc", _buffers(buffer, "buffer")[-1:])


def range_auc_pr(y_true, y_score, buffer: int = 0, *, n_thresholds: int = 250) -> float:
    """Return the area under the precision-recall curve for one buffer.

    With buffer 0, one segment and a threshold for each score it is scikit-learn's
    ``average_precision_score``.

    Parameters
    ----------
    y_true, y_score, buffer, n_thresholds
        As for :func:`range_auc_roc`.

    Returns
    -------
    float

    Examples
    --------
    >>> round(range_auc_pr([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    curves = _Curves(y_true, y_score, n_thresholds)
    return curves.mean_pr("range_auc_pr", _buffers(buffer, "buffer")[-1:])


def _buffers(largest: int, name: str) -> range:
    if not isinstance(largest, numbers.Integral) or isinstance(largest, bool) or largest < 0:
        raise ValueError(
            f"{name}={largest!r}; expected a whole number of points from 0 up: give the period of "
            "the series, or 0 to count labelled points only"
        )
    return range(int(largest) + 1)


def _finite_scores(y_score, y_true: np.ndarray) -> np.ndarray:
    y_score = np.asarray(y_score, dtype=np.float64)
    same_length(y_true, y_score, "y_score")
    bad = np.flatnonzero(~np.isfinite(y_score))
    if len(bad):
        raise ValueError(
            f"y_score holds {len(bad)} values that are NaN or infinite, the first at point "
            f"{bad[0]}; expected finite scores: leave such points out of y_true too, or give "
            "them a score"
        )
    return y_score


class _Curves:
    """Scores of a series cut into threshold levels once, for the curves of many buffers."""

    def __init__(self, y_true, y_score, n_thresholds: int) -> None:
        if not isinstance(n_thresholds, numbers.Integral) or n_thresholds < 2:
            raise ValueError(f"n_thresholds={n_thresholds!r}; expected a whole number from 2 up")
        self.truth = truth = point_labels(y_true, "y_true")
        score = _finite_scores(y_score, truth)
        places = np.linspace(0, len(score) - 1, n_thresholds).astype(int)
        # The level of a point is the first, that is highest, threshold that it reaches.
        level = np.searchsorted(np.sort(-score)[places], -score)
        self.n_levels = n_thresholds
        self.found = self._cumulated(level)
        self.hits = self._cumulated(level[truth])
        self.starts, self.stops = segments(truth)
        self.level = np.append(level, n_thresholds)  # a guard for reduceat
        self._measure_distances()

    def _cumulated(self, level: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.cumsum(np.bincount(level, weights, minlength=self.n_levels))

    def _measure_distances(self) -> None:
        """Find each normal point's distances to the nearest and the second nearest segment."""
        point = np.flatnonzero(~self.truth)
        ends = np.concatenate([[-_FAR, -_FAR], self.stops - 1])
        starts = np.append(self.starts, [_FAR, _FAR])
        after = np.searchsorted(self.starts, point)
        sides = [point - ends[after], point - ends[after + 1]]
        sides += [starts[after] - point, starts[after + 1] - point]
        self.point = point
        self.nearest, self.second = np.partition(sides, 1, axis=0)[:2]

    def _share_of_segments(self, reach: int) -> np.ndarray:
        """Return the share of segments hit at each level; those whose buffers touch are one."""
        apart = self.stops[:-1] - 1 + reach < self.starts[1:] - reach
        first = self.starts[np.append(True, apart)] - reach
        behind = self.stops[np.append(apart, True)] + reach
        bounds = np.column_stack([first, behind]).clip(0, len(self.truth)).ravel()
        best = np.minimum.reduceat(self.level, bounds)[::2]
        return self._cumulated(best) / len(best)

    def _curve(self, buffer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return true and false positive rate and precision at each level."""
        reach = buffer // 2
        near = self.nearest <= reach
        weight = np.sqrt(1 - self.nearest[near] / max(buffer, 1))
        weight[self.second[near] <= reach] = 1.0
        beside = self._cumulated(self.level[self.point[near]], weight)
        right = self.hits + beside
        positive = self.hits[-1] + beside / 2
        tpr = np.minimum(right / positive, 1) * self._share_of_segments(reach)
        # Half a point at least is negative where any is.
        fpr = (self.found - right) / np.maximum(len(self.truth) - positive, 0.5)
        return tpr, fpr, right / self.found

    def mean_roc(self, metric: str, buffers: range) -> float:
        if self.truth.all() or not self.truth.any():
            undefined(metric, "normal" if self.truth.all() else "anomalous")
            return float("nan")
        areas = []
        for buffer in buffers:
            tpr, fpr, _ = self._curve(buffer)
            areas.append(np.trapezoid(np.r_[0, tpr, 1], np.r_[0, fpr, 1]))
        return float(np.mean(areas))

    def mean_pr(self, metric: str, buffers: range) -> float:
        if not self.truth.any():
            undefined(metric, "anomalous")
            return float("nan")
        areas = []
        for buffer in buffers:
            tpr, _, precision = self._curve(buffer)
            areas.append(np.diff(tpr, prepend=0.0) @ precision)
        return float(np.mean(areas))
