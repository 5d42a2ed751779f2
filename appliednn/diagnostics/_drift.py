"""Whether a column is distributed alike in two data sets."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.diagnostics._columns import Kind, as_numbers, as_text

N_BINS = 10
_MAX_CATEGORIES = 50
# Rarer cells than this make the chi-squared approximation doubtful (Cochran, 1954).
_LEAST_EXPECTED = 5


@dataclass(frozen=True)
class ColumnDrift:
    """How a column differs between training and test data.

    Attributes
    ----------
    test : str
        ``"Kolmogorov-Smirnov"`` or ``"chi-squared"``.
    statistic : float
        Largest distance of the distribution functions, or Cramer's V.
    p_value : float
        Of equal distributions; 1 where nothing can be compared.
    psi : float
        Population stability index over 10 bins of equal training mass, or over categories.
    n_train, n_test : int
        Values that are not missing.
    """

    test: str
    statistic: float
    p_value: float
    psi: float
    n_train: int
    n_test: int


def column_drift(train: pd.Series, test: pd.Series, kind: Kind) -> ColumnDrift:
    """Compare a column of two data sets, missing values left aside.

    Examples
    --------
    >>> a, b = pd.Series(range(200)), pd.Series(range(100, 300))
    >>> round(column_drift(a, b, "numeric").statistic, 3)
    0.5
    """
    train, test = train.dropna(), test.dropna()
    if kind == "numeric":
        return numeric_drift(as_numbers(train), as_numbers(test))
    return category_drift(as_text(train), as_text(test))


def numeric_drift(a: np.ndarray, b: np.ndarray) -> ColumnDrift:
    """Compare two samples of numbers by the two-sample Kolmogorov-Smirnov test."""
    from scipy.stats import ks_2samp

    if not len(a) or not len(b):
        return ColumnDrift("Kolmogorov-Smirnov", 0.0, 1.0, 0.0, len(a), len(b))
    # The exact p-value is slow and falls back with a warning; from some 20 rows on they agree.
    method = "exact" if min(len(a), len(b)) <= 20 and len(a) * len(b) < 10_000 else "asymp"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "ks_2samp: Exact", RuntimeWarning)
        made = ks_2samp(a, b, method=method)
    edges = np.unique(np.quantile(a, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, v, side="right"), minlength=len(edges) + 1)
        for v in (a, b)
    ]
    return ColumnDrift(
        "Kolmogorov-Smirnov",
        float(made.statistic),
        float(made.pvalue),
        population_stability(*counts),
        len(a),
        len(b),
    )


def category_drift(a: np.ndarray, b: np.ndarray) -> ColumnDrift:
    """Compare two samples of categories by the chi-squared test, rare categories put together."""
    from scipy.stats import chi2_contingency

    if not len(a) or not len(b):
        return ColumnDrift("chi-squared", 0.0, 1.0, 0.0, len(a), len(b))
    codes, names = pd.factorize(np.concatenate([a, b]))
    table = np.stack(
        [np.bincount(c, minlength=len(names)) for c in (codes[: len(a)], codes[len(a) :])]
    )
    table = _merge_rare(table)
    if table.shape[1] < 2:
        return ColumnDrift("chi-squared", 0.0, 1.0, 0.0, len(a), len(b))
    made = chi2_contingency(table, correction=False)
    cramer = float(np.sqrt(made.statistic / table.sum()))
    psi = population_stability(table[0], table[1])
    return ColumnDrift("chi-squared", cramer, float(made.pvalue), psi, len(a), len(b))


def population_stability(expected: np.ndarray, actual: np.ndarray) -> float:
    """Return the population stability index of two sets of counts (half a row added to each).

    Examples
    --------
    >>> round(population_stability(np.array([500, 500]), np.array([400, 600])), 4)
    0.0405
    """
    e, a = np.asarray(expected) + 0.5, np.asarray(actual) + 0.5
    e, a = e / e.sum(), a / a.sum()
    return float(np.sum((a - e) * np.log(a / e)))


def _merge_rare(table: np.ndarray) -> np.ndarray:
    """Put categories together until each expected count is large enough."""
    total = table.sum(0)
    order = np.argsort(-total, kind="stable")
    table, total = table[:, order], total[order]
    smaller = table.sum(1).min() / table.sum()
    keep = int(min((total * smaller >= _LEAST_EXPECTED).sum(), _MAX_CATEGORIES))
    rest = table[:, keep:].sum(1, keepdims=True)
    if rest.sum() * smaller >= _LEAST_EXPECTED:
        return np.hstack([table[:, :keep], rest])
    if keep and rest.sum():
        table[:, keep - 1] += rest[:, 0]
    return table[:, :keep]
