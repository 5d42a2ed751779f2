"""Models of the reward of every action, each row's by data of other rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from appliednn.core._random import guarded_random_state

# Fewer rows of an action say less about it than all rows' mean reward.
_FEWEST_ROWS = 2


class RidgeRewards:
    """Ridge regression of the reward on encoded rows, one for each action, intercept free.

    Parameters
    ----------
    alpha : float
        Penalty on the squared coefficients.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, Z: np.ndarray, codes: np.ndarray, rewards: np.ndarray, n_actions: int):
        """Learn from rows (n, d), actions taken (n,) and their rewards (n,)."""
        self.coef = np.zeros((Z.shape[1], n_actions))
        self.intercept = np.full(n_actions, rewards.mean())
        for action in range(n_actions):
            rows = np.flatnonzero(codes == action)
            if len(rows) < _FEWEST_ROWS:
                continue
            own, target = Z[rows], rewards[rows]
            middle, level = own.mean(axis=0), target.mean()
            own = own - middle
            gram = own.T @ own + self.alpha * np.eye(Z.shape[1])
            self.coef[:, action] = np.linalg.solve(gram, own.T @ (target - level))
            self.intercept[action] = level - middle @ self.coef[:, action]
        return self

    def predict(self, Z: np.ndarray) -> np.ndarray:
        """Return the expected reward of every action, (n, n_actions)."""
        return Z @ self.coef + self.intercept


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


class CrossFit:
    """Rewards of every action in every row, by a model that has not seen the row.

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
    """

    def __init__(self, regressor, X, codes, rewards, n_actions: int, n_folds: int, seed: int):
        self.codes, self.rewards, self.n_actions = codes, rewards, n_actions
        n = len(codes)
        self.folds = np.random.default_rng(seed).permutation(n) % min(n_folds, n)
        if regressor is None:
            from appliednn.tabular import TabularEncoder

            self.X = TabularEncoder(numeric="standard").fit_transform(X).astype(np.float64)
            self.make = RidgeRewards
        else:
            self.X, self.make = X, lambda: ClonedRewards(regressor)

    def predict(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Return expected rewards, (n, n_actions).

        Parameters
        ----------
        rows : ndarray of int, optional
            Numbers of the rows to learn from, some of them several times (a bootstrap sample):
            the parts stay, so that no row is learnt from and predicted at once.
        """
        rows = np.arange(len(self.codes)) if rows is None else rows
        out = np.empty((len(self.codes), self.n_actions))
        for fold in np.unique(self.folds):
            train = rows[self.folds[rows] != fold]
            if len(train) == 0:
                raise ValueError(
                    f"{len(self.codes)} decisions are too few for a reward model in "
                    f"{len(np.unique(self.folds))} folds; give more of them, or rewards of your "
                    "own model as reward_model=array of shape (n, n_actions)"
                )
            model = self.make().fit(
                _safe_indexing(self.X, train),
                self.codes[train],
                self.rewards[train],
                self.n_actions,
            )
            held = np.flatnonzero(self.folds == fold)
            out[held] = model.predict(_safe_indexing(self.X, held))
        return out
