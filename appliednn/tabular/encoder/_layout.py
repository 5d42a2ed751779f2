"""Where each output column lies, where it comes from and what it is called."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.tabular.encoder import _columns as columns
from appliednn.tabular.encoder._categories import CODE, CategoryOutputs, category_outputs

# What follows from the rest; it is left out of pickles.
DERIVED = ("_starts", "_suffixes", "_category_outputs", "_apply", "_plain")


def lay_out(encoder: Any) -> dict[str, Any]:
    """Return the attributes that follow from the fitted state (see ``TabularEncoder``).

    Besides the public ones: ``_starts`` (first output of the cyclic and the indicator block),
    ``_suffixes`` (what each output adds to its input's name), ``_category_outputs`` (where each
    category goes), ``_apply`` (shift, factor and smooth-clip flag of each value column) and
    ``_plain`` (what the path for plain float arrays needs, or None where it cannot be taken).
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
    output_kinds = ["value"] * starts[0] + ["cyclic"] * (starts[1] - starts[0])
    output_kinds += ["missing"] * len(encoder.missing_index_)
    blocks = category_outputs(encoder, len(source))
    for block in blocks:
        source += [block.column] * block.width
        suffixes += _category_suffixes(encoder, block)
        output_kinds += ["code" if block.mode == CODE else "onehot"] * block.width
    return {
        "n_features_out_": len(source),
        "n_values_": len(values),
        "input_index_": np.array(source, dtype=np.int64),
        "output_kinds_": np.array(output_kinds, dtype="<U7"),
        "cardinalities_": [
            len(encoder.categories_[block.column]) + 1 for block in blocks if block.mode == CODE
        ],
        "_starts": starts,
        "_suffixes": suffixes,
        "_category_outputs": blocks,
        **_value_attributes(encoder, values, len(source)),
    }


def _category_suffixes(encoder: Any, block: CategoryOutputs) -> list[str]:
    if block.mode == CODE:
        return [""]
    names = [f"_{category}" for category in encoder.categories_[block.column]]
    names += ["_infrequent"] * bool(encoder.infrequent_[block.column])
    return names[: block.width]  # a sign is named after the first of its two levels


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
