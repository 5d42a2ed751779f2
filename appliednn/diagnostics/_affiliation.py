"""Affiliation precision and recall: how near predictions and labelled segments are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.diagnostics._point_labels import point_labels, same_length, segments, undefined


def affiliation_precision_recall(y_true, y_pred) -> tuple[float, float]:
    """Return affiliation precision and recall.

    The series is cut into zones, one around each labelled segment, half-way between neighbours.
    Precision asks how near the predictions of a zone are to its segment, recall how near the
    points of the segment are to the predictions of its zone; both on a scale on which a point
    drawn at random in the zone has 0.5 on average for a short segment. Both are averaged over
    zones, precision over those with predictions.

    Parameters
    ----------
    y_true : array-like of bool or 0/1, shape (n,)
        Which points of one series, in order, are anomalous.
    y_pred : array-like of bool or 0/1, shape (n,)
        Which points are predicted to be; of a detector ``predict(X) == -1``.

    Returns
    -------
    precision : float
        In [0, 1]; NaN if nothing is predicted.
    recall : float
        In [0, 1]; 0 if nothing is predicted.
        Both are NaN, with a warning, if no point is anomalous.

    Raises
    ------
    ValueError
        If shapes differ or values are not 0/1.

    Notes
    -----
    Point i is the interval [i, i + 1), as in the authors' code (MIT licence), whose values these
    are; TSB-AD and vus carry copies of it. To predict all points is not worthless here: with one
    segment that takes a share r of the series it has precision (1 + r**2) / 2 and recall 1.

    References
    ----------
    A. Huet, J. M. Navarro, D. Rossi, "Local Evaluation of Time Series Anomaly Detection
    Algorithms", KDD 2022.

    Examples
    --------
    >>> y = [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    >>> affiliation_precision_recall(y, y)
    (1.0, 1.0)
    >>> precision, recall = affiliation_precision_recall(y, [0, 0, 0, 0, 0, 0, 1, 1, 0, 0])
    >>> round(precision, 3), round(recall, 3)
    (0.6, 0.8)
    """
    truth, found = point_labels(y_true, "y_true"), point_labels(y_pred, "y_pred")
    same_length(truth, found, "y_pred")
    if not truth.any():
        undefined("affiliation_precision_recall", "anomalous")
        return float("nan"), float("nan")
    if not found.any():
        return float("nan"), 0.0
    pieces = _Pieces.of(truth, found)
    precision = pieces.means(found[pieces.point], pieces.precision())
    recall = pieces.means(truth[pieces.point], pieces.recall())
    return float(np.nanmean(precision)), float(recall.mean())


def affiliation_f1(y_true, y_pred) -> float:
    """Return the harmonic mean of affiliation precision and recall.

    Parameters
    ----------
    y_true, y_pred
        As for :func:`affiliation_precision_recall`, with its errors and references.

    Returns
    -------
    float
        In [0, 1]; 0 if nothing is predicted; NaN, with a warning, if no point is anomalous. Some
        two thirds can be had without skill: see :func:`affiliation_precision_recall`.

    Examples
    --------
    >>> affiliation_f1([0, 0, 1, 1, 0, 0], [0, 0, 1, 1, 0, 0])
    1.0
    >>> affiliation_f1([0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0])
    0.0
    """
    precision, recall = affiliation_precision_recall(y_true, y_pred)
    if recall == 0:
        return 0.0
    return float(2 * precision * recall / (precision + recall))


@dataclass(frozen=True)
class _Pieces:
    """The series cut wherever a distance has a kink.

    Distances and their chances are linear within a piece, so that the value in its middle times
    its length is the integral.

    Attributes
    ----------
    middle, length : ndarray of shape (k,)
        Of each piece.
    zone : ndarray of int, shape (k,)
        In which zone it lies.
    borders : ndarray of shape (n_zones + 1,)
        Ends of the zones.
    truth, found : tuple of two ndarrays
        Starts and stops of labelled and of predicted segments.
    predicted : ndarray of bool, shape (k,)
        Whether it is predicted.
    """

    middle: np.ndarray
    length: np.ndarray
    zone: np.ndarray
    borders: np.ndarray
    truth: tuple[np.ndarray, np.ndarray]
    found: tuple[np.ndarray, np.ndarray]
    predicted: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray, found: np.ndarray) -> _Pieces:
        true, predicted = segments(truth), segments(found)
        inner = (true[1][:-1] + true[0][1:]) / 2
        borders = np.concatenate([[0.0], inner, [float(len(truth))]])
        cuts = np.unique(np.concatenate([*true, *predicted, *_kinks(borders, true, predicted)]))
        cuts = cuts[(cuts >= 0) & (cuts <= len(truth))]
        middle = (cuts[1:] + cuts[:-1]) / 2
        zone = np.searchsorted(inner, middle)
        inside = found[middle.astype(int)]
        return cls(middle, np.diff(cuts), zone, borders, true, predicted, inside)

    @property
    def point(self) -> np.ndarray:
        """The point of the series in which each piece lies."""
        return self.middle.astype(int)

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        return self.borders[self.zone], self.borders[self.zone + 1]

    def means(self, chosen: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Return the mean of a value over the chosen pieces of each zone; NaN without."""
        length, n_zones = self.length * chosen, len(self.borders) - 1
        total = np.bincount(self.zone, value * length, minlength=n_zones)
        size = np.bincount(self.zone, length, minlength=n_zones)
        return np.divide(total, size, np.full(n_zones, np.nan), where=size > 0)

    def precision(self) -> np.ndarray:
        """Return the chance that a random point of the zone is farther from its segment."""
        low, high = self._ends()
        start, stop = (side[self.zone] for side in self.truth)
        distance = np.maximum(np.maximum(start - self.middle, self.middle - stop), 0)
        nearer = np.minimum(distance, np.minimum(start - low, high - stop)) + distance
        chance = 1 - (nearer + stop - start) / (high - low)
        return np.where(distance > 0, chance, 1.0)

    def recall(self) -> np.ndarray:
        """Return the chance that a random point of the zone is farther than the predictions."""
        low, high = self._ends()
        starts, stops = np.append(self.found[0], np.inf), np.append(-np.inf, self.found[1])
        before = stops[np.searchsorted(stops[1:], self.middle, side="right")]
        after = starts[np.searchsorted(starts, self.middle)]
        distance = np.minimum(
            np.where(before > low, self.middle - before, np.inf),
            np.where(after < high, after - self.middle, np.inf),
        )
        distance[self.predicted] = 0
        edge = np.minimum(self.middle - low, high - self.middle)
        reached = np.isfinite(distance)
        distance = np.where(reached, distance, 0)
        return np.where(reached, 1 - (np.minimum(distance, edge) + distance) / (high - low), 0.0)


def _kinks(borders, true, predicted) -> list[np.ndarray]:
    """Return where distances or their chances have a kink, beside the ends of segments."""
    low, high = borders[:-1], borders[1:]
    room = np.minimum(true[0] - low, high - true[1])
    starts, stops = predicted
    zone_of = [np.searchsorted(borders[1:-1], ends) for ends in predicted]
    return [
        borders,
        true[0] - room,
        true[1] + room,
        (low + high) / 2,
        (stops[:-1] + starts[1:]) / 2,
        (low[zone_of[0]] + starts) / 2,
        (high[zone_of[1]] + stops) / 2,
    ]
