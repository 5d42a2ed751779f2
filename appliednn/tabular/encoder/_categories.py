"""Categories of a column: which keep an output of their own, and where its outputs lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.tabular.encoder._columns import CATEGORY, category_codes, value_text
from appliednn.tabular.encoder._scaling import ColumnScale, fit_column, scale_into

MAX_ONEHOT = 10_000
_FEW_ROWS = 32  # so few are read one by one: what pandas sets up first costs more
ONEHOT, SIGN, CODE = "onehot", "sign", "code"


def level_totals(codes: np.ndarray, n_levels: int, weights: np.ndarray | None) -> np.ndarray:
    """Return the weight of each level and, last, of the missing values (code -1).

    Examples
    --------
    >>> level_totals(np.array([0, 1, -1, 1]), 2, None)
    array([1., 2., 1.])
    """
    places = np.where(codes < 0, n_levels, codes)
    return np.bincount(places, weights=weights, minlength=n_levels + 1).astype(np.float64)


def choose_categories(
    totals: np.ndarray, names: list[str], max_categories: int | None
) -> tuple[list[str], list[str]]:
    """Return the categories that are kept and those grouped as infrequent, both sorted.

    The ``max_categories`` heaviest are kept; of two equally heavy ones the first by name.

    Examples
    --------
    >>> choose_categories(np.array([1.0, 2.0, 1.0]), ["c", "b", "a"], 2)
    (['a', 'b'], ['c'])
    """
    seen = [i for i in range(len(names)) if totals[i] > 0]
    order = sorted(seen, key=lambda i: (-totals[i], names[i]))
    kept = order if max_categories is None else order[:max_categories]
    rare = order[len(kept) :]
    return sorted(names[i] for i in kept), sorted(names[i] for i in rare)


def category_mode(encoder: Any, kept: list[str], infrequent: list[str]) -> str:
    """Return how a column of these categories is encoded: one-hot, as a sign, or as a code."""
    n_levels = len(kept) + bool(infrequent)
    few = encoder.categorical == "onehot" or n_levels <= encoder.max_onehot
    if encoder.categorical == "embedding" or not few:
        return CODE
    return SIGN if encoder.onehot_scaling == "robust" and n_levels == 2 else ONEHOT


def onehot_scales(mode: str, kept: np.ndarray, rest: float) -> list[ColumnScale]:
    """Return the robust scale of a category's columns, from its levels' weights alone.

    Parameters
    ----------
    mode : {"onehot", "sign"}
        One column of zeros and ones a level, or one column that is 1 for the first of two
        levels, -1 for the second and 0 elsewhere.
    kept : ndarray of shape (n_levels,)
        Weight of each level, all positive.
    rest : float
        Weight of the rows without a level.

    Examples
    --------
    >>> [s.center for s in onehot_scales("onehot", np.array([3.0, 1.0]), 1.0)]
    [1.0, 0.0]
    """
    if mode == SIGN:
        values, weights = np.array([-1.0, 0.0, 1.0]), np.array([kept[1], rest, kept[0]])
        return [fit_column(values[weights > 0], "robust", weights[weights > 0])]
    if len(kept) == 1 and rest == 0:  # the one level everywhere
        return [fit_column(np.ones(1), "robust")]
    values, total = np.array([0.0, 1.0]), float(kept.sum()) + rest
    return [fit_column(values, "robust", np.array([total - w, w])) for w in kept]


@dataclass
class CategoryOutputs:
    """Where one category's outputs lie and what they hold.

    ``place`` gives each known text its level, from 1; texts that are not in it have level 0, as
    missing values have. ``absent`` and ``present`` hold each output's value for rows without and
    with its level; ``"sign"`` has its three values, by level, in ``present``.
    """

    column: int
    mode: str
    start: int
    place: dict[str, int]
    absent: np.ndarray
    present: np.ndarray

    @property
    def width(self) -> int:
        """Return the number of outputs."""
        return len(self.present) if self.mode == ONEHOT else 1

    def write(self, levels: np.ndarray, out: np.ndarray) -> None:
        """Write the outputs of rows of these levels (n,) to ``out``, which holds zeros."""
        if self.mode == CODE:
            out[:, self.start] = levels
        elif self.mode == SIGN:
            out[:, self.start] = self.present[levels]
        else:
            if self.absent.any():
                out[:, self.start : self.start + self.width] = self.absent
            rows = np.flatnonzero(levels)
            found = levels[rows] - 1
            out[rows, self.start + found] = self.present[found]


def category_modes(
    encoder: Any, kinds: list[str], kept: list[list[str]], infrequent: list[list[str]]
) -> dict[int, str]:
    """Return the mode of each category column, one-hot ones and signs before codes."""
    modes = {
        j: category_mode(encoder, kept[j], infrequent[j])
        for j, kind in enumerate(kinds)
        if kind == CATEGORY
    }
    return dict(sorted(modes.items(), key=lambda item: item[1] == CODE))


def onehot_width(mode: str, kept: list[str], infrequent: list[str]) -> int:
    """Return how many one-hot columns (a sign is one) a category has."""
    return {CODE: 0, SIGN: 1, ONEHOT: len(kept) + bool(infrequent)}[mode]


def category_outputs(encoder: Any, start: int) -> list[CategoryOutputs]:
    """Return the outputs of all category columns, the first at ``start``."""
    outputs, used = [], 0
    parts = encoder.kinds_, encoder.categories_, encoder.infrequent_
    for j, mode in category_modes(encoder, *parts).items():
        kept, rare = encoder.categories_[j], encoder.infrequent_[j]
        place = {name: i for i, name in enumerate(kept, start=1)}
        if mode != CODE:
            place.update(dict.fromkeys(rare, len(kept) + 1))
        part = slice(used, used + onehot_width(mode, kept, rare))
        used = part.stop
        absent, present = _output_values(encoder, mode, part)
        outputs.append(CategoryOutputs(j, mode, start, place, absent, present))
        start += outputs[-1].width
    return outputs


def _output_values(encoder: Any, mode: str, part: slice) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of rows without and with each level, scaled where that is asked for."""
    width = part.stop - part.start
    if encoder.onehot_scaling == "none" or mode == CODE:
        return np.zeros(width, dtype=np.float32), np.ones(width, dtype=np.float32)
    raw = np.array([[0.0], [1.0], [-1.0]]).repeat(width, axis=1)
    values = np.empty(raw.shape, dtype=np.float32)
    center, factor = encoder.onehot_center_[part], encoder.onehot_factor_[part]
    scale_into(raw, center, factor, np.ones(width, dtype=bool), values)
    return values[0], (values[:, 0] if mode == SIGN else values[1])


