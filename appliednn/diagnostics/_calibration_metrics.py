"""How far probabilities are from observed shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def equal_mass_bins(values: np.ndarray, n_bins: int) -> np.ndarray:
    """Return each value's bin of (about) equal size; equal values share a bin.

    Returns
    -------
    ndarray of int, shape (n,)
        From 0 without gaps; fewer bins than asked for where many values are equal.

    Examples
    --------
    >>> equal_mass_bins(np.array([0.1, 0.9, 0.2, 0.8]), 2).tolist()
    [0, 1, 0, 1]
    >>> equal_mass_bins(np.zeros(3), 5).tolist()
    [0, 0, 0]
    """
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)[1]


@dataclass(frozen=True)
class Reliability:
    """Predicted probability and observed share by bin.

    Attributes
    ----------
    predicted, observed : ndarray of shape (n_bins,)
        Mean probability and share of positives.
    counts : ndarray of int, shape (n_bins,)
        Rows in each bin.
    """

    predicted: np.ndarray
    observed: np.ndarray
    counts: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error: mean over rows of ``|observed - predicted|`` of their bin.

        Source: M. P. Naeini, G. Cooper, M. Hauskrecht, AAAI 2015. Positive for a perfectly
        calibrated model too, by the noise of the observed shares (:attr:`noise_floor`).
        """
        return float(self.counts @ np.abs(self.observed - self.predicted) / self.counts.sum())

    @property
    def noise_floor(self) -> float:
        """ECE to expect of a perfectly calibrated model with these bins, by normal noise."""
        p = self.predicted
        return float(self.counts @ np.sqrt(2 * p * (1 - p) / (np.pi * self.counts))) / float(
            self.counts.sum()
        )

    @property
    def least_se(self) -> float:
        """Standard error of the ECE by normal noise, with one hit and one miss more a bin.

        Keeps an interval open where no resample can show a miss: all rows of each bin agree.
        """
        n, k = self.counts, self.counts * self.observed
        share = (k + 1) / (n + 2)
        variance = share * (1 - share) / (n + 3)
        return float(np.sqrt((1 - 2 / np.pi) * ((n / n.sum()) ** 2 @ variance)))


def reliability(y: np.ndarray, proba: np.ndarray, bins: np.ndarray) -> Reliability:
    """Return predicted and observed by bin.

    Parameters
    ----------
    y : ndarray of bool or 0/1, shape (n,)
    proba : ndarray of shape (n,)
    bins : ndarray of int, shape (n,)
        From :func:`equal_mass_bins`; no bin is empty.

    Examples
    --------
    >>> y, p = np.array([0, 1, 1, 1]), np.array([0.2, 0.2, 0.8, 0.8])
    >>> made = reliability(y, p, np.array([0, 0, 1, 1]))
    >>> made.observed.tolist(), round(made.ece, 3)
    ([0.5, 1.0], 0.25)
    """
    counts = np.bincount(bins)
    return Reliability(np.bincount(bins, proba) / counts, np.bincount(bins, y) / counts, counts)


@dataclass(frozen=True)
class BrierParts:
    """The Brier score as ``reliability - resolution + uncertainty + within``.

    Attributes
    ----------
    reliability : float
        Squared distance of observed from predicted, over bins: 0 for a calibrated model.
    resolution : float
        Spread of observed shares between bins: the more the better.
    uncertainty : float
        ``base * (1 - base)``: Brier score of the base rate.
    within : float
        What binning hides (variance less twice the covariance inside bins); 0 when all
        probabilities of a bin are equal.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within: float

    @property
    def brier(self) -> float:
        """The Brier score of the unbinned probabilities."""
        return self.reliability - self.resolution + self.uncertainty + self.within


def brier_decomposition(y: np.ndarray, proba: np.ndarray, bins: np.ndarray) -> BrierParts:
    """Return the parts of the Brier score.

    Source: A. H. Murphy, Journal of Applied Meteorology 12 (1973) 595-600; the within-bin terms
    of D. B. Stephenson et al., Weather and Forecasting 23 (2008) 752-757.

    Parameters
    ----------
    y, proba, bins : ndarray of shape (n,)
        As for :func:`reliability`.

    Examples
    --------
    >>> y, p = np.array([0, 1, 1, 1]), np.array([0.2, 0.2, 0.8, 0.8])
    >>> parts = brier_decomposition(y, p, np.array([0, 0, 1, 1]))
    >>> round(parts.brier, 6), round(float(np.mean((p - y) ** 2)), 6)
    (0.19, 0.19)
    """
    y = np.asarray(y, dtype=float)
    made = reliability(y, proba, bins)
    share = made.counts / made.counts.sum()
    base = float(y.mean())
    aside = proba - made.predicted[bins]
    within = float(np.mean(aside**2) - 2 * np.mean(aside * (y - made.observed[bins])))
    return BrierParts(
        float(share @ (made.predicted - made.observed) ** 2),
        float(share @ (made.observed - base) ** 2),
        base * (1 - base),
        within,
    )


def resampled_parts(
    y: np.ndarray, proba: np.ndarray, bins: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Return ECE and Brier parts for many resamples, the bins kept.

    Parameters
    ----------
    y, proba, bins : ndarray of shape (n,)
        As for :func:`reliability`.
    counts : ndarray of shape (b, n)
        How often each row counts in each resample.

    Returns
    -------
    dict of str to ndarray of shape (b,)
        ``ece``, ``reliability``, ``resolution``, ``uncertainty``.
    """
    one = np.eye(int(bins.max()) + 1)[bins]
    n = counts.sum(1, keepdims=True)
    rows = counts @ one
    full = np.maximum(rows, 1.0)
    predicted, observed = counts @ (one * proba[:, None]), counts @ (one * y[:, None])
    share = rows / n
    base = observed.sum(1, keepdims=True) / n
    gap, aside = (observed - predicted) / full, observed / full - base
    return {
        "ece": (share * np.abs(gap)).sum(1),
        "reliability": (share * gap**2).sum(1),
        "resolution": (share * aside**2).sum(1),
        "uncertainty": (base * (1 - base))[:, 0],
    }
