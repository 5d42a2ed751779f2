"""Learn what the encoder needs from a table: a kind, a scale or categories for each column."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from appliednn.tabular import _encoder_columns as columns
from appliednn.tabular._encoder_categories import check_onehot_width, choose_categories
from appliednn.tabular._encoder_input import check_finite
from appliednn.tabular._encoder_scaling import N_LANDMARKS, ColumnScale, fit_column


def scaling_method(numeric: str, kind: str) -> str:
    """Return how a value column of this kind is scaled (``numeric`` is the parameter)."""
    if kind == columns.BOOLEAN:
        return "passthrough"
    if kind == columns.DATETIME and numeric == "passthrough":
        return "standard"
    return numeric


def fit_matrix(encoder: Any, X: Any, weights: np.ndarray | None) -> dict[str, Any]:
    """Return the fitted state for a float matrix, dense or CSR, all columns numeric."""
    n_features = X.shape[1]
    kinds, scales, missing = [], [], []
    for j, (values, column_weights, has_missing) in enumerate(_matrix_columns(X, weights)):
        kinds.append(columns.NUMERIC if len(values) else columns.EMPTY)
        scales.append(fit_column(values, encoder.numeric, column_weights))
        if has_missing and len(values):
            missing.append(j)
    nothing = [[] for _ in range(n_features)]
    return _state(encoder, kinds, scales, missing, nothing, nothing, [])


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
    kinds, scales, missing, kept, rare, cyclic = [], [], [], [], [], []
    for j, name in enumerate(column_names(encoder)):
        column = frame.iloc[:, j]
        kind = columns.column_kind(column, name)
        kinds.append(kind)
        names: tuple[list[str], list[str]] = ([], [])
        if kind == columns.CATEGORY:
            codes, values = columns.category_codes(column)
            has_missing = bool((codes < 0).any())
            names = choose_categories(codes, values, weights, encoder.max_categories)
        else:
            raw, wall = read_values(kind, column, name)
            if kind == columns.EMPTY:
                has_missing = False
            else:
                check_finite(encoder, raw)
                has_missing = bool(np.isnan(raw).any())
            known, known_weights, _ = _known(raw, weights)
            method = scaling_method(encoder.numeric, kind)
            scales.append(_fit_value(kind, known, method, known_weights))
            cyclic += [[j, phase] for phase in _varying_phases(wall)]
        if encoder.missing == "error" and (has_missing or kind == columns.EMPTY):
            refuse_missing(encoder, name)
        if has_missing and (kind != columns.CATEGORY or encoder.categorical == "onehot"):
            missing.append(j)
        kept.append(names[0])
        rare.append(names[1])
    if encoder.categorical == "onehot":
        all_names = column_names(encoder)
        check_onehot_width({all_names[j]: len(kept[j]) for j in range(len(kept)) if kept[j]})
    return _state(encoder, kinds, scales, missing, kept, rare, cyclic)


def _fit_value(
    kind: str, known: np.ndarray, method: str, weights: np.ndarray | None
) -> ColumnScale:
    scale = fit_column(known, method, weights)
    if kind == columns.BOOLEAN and len(known) and known.min() == known.max():
        scale.factor = 0.0  # a constant gives 0, whichever value it has
    return scale


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


def _state(
    encoder: Any,
    kinds: list[str],
    scales: list[ColumnScale],
    missing: list[int],
    kept: list[list[str]],
    rare: list[list[str]],
    cyclic: list[list],
) -> dict[str, Any]:
    landmarks = [s.landmarks for s in scales if s.landmarks is not None]
    return {
        "kinds_": kinds,
        "categories_": kept,
        "infrequent_": rare,
        "missing_index_": missing if encoder.missing == "median_indicator" else [],
        "cyclic_": cyclic,
        "value_center_": np.array([s.center for s in scales], dtype=np.float64),
        "value_factor_": np.array([s.factor for s in scales], dtype=np.float64),
        "value_fill_": np.array([s.fill for s in scales], dtype=np.float64),
        "landmarks_": np.array(landmarks, dtype=np.float64).reshape(-1, N_LANDMARKS),
    }
