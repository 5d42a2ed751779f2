"""Cells of the state space, within which logged steps are averaged."""

from __future__ import annotations

import numpy as np


def is_one_hot(observations: np.ndarray) -> bool:
    """Tell whether each row names a state: a single 1 among zeros.

    Examples
    --------
    >>> is_one_hot(np.eye(3)), is_one_hot(np.array([[0.5, 0.5]]))
    (True, False)
    """
    if observations.ndim != 2:
        return False
    plain = ((observations == 0) | (observations == 1)).all()
    return bool(plain and (observations.sum(axis=1) == 1).all())


class StateCells:
    """A cell for each numbered state."""

    def __init__(self, n_states: int) -> None:
        self.sizes = [n_states]

    def locate(self, observations: np.ndarray) -> np.ndarray:
        """Return the state of each row, (n, 1)."""
        return observations.argmax(axis=1)[:, None]


class TreeCells:
    """The leaves of extremely randomised trees.

    Parameters
    ----------
    observations : ndarray of shape (n, d)
        States.
    target : ndarray of shape (n,)
        What the trees' splits are to tell apart.
    n_trees, min_samples_leaf, max_features
        As in scikit-learn's ``ExtraTreesRegressor``.
    seed : int
        Of the splits.
    """

    def __init__(self, observations, target, n_trees, min_samples_leaf, max_features, seed: int):
        from sklearn.ensemble import ExtraTreesRegressor

        self.forest = ExtraTreesRegressor(
            n_trees,
            min_samples_leaf=min_samples_leaf,
            max_features=max_features,
            random_state=seed,
        ).fit(_flat(observations), target)
        self.sizes = [int(tree.tree_.node_count) for tree in self.forest.estimators_]

    def locate(self, observations: np.ndarray) -> np.ndarray:
        """Return the leaf of each row in each tree, (n, n_trees)."""
        return self.forest.apply(_flat(observations))


def membership(cells, observations: np.ndarray):
    """Return a sparse matrix (n, cells of all trees): the share of each row in each cell."""
    from scipy import sparse

    n, offsets = len(observations), np.cumsum([0, *cells.sizes])
    if n == 0:
        return sparse.csr_matrix((0, offsets[-1]))
    columns = (cells.locate(observations) + offsets[:-1]).ravel()
    n_trees = len(cells.sizes)
    starts = np.arange(0, n * n_trees + 1, n_trees)
    return sparse.csr_matrix(
        (np.full(n * n_trees, 1.0 / n_trees), columns, starts), (n, offsets[-1])
    )


def _flat(observations: np.ndarray) -> np.ndarray:
    return observations.reshape(len(observations), -1)
