"""Models of the reward of every action, each row's by data of other rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from appliednn.core._random import guarded_random_state

# Fewer rows of an action say less about it than all rows' mean reward.
_FEWEST_ROWS = 2


class ClonedRewards:
    """A scikit-learn regressor of the reward, one clone for each action."""

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, X: Any, codes: np.ndarray, rewards: np.ndarray, n_actions: int):
        """Learn from rows, actions taken (n,) and their rewards (n,)."""
        self.level, self.models = float(rewards.mean()), []
        for action in range(n_actions):
            rows = np.flatnonzero(codes == action)
            if len(rows) < _FEWEST_ROWS:
                self.models.append(None)
                continue
            with guarded_random_state(action):
                model = clone(self.regressor).fit(_safe_indexing(X, rows), rewards[rows])
            self.models.append(model)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the expected reward of every action, (n, n_actions)."""
        n = X.shape[0] if hasattr(X, "shape") else len(X)
        columns = [np.full(n, self.level) if m is None else m.predict(X) for m in self.models]
        return np.column_stack(columns)


def cross_fit(regressor, X, codes, rewards, n_actions: int, n_folds: int, seed: int):
    """Return what predicts every action's reward in every row by a model that has not seen it.

    Parameters
    ----------
    regressor : scikit-learn regressor, optional
        Without one: ridge regression on the encoded rows.
    X : array-like or DataFrame with n rows
        Contexts.
    codes, rewards : ndarray of shape (n,)
        Actions taken, and what followed.
    n_actions : int
        Number of actions.
    n_folds : int
        Parts of the rows.
    seed : int
        Of the parts.

    Returns
    -------
    CrossFit or RidgeCrossFit
        ``predict(rows)`` learns from numbered rows, some of them several times (a bootstrap
        sample), default all, and returns expected rewards of all rows, (n, n_actions): the parts
        stay, so that no row is learnt from and predicted at once.
    """
    n = len(codes)
    folds = np.random.default_rng(seed).permutation(n) % min(n_folds, n)
    if regressor is not None:
        return CrossFit(regressor, X, codes, rewards, n_actions, folds)
    from appliednn.tabular import TabularEncoder

    Z = TabularEncoder(numeric="standard").fit_transform(X).astype(np.float64)
    return RidgeCrossFit(Z, codes, rewards, n_actions, folds)


class CrossFit:
    """Clones of a regressor, one for each action and fold."""

    def __init__(self, regressor, X, codes, rewards, n_actions: int, folds: np.ndarray) -> None:
        self.regressor, self.X, self.codes, self.rewards = regressor, X, codes, rewards
        self.n_actions, self.folds = n_actions, folds

    def predict(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Return expected rewards; see :func:`cross_fit`."""
        rows = np.arange(len(self.codes)) if rows is None else rows
        out = np.empty((len(self.codes), self.n_actions))
        for fold in np.unique(self.folds):
            train = rows[self.folds[rows] != fold]
            held = np.flatnonzero(self.folds == fold)
            if len(train) == 0:  # a bootstrap sample of few rows
                out[held] = self.rewards.mean()
                continue
            own = _safe_indexing(self.X, train), self.codes[train], self.rewards[train]
            model = ClonedRewards(self.regressor).fit(*own, self.n_actions)
            out[held] = model.predict(_safe_indexing(self.X, held))
        return out


class RidgeCrossFit:
    """Ridge regressions, one for each action and fold, their intercepts free.

    Sums are kept by action and fold, so that a bootstrap sample costs one pass over the rows.
    """

    def __init__(self, Z, codes, rewards, n_actions: int, folds: np.ndarray, alpha=1.0) -> None:
        self.rows = np.hstack([Z, np.ones((len(Z), 1))])
        self.n_actions, self.n_folds, self.folds = n_actions, int(folds.max()) + 1, folds
        groups = folds * n_actions + codes
        self.order = np.argsort(groups, kind="stable")
        self.cuts = np.searchsorted(groups[self.order], np.arange(self.n_folds * n_actions + 1))
        self.sorted, self.rewards = self.rows[self.order], rewards[self.order]
        self.penalty = alpha * np.eye(self.rows.shape[1])
        self.penalty[-1, -1] = 0.0

    def predict(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Return expected rewards; see :func:`cross_fit`."""
        n, d = self.rows.shape
        counts = np.ones(n) if rows is None else np.bincount(rows, minlength=n).astype(float)
        weighted = self.sorted * counts[self.order, None]
        shape = (self.n_folds, self.n_actions)
        grams, moments = np.empty((*shape, d, d)), np.empty((*shape, d))
        for g, (start, stop) in enumerate(zip(self.cuts[:-1], self.cuts[1:], strict=True)):
            own, place = weighted[start:stop].T, divmod(g, self.n_actions)
            grams[place] = own @ self.sorted[start:stop]
            moments[place] = own @ self.rewards[start:stop]
        grams, moments = grams.sum(axis=0) - grams, moments.sum(axis=0) - moments
        few = grams[..., -1, -1] < _FEWEST_ROWS
        level = moments[..., -1].sum(axis=1) / np.maximum(grams[..., -1, -1].sum(axis=1), 1.0)
        grams[few], moments[few] = np.eye(d), 0.0
        moments[..., -1][few] = np.broadcast_to(level[:, None], shape)[few]
        coefficients = np.linalg.solve(grams + self.penalty, moments[..., None])[..., 0]
        out = np.empty((n, self.n_actions))
        for fold in range(self.n_folds):
            held = np.flatnonzero(self.folds == fold)
            out[held] = self.rows[held] @ coefficients[fold].T
        return out
