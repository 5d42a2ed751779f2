"""Where each output column lies, where it comes from and what it is called."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.tabular import _encoder_columns as columns


def lay_out(encoder: Any) -> dict[str, Any]:
    """Return the attributes that follow from the fitted state (see ``TabularEncoder``).

    Besides the public ones: ``_starts`` (first output of the cyclic, indicator and category
    blocks), ``_suffixes`` (what each output adds to its input's name), ``_apply`` (shift, factor
    and smooth-clip flag of each value column) and ``_plain`` (what the path for plain float
    arrays needs, or None where it cannot be taken).
    """
    kinds = encoder.kinds_
    values = [j for j, kind in enumerate(kinds) if kind != columns.CATEGORY]
    source = list(values)
    suffixes = ["_seconds" if kinds[j] == columns.DATETIME else "" for j in values]
    starts = [len(source)]
    for j, phase in encoder.cyclic_:
        source += [j, j]
        suffixes += [f"_{phase}_sin", f"_{phase}_cos"]
    starts.append(len(source))
    source += encoder.missing_index_
    suffixes += ["_missing"] * len(encoder.missing_index_)
    starts.append(len(source))
    cardinalities = []
    for j, kind in enumerate(kinds):
        if kind == columns.CATEGORY:
            names = _category_suffixes(encoder, j)
            suffixes += names
            source += [j] * len(names)
            if encoder.categorical == "embedding":
                cardinalities.append(len(encoder.categories_[j]) + 1)
    return {
        "n_features_out_": len(source),
        "input_index_": np.array(source, dtype=np.int64),
        "cardinalities_": cardinalities,
        "_starts": starts,
        "_suffixes": suffixes,
        **_value_attributes(encoder, values, len(source)),
    }


def _category_suffixes(encoder: Any, j: int) -> list[str]:
    if encoder.categorical == "embedding":
        return [""]
    names = [f"_{category}" for category in encoder.categories_[j]]
    return names + ["_infrequent"] * bool(encoder.infrequent_[j])


def _value_attributes(encoder: Any, values: list[int], n_out: int) -> dict[str, Any]:
    kinds = np.array([encoder.kinds_[j] for j in values])
    continuous = np.isin(kinds, [columns.NUMERIC, columns.DATETIME])
    center, factor = encoder.value_center_, encoder.value_factor_
    mask = np.zeros(n_out, dtype=bool)
    mask[: len(values)] = continuous & (factor > 0)
    full_center, full_scale = np.full(n_out, np.nan), np.full(n_out, np.nan)
    if len(values):
        scale = np.divide(1.0, factor, out=np.zeros_like(factor), where=factor > 0)
        full_center[: len(values)] = np.where(continuous, center, np.nan)
        full_scale[: len(values)] = np.where(continuous, scale, np.nan)
    shift = center
    if encoder.numeric == "quantile":  # the landmarks do the scaling
        shift = np.where(continuous, 0.0, center)
        factor = np.where(continuous, (factor > 0).astype(float), factor)
    smooth = continuous & (encoder.numeric == "robust")
    plain_kinds = {columns.NUMERIC, columns.EMPTY}
    plain = None
    if (
        set(encoder.kinds_) <= plain_kinds
        and encoder.numeric != "quantile"
        and not hasattr(encoder, "feature_names_in_")  # names: scikit-learn warns of arrays
    ):
        plain = (shift, factor, encoder.numeric == "robust")
    return {
        "numeric_mask_": mask,
        "center_": full_center,
        "scale_": full_scale,
        "_apply": (shift, factor, smooth),
        "_plain": plain,
    }


def output_names(suffixes: list[str], input_index: np.ndarray, names: Any) -> list[str]:
    """Return distinct output names; a clash (a column named like an output) gets a ``_``.

    Examples
    --------
    >>> output_names(["", "", "_missing"], np.array([0, 1, 0]), ["a", "a_missing"])
    ['a', 'a_missing', 'a_missing_']
    """
    taken: dict[str, None] = {}
    for j, suffix in zip(input_index, suffixes, strict=True):
        name = f"{names[j]}{suffix}"
        while name in taken:
            name += "_"
        taken[name] = None
    return list(taken)
