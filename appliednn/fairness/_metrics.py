"""Differences between groups, one function a metric, under the names fairlearn uses.

Each crosses the attributes it is given (as fairlearn does with two columns), leaves out what is
not estimable and says so, and gives an interval and what chance alone would give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from appliednn.fairness._difference import GroupDifference
from appliednn.fairness._groups import cross, group_labels
from appliednn.fairness._table import group_metrics

_PARAMETERS = """
    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels.
    groups : DataFrame, Series, mapping, or array-like of shape (n,) or (n, n_attributes)
        Sensitive attributes; several are crossed, a missing value is a group of its own.
    positive : label, optional
        The positive label; may be left out for labels 0 and 1 only.
    expected : array-like of shape (n,), optional
        Expected rates of a randomised predictor, in place of ``y_pred``.
    min_group_size : int
        Smaller groups are left out.
    level : float
        Confidence level of the interval, which holds for all pairs of groups at once.
    seed : int
        Seed of the permutations.

    Returns
    -------
    GroupDifference
        ``.estimate`` (value, interval, n), ``.null_limit``, ``.p_value``, ``.excluded``.
"""


def _documented(function: Callable) -> Callable:
    """Put the parameters that all of them share before the examples."""
    if function.__doc__:
        said, examples = function.__doc__.split("    Examples\n", 1)
        function.__doc__ = f"{said}{_PARAMETERS.strip(chr(10))}\n    Examples\n{examples}"
    return function


def _compare(metric: str, y_true, y_pred, groups, score=None, **options) -> GroupDifference:
    """Return a metric between the groups of all attributes crossed."""
    crossed = cross(group_labels(groups))
    table = group_metrics(y_true, y_pred, {"group": crossed}, score=score, **options)
    return table.difference(metric, "group")


@_documented
def demographic_parity_difference(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    positive: Any = None,
    expected: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    seed: int = 0,
) -> GroupDifference:
    """Return the largest difference of two groups' selection rates.

    Examples
    --------
    >>> y, g = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    >>> pred = [1] * 30 + [0] * 10 + [1] * 10 + [0] * 30
    >>> demographic_parity_difference(y, pred, g).estimate.value
    0.5
    """
    options = (positive, expected, min_group_size, level, seed)
    return _compare("demographic_parity_difference", y_true, y_pred, groups, **_named(options))


@_documented
def demographic_parity_ratio(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    positive: Any = None,
    expected: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    seed: int = 0,
) -> GroupDifference:
    """Return the smallest ratio of two groups' selection rates (disparate impact).

    The four-fifths rule compares it with 0.8: a screen, no test of significance.

    Examples
    --------
    >>> y, g = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    >>> pred = [1] * 30 + [0] * 10 + [1] * 15 + [0] * 25
    >>> demographic_parity_ratio(y, pred, g).estimate.value
    0.5
    """
    options = (positive, expected, min_group_size, level, seed)
    return _compare("demographic_parity_ratio", y_true, y_pred, groups, **_named(options))


@_documented
def equalized_odds_difference(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    agg: Literal["worst_case", "mean"] = "worst_case",
    positive: Any = None,
    expected: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    seed: int = 0,
) -> GroupDifference:
    """Return the larger of the gaps in true and in false positive rate.

    With ``agg="mean"`` it is the mean of both gaps, otherwise ``"worst_case"``.

    Source: M. Hardt, E. Price, N. Srebro, NeurIPS 2016.

    Examples
    --------
    >>> y, g = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    >>> pred = [0, 1] * 20 + [0, 1, 0, 0] * 10
    >>> equalized_odds_difference(y, pred, g).estimate.value
    0.5
    >>> equalized_odds_difference(y, pred, g, agg="mean").estimate.value
    0.25
    """
    if agg not in ("worst_case", "mean"):
        raise ValueError(f"agg must be 'worst_case' or 'mean', got {agg!r}")
    metric = "equalized_odds_difference" if agg == "worst_case" else "equalized_odds_mean"
    options = (positive, expected, min_group_size, level, seed)
    return _compare(metric, y_true, y_pred, groups, **_named(options))


@_documented
def equal_opportunity_difference(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    positive: Any = None,
    expected: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    seed: int = 0,
) -> GroupDifference:
    """Return the largest difference of two groups' true positive rates.

    A group without positives has no such rate and is left out.

    Examples
    --------
    >>> y, g = [0, 1] * 40 + [0] * 40, ["a"] * 40 + ["b"] * 40 + ["c"] * 40
    >>> result = equal_opportunity_difference(y, [0, 1] * 20 + [0, 1, 0, 0] * 10 + [0] * 40, g)
    >>> result.estimate.value, dict(result.excluded)
    (0.5, {'c': 'n_pos=0 in this group'})
    """
    options = (positive, expected, min_group_size, level, seed)
    return _compare("equal_opportunity_difference", y_true, y_pred, groups, **_named(options))


@_documented
def predictive_parity_difference(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    positive: Any = None,
    expected: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    seed: int = 0,
) -> GroupDifference:
    """Return the largest difference of two groups' precision.

    Source: A. Chouldechova, Big Data 5 (2017) 153-163.

    Examples
    --------
    >>> y, g = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    >>> predictive_parity_difference(y, [0, 1] * 20 + [1] * 40, g).estimate.value
    0.5
    """
    options = (positive, expected, min_group_size, level, seed)
    return _compare("predictive_parity_difference", y_true, y_pred, groups, **_named(options))


@_documented
def predictive_equality_difference(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    positive: Any = None,
    expected: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    seed: int = 0,
) -> GroupDifference:
    """Return the largest difference of two groups' false positive rates.

    Examples
    --------
    >>> y, g = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    >>> predictive_equality_difference(y, [0, 1] * 20 + [1] * 40, g).estimate.value
    1.0
    """
    options = (positive, expected, min_group_size, level, seed)
    return _compare("predictive_equality_difference", y_true, y_pred, groups, **_named(options))


def calibration_gap(
    y_true: Any,
    score: Any,
    groups: Any,
    *,
    positive: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    seed: int = 0,
) -> GroupDifference:
    """Return the gap between the largest and the smallest expected calibration error.

    Ten bins of equal frequency over all rows; the lower bound allows for the error that noise
    alone gives a small group, and the null is a model calibrated in every group.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    score : array-like of shape (n,)
        Probability of the positive label.
    groups : DataFrame, Series, mapping, or array-like of shape (n,) or (n, n_attributes)
        Sensitive attributes; several are crossed, a missing value is a group of its own.
    positive : label, optional
        The positive label; may be left out for labels 0 and 1 only.
    min_group_size : int
        Smaller groups are left out.
    level : float
        Confidence level of the interval.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    GroupDifference

    Examples
    --------
    >>> y, g = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    >>> round(calibration_gap(y, [0.5] * 40 + [0.6] * 40, g).estimate.value, 3)
    0.1
    """
    options = (positive, score, min_group_size, level, seed)
    return _compare("calibration_gap", y_true, None, groups, score, **_named(options))


def _named(options: tuple) -> dict:
    """Return the common options by name."""
    names = ("positive", "expected", "min_group_size", "level", "seed")
    return dict(zip(names, options, strict=True))
