"""Write encoded rows: values, cyclic dates, indicators, categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.tabular import _encoder_columns as columns
from appliednn.tabular._encoder_categories import look_up
from appliednn.tabular._encoder_fit import column_names, read_values, refuse_missing
from appliednn.tabular._encoder_input import check_finite
from appliednn.tabular._encoder_scaling import scale_fast, scale_into, to_normal


def encode_matrix(encoder: Any, X: np.ndarray, out: np.ndarray) -> None:
    """Encode a float matrix whose columns are all value columns, in input order."""
    nan = np.isnan(X)
    if nan.any():
        _write_indicators(encoder, {j: nan[:, j] for j in encoder.missing_index_}, out)
        X = np.where(nan, encoder.value_fill_, X)
    _write_values(encoder, X, out)


def encode_gaps(encoder: Any, X: np.ndarray, out: np.ndarray) -> bool:
    """Encode a plain float matrix with missing values; False if it needs the checked path."""
    nan = np.isnan(X)
    if encoder.missing == "error" or not nan.any():
        return False
    if not scale_fast(np.where(nan, encoder.value_fill_, X), *encoder._plain, out):
        return False
    _write_indicators(encoder, {j: nan[:, j] for j in encoder.missing_index_}, out)
    return True


def encode_table(encoder: Any, frame: Any, out: np.ndarray) -> None:
    """Encode a DataFrame; columns that were numbers may now be strings of numbers."""
    n = len(frame)
    kinds = encoder.kinds_
    values = [j for j, kind in enumerate(kinds) if kind != columns.CATEGORY]
    names = column_names(encoder)
    X = np.empty((n, len(values)), dtype=np.float64)
    missing: dict[int, np.ndarray] = {}
    cyclic: dict[int, np.ndarray] = {}
    for place, j in enumerate(values):
        raw, wall = read_values(kinds[j], frame.iloc[:, j], names[j])
        if kinds[j] != columns.EMPTY:
            check_finite(encoder, raw)
        X[:, place] = raw
        missing[j] = np.isnan(raw)
        if wall is not None:
            cyclic[j] = wall
        X[missing[j], place] = encoder.value_fill_[place]
    _write_values(encoder, X, out)
    _write_cyclic(encoder, cyclic, out)
    _write_categories(encoder, frame, names, missing, out)
    _write_indicators(encoder, missing, out)


def _write_values(encoder: Any, X: np.ndarray, out: np.ndarray) -> None:
    shift, factor, smooth = encoder._apply
    if not len(shift):
        return
    if len(encoder.landmarks_):
        X = X.astype(np.float64)
        scaled = [
            place
            for place, kind in enumerate(k for k in encoder.kinds_ if k != columns.CATEGORY)
            if kind in (columns.NUMERIC, columns.DATETIME) and factor[place] > 0
        ]
        for row, place in enumerate(scaled):
            X[:, place] = to_normal(X[:, place], encoder.landmarks_[row])
    scale_into(X, shift, factor, smooth, out)


def _write_cyclic(encoder: Any, walls: dict[int, np.ndarray], out: np.ndarray) -> None:
    at = encoder._starts[0]
    phases = {j: columns.cyclic_phases(wall) for j, wall in walls.items()}
    for j, name in encoder.cyclic_:
        angle = 2 * np.pi * phases[j][name]
        out[:, at] = np.nan_to_num(np.sin(angle), nan=0.0)
        out[:, at + 1] = np.nan_to_num(np.cos(angle), nan=0.0)
        at += 2


def _write_categories(
    encoder: Any, frame: Any, names: list[str], missing: dict[int, np.ndarray], out: np.ndarray
) -> None:
    at = encoder._starts[2]
    for j, kind in enumerate(encoder.kinds_):
        if kind != columns.CATEGORY:
            continue
        raw, texts = columns.category_codes(frame.iloc[:, j])
        missing[j] = raw < 0
        if encoder.missing == "error" and missing[j].any():
            refuse_missing(encoder, names[j])
        kept, infrequent = encoder.categories_[j], encoder.infrequent_[j]
        codes = look_up(raw, texts, kept, infrequent)
        if encoder.categorical == "embedding":
            out[:, at] = np.where(codes > len(kept), 0, codes)
            at += 1
        else:
            rows = np.flatnonzero(codes)
            out[rows, at + codes[rows] - 1] = 1.0
            at += len(kept) + bool(infrequent)


def _write_indicators(encoder: Any, missing: dict[int, np.ndarray], out: np.ndarray) -> None:
    for place, j in enumerate(encoder.missing_index_, start=encoder._starts[1]):
        out[:, place] = missing[j]