def look_up(frame: Any, outputs: list[CategoryOutputs]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each category, the rows' levels and whether their values are missing.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_features_in)
        Raw values of any type.
    outputs : list of CategoryOutputs
        Which columns to read, and the level of each known text. Others have level 0.

    Examples
    --------
    >>> import pandas as pd
    >>> block = CategoryOutputs(0, "code", 0, {"a": 1, "b": 2}, np.zeros(0), np.zeros(0))
    >>> [(levels, missing)] = look_up(pd.DataFrame({"x": ["b", "new", None]}), [block])
    >>> levels.tolist(), missing.tolist()
    ([2, 0, 0], [False, False, True])
    """
    if outputs and len(frame) <= _FEW_ROWS:
        return _look_up_few(frame, outputs)
    found = []
    for block in outputs:
        codes, names = category_codes(frame.iloc[:, block.column])
        table = np.array([block.place.get(name, 0) for name in names] + [0], dtype=np.int64)
        found.append((table[codes], codes < 0))
    return found


def _look_up_few(
    frame: Any, outputs: list[CategoryOutputs]
) -> list[tuple[np.ndarray, np.ndarray]]:
    import pandas as pd

    cells = frame.iloc[:, [block.column for block in outputs]].to_numpy(dtype=object)
    missing = pd.isna(cells)
    levels = np.zeros(cells.shape, dtype=np.int64)
    for i, k in zip(*np.nonzero(~missing), strict=True):
        levels[i, k] = outputs[k].place.get(value_text(cells[i, k]), 0)
    return [(levels[:, k], missing[:, k]) for k in range(len(outputs))]


def check_onehot_width(counts: dict[str, int]) -> None:
    """Refuse a one-hot encoding that is almost surely a mistake (an id column).

    Raises
    ------
    ValueError
        If the columns' categories sum to more than ``MAX_ONEHOT``; the widest is named.
    """
    total = sum(counts.values())
    if total > MAX_ONEHOT:
        widest = max(counts, key=lambda name: counts[name])
        raise ValueError(
            f"one-hot encoding would give {total} columns, {counts[widest]} of them from "
            f"{widest!r}; at most {MAX_ONEHOT} are allowed. Drop the column if it is an id, set "
            f"max_categories, or use categorical='auto' or 'embedding'."
        )
