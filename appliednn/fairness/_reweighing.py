"""Weights that make group and label independent."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.fairness._groups import cross, group_labels


def reweighing_weights(y: Any, groups: Any) -> np.ndarray:
    """Return the weight ``P(group) P(label) / P(group, label)`` of each row.

    Given as ``sample_weight`` to ``fit``, group and label are independent in the weighted data.

    Source: F. Kamiran, T. Calders, Knowledge and Information Systems 33 (2012) 1-33.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels of any kind.
    groups : array-like of shape (n,) or (n, n_attributes)
        Sensitive attributes; several are crossed.

    Returns
    -------
    ndarray of shape (n,)
        Their mean is 1 when every label occurs in every group.

    Examples
    --------
    >>> reweighing_weights([0, 1, 1, 1], ["a", "a", "b", "b"]).tolist()
    [0.5, 1.5, 0.75, 0.75]
    """
    labels = np.asarray(y)
    group = cross(group_labels(groups, len(labels))).codes
    _, label = np.unique(labels, return_inverse=True)
    table = np.zeros((group.max() + 1, label.max() + 1))
    np.add.at(table, (group, label), 1.0)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / len(labels)
    return expected[group, label] / table[group, label]
