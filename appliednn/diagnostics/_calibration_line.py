"""Slope and intercept of calibration: too sure, too shy, too high or too low on average."""

from __future__ import annotations

import numpy as np

_STEPS = 50
_CLIP = 1e-9


def calibration_slope(y: np.ndarray, proba: np.ndarray) -> tuple[float, float]:
    """Return the slope of a logistic regression of ``y`` on the logit of ``proba``.

    1 for calibrated probabilities, below 1 for overconfident ones. Source: D. R. Cox, Biometrika
    45 (1958) 562-565.

    Parameters
    ----------
    y : ndarray of 0/1, shape (n,)
    proba : ndarray of shape (n,)

    Returns
    -------
    tuple of (float, float)
        Slope and its standard error (inverse observed information); NaN where it does not exist
        (equal probabilities, one class, classes parted without overlap).

    Examples
    --------
    >>> p = np.tile([0.2, 0.8], 50)
    >>> y = np.where(p > 0.5, np.arange(100) % 20 < 16, np.arange(100) % 20 < 4)
    >>> round(calibration_slope(y, p)[0], 3)
    1.0
    """
    design = np.column_stack([np.ones(len(y)), _logit(proba)])
    return _fit(design, np.asarray(y, dtype=float), np.zeros(len(y)), 1)


def calibration_intercept(y: np.ndarray, proba: np.ndarray) -> tuple[float, float]:
    """Return the shift of the logits that makes mean prediction and share of positives agree.

    0 for calibrated probabilities; positive where they are too low on average. Parameters and
    returns as in :func:`calibration_slope`.

    Examples
    --------
    >>> y = np.arange(100) < 50
    >>> round(calibration_intercept(y, np.full(100, 0.25))[0], 4)  # log(3)
    1.0986
    """
    return _fit(np.ones((len(y), 1)), np.asarray(y, dtype=float), _logit(proba), 0)


def power_slope(y: np.ndarray, proba: np.ndarray) -> tuple[float, float]:
    """Return the power to which probabilities of several classes should be raised.

    The inverse of temperature scaling's temperature: 1 for calibrated probabilities, below 1 for
    overconfident ones. Source: C. Guo et al., ICML 2017.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class codes.
    proba : ndarray of shape (n, n_classes)

    Returns
    -------
    tuple of (float, float)
        Power and its standard error; NaN where it does not exist.
    """
    logs = np.log(np.clip(proba, _CLIP, 1.0))
    picked = logs[np.arange(len(y)), y]
    power = 1.0
    for _ in range(_STEPS):
        scaled = power * logs
        p = np.exp(scaled - scaled.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        mean = (p * logs).sum(1)
        slope, bend = float((picked - mean).sum()), float((p * logs**2).sum() - (mean**2).sum())
        if bend < 1e-9:
            return float("nan"), float("nan")
        step = np.clip(slope / bend, -0.5 * power, power)
        power += step
        if abs(step) < 1e-9 * power:
            return float(power), float(1 / np.sqrt(bend))
    return float("nan"), float("nan")


def _fit(design: np.ndarray, y: np.ndarray, offset: np.ndarray, k: int) -> tuple[float, float]:
    """Return coefficient ``k`` of a logistic regression and its standard error, by Newton."""
    nothing = float("nan"), float("nan")
    if y.min() == y.max():
        return nothing
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ beta + offset, -500, 500)))
        information = (design * (p * (1 - p))[:, None]).T @ design
        if np.linalg.cond(information) > 1e10:
            return nothing
        step = np.linalg.solve(information, design.T @ (y - p))
        beta = beta + step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(beta).max() > 100:  # parted without overlap: the likelihood has no maximum
            return nothing
        if np.abs(step).max() < 1e-9:
            return float(beta[k]), float(np.sqrt(np.linalg.inv(information)[k, k]))
    return nothing


def _logit(proba: np.ndarray) -> np.ndarray:
    p = np.clip(np.asarray(proba, dtype=float), _CLIP, 1 - _CLIP)
    return np.log(p / (1 - p))
