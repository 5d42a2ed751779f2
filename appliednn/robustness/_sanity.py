"""Is an attack to be believed: gradients checked against finite differences, signs of masking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SanityCheck:
    """One question about an attack.

    Attributes
    ----------
    name : str
        What must hold, as a statement.
    passed : bool
        Whether it holds.
    detail : str
        The numbers behind it.
    """

    name: str
    passed: bool
    detail: str


def gradient_checks(
    est, Z: np.ndarray, mask: np.ndarray, *, n_rows: int = 8, step: float = 1e-2
) -> list[SanityCheck]:
    """Check that the network is deterministic and its gradients are those of its outputs.

    Parameters
    ----------
    est : fitted neural estimator
        Has ``network_``.
    Z : ndarray of shape (n, n_inputs), float32
        Encoded rows; the first ``n_rows`` are used for finite differences.
    mask : ndarray of bool, broadcastable to ``Z``
        Cells that may move: gradients are compared there.
    n_rows : int
        Rows for the finite differences.
    step : float
        Half-distance of the central difference, in units of the encoded space.

    Returns
    -------
    list of SanityCheck

    Examples
    --------
    >>> from appliednn.robustness import gradient_checks
    >>> gradient_checks(model, model.encode(X), model.encoder_.numeric_mask_)  # doctest: +SKIP
    """
    net = est.network_
    first, second = np.asarray(net.forward(Z)), np.asarray(net.forward(Z))
    same = SanityCheck(
        "two predictions of one row are equal",
        bool(np.array_equal(first, second)),
        f"largest difference {np.abs(first - second).max():.2g}",
    )
    few = np.broadcast_to(mask, Z.shape)[:n_rows]
    cosine = finite_difference_cosine(net, Z[:n_rows], few, step)
    agree = SanityCheck(
        "gradients agree with finite differences",
        bool(cosine > 0.99),
        f"cosine {cosine:.4f} over {min(n_rows, len(Z))} rows (required: above 0.99)",
    )
    return [same, agree]


def finite_difference_cosine(net, Z: np.ndarray, mask: np.ndarray, step: float = 1e-2) -> float:
    """Return the mean cosine between a network's output gradients and central differences.

    The median over rows of each output's cosine is taken, so that a kink of a ReLU between the
    two points of a difference does not decide. Rows where both are zero count as agreeing.
    """
    columns = np.flatnonzero(np.broadcast_to(mask, Z.shape).any(axis=0))
    if len(columns) == 0:
        return 1.0
    n, d = Z.shape
    offsets = np.zeros((len(columns), d), dtype=np.float32)
    offsets[np.arange(len(columns)), columns] = step
    points = np.concatenate([Z[:, None] + offsets, Z[:, None] - offsets], axis=1).reshape(-1, d)
    outputs = np.asarray(net.forward(points.astype(np.float32)), dtype=np.float64)
    outputs = outputs.reshape(n, 2, len(columns), -1)
    slopes = (outputs[:, 0] - outputs[:, 1]) / (2 * step)
    cosines = []
    for k in range(slopes.shape[2]):
        exact = np.asarray(net.output_gradient(Z, k), dtype=np.float64)[:, columns]
        cosines.append(np.median(_cosine(exact, slopes[:, :, k])))
    return float(np.mean(cosines))


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cosine of each pair of rows; 1 where both are zero, 0 where one is."""
    norms = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    both_zero = (norms[0] == 0) & (norms[1] == 0)
    product = norms[0] * norms[1]
    dots = (a * b).sum(axis=1)
    return np.where(both_zero, 1.0, dots / np.where(product > 0, product, 1.0))
