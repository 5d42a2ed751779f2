"""Learn what the encoder needs from a table: a kind, a scale or categories for each column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from appliednn.tabular.encoder import _columns as columns
from appliednn.tabular.encoder._categories import (
    CODE,
    ONEHOT,
    category_mode,
    category_modes,
    check_onehot_width,
    choose_categories,
    level_totals,
    onehot_scales,
)
from appliednn.tabular.encoder._input import check_finite
from appliednn.tabular.encoder._scaling import ColumnScale, fit_column, landmark_count


@dataclass
class _Learned:
    """What is known so far, an entry a column (``scales``: only of value columns)."""

    n_landmarks: int
    kinds: list[str] = field(default_factory=list)
    scales: list[ColumnScale] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    kept: list[list[str]] = field(default_factory=list)
    infrequent: list[list[str]] = field(default_factory=list)
    cyclic: list[list] = field(default_factory=list)
    onehot: dict[int, list[ColumnScale]] = field(default_factory=dict)


def scaling_method(numeric: str, kind: str) -> str:
    """Return how a value column of this kind is scaled (``numeric`` is the parameter)."""
    if kind == columns.BOOLEAN:
        return "passthrough"
    if kind == columns.DATETIME and numeric == "passthrough":
        return "standard"
    return numeric


def fit_matrix(encoder: Any, X: Any, weights: np.ndarray | None) -> dict[str, Any]:
    """Return the fitted state for a float matrix, dense or CSR, all columns numeric."""
    learned = _Learned(landmark_count(X.shape[0], weights))
    for j, (values, column_weights, has_missing) in enumerate(_matrix_columns(X, weights)):
        learned.kinds.append(columns.NUMERIC if len(values) else columns.EMPTY)
        learned.scales.append(
            fit_column(values, encoder.numeric, column_weights, learned.n_landmarks)
        )
        if has_missing and len(values):
            learned.missing.append(j)
    learned.kept = [[] for _ in learned.kinds]
    learned.infrequent = [[] for _ in learned.kinds]
    return _state(encoder, learned)


def _matrix_columns(X: Any, weights: np.ndarray | None):
    """Yield each column's known values, their weights and whether any was missing."""
    if not sparse.issparse(X):
        for j in range(X.shape[1]):
            yield _known(X[:, j].astype(np.float64), weights)
        return
    n = X.shape[0]
    X = X.tocsc(copy=True)
    X.sum_duplicates()
    every = np.ones(n) if weights is None else weights
    total = float(every.sum())
    for j in range(X.shape[1]):
        part = slice(X.indptr[j], X.indptr[j + 1])
        values, w = X.data[part].astype(np.float64), every[X.indices[part]]
        if len(values) < n:  # all zeros of the column are one value with their joint weight
            values, w = np.append(values, 0.0), np.append(w, total - w.sum())
        yield _known(values, w)


def _known(values: np.ndarray, weights: np.ndarray | None):
    nan = np.isnan(values)
    if not nan.any():
        return values, weights, False
    return values[~nan], None if weights is None else weights[~nan], True


def fit_table(encoder: Any, frame: Any, weights: np.ndarray | None) -> dict[str, Any]:
    """Return the fitted state for a DataFrame of any dtypes."""
    learned = _Learned(landmark_count(len(frame), weights))
    names = column_names(encoder)
    for j, (name, (_, column)) in enumerate(zip(names, frame.items(), strict=True)):
        kind = columns.column_kind(column, name)
        learned.kinds.append(kind)
        learned.kept.append([])
        learned.infrequent.append([])
        if kind == columns.CATEGORY:
            has_missing = _fit_category(encoder, j, column, weights, learned)
        else:
            has_missing = _fit_value(encoder, name, column, weights, learned)
        if encoder.missing == "error" and (has_missing or kind == columns.EMPTY):
            refuse_missing(encoder, name)
        if has_missing and not _is_coded(encoder, j, learned):
            learned.missing.append(j)
    modes = category_modes(encoder, learned.kinds, learned.kept, learned.infrequent)
    check_onehot_width({names[j]: len(learned.kept[j]) for j in modes if modes[j] == ONEHOT})
    return _state(encoder, learned)


