"""Cheap detectors of series: those of tables on sliding windows, and a windowed PCA."""

from __future__ import annotations

import numpy as np
import pandas as pd

from appliednn.audit._context import AuditContext
from appliednn.audit.checks._cheap_detectors import KINDS, encode_alike, fit_cheap

_WINDOW = 32
_PCA_SHARE = 0.9


def series_kinds() -> dict[str, str]:
    """Return the key of each cheap detector and how the report calls it."""
    windows = {kind: f"{name} of windows" for kind, name in KINDS.items()}
    return {"pca": "a principal component analysis of windows", **windows}


def fit_cheap_series(
    context: AuditContext, train: pd.DataFrame, test: pd.DataFrame, seed: int
) -> dict[str, np.ndarray]:
    """Return each cheap detector's scores of the time points of ``test``, (n,) each.

    A time point's score is the mean over the windows that cover it.
    """
    found = context.inner("window_")
    length = min(int(found.window_) if found is not None else _WINDOW, len(train) // 4, len(test))
    Z, Z_test = (_filled(z) for z in encode_alike(train, test))
    W, W_test = windows(Z, length), windows(Z_test, length)
    rows = np.sort(np.random.default_rng(seed).permutation(len(W))[:5000])
    scores = {"pca": _rebuilding_errors(W[rows], W_test)}
    for kind in KINDS:
        scores[kind] = fit_cheap(kind, W[rows], seed)(W_test)
    return {kind: over_points(s, length) for kind, s in scores.items()}


def windows(Z: np.ndarray, length: int) -> np.ndarray:
    """Return the windows of a series (n, n_channels), flat: (n - length + 1, length * channels).

    Examples
    --------
    >>> windows(np.array([[1.0], [2.0], [3.0]]), 2).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    cut = np.lib.stride_tricks.sliding_window_view(Z, length, axis=0)
    return np.ascontiguousarray(cut.transpose(0, 2, 1)).reshape(len(cut), -1)


def over_points(scores: np.ndarray, length: int) -> np.ndarray:
    """Return the mean score of the windows that cover each time point.

    Examples
    --------
    >>> over_points(np.array([1.0, 3.0]), 2).tolist()
    [1.0, 2.0, 3.0]
    """
    n = len(scores) + length - 1
    total = np.convolve(scores, np.ones(length))
    return total / np.convolve(np.ones(len(scores)), np.ones(length))[:n]


def _rebuilding_errors(W: np.ndarray, W_test: np.ndarray) -> np.ndarray:
    """Return how badly the main components of the windows rebuild others."""
    from sklearn.decomposition import PCA

    pca = PCA(n_components=_PCA_SHARE, svd_solver="full").fit(W)
    return ((W_test - pca.inverse_transform(pca.transform(W_test))) ** 2).mean(axis=1)


def _filled(Z: np.ndarray) -> np.ndarray:
    return np.nan_to_num(Z, copy=False)
