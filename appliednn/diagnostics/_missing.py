"""Tests on which values are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd


def missing_difference_p(a: np.ndarray, b: np.ndarray) -> float:
    """Return the p-value of equal shares of missing values in two data sets (Fisher's test).

    Parameters
    ----------
    a, b : ndarray of bool, shape (n_a,) and (n_b,)
        True where missing.

    Examples
    --------
    >>> a, b = np.arange(100) < 10, np.arange(100) < 40
    >>> missing_difference_p(a, b) < 1e-5
    True
    """
    return _fisher(np.array([[a.sum(), (~a).sum()], [b.sum(), (~b).sum()]]))


def missing_target_p(missing: np.ndarray, y: np.ndarray, *, classify: bool) -> float:
    """Return the p-value of no relation between a gap and the target.

    Fisher's test for two classes, chi-squared for more (classes of few rows left out), the
    Mann-Whitney test for a numeric target.

    Parameters
    ----------
    missing : ndarray of bool, shape (n,)
    y : ndarray of shape (n,)
    classify : bool
        Whether ``y`` holds labels.

    Examples
    --------
    >>> y = np.repeat(["a", "b"], 50)
    >>> missing_target_p(np.arange(100) < 20, y, classify=True) < 0.001
    True
    """
    from scipy.stats import chi2_contingency, mannwhitneyu

    if missing.all() or not missing.any():
        return 1.0
    if not classify:
        y = np.asarray(y, dtype=float)
        return float(mannwhitneyu(y[missing], y[~missing], method="asymptotic").pvalue)
    codes, labels = pd.factorize(np.asarray(y))
    table = np.stack(
        [np.bincount(codes[part], minlength=len(labels)) for part in (missing, ~missing)]
    )
    if len(labels) == 2:
        return _fisher(table)
    rare = table.sum(1).min() / table.sum()
    table = table[:, table.sum(0) * rare >= 5]
    if table.shape[1] < 2 or not table.sum(1).all():
        return 1.0
    return float(chi2_contingency(table, correction=False).pvalue)


def _fisher(table: np.ndarray) -> float:
    """Return Fisher's exact p-value, or the chi-squared one where the counts are large."""
    from scipy.stats import chi2_contingency, fisher_exact

    if not (table.sum(0).all() and table.sum(1).all()):
        return 1.0
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    if expected.min() >= 50:
        return float(chi2_contingency(table, correction=False).pvalue)
    return float(fisher_exact(table).pvalue)