def _fit_category(
    encoder: Any, j: int, column: Any, weights: np.ndarray | None, learned: _Learned
) -> bool:
    """Learn a category column; return whether values are missing."""
    codes, texts = columns.category_codes(column)
    totals = level_totals(codes, len(texts), weights)
    kept, infrequent = choose_categories(totals, texts, encoder.max_categories)
    learned.kept[j], learned.infrequent[j] = kept, infrequent
    mode = category_mode(encoder, kept, infrequent)
    if encoder.onehot_scaling == "robust" and mode != CODE:
        total = dict(zip(texts, totals, strict=False))
        levels = [total[text] for text in kept]
        if infrequent:
            levels.append(sum(total[text] for text in infrequent))
        learned.onehot[j] = onehot_scales(mode, np.array(levels), float(totals[-1]))
    return bool(totals[-1] > 0)


def _is_coded(encoder: Any, j: int, learned: _Learned) -> bool:
    if learned.kinds[j] != columns.CATEGORY:
        return False
    return category_mode(encoder, learned.kept[j], learned.infrequent[j]) == CODE


def _fit_value(
    encoder: Any, name: str, column: Any, weights: np.ndarray | None, learned: _Learned
) -> bool:
    """Learn the newest column, numbers, dates or booleans; return whether values are missing."""
    j, kind = len(learned.kinds) - 1, learned.kinds[-1]
    raw, wall = read_values(kind, column, name)
    known, known_weights, has_missing = _known(raw, weights)
    if kind != columns.EMPTY:
        check_finite(encoder, raw)
    method = scaling_method(encoder.numeric, kind)
    scale = fit_column(known, method, known_weights, learned.n_landmarks)
    if kind == columns.BOOLEAN and len(known) and known.min() == known.max():
        scale.factor = 0.0  # a constant gives 0, whichever value it has
    learned.scales.append(scale)
    learned.cyclic += [[j, phase] for phase in _varying_phases(wall)]
    return has_missing and kind != columns.EMPTY


def _varying_phases(wall: np.ndarray | None) -> list[str]:
    if wall is None:
        return []
    known = wall[~np.isnan(wall)]
    phases = columns.cyclic_phases(known)
    return [name for name, p in phases.items() if len(p) and p.min() != p.max()]


def read_values(kind: str, column: Any, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a value column as float64 with NaN, and a date's wall clock (else None)."""
    if kind == columns.DATETIME:
        return columns.datetime_values(column, name)
    if kind == columns.EMPTY:  # nothing was learned about it, so anything may come
        return np.full(len(column), np.nan), None
    if kind == columns.BOOLEAN:
        return columns.boolean_values(column, name), None
    return columns.numeric_values(column, name), None


def column_names(encoder: Any) -> list[str]:
    """Return the input columns' names, ``x0, x1, ...`` where they have none."""
    if hasattr(encoder, "feature_names_in_"):
        return [str(name) for name in encoder.feature_names_in_]
    return [f"x{j}" for j in range(encoder.n_features_in_)]


def refuse_missing(encoder: Any, name: str) -> None:
    """Raise for a missing value under ``missing="error"``."""
    raise ValueError(
        f"Input X contains NaN: column {name!r} has missing values and "
        f"{type(encoder).__name__} was made with missing='error'. Fill them, or use "
        f"missing='median_indicator'."
    )


def _state(encoder: Any, learned: _Learned) -> dict[str, Any]:
    scales = learned.scales
    landmarks = [s.landmarks for s in scales if s.landmarks is not None]
    modes = category_modes(encoder, learned.kinds, learned.kept, learned.infrequent)
    onehot = [scale for j in modes for scale in learned.onehot.get(j, [])]
    return {
        "kinds_": learned.kinds,
        "categories_": learned.kept,
        "infrequent_": learned.infrequent,
        "missing_index_": learned.missing if encoder.missing == "median_indicator" else [],
        "cyclic_": learned.cyclic,
        "value_center_": np.array([s.center for s in scales], dtype=np.float64),
        "value_factor_": np.array([s.factor for s in scales], dtype=np.float64),
        "value_fill_": np.array([s.fill for s in scales], dtype=np.float64),
        "landmarks_": np.array(landmarks, dtype=np.float64).reshape(-1, learned.n_landmarks),
        "onehot_center_": np.array([s.center for s in onehot], dtype=np.float64),
        "onehot_factor_": np.array([s.factor for s in onehot], dtype=np.float64),
    }
