"""Margins of the logits and their gradients, with binary networks seen as two logits."""

from __future__ import annotations

import numpy as np

from appliednn.core.errors import UsageError


def class_index(est, y: np.ndarray) -> np.ndarray:
    """Return the position of each label in ``est.classes_``."""
    classes = list(np.asarray(est.classes_).tolist())
    position = {label: k for k, label in enumerate(classes)}
    unknown = sorted({str(v) for v in np.asarray(y).tolist() if v not in position})
    if unknown:
        raise UsageError(
            f"labels {unknown[:5]} are not among the model's classes {classes}; "
            "attack only rows whose label the model knows"
        )
    return np.array([position[v] for v in np.asarray(y).tolist()], dtype=np.int64)


def margins(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the true class's logit minus the largest other one, (n,).

    Examples
    --------
    >>> margins(np.array([[2.0, 0.5, 1.0], [0.0, 3.0, 1.0]]), np.array([0, 2])).tolist()
    [1.0, -2.0]
    """
    scores = np.array(logits, dtype=np.float64)
    rows = np.arange(len(scores))
    true = scores[rows, labels]
    scores[rows, labels] = -np.inf
    return true - scores.max(axis=1)


def class_gradients(est, Z: np.ndarray) -> np.ndarray:
    """Return the gradients of all class logits with respect to the inputs, (n, n_classes, d).

    A binary network with one output is seen as the two logits ``[0, z]``.
    """
    net = est.network_
    columns = [np.asarray(net.output_gradient(Z, k)) for k in range(net.n_outputs)]
    if net.n_outputs == 1 and len(est.classes_) == 2:
        columns.insert(0, np.zeros_like(columns[0]))
    return np.stack(columns, axis=1)


def margin_gradient(est, Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the gradient of each row's margin with respect to its inputs, (n, d)."""
    logits = np.array(est.logits(Z), dtype=np.float64)
    logits[np.arange(len(Z)), labels] = -np.inf
    rivals = logits.argmax(axis=1)
    net = est.network_
    if net.n_outputs == 1:
        return np.where(labels == 1, 1, -1)[:, None] * np.asarray(net.output_gradient(Z, 0))
    slopes = np.zeros(Z.shape, dtype=np.float32)
    for k in range(net.n_outputs):  # each row needs the gradients of two outputs only
        sign = np.where(labels == k, 1, np.where(rivals == k, -1, 0))
        rows = np.flatnonzero(sign)
        if len(rows):
            slopes[rows] += sign[rows, None] * np.asarray(net.output_gradient(Z[rows], k))
    return slopes
