"""Imputation of mixed DataFrames: numbers by a chosen method, categories by the most frequent."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from appliednn.core.persistence import SaveMixin

METHODS = ("simple", "knn", "iterative")


class TableImputer(SaveMixin, TransformerMixin, BaseEstimator):
    """Fill missing values of a DataFrame and leave everything else as it was.

    Names, order, index and dtypes are kept (an integer or boolean column that needs fractions
    becomes float). Numbers go through scikit-learn's imputer; for ``knn`` and ``iterative`` they
    are standardised first, so that no column counts more for its unit. Categories, strings and
    booleans take the most frequent value of the training rows, dates the median. A column
    without any value in training is left missing: nothing is known about it.

    Parameters
    ----------
    method : {"simple", "knn", "iterative"}
        One value a column; mean of the nearest rows (Troyanskaya 2001); each column predicted
        from the others in rounds by Bayesian ridge regression (van Buuren 2011).
    strategy : {"median", "mean", "most_frequent"}
        For numbers, method "simple".
    n_neighbors : int
        For method "knn".
    max_iter : int
        Rounds, for method "iterative".
    random_state : int, optional
        Order of the columns in ties, for method "iterative".

    Attributes
    ----------
    numeric_ : list of str
        Columns filled as numbers.
    fill_ : dict
        Column to value, for the others (dates in ISO 8601).
    unknown_ : list of str
        Columns without any value in training.
    imputer_ : estimator or None
        scikit-learn's imputer of the numbers (None when there are none).

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [20.0, None, 40.0], "job": ["a", "b", None]})
    >>> TableImputer().fit_transform(frame).values.tolist()
    [[20.0, 'a'], [30.0, 'b'], [40.0, 'a']]
    """

    def __init__(
        self,
        method: str = "simple",
        *,
        strategy: str = "median",
        n_neighbors: int = 5,
        max_iter: int = 10,
        random_state: int | None = None,
    ) -> None:
        self.method = method
        self.strategy = strategy
        self.n_neighbors = n_neighbors
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Any = None) -> TableImputer:
        """Learn what to fill in.

        Parameters
        ----------
        X : DataFrame of shape (n, n_features)
            Training rows.
        y : ignored

        Raises
        ------
        TypeError
            When ``X`` is not a DataFrame.
        ValueError
            For an unknown method.
        """
        if self.method not in METHODS:
            raise ValueError(f"method={self.method!r} is unknown; expected one of {METHODS}")
        X = _frame(X)
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.unknown_ = [c for c in X if X[c].isna().all()]
        known = [c for c in X if c not in self.unknown_]
        self.numeric_ = [c for c in known if _is_number(X[c])]
        self.fill_ = {c: _usual(X[c]) for c in known if c not in self.numeric_}
        self.imputer_ = None
        if self.numeric_:
            values = _numbers(X, self.numeric_)
            self.center_ = np.nanmean(values, axis=0)
            spread = np.nanstd(values, axis=0)
            self.scale_ = np.where(spread > 0, spread, 1.0)
            with warnings.catch_warnings():
                # The number of rounds is the user's choice; not to converge within it is no error.
                warnings.simplefilter("ignore", ConvergenceWarning)
                self.imputer_ = self._numeric_imputer().fit(self._scaled(values))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return ``X`` with its missing values filled in."""
        check_is_fitted(self, "fill_")
        X = _frame(X)
        if list(X.columns) != list(self.feature_names_in_):
            raise ValueError(
                f"columns differ from those the imputer was fitted on: expected "
                f"{list(self.feature_names_in_)}, got {list(X.columns)}"
            )
        out = X.copy()
        for name, value in self.fill_.items():
            if X[name].isna().any():
                out[name] = _filled(X[name], value)
        if self.numeric_ and X[self.numeric_].isna().any(axis=None):
            values = _numbers(X, self.numeric_)
            filled = self.imputer_.transform(self._scaled(values))
            if self._scales:
                filled = filled * self.scale_ + self.center_
            for j, name in enumerate(self.numeric_):
                gaps = np.isnan(values[:, j])
                if gaps.any():
                    out[name] = _restore(np.where(gaps, filled[:, j], values[:, j]), X[name].dtype)
        return out

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the columns' names: they stay as they are."""
        return self.feature_names_in_

    @property
    def _scales(self) -> bool:
        return self.method != "simple"

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        return (values - self.center_) / self.scale_ if self._scales else values

    def _numeric_imputer(self) -> Any:
        """Return scikit-learn's imputer for the method."""
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

        if self.method == "simple":
            return SimpleImputer(strategy=self.strategy)
        if self.method == "knn":
            return KNNImputer(n_neighbors=self.n_neighbors)
        return IterativeImputer(max_iter=self.max_iter, random_state=self.random_state)

    def __sklearn_tags__(self):
        """Say that missing values and strings are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def make_imputer(type: str, **params: Any) -> TableImputer:  # noqa: A002
    """Return an unfitted imputer by the name a config uses.

    Parameters
    ----------
    type : {"simple", "knn", "iterative"}
        Method.
    **params
        The method's parameters (``strategy``, ``n_neighbors``, ``max_iter``, ``random_state``).

    Examples
    --------
    >>> make_imputer("knn", n_neighbors=3)
    TableImputer(method='knn', n_neighbors=3)
    """
    return TableImputer(type, **params)


def complete_rows(X: pd.DataFrame) -> np.ndarray:
    """Return which rows miss nothing (columns that miss everything are not counted).

    For training rows only: rows to predict are never dropped.

    Examples
    --------
    >>> complete_rows(pd.DataFrame({"a": [1.0, None], "b": [None, None]})).tolist()
    [True, False]
    """
    known = X.columns[X.notna().any()]
    return X[known].notna().all(axis=1).to_numpy()


def _frame(X: Any) -> pd.DataFrame:
    if not isinstance(X, pd.DataFrame):
        raise TypeError(f"TableImputer works on a DataFrame, got {type(X).__name__}")
    return X


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _numbers(X: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return columns as float64 with NaN for missing (infinities are left to the imputer)."""
    return X[names].to_numpy(dtype=np.float64, na_value=np.nan)


def _usual(column: pd.Series) -> Any:
    """Return the median of dates, the most frequent value of the rest (ties: the first)."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.median().isoformat()
    counts = column.value_counts()
    top = counts.index[counts == counts.max()]
    return min(top.tolist(), key=str)


def _filled(column: pd.Series, value: Any) -> pd.Series:
    """Return a column with its gaps filled, in its own dtype where it has one for the value."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.fillna(pd.Timestamp(value))
    filled = column.astype(object).where(column.notna(), value)
    return filled.astype(column.dtype)


def _restore(values: np.ndarray, dtype: Any) -> Any:
    """Return filled numbers in the column's dtype, as floats where whole numbers do not do."""
    if pd.api.types.is_integer_dtype(dtype) and not np.all(values == np.round(values)):
        return values
    return (
        pd.array(values, dtype=dtype)
        if pd.api.types.is_extension_array_dtype(dtype)
        else (values.astype(dtype))
    )
