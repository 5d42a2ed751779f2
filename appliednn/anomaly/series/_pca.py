"""Principal components of windows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# A time point of the window that hardly varies is compared in these (scaled) units.
_LEAST_SPREAD = 1e-3
_ROWS_PER_BLOCK = 4096


class WindowComponents(NamedTuple):
    """Principal components of standardised windows.

    Attributes
    ----------
    mean, spread : ndarray of shape (n_values,)
        Of each value of a window.
    variances : ndarray of shape (n_values,)
        Of each component, the largest first.
    components : ndarray of shape (n_values, n_values)
        One a column.
    """

    mean: np.ndarray
    spread: np.ndarray
    variances: np.ndarray
    components: np.ndarray


def window_components(flat: np.ndarray, weights: np.ndarray) -> WindowComponents:
    """Return the principal components of windows (n, n_values) with weights (n,)."""
    mean = np.average(flat, axis=0, weights=weights)
    centred = flat - mean
    spread = np.sqrt(np.average(centred**2, axis=0, weights=weights))
    spread = np.maximum(spread, _LEAST_SPREAD)
    z = centred / spread
    variances, components = np.linalg.eigh((z * weights[:, None]).T @ z / weights.sum())
    return WindowComponents(
        mean, spread, np.maximum(variances[::-1], 0.0), np.ascontiguousarray(components[:, ::-1])
    )


def whitened(found: WindowComponents) -> np.ndarray:
    """Return the symmetric matrix of the Mahalanobis distance, (n_values, n_values).

    No variance counts as less than 1, that of a standardised value: noise in components of small
    variance would decide otherwise.
    """
    return (found.components / np.maximum(found.variances, 1.0)) @ found.components.T


def residual(found: WindowComponents, n_components: int) -> np.ndarray:
    """Return the projection on all but the first components, (n_values, n_values)."""
    left = found.components[:, n_components:]
    return left @ left.T


def n_explaining(variances: np.ndarray, share: float) -> int:
    """Return how many components hold this share of the variance.

    Examples
    --------
    >>> n_explaining(np.array([3.0, 1.0, 0.0]), 0.7)
    1
    """
    total = np.cumsum(variances)
    return int(np.searchsorted(total, share * total[-1] * (1 - 1e-9)) + 1)


def quadratic_terms(flat: np.ndarray, found: WindowComponents, matrix: np.ndarray) -> np.ndarray:
    """Return ``z * (z @ matrix)`` of standardised windows: the form's value, entry by entry.

    Parameters
    ----------
    flat : ndarray of shape (n, n_values)
        Windows.
    found : WindowComponents
        Mean and spread.
    matrix : ndarray of shape (n_values, n_values)
        Symmetric.
    """
    z = (flat - found.mean) / found.spread
    return z * (z @ matrix)


def mahalanobis_of_windows(windows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return how far each window (n, ...) lies from the mean of all, (n,)."""
    flat = windows.reshape(len(windows), -1).astype(np.float64)
    found = window_components(flat, np.asarray(weights, dtype=np.float64))
    matrix = whitened(found)
    blocks = range(0, len(flat), _ROWS_PER_BLOCK)
    parts = [
        quadratic_terms(flat[i : i + _ROWS_PER_BLOCK], found, matrix).sum(axis=1) for i in blocks
    ]
    return np.concatenate(parts)
