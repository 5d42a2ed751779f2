"""Indices from a file that scikit-learn's compiled code follows without a check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from appliednn.core.errors import IntegrityError

_LEAF = -1
# Ensembles that hand their own rows to their trees unchecked: a tree must be as wide as they are.
_DIRECT = ("RandomForest", "ExtraTrees", "IsolationForest")


def check_indices(obj: Any, member: str) -> None:
    """Refuse trees, encoders and neighbours that point outside of their own arrays.

    A crafted file could otherwise make prediction touch memory that is not the model's.

    Raises
    ------
    IntegrityError
        If a child is not a later node of its tree, a feature not a column of the data, or a
        category not one of the encoder's columns, or kept rows are not as wide as the data.
    """
    for item, owner, width in _walk(obj):
        kind = type(item).__name__
        if kind == "Tree":
            sound = _is_sound_tree(item, width)
        elif kind == "TreePredictor":
            sound = _is_sound_predictor(item, owner, width)
        elif kind == "OneHotEncoder":
            sound = _is_sound_onehot(item)
        elif kind == "LocalOutlierFactor":
            sound = _is_sound_lof(item)
        else:
            sound = _has_sound_columns(item)
        if not sound:
            raise IntegrityError(
                f"{member} holds a {kind} that points outside itself; it was not written by "
                f"this package or was changed since."
            )


def _walk(obj: Any) -> Iterator[tuple[Any, dict, int | None]]:
    """Yield each object, the attributes of its nearest estimator and the width of its rows."""
    seen = set()
    stack: list[tuple[Any, dict, int | None, bool]] = [(obj, {}, None, False)]
    while stack:
        item, owner, width, locked = stack.pop()
        if id(item) in seen or isinstance(item, str | int | float | type(None)):
            continue
        seen.add(id(item))
        parts: list[Any] = []
        if isinstance(item, dict):
            parts = list(item.values())
        elif isinstance(item, list | tuple | set):
            parts = list(item)
        elif isinstance(item, np.ndarray):
            parts = list(item.ravel()) if item.dtype.hasobject else []
        else:
            yield item, owner, width
            if hasattr(item, "__dict__"):
                owner = vars(item) if "n_features_in_" in vars(item) else owner
                if type(item).__name__.startswith(_DIRECT):
                    own = vars(item).get("n_features_in_")
                    width, locked = vars(item).get("_max_features", own), True
                elif not locked:
                    width = vars(item).get("n_features_in_", width)
                parts = list(vars(item).values())
        stack += [(part, owner, width, locked) for part in parts]


def _is_sound_tree(tree: Any, width: int | None) -> bool:
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = left != _LEAF
    known = (feature >= 0) & (feature < tree.n_features)
    sound = (_later(left) & _later(right) & known)[inner].all()
    return bool(len(left) and sound and tree.n_features == width)


def _is_sound_predictor(tree: Any, owner: dict, width: int | None) -> bool:
    nodes, mapper = tree.nodes, owner.get("_bin_mapper")
    if width is None or mapper is None or getattr(nodes, "ndim", 0) != 1 or not len(nodes):
        return False
    inner = nodes["is_leaf"] == 0
    column = nodes["feature_idx"].astype(np.int64)
    known = (column >= 0) & (column < width)
    by_set = inner & (nodes["is_categorical"] != 0)
    categorical = np.asarray(mapper.is_categorical_, dtype=bool)
    if not (_later(nodes["left"]) & _later(nodes["right"]) & known)[inner].all():
        return False
    if categorical.shape != (width,) or not categorical[column[by_set]].all():
        return False
    sets = (tree.binned_left_cat_bitsets, tree.raw_left_cat_bitsets)
    place = nodes["bitset_idx"].astype(np.int64)[by_set]
    return all(s.ndim == 2 and s.shape[1] == 8 and (place < len(s)).all() for s in sets)


def _later(child: np.ndarray) -> np.ndarray:
    """Whether each node's child is a later node: inside the tree, and without a circle."""
    child = child.astype(np.int64)
    return (child > np.arange(len(child))) & (child < len(child))


def _is_sound_onehot(encoder: Any) -> bool:
    if not hasattr(encoder, "categories_"):
        return True
    try:
        widths = encoder._compute_n_features_outs()
    except (AttributeError, TypeError, ValueError, IndexError):
        return False
    if list(widths) != list(vars(encoder).get("_n_features_outs", [])):
        return False
    if len(widths) != encoder.n_features_in_:
        return False
    dropped = [0] * len(widths)
    if getattr(encoder, "drop_idx_", None) is not None:
        dropped = [int(d is not None) for d in encoder.drop_idx_]
    mappings = getattr(encoder, "_default_to_infrequent_mappings", [None] * len(widths))
    if not len(mappings) == len(dropped) == len(widths):
        return False
    return all(
        m is None or (m.size and m.min() >= 0 and m.max() < width + drop)
        for m, width, drop in zip(mappings, widths, dropped, strict=True)
    )


def _is_sound_lof(item: Any) -> bool:
    """Tell whether the rows a local outlier factor kept are as wide as those it will meet."""
    own = vars(item)
    if "n_features_in_" not in own:
        return True  # not fitted
    rows, near = own.get("_fit_X"), own.get("_distances_fit_X_")
    n, k = own.get("n_samples_fit_"), own.get("n_neighbors_")
    numbers = isinstance(rows, np.ndarray) and rows.dtype.kind == "f" and rows.ndim == 2
    if not numbers or rows.shape != (n, own["n_features_in_"]) or own.get("_tree") is not None:
        return False
    scalars = all(np.isscalar(v) for v in own.get("effective_metric_params_", {}).values())
    densities = np.shape(own.get("_lrd")) == (n,) and np.shape(near) == (n, k)
    return own.get("_fit_method") == "brute" and scalars and densities


def _has_sound_columns(item: Any) -> bool:
    """Tell whether an isolation forest gives each tree as many columns as the tree reads."""
    if type(item).__name__ != "IsolationForest":
        return True
    features = vars(item).get("estimators_features_", [])
    return all(len(f) == vars(item).get("_max_features") for f in features)
