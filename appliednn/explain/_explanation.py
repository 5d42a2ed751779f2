"""Attributions of rows, whatever method made them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Explanation:
    """How much each feature moved the score of each row.

    Attributes
    ----------
    method : str
        ``"SHAP"`` or ``"LIME"``.
    how : str
        How it was computed, in words.
    names : list of str
        Features, as given (a category is one feature).
    values : ndarray of shape (n, n_features)
        Attributions in ``unit``; positive raises the score of the row's target.
    scores : ndarray of shape (n,)
        Score of each row's target.
    base : ndarray of shape (n,)
        Mean score of that target over the background rows.
    target : int ndarray of shape (n,)
        Class index explained (0 for a regressor).
    unit : str
        What a score is.
    n_background : int
        Rows compared with.
    local_r2 : ndarray of shape (n,) or None
        LIME: share of the score's variance around the row that the linear model explains.
    """

    method: str
    how: str
    names: list[str]
    values: np.ndarray
    scores: np.ndarray
    base: np.ndarray
    target: np.ndarray
    unit: str
    n_background: int
    local_r2: np.ndarray | None = None

    @property
    def gaps(self) -> np.ndarray:
        """What the attributions miss of ``scores - base``, (n,)."""
        return self.scores - self.base - self.values.sum(axis=1)

    def completeness_gap(self) -> float:
        """Return the mean size of the gaps as a share of the mean size of ``scores - base``."""
        size = float(np.abs(self.scores - self.base).mean())
        gap = float(np.abs(self.gaps).mean())
        rounding = 1e-9 * max(1.0, float(np.abs(self.scores).mean()))
        if size <= rounding:
            return 0.0 if gap <= rounding else float("inf")
        return gap / size

    def take(self, rows) -> Explanation:
        """Return the explanation of some of the rows."""
        r2 = None if self.local_r2 is None else self.local_r2[rows]
        return Explanation(
            self.method, self.how, self.names, self.values[rows], self.scores[rows],
            self.base[rows], self.target[rows], self.unit, self.n_background, r2,
        )  # fmt: skip
