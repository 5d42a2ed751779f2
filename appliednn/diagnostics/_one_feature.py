"""How well each feature alone predicts the target: far too well is the mark of a leak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.diagnostics._columns import as_numbers, as_text, column_kinds
from appliednn.diagnostics._ranking import RankedScores

N_FOLDS = 5
#: More columns than this are screened by a quick in-sample measure first.
MAX_COLUMNS = 200
_SCREEN_BINS = 20
_SMOOTHING = 1.0
_LEAVES = 32


@dataclass(frozen=True)
class OneFeature:
    """A feature's out-of-fold predictions of the target.

    Attributes
    ----------
    column : str
    score : float
        ROC AUC (macro, one against the rest, for several classes) or R².
    predicted : ndarray of shape (n, n_classes) or (n, 1)
        Out-of-fold probabilities or predictions.
    """

    column: str
    score: float
    predicted: np.ndarray


def one_feature_scores(
    X: pd.DataFrame, y: np.ndarray, *, classify: bool, seed: int
) -> list[OneFeature]:
    """Score each feature by predicting the target from it alone, out of fold, the best first.

    A number is cut by a decision tree of at most 32 leaves, a category gets the (smoothed) mean of
    the target; both are fitted on four folds and judged on the fifth.

    Parameters
    ----------
    X : DataFrame of shape (n, n_features)
    y : ndarray of shape (n,)
        Class codes 0, 1, ..., or numbers.
    classify : bool
    seed : int
        Of the folds.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"noise": rng.normal(size=400), "copy": np.arange(400) // 200})
    >>> best = one_feature_scores(X, np.arange(400) // 200, classify=True, seed=0)[0]
    >>> best.column, best.score
    ('copy', 1.0)
    """
    target = np.eye(int(y.max()) + 1)[y] if classify else np.asarray(y, dtype=float)[:, None]
    folds = _folds(y if classify else None, len(y), seed)
    kinds = column_kinds(X)
    columns = list(X.columns)
    if len(columns) > MAX_COLUMNS:
        strength = {c: _strength(X[c], kinds[c], target) for c in columns}
        columns = sorted(columns, key=lambda c: -strength[c])[:MAX_COLUMNS]
    made = []
    for column in columns:
        if kinds[column] == "numeric":
            predicted = _tree_predictions(as_numbers(X[column]), y, target, folds, classify)
        else:
            predicted = _mean_predictions(pd.factorize(as_text(X[column]))[0], target, folds)
        made.append(OneFeature(column, float(score(target, predicted)[0]), predicted))
    return sorted(made, key=lambda one: -one.score)


def score(
    target: np.ndarray, predicted: np.ndarray, counts: np.ndarray | None = None
) -> np.ndarray:
    """Return ROC AUC (target with a column a class) or R² (one column) for each resample.

    Parameters
    ----------
    target, predicted : ndarray of shape (n, k)
    counts : ndarray of shape (b, n), optional
        By default each row once.

    Returns
    -------
    ndarray of shape (b,)
    """
    counts = np.ones((1, len(target))) if counts is None else counts
    if target.shape[1] == 1:
        centred = target[:, 0] - target.mean()
        n = counts.sum(1)
        spread = counts @ centred**2 / n - (counts @ centred / n) ** 2
        square = counts @ (target - predicted)[:, 0] ** 2 / n
        return 1 - np.divide(square, spread, np.full(len(n), np.nan), where=spread > 0)
    classes = [1] if target.shape[1] == 2 else range(target.shape[1])
    areas = [RankedScores(target[:, k] > 0, predicted[:, k]).roc_auc(counts) for k in classes]
    return np.mean(areas, axis=0)


def _folds(y: np.ndarray | None, n: int, seed: int) -> np.ndarray:
    """Return the fold of each row, every class spread evenly."""
    order = np.random.default_rng(seed).permutation(n)
    if y is not None:
        order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(n, dtype=int)
    fold[order] = np.arange(n) % N_FOLDS
    return fold


def _tree_predictions(
    x: np.ndarray, y: np.ndarray, target: np.ndarray, folds: np.ndarray, classify: bool
) -> np.ndarray:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    # Ranks keep what a tree needs and survive its float32 where the numbers themselves do not.
    x = pd.Series(x).rank(method="dense").to_numpy()[:, None]
    out = np.empty(target.shape)
    make = DecisionTreeClassifier if classify else DecisionTreeRegressor
    for fold in range(N_FOLDS):
        train, test = folds != fold, folds == fold
        tree = make(max_leaf_nodes=_LEAVES, min_samples_leaf=5, random_state=0)
        tree.fit(x[train], y[train])
        if classify:
            part = np.zeros((int(test.sum()), target.shape[1]))
            part[:, tree.classes_] = tree.predict_proba(x[test])
        else:
            part = tree.predict(x[test])[:, None]
        out[test] = part
    return out


def _mean_predictions(codes: np.ndarray, target: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return each category's mean target over the other folds, drawn a little to the overall."""
    n_codes = int(codes.max()) + 1
    out = np.empty(target.shape)
    for fold in range(N_FOLDS):
        train, test = folds != fold, folds == fold
        overall = target[train].mean(0)
        count = np.bincount(codes[train], minlength=n_codes)[:, None]
        sums = np.stack([np.bincount(codes[train], t, n_codes) for t in target[train].T], axis=1)
        out[test] = ((sums + _SMOOTHING * overall) / (count + _SMOOTHING))[codes[test]]
    return out


def _strength(series: pd.Series, kind: str, target: np.ndarray) -> float:
    """Return the share of the target's variance that a column's bins explain, in sample."""
    if kind == "numeric":
        rank = pd.Series(as_numbers(series)).rank(pct=True).fillna(0.0).to_numpy()
        codes = np.ceil(rank * _SCREEN_BINS).astype(int)
    else:
        codes = pd.factorize(as_text(series))[0]
        if codes.max() > len(codes) / 2:
            return 0.0
    counts = np.bincount(codes)
    means = np.stack([np.bincount(codes, t) for t in target.T], 1) / np.maximum(counts, 1)[:, None]
    between = counts @ (means - target.mean(0)) ** 2
    return float((between / np.maximum(len(target) * target.var(0), 1e-300)).max())
