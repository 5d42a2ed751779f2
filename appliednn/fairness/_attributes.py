"""Attributes as an audit takes them: many numbers become quantile groups, rare values one."""

from __future__ import annotations

import numpy as np
import pandas as pd

OTHERS = "all others"


def prepare_attributes(
    sensitive: pd.DataFrame, *, max_values: int = 10, n_bins: int = 4, max_groups: int = 20
) -> tuple[pd.DataFrame, list[str]]:
    """Return attributes with few groups each, and a sentence for each that was changed.

    Parameters
    ----------
    sensitive : DataFrame of shape (n, n_attributes)
        Sensitive attributes.
    max_values : int
        A numeric column with more distinct values is cut at its quantiles.
    n_bins : int
        Number of quantile groups; fewer where values repeat.
    max_groups : int
        Of a column of text, the largest ``max_groups - 1`` groups stay and the rest is joined.

    Returns
    -------
    tuple of (DataFrame, list of str)
        The table with categorical columns where something was changed; the notes.

    Examples
    --------
    >>> frame, notes = prepare_attributes(pd.DataFrame({"age": range(40)}), n_bins=2)
    >>> list(frame["age"].cat.categories)
    ['below 19.5', '19.5 and above']
    >>> notes
    ['age has 40 different values and is cut into 2 groups at its quantiles (19.5).']
    """
    out, notes = {}, []
    for name in sensitive.columns:
        column = sensitive[name]
        n_values = int(column.nunique())
        numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if numeric and n_values > max_values:
            column, cuts = _cut(column, n_bins)
            said = ", ".join(cuts)
            notes.append(
                f"{name} has {n_values} different values and is cut into "
                f"{len(column.cat.categories)} groups at its quantiles ({said})."
            )
        elif n_values > max_groups:
            column = _join_rare(column, max_groups)
            notes.append(
                f"{name} has {n_values} different values; the {max_groups - 1} largest groups "
                f"are kept and the rest is called {OTHERS!r}."
            )
        out[str(name)] = column.reset_index(drop=True)
    return pd.DataFrame(out), notes


def _cut(column: pd.Series, n_bins: int) -> tuple[pd.Series, list[str]]:
    """Return quantile groups ``[low, high)`` with names, and the cuts as text."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(values)
    cuts = np.unique(np.quantile(values[known], np.linspace(0, 1, n_bins + 1)[1:-1]))
    low = values[known].min()
    cuts = cuts[cuts > low]
    if not len(cuts):
        # Most rows share the smallest value (an amount that is mostly zero): cut above it.
        cuts = np.array([values[known & (values > low)].min()])
    said = [f"{cut:.4g}" for cut in cuts]
    if len(set(said)) < len(said):
        said = [repr(float(cut)) for cut in cuts]
    names = [f"below {said[0]}"]
    names += [f"{a} to below {b}" for a, b in zip(said[:-1], said[1:], strict=True)]
    names.append(f"{said[-1]} and above")
    codes = np.where(np.isnan(values), -1, np.searchsorted(cuts, values, side="right"))
    return pd.Series(pd.Categorical.from_codes(codes, names, ordered=True)), said


def _join_rare(column: pd.Series, max_groups: int) -> pd.Series:
    """Return the column with all but its largest groups joined."""
    text = column.astype(object)
    kept = text.value_counts().index[: max_groups - 1]
    return text.where(text.isin(kept) | text.isna(), OTHERS)
