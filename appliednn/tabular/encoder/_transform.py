"""Write encoded rows: values, cyclic dates, indicators, categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.tabular.encoder import _columns as columns
from appliednn.tabular.encoder._categories import look_up
from appliednn.tabular.encoder._fit import column_names, read_values, refuse_missing
from appliednn.tabular.encoder._input import check_finite
from appliednn.tabular.encoder._scaling import scale_fast, scale_into, to_normal


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
    names = column_names(encoder)
    X, walls = _read_value_columns(encoder, frame, names)
    check_finite(encoder, X)
    nan = np.isnan(X)
    values = [j for j, kind in enumerate(encoder.kinds_) if kind != columns.CATEGORY]
    missing = {j: nan[:, place] for place, j in enumerate(values)}
    if nan.any():
        X = np.where(nan, encoder.value_fill_, X)
    _write_values(encoder, X, out)
    _write_cyclic(encoder, walls, out)
    blocks = encoder._category_outputs
    for block, (levels, gone) in zip(blocks, look_up(frame, blocks), strict=True):
        j = block.column
        missing[j] = gone
        if encoder.missing == "error" and missing[j].any():
            refuse_missing(encoder, names[j])
        block.write(levels, out)
    _write_indicators(encoder, missing, out)


def _read_value_columns(
    encoder: Any, frame: Any, names: list[str]
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Return the value columns as float64 (n, n_values) with NaN, and the dates' wall clocks."""
    kinds = encoder.kinds_
    X = np.empty((len(frame), encoder.n_values_), dtype=np.float64)
    walls: dict[int, np.ndarray] = {}
    values = [j for j, kind in enumerate(kinds) if kind != columns.CATEGORY]
    dtypes = frame.dtypes.tolist()
    together = [
        (place, j)
        for place, j in enumerate(values)
        if kinds[j] in (columns.NUMERIC, columns.BOOLEAN)
        and isinstance(dtypes[j], np.dtype)
        and dtypes[j].kind in "iufb"
    ]
    if together:  # all at once: a column costs pandas more than its numbers
        places, positions = map(list, zip(*together, strict=True))
        X[:, places] = frame.iloc[:, positions].to_numpy(dtype=np.float64)
    done = set(together)
    for place, j in enumerate(values):
        if (place, j) not in done:
            X[:, place], wall = read_values(kinds[j], frame.iloc[:, j], names[j])
            if wall is not None:
                walls[j] = wall
    return X, walls


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


def _write_indicators(encoder: Any, missing: dict[int, np.ndarray], out: np.ndarray) -> None:
    for place, j in enumerate(encoder.missing_index_, start=encoder._starts[1]):
        out[:, place] = missing[j]
