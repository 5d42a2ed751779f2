"""Permutation importance on held-out rows, with intervals over rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.core.statistics import Estimate

# float32 probabilities next to 1 round to it; a loss is not infinite for that.
_TINY = 1e-7
_N_BOOT = 1000


@dataclass(frozen=True)
class PermutationImportance:
    """How much worse each row fares when one feature's values are shuffled between rows.

    Attributes
    ----------
    names : list of str
        Features, as given (a category is permuted whole).
    metric : str
        ``"log loss"``, ``"error rate"`` or ``"squared error"``.
    losses : ndarray of shape (n,)
        Loss of each row as it is.
    increases : ndarray of shape (n, n_features)
        Mean increase of each row's loss over the repeats.
    donated : ndarray of shape (n, n_features)
        Mean increase that each row's values cause in the rows they are put into.
    n_repeats : int
        Shuffles of each feature.
    seed : int
        Seed of the shuffles and of the bootstrap.
    """

    names: list[str]
    metric: str
    losses: np.ndarray
    increases: np.ndarray
    donated: np.ndarray
    n_repeats: int
    seed: int

    @property
    def values(self) -> np.ndarray:
        """Mean increase of the loss, (n_features,)."""
        return self.increases.mean(axis=0)

    def draws(self, n_boot: int = _N_BOOT) -> np.ndarray:
        """Return bootstrap draws over rows.

        A row matters twice: it is given others' values, and its own are given to others. Both
        parts are resampled together (the first-order part of a U-statistic); with the first
        alone, intervals would be too narrow. The chance of the shuffles is in both.

        Returns
        -------
        ndarray of shape (n_boot, n_features)
        """
        n = len(self.increases)
        rng = np.random.default_rng(self.seed)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=n_boot)
        return counts @ (self.increases + self.donated) / n - self.values

    def estimates(self) -> dict[str, Estimate]:
        """Return the importance of each feature with its interval, by name."""
        low, high = np.quantile(self.draws(), [0.025, 0.975], axis=0)
        return {
            name: Estimate(
                f"Permutation importance of {name}",
                float(value),
                (float(min(a, value)), float(max(b, value))),
                len(self.increases),
                seed=self.seed,
            )
            for name, value, a, b in zip(self.names, self.values, low, high, strict=True)
        }


def permutation_importance(
    model,
    X: pd.DataFrame,
    y,
    *,
    n_repeats: int = 5,
    random_state: int = 0,
    convert: Callable[[pd.DataFrame], object] | None = None,
) -> PermutationImportance:
    """Measure what each feature is worth to a model, on rows it has not seen.

    Source: L. Breiman, Machine Learning 45 (2001) 5-32; A. Fisher, C. Rudin and F. Dominici,
    JMLR 20 (2019) 177.

    Parameters
    ----------
    model : fitted estimator
        Scored by log loss where it gives probabilities, else by its error rate or squared error.
    X : DataFrame of shape (n, n_features)
        Held-out rows.
    y : array-like of shape (n,)
        Their labels or target.
    n_repeats : int
        Shuffles of each feature.
    random_state : int
        Seed.
    convert : callable, optional
        From such a DataFrame to what the model takes; default: the DataFrame itself.

    Returns
    -------
    PermutationImportance

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> X = pd.DataFrame({"used": np.arange(50.0), "not": np.ones(50)})
    >>> found = permutation_importance(LinearRegression().fit(X, X["used"]), X, X["used"])
    >>> found.metric, bool(found.values[0] > 100), abs(float(found.values[1])) < 1e-9
    ('squared error', True, True)
    """
    convert = convert or (lambda rows: rows)
    y = np.asarray(y)
    metric, loss = _row_loss(model, y, convert)
    rng = np.random.default_rng(random_state)
    increases, donated = np.zeros(X.shape), np.zeros(X.shape)
    # One call of the model a feature: many estimators take as long for a few rows as for many.
    stacked = X.iloc[np.tile(np.arange(len(X)), n_repeats)].reset_index(drop=True)
    # Rows as they are go through the same shapes: a feature without effect gives exactly zero.
    clean = loss(stacked).reshape(n_repeats, len(X))
    for j in range(X.shape[1]):
        order = np.concatenate([rng.permutation(len(X)) for _ in range(n_repeats)])
        changed = stacked.copy()
        changed.isetitem(j, X.iloc[:, j].array.take(order))
        repeats = loss(changed).reshape(n_repeats, len(X)) - clean
        increases[:, j] = repeats.mean(axis=0)
        given = np.bincount(order, weights=repeats.ravel(), minlength=len(X))
        donated[:, j] = given / n_repeats
    names = [str(c) for c in X.columns]
    return PermutationImportance(
        names, metric, clean[0], increases, donated, n_repeats, int(random_state)
    )


def _row_loss(model, y: np.ndarray, convert):
    """Return the metric's name and the loss of each row of ``y``'s rows, once or repeated."""
    if not hasattr(model, "classes_"):
        numbers = y.astype(float)

        def squared(X):
            predicted = np.asarray(model.predict(convert(X)), dtype=float).reshape(-1, len(y))
            return ((predicted - numbers) ** 2).ravel()

        return "squared error", squared
    classes = list(model.classes_)
    if hasattr(model, "predict_proba") and set(y.tolist()) <= set(classes):
        place = {label: k for k, label in enumerate(classes)}
        true = np.array([place[label] for label in y.tolist()])

        def log_loss(X):
            p = np.asarray(model.predict_proba(convert(X)), dtype=float)
            given = np.take_along_axis(p, np.resize(true, (len(p), 1)), axis=1)[:, 0]
            return -np.log(np.maximum(given, _TINY))

        return "log loss", log_loss

    def wrong(X):
        predicted = np.asarray(model.predict(convert(X))).reshape(-1, len(y))
        return (predicted != y).astype(float).ravel()

    return "error rate", wrong
