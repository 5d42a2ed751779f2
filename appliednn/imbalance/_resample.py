"""Resampling of training rows by imbalanced-learn, with clear words where it cannot work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError

_ANY_COLUMN = ("RandomOverSampler", "RandomUnderSampler")
_CATEGORIES = {"SMOTENC": "mixed", "SMOTEN": "categories only"}


def categorical_columns(X: pd.DataFrame) -> list[str]:
    """Return the columns that hold no numbers (booleans count as categories).

    Examples
    --------
    >>> categorical_columns(pd.DataFrame({"a": [1.0], "b": ["x"], "c": [True]}))
    ['b', 'c']
    """
    return [
        c
        for c in X.columns
        if pd.api.types.is_bool_dtype(X[c]) or not pd.api.types.is_numeric_dtype(X[c])
    ]


def sampler_problems(sampler: Any, X: pd.DataFrame, *, filled: bool = False) -> list[str]:
    """Return why a sampler cannot work on these columns; an empty list when it can.

    Parameters
    ----------
    sampler : sampler of imbalanced-learn
        Unfitted.
    X : DataFrame of shape (n, n_features)
        Training rows.
    filled : bool
        Whether missing values are filled in before the sampler sees the rows.
    """
    name = type(sampler).__name__
    if name in _ANY_COLUMN:
        return []
    problems = []
    missing = [str(c) for c in X.columns if X[c].isna().any()]
    if missing and not filled:
        problems.append(
            f"{name} cannot work with missing values ({', '.join(missing)}); fill them first "
            "(missing: {type: simple}) or use RandomOverSampler"
        )
    categories = categorical_columns(X)
    numbers = X.shape[1] - len(categories)
    if categories and name not in _CATEGORIES:
        problems.append(
            f"{name} works on numbers only, and {', '.join(map(str, categories))} hold "
            f"categories; use {'SMOTENC' if numbers else 'SMOTEN'} or RandomOverSampler"
        )
    if name == "SMOTENC" and not categories:
        problems.append("SMOTENC needs at least one column of categories; use SMOTE")
    if name == "SMOTENC" and categories and not numbers:
        problems.append("SMOTENC needs at least one column of numbers; use SMOTEN")
    if name == "SMOTEN" and numbers:
        problems.append("SMOTEN works on categories only; use SMOTENC")
    return problems


def resample(sampler: Any, X: pd.DataFrame, y: Any) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows a sampler makes of training rows; names and dtypes stay.

    Parameters
    ----------
    sampler : sampler of imbalanced-learn
        Unfitted; it is cloned. The categorical columns of a SMOTENC are filled in where they are
        left ``"auto"``.
    X : DataFrame of shape (n, n_features)
        Training rows.
    y : array-like of shape (n,)
        Their labels.

    Raises
    ------
    UsageError
        When the sampler cannot work on these columns or rows; every reason is listed.

    Examples
    --------
    >>> from imblearn.over_sampling import RandomOverSampler
    >>> frame = pd.DataFrame({"job": ["a", "b", None]})
    >>> X, y = resample(RandomOverSampler(random_state=0), frame, [0, 0, 1])
    >>> y.tolist()
    [0, 0, 1, 1]
    """
    from sklearn.base import clone

    problems = sampler_problems(sampler, X)
    if problems:
        raise UsageError("\n".join(problems))
    sampler, y, name = clone(sampler), np.asarray(y), type(sampler).__name__
    try:
        if name in _ANY_COLUMN:  # by row number: any dtype, missing values included
            rows, labels = sampler.fit_resample(np.arange(len(X))[:, None], y)
            return X.iloc[rows[:, 0]].reset_index(drop=True), np.asarray(labels)
        if name == "SMOTENC" and isinstance(sampler.categorical_features, str):
            sampler.set_params(categorical_features=categorical_columns(X))
        made, labels = sampler.fit_resample(X, y)
    except (ValueError, RuntimeError) as error:
        counts = {str(k): int(n) for k, n in zip(*np.unique(y, return_counts=True), strict=True)}
        raise UsageError(
            f"{name} cannot resample the training rows (rows by class: {counts}): {error}"
        ) from error
    return made.astype(dict(X.dtypes)).reset_index(drop=True), np.asarray(labels)
