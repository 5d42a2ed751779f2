"""Over- and underfitting: losses on training and on test rows beside that of guessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.core.statistics import Estimate, bootstrap_interval

_DRAWS = 300
_FLOOR = 1e-7


@dataclass(frozen=True)
class FitGap:
    """How a model does on rows it was trained on and on rows it was not.

    Attributes
    ----------
    loss : str
        ``"log loss"``, ``"error rate"`` or ``"absolute error"``.
    train, test : Estimate
        Mean loss with bootstrap intervals.
    guess : float
        Mean loss on the test rows of the best guess that looks at no feature, learned from the
        training rows (class shares, majority class or median).
    train_skill, test_skill : Estimate
        ``1 - loss / guess`` of the same rows: 1 is perfect, 0 no better than the guess.
    gap : Estimate
        Training skill minus test skill.
    """

    loss: str
    train: Estimate
    test: Estimate
    guess: float
    train_skill: Estimate
    test_skill: Estimate
    gap: Estimate


def row_losses(y: Any, predicted: Any, proba: Any = None, classes: Any = None) -> np.ndarray:
    """Return each row's loss: log loss with probabilities, 0/1 for labels, absolute for numbers.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels or target.
    predicted : array-like of shape (n,)
        Predictions.
    proba : array-like of shape (n, n_classes), optional
        Probabilities in the order of ``classes``.
    classes : array-like of shape (n_classes,), optional
        The model's classes; None for a regressor.

    Examples
    --------
    >>> row_losses(["a", "b"], ["a", "a"], classes=["a", "b"]).tolist()
    [0.0, 1.0]
    >>> row_losses([1.0, 2.0], [1.5, 2.0]).tolist()
    [0.5, 0.0]
    """
    y = np.asarray(y)
    if classes is None:
        return np.abs(y.astype(float) - np.asarray(predicted, dtype=float))
    if proba is None:
        return (y != np.asarray(predicted)).astype(float)
    return _log_loss(y, np.asarray(proba, dtype=float), np.asarray(classes))


def fit_gap(
    train: tuple[Any, ...], test: tuple[Any, ...], classes: Any = None, *, seed: int = 0
) -> FitGap:
    """Compare a model on training and on test rows.

    Parameters
    ----------
    train, test : tuple of (y, predicted) or (y, predicted, proba)
        As for :func:`row_losses`.
    classes : array-like, optional
        The model's classes; None for a regressor.
    seed : int
        Seed of the bootstrap.

    Examples
    --------
    >>> train, test = ([0, 1] * 20, [0, 1] * 20), ([0, 1] * 20, [0, 0] * 20)
    >>> gap = fit_gap(train, test, classes=[0, 1])
    >>> gap.train_skill.value, gap.test_skill.value, gap.gap.value
    (1.0, 0.0, 1.0)
    """
    (a, b), (guess_a, guess_b) = (
        [row_losses(*part, classes=classes) for part in (train, test)],
        _guesses(train, test, classes),
    )
    name = "absolute error" if classes is None else "log loss" if len(train) > 2 else "error rate"
    losses, guesses = np.concatenate([a, b]), np.concatenate([guess_a, guess_b])
    is_train = np.arange(len(losses)) < len(a)

    def gap(loss, guess, mask):
        return _skill(loss[mask], guess[mask]) - _skill(loss[~mask], guess[~mask])

    ci = bootstrap_interval(
        gap, losses, guesses, is_train, n_boot=_DRAWS, seed=seed, strata=is_train
    )
    value = float(gap(losses, guesses, is_train))
    return FitGap(
        loss=name,
        train=_mean(f"{name} on training rows", a, seed),
        test=_mean(f"{name} on test rows", b, seed),
        guess=float(guess_b.mean()),
        train_skill=_skill_estimate("skill on training rows", a, guess_a, seed),
        test_skill=_skill_estimate("skill on test rows", b, guess_b, seed),
        gap=Estimate("training skill minus test skill", value, ci, len(losses), seed=seed),
    )


def _guesses(train, test, classes) -> list[np.ndarray]:
    """Return each row's loss under the best guess from the training labels."""
    y = np.asarray(train[0])
    parts = (y, np.asarray(test[0]))
    if classes is None:
        middle = np.median(y.astype(float))
        return [np.abs(part.astype(float) - middle) for part in parts]
    classes = np.asarray(classes)
    shares = np.array([np.mean(y == c) for c in classes.tolist()])
    if len(train) > 2:
        return [_log_loss(p, np.tile(shares, (len(p), 1)), classes) for p in parts]
    return [(part != classes[shares.argmax()]).astype(float) for part in parts]


def _log_loss(y: np.ndarray, proba: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return -ln of the true class's probability; a label that is no class has the floor's."""
    hit = y[:, None] == classes[None, :]
    return -np.log(np.clip((proba * hit).sum(axis=1), _FLOOR, 1.0))


def _skill(loss: np.ndarray, guess: np.ndarray) -> float:
    base = guess.mean()
    return float(1 - loss.mean() / base) if base > 0 else float("nan")


def _mean(name: str, values: np.ndarray, seed: int) -> Estimate:
    ci = bootstrap_interval(np.mean, values, n_boot=_DRAWS, seed=seed)
    return Estimate(name, float(values.mean()), ci, len(values), seed=seed)


def _skill_estimate(name: str, loss: np.ndarray, guess: np.ndarray, seed: int) -> Estimate:
    ci = bootstrap_interval(_skill, loss, guess, n_boot=_DRAWS, seed=seed)
    return Estimate(name, _skill(loss, guess), ci, len(loss), seed=seed)
