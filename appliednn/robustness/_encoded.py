"""The encoded view of a model: its network, the rows as the network sees them, what may move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.core._inner import inner_estimator


@dataclass(frozen=True)
class EncodedView:
    """Rows in the encoded space of a network, with the cells an attack may change.

    Attributes
    ----------
    estimator : estimator
        The neural estimator inside the model (has ``network_``).
    Z : ndarray of shape (n, n_inputs), float32
        Encoded rows.
    mask : ndarray of bool, shape (n, n_inputs)
        True where a value is continuous and was present: categories, indicators and cells that
        were missing are False.
    """

    estimator: object
    Z: np.ndarray
    mask: np.ndarray

    def take(self, rows: np.ndarray) -> EncodedView:
        """Return the view of some of the rows."""
        return EncodedView(self.estimator, self.Z[rows], self.mask[rows])


def encoded_view(model, X) -> EncodedView | None:
    """Encode rows through whatever stands before the network inside ``model``.

    Parameters
    ----------
    model : fitted estimator
        A neural estimator, a Pipeline that ends in one, or a wrapper around either
        (see :func:`appliednn.core._inner.inner_estimator`).
    X : array-like of shape (n, n_features)
        Rows as the model takes them.

    Returns
    -------
    EncodedView or None
        None when no estimator with a ``network_`` is found.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> encoded_view(DummyClassifier().fit([[0.0]], [0]), [[0.0]]) is None
    True
    """
    seen: set[int] = set()
    while model is not None and id(model) not in seen:
        seen.add(id(model))
        if hasattr(model, "network_"):
            Z = np.ascontiguousarray(model.encode(X), dtype=np.float32)
            return EncodedView(model, Z, movable(model, X, Z))
        if hasattr(model, "steps"):
            if len(model.steps) > 1:
                X = model[:-1].transform(X)
            model = model.steps[-1][1]
        else:
            model = inner_estimator(model)
    return None


def numeric_mask(est, n_inputs: int) -> np.ndarray:
    """Return the encoder's mask of continuous columns, or all True without an encoder."""
    encoder = getattr(est, "encoder_", None)
    if encoder is None:
        return np.ones(n_inputs, dtype=bool)
    return np.asarray(encoder.numeric_mask_, dtype=bool)


def movable(est, X, Z: np.ndarray) -> np.ndarray:
    """Return the (n, n_inputs) mask of cells that may move.

    A numeric cell that was missing is encoded as the column's median beside an indicator of 1;
    moving that median would describe no input, so such cells stay where they are.
    """
    mask = np.broadcast_to(numeric_mask(est, Z.shape[1]), Z.shape).copy()
    source = getattr(getattr(est, "encoder_", None), "input_index_", None)
    if source is None or hasattr(X, "toarray"):
        return mask
    missing = pd.isna(X if isinstance(X, pd.DataFrame) else np.asarray(X))
    return mask & ~np.asarray(missing)[:, np.asarray(source)]
