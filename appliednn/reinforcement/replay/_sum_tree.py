"""A tree of sums: draws from, and changes to, a discrete distribution in logarithmic time."""

from __future__ import annotations

import numpy as np


class SumTree:
    """Non-negative numbers and the sums above them, for many indices at a time.

    Leaf ``i`` lies at ``width + i``; a node holds the sum of the two below it, and node 1 the
    total.

    Parameters
    ----------
    capacity : int
        Number of leaves, all zero at first.

    Examples
    --------
    >>> tree = SumTree(3)
    >>> tree.set(np.array([0, 2]), np.array([1.0, 3.0]))
    >>> tree.total, tree.find(np.array([0.5, 1.0, 3.9])).tolist()
    (4.0, [0, 2, 2])
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = int(capacity)
        self.width = 1 << max(0, self.capacity - 1).bit_length()
        self.nodes = np.zeros(2 * self.width)

    @property
    def total(self) -> float:
        """Sum of all leaves."""
        return float(self.nodes[1])

    def get(self, indices: np.ndarray) -> np.ndarray:
        """Return the leaves at ``indices``."""
        return self.nodes[self.width + np.asarray(indices)]

    def set(self, indices: np.ndarray, values: np.ndarray) -> None:
        """Replace leaves; of an index that is given twice the last value counts."""
        nodes = self.width + np.ravel(indices)
        self.nodes[nodes] = np.ravel(values)
        # Sums are made anew from both children, never changed by a difference: errors of
        # rounding do not build up over millions of changes.
        while self.width > 1 and len(nodes) and nodes[0] > 1:
            nodes = np.unique(nodes >> 1)
            self.nodes[nodes] = self.nodes[2 * nodes] + self.nodes[2 * nodes + 1]

    def find(self, masses: np.ndarray) -> np.ndarray:
        """Return for each mass the leaf at which the running sum of leaves exceeds it.

        Parameters
        ----------
        masses : ndarray of float
            In ``[0, total)``; of any shape.

        Returns
        -------
        ndarray of int64
            Indices of leaves that are not zero.
        """
        left_over = np.array(masses, dtype=np.float64)
        node = np.ones(left_over.shape, np.int64)
        for _ in range(self.width.bit_length() - 1):
            node *= 2
            left = self.nodes[node]
            # A mass that rounding puts at the very end stays with the last leaf that has any.
            right = (left_over >= left) & (self.nodes[node + 1] > 0.0)
            left_over -= np.where(right, left, 0.0)
            node += right
        return node - self.width
