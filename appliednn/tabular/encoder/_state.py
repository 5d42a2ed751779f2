"""The fitted encoder as JSON and arrays, and back; what comes back is checked, not trusted."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.core.errors import IntegrityError
from appliednn.tabular.encoder import _columns as columns
from appliednn.tabular.encoder._categories import category_modes, onehot_width
from appliednn.tabular.encoder._scaling import MAX_LANDMARKS

_LISTS = ("kinds_", "categories_", "infrequent_", "missing_index_", "cyclic_")
_ARRAYS = ("value_center_", "value_factor_", "value_fill_", "landmarks_")
# Arrays that came later; a state without them had no use for them.
LATER_ARRAYS = ("onehot_center_", "onehot_factor_")
_KINDS = {columns.NUMERIC, columns.BOOLEAN, columns.DATETIME, columns.CATEGORY, columns.EMPTY}
_PHASES = {"month", "weekday", "hour"}


def dump_state(encoder: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a JSON-ready dict and float64 arrays that say all about a fitted encoder."""
    names = getattr(encoder, "feature_names_in_", None)
    described = {
        "params": encoder.get_params(),
        "n_features_in_": int(encoder.n_features_in_),
        "feature_names_in_": None if names is None else [str(name) for name in names],
        **{name: getattr(encoder, name) for name in _LISTS},
    }
    return described, {name: getattr(encoder, name) for name in _ARRAYS + LATER_ARRAYS}


def load_state(
    encoder: Any, described: dict[str, Any], arrays: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Set the input's width and names on ``encoder`` and return its checked fitted state.

    Raises
    ------
    IntegrityError
        If a part is missing or parts do not fit together.
    """
    try:
        state = {name: described[name] for name in _LISTS}
        state |= {name: np.array(arrays[name], dtype=np.float64) for name in _ARRAYS}
        for name in LATER_ARRAYS:
            state[name] = np.array(arrays.get(name, []), dtype=np.float64)
        width, names = described["n_features_in_"], described["feature_names_in_"]
    except KeyError as error:
        raise IntegrityError(f"the encoder's state lacks {error}; save the model again.") from None
    problem = (
        _first_problem(state, width, names)
        or _landmark_problem(state, encoder.numeric)
        or _onehot_problem(encoder, state)
    )
    if problem:
        raise IntegrityError(
            f"the encoder's state does not fit together: {problem}; the file was not written by "
            f"this package or was changed since."
        )
    encoder.n_features_in_ = width
    if names is not None:
        encoder.feature_names_in_ = np.array(names, dtype=object)
    return state


def _first_problem(state: dict[str, Any], width: Any, names: Any) -> str:
    kinds = state["kinds_"]
    if not all(isinstance(state[name], list) for name in _LISTS):
        return "a part that should be a list is not one"
    if not isinstance(width, int) or len(kinds) != width or not set(kinds) <= _KINDS:
        return f"{len(kinds)} kinds for {width} columns, or an unknown kind"
    if names is not None and not (len(names) == width and _all_strings(names)):
        return f"feature names for {width} columns"
    for part in ("categories_", "infrequent_"):
        lists = state[part]
        if len(lists) != width or not all(isinstance(v, list) and _all_strings(v) for v in lists):
            return f"{part} of {width} columns"
    for kind, kept, rare in zip(kinds, state["categories_"], state["infrequent_"], strict=True):
        if bool(kept) != (kind == columns.CATEGORY) or len({*kept, *rare}) < len(kept + rare):
            return "a category column without categories, with one twice, or others with some"
    if not all(_is_column(j, width) for j in state["missing_index_"]):
        return "a missing-value indicator of a column that is not there"
    for pair in state["cyclic_"]:
        if not (isinstance(pair, list) and len(pair) == 2 and pair[1] in _PHASES):
            return "a cyclic output that is none"
        if not _is_column(pair[0], width) or kinds[pair[0]] != columns.DATETIME:
            return "a cyclic output of a column that is no date"
    return _array_problem(state, sum(kind != columns.CATEGORY for kind in kinds))


def _array_problem(state: dict[str, Any], n_values: int) -> str:
    for name in ("value_center_", "value_factor_", "value_fill_"):
        if state[name].shape != (n_values,) or not np.isfinite(state[name]).all():
            return f"{name} is not {n_values} finite numbers"
    return ""


def _landmark_problem(state: dict[str, Any], numeric: str) -> str:
    values = [kind for kind in state["kinds_"] if kind != columns.CATEGORY]
    scaled = np.isin(values, [columns.NUMERIC, columns.DATETIME]) & (state["value_factor_"] > 0)
    count = int(scaled.sum()) if numeric == "quantile" else 0
    landmarks = state["landmarks_"]
    wide_enough = landmarks.ndim == 2 and 2 <= landmarks.shape[1] <= MAX_LANDMARKS
    if len(landmarks) != count or not (wide_enough or count == 0):
        return f"quantiles of shape {landmarks.shape} for {count} columns"
    if not np.isfinite(landmarks).all() or (np.diff(landmarks, axis=1) < 0).any():
        return "quantiles that are not finite and ascending"
    return ""


def _onehot_problem(encoder: Any, state: dict[str, Any]) -> str:
    kept, rare = state["categories_"], state["infrequent_"]
    count = 0
    if encoder.onehot_scaling == "robust":
        modes = category_modes(encoder, state["kinds_"], kept, rare)
        count = sum(onehot_width(mode, kept[j], rare[j]) for j, mode in modes.items())
    for name in LATER_ARRAYS:
        if state[name].shape != (count,) or not np.isfinite(state[name]).all():
            return f"{name} is not {count} finite numbers"
    return ""


def _is_column(j: Any, width: int) -> bool:
    return isinstance(j, int) and 0 <= j < width


def _all_strings(values: Any) -> bool:
    return all(isinstance(v, str) for v in values)
