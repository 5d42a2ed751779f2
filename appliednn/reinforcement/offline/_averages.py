"""Q-values as averages over cells: a system that always has a solution."""

from __future__ import annotations

import numpy as np

from appliednn.reinforcement.offline._cells import membership
from appliednn.reinforcement.offline._transitions import LoggedTransitions


class AveragedQ:
    """Q-values that are averages of what followed the logged steps in the same cell.

    Averages do not extrapolate, so that what a step is worth one step later counts for less than
    before: the fixed point exists, is unique and lies among possible returns (G. J. Gordon, ICML
    1995).

    Parameters
    ----------
    log : LoggedTransitions
        Steps; those whose future is not known are left out.
    cells : list of cells or None
        For each action; None for an action that was never logged, whose value is 0.
    ahead : ndarray of shape (n, n_actions)
        Probabilities of the policy after each step of the log.
    gamma : float
        Discount.
    """

    def __init__(self, log: LoggedTransitions, cells: list, ahead: np.ndarray, gamma: float):
        self.cells, self.known = cells, np.flatnonzero(log.known)
        actions, following = log.actions[self.known], log.next_observations[self.known]
        self.rewards = log.rewards[self.known]
        self.discounts = gamma * ~log.terminals[self.known]
        self.ahead, self.gamma = ahead[self.known], gamma
        self.rows = [np.flatnonzero(actions == a) for a in range(len(cells))]
        seen = log.observations[self.known]
        self.members = [
            None if own is None else membership(own, seen[rows]).T.tocsr()
            for own, rows in zip(cells, self.rows, strict=True)
        ]
        # Only what the policy may do is read.
        self.readers = [
            np.flatnonzero((share > 0) & ~log.terminals[self.known]) for share in self.ahead.T
        ]
        self.reads = [
            None if own is None else membership(own, following[rows])
            for own, rows in zip(cells, self.readers, strict=True)
        ]

    def solve(
        self, weights: np.ndarray, start: np.ndarray | None = None, tolerance: float = 1e-8
    ) -> np.ndarray:
        """Return what each known step is worth, ``r + gamma * V(next)``, (n_known,).

        Parameters
        ----------
        weights : ndarray of shape (n,)
            Of all rows of the log.
        start : ndarray of shape (n_known,), optional
            A solution for like weights.
        tolerance : float
            Largest residual, relative to the rewards.
        """
        from scipy.sparse.linalg import LinearOperator, gmres

        weights = weights[self.known]
        mass = self._masses(weights)
        n = len(self.rewards)

        def worth(values: np.ndarray) -> np.ndarray:
            """Return the discounted average of step values at the states that follow."""
            return self.discounts * self._read(self._means(values, weights, mass), mass)

        operator = LinearOperator((n, n), matvec=lambda x: x - worth(x), dtype=np.float64)
        found, failed = gmres(
            operator, self.rewards, x0=start, rtol=tolerance, restart=50, maxiter=20
        )
        if failed:  # the plain iteration contracts by gamma in each step, however slowly
            for _ in range(int(np.ceil(np.log(tolerance) / np.log(self.gamma)))):
                found = self.rewards + worth(found)
        return found

    def q(self, observations: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return Q-values of any observations, (n, n_actions), from the steps' solved values."""
        weights = weights[self.known]
        mass = self._masses(weights)
        means = self._means(values, weights, mass)
        out = np.zeros((len(observations), len(self.cells)))
        for action, own in enumerate(self.cells):
            if own is not None:
                read = membership(own, observations)
                out[:, action] = _ratio(read @ means[action], read @ (mass[action] > 0))
        return out

    def _masses(self, weights: np.ndarray) -> list:
        pairs = zip(self.members, self.rows, strict=True)
        return [None if m is None else m @ weights[rows] for m, rows in pairs]

    def _means(self, values: np.ndarray, weights: np.ndarray, mass: list) -> list:
        """Return the weighted mean of the values in each cell; 0 where it is empty."""
        weighted = weights * values
        trios = zip(self.members, self.rows, mass, strict=True)
        return [None if m is None else _ratio(m @ weighted[rows], own) for m, rows, own in trios]

    def _read(self, means: list, mass: list) -> np.ndarray:
        out = np.zeros(len(self.rewards))
        for action, (read, rows) in enumerate(zip(self.reads, self.readers, strict=True)):
            if read is not None and len(rows):
                there = _ratio(read @ means[action], read @ (mass[action] > 0))
                out[rows] += self.ahead[rows, action] * there
        return out


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.zeros(len(top)), where=bottom > 0)
