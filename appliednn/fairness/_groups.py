"""Groups of sensitive attributes: names, missing values as a group of their own, products."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

MISSING = "missing"
AND = " & "


def group_labels(groups: Any, n: int | None = None) -> dict[str, pd.Categorical]:
    """Return each attribute's groups, by the attribute's name.

    A missing value is a group of its own, ``"missing"``: neither dropped nor an error.

    Parameters
    ----------
    groups : DataFrame, Series, mapping of str to values, or array-like (n,) or (n, n_attributes)
        Sensitive attributes; columns without a name are called ``group`` or ``group0``, ...
    n : int, optional
        Number of rows to expect.

    Returns
    -------
    dict of str to Categorical
        Categories are strings in the order of the values, all of which occur.

    Raises
    ------
    ValueError
        For a wrong number of rows, no attribute, or two values that read alike (1 and "1").

    Examples
    --------
    >>> labels = group_labels({"sex": ["f", None, "m", "f"]})["sex"]
    >>> list(labels.categories), labels.codes.tolist()
    (['f', 'm', 'missing'], [0, 2, 1, 0])
    """
    frame = _frame(groups)
    if frame.shape[1] == 0:
        raise ValueError("groups has no attribute: give at least one column")
    if n is not None and len(frame) != n:
        raise ValueError(f"groups has {len(frame)} rows and the labels have {n}: give one each")
    return {str(name): _categorical(str(name), frame[name]) for name in frame.columns}


def cross(labels: Mapping[str, pd.Categorical]) -> pd.Categorical:
    """Return the product of attributes; only combinations that occur are groups.

    Examples
    --------
    >>> a, b = pd.Categorical(["f", "m", "f"]), pd.Categorical(["old", "old", "young"])
    >>> list(cross({"sex": a, "age": b}).categories)
    ['f & old', 'f & young', 'm & old']
    """
    columns = list(labels.values())
    sizes = [len(c.categories) for c in columns]
    flat = np.ravel_multi_index([c.codes.astype(np.intp) for c in columns], sizes)
    found, codes = np.unique(flat, return_inverse=True)
    parts = np.unravel_index(found, sizes)
    names = [
        AND.join(c.categories[i] for c, i in zip(columns, place, strict=True))
        for place in zip(*parts, strict=True)
    ]
    return pd.Categorical.from_codes(codes, _unlike("the product of attributes", names))


def with_products(
    labels: Mapping[str, pd.Categorical], at_most: int = 2
) -> dict[str, pd.Categorical]:
    """Return the attributes followed by the products of up to ``at_most`` of them.

    Examples
    --------
    >>> two = {"a": pd.Categorical(["x", "y"]), "b": pd.Categorical(["u", "v"])}
    >>> list(with_products(two))
    ['a', 'b', 'a & b']
    """
    out = dict(labels)
    for size in range(2, min(at_most, len(labels)) + 1):
        for names in combinations(labels, size):
            out[AND.join(names)] = cross({name: labels[name] for name in names})
    return out


def _frame(groups: Any) -> pd.DataFrame:
    """Return attributes as columns of a table with a fresh index."""
    if isinstance(groups, pd.DataFrame):
        return groups.reset_index(drop=True)
    if isinstance(groups, pd.Series):
        name = "group" if groups.name is None else groups.name
        return groups.reset_index(drop=True).to_frame(name)
    if isinstance(groups, Mapping):
        return pd.DataFrame({k: pd.Series(v).reset_index(drop=True) for k, v in groups.items()})
    if isinstance(groups, pd.Categorical):
        return pd.DataFrame({"group": groups})
    array = np.asarray(groups, dtype=None if isinstance(groups, np.ndarray) else object)
    if array.ndim == 1:
        return pd.DataFrame({"group": array})
    if array.ndim != 2:
        raise ValueError(f"groups must have one or two dimensions, got shape {array.shape}")
    return pd.DataFrame({f"group{j}": array[:, j] for j in range(array.shape[1])})


def _categorical(name: str, column: pd.Series) -> pd.Categorical:
    """Return one attribute's groups in the order of its values, missing last."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy().astype(np.intp)
        values = list(column.cat.categories)
    else:
        codes, uniques = pd.factorize(column)
        values = list(uniques)
    present = [i for i in range(len(values)) if (codes == i).any()]
    if not isinstance(column.dtype, pd.CategoricalDtype):
        present.sort(key=lambda i: _order(values[i]))
    place = np.full(len(values) + 1, -1)
    place[present] = np.arange(len(present))
    names = [_name(values[i]) for i in present]
    new = place[codes]
    if (new < 0).any():
        new = np.where(new < 0, len(names), new)
        names.append(MISSING if MISSING not in names else f"{MISSING} value")
    return pd.Categorical.from_codes(new, _unlike(name, names))


def _order(value: Any) -> tuple:
    """Sort numbers before text, each in its own order."""
    if isinstance(value, (bool, np.bool_, int, float, np.number)):
        return 0, float(value), ""
    return 1, 0.0, str(value)


def _name(value: Any) -> str:
    """Return a group's name; a whole float reads as a whole number."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _unlike(name: str, names: list[str]) -> list[str]:
    """Refuse two groups of one name, which would be merged without a word."""
    twice = sorted({v for v in names if names.count(v) > 1})
    if twice:
        raise ValueError(
            f"{name} has different values that read alike ({', '.join(twice)}): write them in one "
            "type, or rename one"
        )
    return names
