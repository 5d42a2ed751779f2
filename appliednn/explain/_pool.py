"""Mixed rows and their scores: what every method here asks of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
import pandas as pd

_ROWS_PER_CALL = 50_000


class ScorePool(ABC):
    """A fixed set of rows, and the model's score for any mixture of their cells.

    A mixture is an array ``index`` of shape (n, n_features): cell ``(i, j)`` takes feature ``j``
    of pool row ``index[i, j]``. Rows are so recombined without looking at what they hold, which
    is why categories, dates and missing values need no care.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_features)
        The rows.
    unit : str
        What a score is (``"log-odds"``), for the reader.

    Attributes
    ----------
    names : list of str
        Feature names.
    """

    def __init__(self, frame: pd.DataFrame, unit: str) -> None:
        self.frame = frame
        self.unit = unit
        self.names = [str(c) for c in frame.columns]

    @abstractmethod
    def scores(self, index: np.ndarray) -> np.ndarray:
        """Return the scores of mixtures.

        Parameters
        ----------
        index : int ndarray of shape (n, n_features)
            Pool row of each cell.

        Returns
        -------
        ndarray of shape (n, n_targets), float64
            One column a class, or one for a regressor.
        """

    def target_scores(self, index: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the score of each mixture's own target, (n,)."""
        if len(index) == 0:
            return np.empty(0)
        return self.scores(index)[np.arange(len(index)), target]

    def whole(self, rows: np.ndarray) -> np.ndarray:
        """Return the index of unmixed pool rows, (n, n_features)."""
        return np.repeat(np.asarray(rows)[:, None], len(self.names), axis=1)

    @cached_property
    def codes(self) -> np.ndarray:
        """Return a code for each cell, equal where values are, int64 (n_rows, n_features)."""
        columns = [
            pd.factorize(self.frame.iloc[:, j], use_na_sentinel=False)[0]
            for j in range(len(self.names))
        ]
        return np.column_stack(columns)

    @cached_property
    def row_of_code(self) -> list[np.ndarray]:
        """Return, for each feature, a pool row that holds each code."""
        found = []
        for column in self.codes.T:
            rows = np.empty(column.max() + 1, dtype=np.int64)
            rows[column[::-1]] = np.arange(len(column))[::-1]
            found.append(rows)
        return found

    def index_of_codes(self, codes: np.ndarray) -> np.ndarray:
        """Return mixtures that hold the values of ``codes``, (n, n_features)."""
        whole = np.asarray(codes).astype(np.int64)
        return np.column_stack([r[c] for r, c in zip(self.row_of_code, whole.T, strict=True)])


class FramePool(ScorePool):
    """A pool whose mixtures are DataFrames, scored by any function.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_features)
        The rows.
    score : callable
        DataFrame to scores of shape (n,) or (n, n_targets).
    unit : str
        What a score is.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    >>> pool = FramePool(frame, lambda X: X["a"] + 10.0 * (X["b"] == "y"), "points")
    >>> pool.scores(np.array([[0, 1]])).tolist()
    [[11.0]]
    """

    def __init__(self, frame: pd.DataFrame, score, unit: str) -> None:
        super().__init__(frame, unit)
        self._score = score
        self._arrays = [frame.iloc[:, j].array for j in range(frame.shape[1])]

    def scores(self, index: np.ndarray) -> np.ndarray:
        """Return the scores of mixtures, (n, n_targets)."""
        parts = []
        for start in range(0, len(index), _ROWS_PER_CALL):
            rows = index[start : start + _ROWS_PER_CALL]
            mixed = pd.DataFrame({j: a.take(rows[:, j]) for j, a in enumerate(self._arrays)})
            mixed.columns = self.frame.columns
            parts.append(np.asarray(self._score(mixed), dtype=np.float64).reshape(len(rows), -1))
        return np.concatenate(parts)


class NetworkPool(ScorePool):
    """A pool of encoded rows, scored and differentiated by a network itself.

    Mixtures are made in the encoded space: each encoded column comes from one feature alone, so
    encoding first and mixing later is the same, and much faster.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_features)
        The rows.
    Z : ndarray of shape (n_rows, n_inputs)
        The rows encoded.
    source : int ndarray of shape (n_inputs,)
        Feature that each encoded column comes from.
    head : object
        Gives ``scores(Z)`` and, where ``differentiable``, ``gradient(Z, target)``; has
        ``randomized(seed)``, unless it says ``randomizable = False``.
    """

    def __init__(self, frame: pd.DataFrame, Z: np.ndarray, source: np.ndarray, head) -> None:
        super().__init__(frame, head.unit)
        self.Z, self.source, self.head = Z, np.asarray(source), head
        self._columns = np.arange(Z.shape[1])

    def scores(self, index: np.ndarray) -> np.ndarray:
        """Return the scores of mixtures, (n, n_targets)."""
        return self.head.scores(self.Z[index[:, self.source], self._columns])

    @property
    def randomizable(self) -> bool:
        """Whether the network can be given fresh weights."""
        return getattr(self.head, "randomizable", True)

    def randomized(self, seed: int) -> NetworkPool:
        """Return the same rows under a network with fresh weights."""
        return NetworkPool(self.frame, self.Z, self.source, self.head.randomized(seed))
