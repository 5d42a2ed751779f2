"""Category codes as numbers for trees: the target's mean by category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_PRIOR_ROWS = 10.0  # weight of the overall mean in a category's mean, in rows
_INNER_FOLDS = 4
_MOST_COLUMNS = 8  # with more columns of the target than this, codes stay as they are


@dataclass
class TargetMeans:
    """The target's mean for each code of the trailing code columns of an encoded table.

    Attributes
    ----------
    n_values : int
        Leading columns, which stay as they are.
    means : list of ndarray of shape (n_codes, n_columns)
        For each code column. Code 0 stands for missing and unknown categories.

    References
    ----------
    D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes in
    classification and prediction problems", SIGKDD Explorations 2001.
    """

    n_values: int
    means: list

    @classmethod
    def learn(
        cls,
        Z: np.ndarray,
        cardinalities: list[int],
        columns: np.ndarray,
        w: np.ndarray,
        rng: np.random.Generator,
    ) -> tuple[TargetMeans | None, np.ndarray]:
        """Learn from training rows; return what was learned and these rows transformed.

        A training row's means come from the other inner folds, so that a category of one row does
        not tell that row's target.

        Parameters
        ----------
        Z : ndarray of shape (n, n_values + n_codes)
            Encoded rows.
        cardinalities : list of int
            Number of codes of each code column.
        columns : ndarray of shape (n, n_columns)
            The target as numbers: for classes 0/1 of each.
        w : ndarray of shape (n,)
            Weights.
        rng : numpy.random.Generator
            Source of chance.

        Returns
        -------
        (TargetMeans, ndarray), or (None, Z) where there is nothing to learn
        """
        if not cardinalities or columns.shape[1] > _MOST_COLUMNS:
            return None, Z
        n_values = Z.shape[1] - len(cardinalities)

        def learned(rows: np.ndarray) -> TargetMeans:
            codes = Z[rows, n_values:].astype(int).T
            parts = zip(codes, cardinalities, strict=True)
            return cls(n_values, [_means(c, n, columns[rows], w[rows]) for c, n in parts])

        fold = rng.permutation(len(Z)) % _INNER_FOLDS
        whole = learned(np.ones(len(Z), dtype=bool))
        out = np.empty((len(Z), n_values + columns.shape[1] * len(cardinalities)), np.float32)
        for f in range(_INNER_FOLDS):
            if (fold == f).any():
                inner = learned(fold != f) if (fold != f).any() else whole
                out[fold == f] = inner.transform(Z[fold == f])
        return whole, out

    def transform(self, Z: np.ndarray) -> np.ndarray:
        """Return rows with means in place of codes, float32."""
        codes = Z[:, self.n_values :].astype(int).T
        parts = [m[c] for m, c in zip(self.means, codes, strict=True)]
        return np.hstack([Z[:, : self.n_values], *parts]).astype(np.float32)


def _means(codes: np.ndarray, n_codes: int, columns: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the target's weighted mean by code, pulled towards the overall mean."""
    count = np.bincount(codes, weights=w, minlength=n_codes)
    sums = [np.bincount(codes, weights=w * column, minlength=n_codes) for column in columns.T]
    overall = np.average(columns, axis=0, weights=w)
    return (np.column_stack(sums) + _PRIOR_ROWS * overall) / (count + _PRIOR_ROWS)[:, None]
