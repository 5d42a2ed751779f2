"""Tables that are read in blocks: learn the encoder from a sample, encode into a file."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

# Rows that an encoder learns from, and encoded numbers that are kept in memory at most.
_SAMPLE_ROWS = 200_000
_MEMORY_NUMBERS = 50_000_000


def reads_in_blocks(X: Any) -> bool:
    """Whether ``X`` is a table like :class:`appliednn.datasets.ParquetTable`."""
    return hasattr(X, "blocks") and hasattr(X, "sample")


def fit_encoder(encoder: Any, X: Any, weights: np.ndarray) -> None:
    """Fit the encoder on all rows, or on a sample of a table that is read in blocks."""
    if reads_in_blocks(X):
        places, X = X.sample(_SAMPLE_ROWS)
        weights = weights[places]
    encoder.fit(X, sample_weight=weights)


def encode_rows(encoder: Any, X: Any) -> np.ndarray:
    """Return the encoded rows; those of a large table lie in a file that vanishes with them."""
    if not reads_in_blocks(X):
        return encoder.transform(X)
    shape = (len(X), encoder.n_features_out_)
    if shape[0] * shape[1] > _MEMORY_NUMBERS:
        with tempfile.TemporaryFile() as file:
            out = np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
    else:
        out = np.empty(shape, dtype=np.float32)
    for places, frame in X.blocks():
        out[places] = encoder.transform(frame)
    return out
