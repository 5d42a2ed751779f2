"""A ridge regression for each action, kept as sums: new decisions are added exactly."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(eq=False)
class LinearArms:
    """Gaussian posteriors of the linear models of K actions' rewards.

    With rows x of an action's decisions, its precision is ``ridge * I + sum w x x'`` and its
    coefficients are ``precision^-1 sum w r x``: ridge regression, and the posterior mean for unit
    noise and the prior ``N(0, I / ridge)``.

    Attributes
    ----------
    precision : ndarray of float64, shape (K, d, d)
        One matrix for each action.
    moment : ndarray of float64, shape (K, d)
        Weighted sums of rows times rewards.

    Examples
    --------
    >>> arms = LinearArms.fresh(2, 1, ridge=1.0)
    >>> arms.add(np.ones((3, 1)), np.array([0, 0, 0]), np.array([2.0, 2.0, 4.0]), np.ones(3))
    >>> arms.coefficients.tolist(), arms.deviation(np.ones((1, 1))).tolist()
    ([[2.0], [0.0]], [[0.5, 1.0]])
    """

    precision: np.ndarray
    moment: np.ndarray
    _factors: np.ndarray | None = field(default=None, init=False, repr=False)

    @classmethod
    def fresh(cls, n_actions: int, n_inputs: int, ridge: float) -> LinearArms:
        """Return models that have seen nothing."""
        precision = np.tile(ridge * np.eye(n_inputs), (n_actions, 1, 1))
        return cls(precision, np.zeros((n_actions, n_inputs)))

    def add(self, Z: np.ndarray, codes: np.ndarray, rewards: np.ndarray, weights: np.ndarray):
        """Add decisions: rows (n, d), actions' numbers, rewards and weights, each (n,)."""
        for action in np.unique(codes):
            rows = np.flatnonzero(codes == action)
            own = Z[rows] * weights[rows, None]
            self.precision[action] += own.T @ Z[rows]
            self.moment[action] += own.T @ rewards[rows]
        self._factors = None

    @property
    def coefficients(self) -> np.ndarray:
        """Posterior means, (K, d)."""
        from scipy.linalg import cho_solve

        pairs = zip(self._lower(), self.moment, strict=True)
        return np.array([cho_solve((lower, True), moment) for lower, moment in pairs])

    def mean(self, Z: np.ndarray) -> np.ndarray:
        """Return the expected reward of every action in rows (n, d), (n, K)."""
        return Z @ self.coefficients.T

    def deviation(self, Z: np.ndarray) -> np.ndarray:
        """Return ``sqrt(x' precision^-1 x)`` of every action, (n, K)."""
        from scipy.linalg import solve_triangular

        whitened = [solve_triangular(lower, Z.T, lower=True) for lower in self._lower()]
        return np.sqrt(np.array([(w**2).sum(axis=0) for w in whitened]).T)

    def _lower(self) -> np.ndarray:
        if self._factors is None:
            self._factors = np.linalg.cholesky(self.precision)
        return self._factors
