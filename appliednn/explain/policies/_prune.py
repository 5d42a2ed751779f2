"""Splits of a tree that decide nothing, taken out."""

from __future__ import annotations

import numpy as np


def without_idle_splits(tree, actions: np.ndarray):
    """Return a fitted tree whose splits all separate different actions.

    A classification tree also splits where both sides get one answer with different confidence;
    as rules such splits say nothing. Predictions stay as they are.

    Parameters
    ----------
    tree : DecisionTreeClassifier
        Fitted; changed in place.
    actions : ndarray of shape (n_nodes,) or (n_nodes, n_outputs)
        Answer of every node, were it a leaf.

    Returns
    -------
    DecisionTreeClassifier

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, y = np.arange(6.0)[:, None], np.array([0, 1, 0, 0, 0, 0])
    >>> tree = DecisionTreeClassifier(max_depth=1).fit(X, y)  # 0 on both sides
    >>> int(without_idle_splits(tree, np.zeros(3, int)).get_n_leaves())
    1
    """
    old = tree.tree_
    left, right = old.children_left.copy(), old.children_right.copy()
    order: list[int] = []
    depth = _merge(0, 0, left, right, actions, order)
    if len(order) == old.node_count:
        return tree
    state = old.__getstate__()
    nodes, place = state["nodes"][order].copy(), {node: i for i, node in enumerate(order)}
    for i, node in enumerate(order):
        leaf = left[node] < 0
        nodes["left_child"][i] = -1 if leaf else place[int(left[node])]
        nodes["right_child"][i] = -1 if leaf else place[int(right[node])]
        if leaf:
            nodes["feature"][i], nodes["threshold"][i] = -2, -2.0
    pruned = type(old)(old.n_features, np.atleast_1d(old.n_classes), old.n_outputs)
    kept = {"nodes": nodes, "values": state["values"][order].copy(), "node_count": len(order)}
    pruned.__setstate__({**state, **kept, "max_depth": depth})
    tree.tree_ = pruned
    return tree


def _merge(node: int, depth: int, left, right, actions, order: list[int]) -> int:
    """Walk a subtree, cut splits between equal leaves, note what is left; return its depth."""
    here = len(order)
    order.append(node)
    if left[node] < 0:
        return depth
    below = [
        _merge(int(child), depth + 1, left, right, actions, order)
        for child in (left[node], right[node])
    ]
    sides = left[left[node]], left[right[node]]
    same = np.array_equal(actions[left[node]], actions[right[node]])
    if max(sides) < 0 and same:
        left[node] = right[node] = -1
        del order[here + 1 :]
        return depth
    return max(below)
