"""TabularEncoder: any table a user has, as the float32 matrix a network takes."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    check_is_fitted,
)

from appliednn.core.errors import IntegrityError
from appliednn.core.persistence._mixin import SaveMixin
from appliednn.core.persistence._protocol import AnnState
from appliednn.tabular.encoder._fit import column_names, fit_matrix, fit_table
from appliednn.tabular.encoder._input import read_input
from appliednn.tabular.encoder._layout import DERIVED, lay_out, output_names
from appliednn.tabular.encoder._scaling import scale_fast
from appliednn.tabular.encoder._state import LATER_ARRAYS, dump_state, load_state
from appliednn.tabular.encoder._transform import encode_gaps, encode_matrix, encode_table

_BLOCK_ROWS = 4096  # rows of a sparse matrix that are dense at one time


class TabularEncoder(SaveMixin, TransformerMixin, BaseEstimator):
    """Encode a table of numbers, categories, booleans and dates as one float32 matrix.

    The output columns are, in this order: one per number, date (seconds since 1970) and
    boolean, in input order; sine and cosine of month, weekday and hour of each date (only of
    those that vary at fit); one indicator per column with missing values; the one-hot columns
    or, last, the integer codes of the categories.

    Parameters
    ----------
    numeric : {"robust", "standard", "minmax", "quantile", "passthrough"}, default="robust"
        How numbers are scaled. ``"robust"``: ``(x - median) / IQR``, then the smooth clip
        ``x / sqrt(1 + (x / 3)**2)``, which bounds outliers to (-3, 3); a column with IQR 0 is
        divided by half its range. ``"quantile"`` maps to a standard normal. Constant columns
        give 0, except with ``"passthrough"``. Dates are always scaled (``"passthrough"``
        standardises them: seconds since 1970 do not fit into float32).
    categorical : {"onehot", "embedding", "auto"}, default="onehot"
        One column per category, or trailing integer codes for an embedding layer, where 0 is a
        missing, unknown or infrequent value. ``"auto"``: columns of at most ``max_onehot``
        levels become one-hot columns, the others codes.
    missing : {"median_indicator", "median", "error"}, default="median_indicator"
        Missing numbers take the median, missing dates the middle of a cycle (0, 0), missing
        categories no category; with ``"median_indicator"`` each column with missing values at
        fit also gets a 0/1 column (categories only where they are not codes).
    max_categories : int or None, default=None
        So many of a column's heaviest categories keep an output of their own, the others share
        one-hot column or code 0. None keeps all.
    max_onehot : int, default=8
        Most levels (the infrequent ones together are one) that ``categorical="auto"`` gives
        one-hot columns.
    onehot_scaling : {"none", "robust"}, default="none"
        ``"robust"``: a category of two levels becomes one column (1 for the first, -1 for the
        second, 0 for a missing or unknown value), named after the first, and each one-hot column
        is centred, scaled and clipped as numbers are with ``numeric="robust"``. ``"none"``
        leaves zeros and ones.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only if the names are strings.
    kinds_ : list of str
        ``"numeric"``, ``"boolean"``, ``"datetime"``, ``"category"`` or ``"empty"`` (no value at
        fit: the output is 0) of each input column.
    categories_ : list of list of str
        Kept categories of each input column; empty for others.
    infrequent_ : list of list of str
        Grouped categories of each input column.
    n_features_out_ : int
    n_values_ : int
        Number of leading outputs that are numbers, dates or booleans.
    output_kinds_ : ndarray of str, shape (n_features_out_,)
        ``"value"``, ``"cyclic"``, ``"missing"``, ``"onehot"`` or ``"code"``.
    numeric_mask_ : ndarray of bool, shape (n_features_out_,)
        Outputs that are continuous and may be perturbed: numbers and dates that vary.
    input_index_ : ndarray of int, shape (n_features_out_,)
        Input column of each output.
    cardinalities_ : list of int
        Number of codes (with 0) of each trailing code column.
    center_, scale_ : ndarray of float64, shape (n_features_out_,)
        Raw value that is encoded as the middle, and raw units per encoded unit there (seconds
        for dates): a small eps in encoded space is ``eps * scale_`` in raw units. With
        ``"quantile"`` the scale is IQR / 1.349. NaN for outputs that are no numbers, scale 0
        for constant ones.

    Notes
    -----
    Every statistic is weighted such that an integer ``sample_weight`` equals repeated rows and
    a zero weight equals removal (averaged inverted-CDF quantiles). Strings stay categories,
    also strings of numbers; categories are compared as text. Sparse input is read in blocks,
    the output is dense. Plain float arrays take a path that costs a few microseconds.

    References
    ----------
    D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", 2024, arXiv 2407.04491 (robust scaling, smooth clip, and
    how categories are scaled).
    Y. Gorishniy, I. Rubachev, V. Khrulkov, A. Babenko, "Revisiting Deep Learning Models for
    Tabular Data", 2021, arXiv 2106.11959 (number of quantiles).

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"age": [20.0, 30.0, 40.0, None], "job": ["a", "b", "a", "b"]})
    >>> encoder = TabularEncoder().fit(X)
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'age_missing', 'job_a', 'job_b']
    >>> encoder.transform(X).round(3)
    array([[-0.493,  0.   ,  1.   ,  0.   ],
           [ 0.   ,  0.   ,  0.   ,  1.   ],
           [ 0.493,  0.   ,  1.   ,  0.   ],
           [ 0.   ,  1.   ,  0.   ,  1.   ]], dtype=float32)
    >>> encoder = TabularEncoder(categorical="auto", onehot_scaling="robust").fit(X)
    >>> encoder.get_feature_names_out().tolist(), encoder.output_kinds_.tolist()
    (['age', 'age_missing', 'job_a'], ['value', 'missing', 'onehot'])
    >>> encoder.transform(X)[:, 2].round(3)
    array([ 0.493, -0.493,  0.493, -0.493], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict] = {
        "numeric": [StrOptions({"robust", "standard", "minmax", "quantile", "passthrough"})],
        "categorical": [StrOptions({"onehot", "embedding", "auto"})],
        "missing": [StrOptions({"median_indicator", "median", "error"})],
        "max_categories": [Interval(Integral, 1, None, closed="left"), None],
        "max_onehot": [Interval(Integral, 0, None, closed="left")],
        "onehot_scaling": [StrOptions({"none", "robust"})],
    }

    def __init__(
        self,
        numeric: str = "robust",
        categorical: str = "onehot",
        missing: str = "median_indicator",
        max_categories: int | None = None,
        max_onehot: int = 8,
        onehot_scaling: str = "none",
    ):
        self.numeric = numeric
        self.categorical = categorical
        self.missing = missing
        self.max_categories = max_categories
        self.max_onehot = max_onehot
        self.onehot_scaling = onehot_scaling

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> TabularEncoder:
        """Learn kinds, categories and scales.

        Parameters
        ----------
        X : DataFrame, array, list or scipy sparse of shape (n, n_features_in)
            Rows to learn from.
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Nonnegative; rows of weight 0 count for nothing, also not for kinds and categories.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Infinity, complex numbers, no row, a missing value with ``missing="error"``, or
            one-hot encoding of more than 10 000 categories.
        """
        table = read_input(self, X, reset=True, numeric_only=True)
        weights = None
        if sample_weight is not None:
            shaped = np.empty((table.shape[0], 1))
            weights = _check_sample_weight(
                sample_weight, shaped, dtype=np.float64, ensure_non_negative=True
            )
            rows = np.flatnonzero(weights > 0)
            table = table.iloc[rows] if hasattr(table, "iloc") else table[rows]
            weights = None if (weights[rows] == 1.0).all() else weights[rows]
        learn = fit_table if hasattr(table, "iloc") else fit_matrix
        return self._set_state(learn(self, table, weights))

    def transform(self, X: Any) -> np.ndarray:
        """Encode rows.

        Parameters
        ----------
        X : DataFrame, array, list or scipy sparse of shape (n, n_features_in)
            Columns as at fit. Numbers may arrive as strings, a category may be new.

        Returns
        -------
        ndarray of float32, shape (n, n_features_out_)
            C-contiguous and finite.

        Raises
        ------
        ValueError
            Other columns than at fit, infinity, a value that cannot be read as the kind its
            column had at fit (named), a missing value with ``missing="error"``.
        """
        plain = self.__dict__.get("_plain")
        if (
            plain is not None
            and type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype.char in "fd"
            and X.shape[1] == len(plain[0])
            and X.shape[0] > 0
        ):
            out = np.zeros((X.shape[0], self.n_features_out_), dtype=np.float32)
            if scale_fast(X, *plain, out) or encode_gaps(self, X, out):
                return out
        check_is_fitted(self)
        all_numeric = set(self.kinds_) <= {"numeric", "empty"}
        table = read_input(self, X, reset=False, numeric_only=all_numeric)
        out = np.zeros((table.shape[0], self.n_features_out_), dtype=np.float32)
        if sparse.issparse(table):
            for start in range(0, table.shape[0], _BLOCK_ROWS):
                rows = slice(start, start + _BLOCK_ROWS)
                encode_matrix(self, table[rows].toarray(), out[rows])
        elif hasattr(table, "iloc"):
            encode_table(self, table, out)
        else:
            encode_matrix(self, table, out)
        return out

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the input columns if the encoder was fitted without.

        Returns
        -------
        ndarray of str (object), shape (n_features_out_,)
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return np.array(output_names(self._suffixes, self.input_index_, names), dtype=object)

    def scale_info(self) -> list[dict[str, Any]]:
        """Return, for each perturbable output, what one encoded unit means in raw units.

        Returns
        -------
        list of dict
            ``output`` (column of the encoded matrix), ``name`` (of the input column),
            ``center``, ``scale`` (see Attributes), ``unit`` (``"raw"`` or ``"seconds"``).

        Examples
        --------
        >>> TabularEncoder().fit([[0.0], [1.0], [2.0], [3.0]]).scale_info()
        [{'output': 0, 'name': 'x0', 'center': 1.5, 'scale': 2.0, 'unit': 'raw'}]
        """
        check_is_fitted(self)
        names = column_names(self)
        return [
            {
                "output": int(k),
                "name": names[self.input_index_[k]],
                "center": float(self.center_[k]),
                "scale": float(self.scale_[k]),
                "unit": "seconds" if self.kinds_[self.input_index_[k]] == "datetime" else "raw",
            }
            for k in np.flatnonzero(self.numeric_mask_)
        ]

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return all that was learned, with the parameters, as JSON-ready dict and arrays.

        Returns
        -------
        described : dict
        arrays : dict of str to ndarray of float64

        Examples
        --------
        >>> encoder = TabularEncoder().fit([[0.0, 5.0], [1.0, 6.0]])
        >>> again = TabularEncoder.from_state(*encoder.to_state())
        >>> again.transform([[1.0, 5.0]]).tolist() == encoder.transform([[1.0, 5.0]]).tolist()
        True
        """
        check_is_fitted(self)
        return dump_state(self)

    @classmethod
    def from_state(
        cls, described: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> TabularEncoder:
        """Rebuild a fitted encoder from what :meth:`to_state` gave.

        Raises
        ------
        IntegrityError
            If the parts do not fit together.
        """
        try:
            encoder = cls(**described["params"])
            encoder._validate_params()
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(f"the encoder's parameters cannot be used: {error}") from None
        return encoder._set_state(load_state(encoder, described, arrays))

    def __ann_state__(self) -> AnnState:
        described, arrays = self.to_state()
        return AnnState(described.pop("params"), arrays, meta=described)

    @classmethod
    def __ann_restore__(cls, state: AnnState) -> TabularEncoder:
        return cls.from_state({"params": state.params, **state.meta}, state.arrays)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in DERIVED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        later = {"max_onehot": 8, "onehot_scaling": "none"}
        if "kinds_" in state:
            later |= {name: np.zeros(0) for name in LATER_ARRAYS}
        super().__setstate__({**later, **state})
        if "kinds_" in state:
            self._set_state({})

    def _set_state(self, state: dict[str, Any]) -> TabularEncoder:
        for name, value in state.items():
            setattr(self, name, value)
        for name, value in lay_out(self).items():
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
