"""Bring what a user passes as ``X`` to one of three forms: float matrix, CSR matrix, DataFrame."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import assert_all_finite, validate_data

_FLOATS = [np.float64, np.float32]


def read_input(encoder: Any, X: Any, *, reset: bool, numeric_only: bool) -> Any:
    """Validate ``X`` as scikit-learn does and return it in the form the encoder works on.

    Parameters
    ----------
    encoder : estimator
        Gets ``n_features_in_`` and ``feature_names_in_`` when ``reset`` is true, and is
        compared with them otherwise.
    X : DataFrame, array, list or scipy sparse of shape (n, n_features)
        What the user passed. A frame of another library is taken by its ``to_pandas``.
    reset : bool
        Whether this is ``fit``.
    numeric_only : bool
        Whether every column the encoder was fitted on is numeric; at fit, pass True.

    Returns
    -------
    ndarray of float, csr_matrix of float, or DataFrame
        Infinity is refused in the first two; NaN too if the encoder's ``missing="error"``.

    Raises
    ------
    ValueError
        In scikit-learn's words: not 2-d, no row, no column, infinity, complex numbers, other
        columns than at fit.
    """
    import pandas as pd

    finite = True if encoder.missing == "error" else "allow-nan"
    if not isinstance(X, (pd.DataFrame, np.ndarray)) and hasattr(X, "to_pandas"):
        X = X.to_pandas()
    if isinstance(X, pd.DataFrame):
        return _read_frame(encoder, X, reset, numeric_only, finite)
    if sparse.issparse(X):
        X = validate_data(
            encoder, X, reset=reset, accept_sparse="csr", dtype=_FLOATS, ensure_all_finite=finite
        )
        return X if numeric_only else pd.DataFrame(X.toarray())
    X = _as_array(X)
    if X.dtype.kind not in "OUSMmb":
        X = validate_data(encoder, X, reset=reset, dtype=_FLOATS, ensure_all_finite=finite)
        return X if numeric_only else pd.DataFrame(X)
    X = validate_data(encoder, X, reset=reset, dtype=None, ensure_all_finite=False)
    return pd.DataFrame(X.astype(object) if X.dtype.kind in "US" else X)


def _as_array(X: Any) -> np.ndarray:
    if isinstance(X, np.ndarray):
        return X
    array = np.asarray(X)
    if array.dtype.kind in "US":  # NumPy made strings of a list's numbers: read it again
        array = np.asarray(X, dtype=object)
    return array


def _read_frame(encoder: Any, X: Any, reset: bool, numeric_only: bool, finite: Any) -> Any:
    if reset or not _has_the_names_of_fit(encoder, X):
        validate_data(encoder, X, reset=reset, skip_check_array=True)
    for axis, what in ((0, "sample"), (1, "feature")):
        if X.shape[axis] == 0:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is "
                f"required by {type(encoder).__name__}."
            )
    if numeric_only and all(
        isinstance(d, np.dtype) and d.kind in "iuf" for d in X.dtypes.tolist()
    ):
        X = X.to_numpy(dtype=np.float64)
        check_finite(encoder, X)
    return X


def _has_the_names_of_fit(encoder: Any, X: Any) -> bool:
    """Return whether scikit-learn's check of the names, slow on many columns, would pass."""
    names = getattr(encoder, "feature_names_in_", None)
    return names is not None and X.columns.tolist() == names.tolist()


def check_finite(encoder: Any, X: np.ndarray) -> None:
    """Refuse infinity, and NaN if ``missing="error"``, in scikit-learn's words."""
    assert_all_finite(
        X,
        allow_nan=encoder.missing != "error",
        estimator_name=type(encoder).__name__,
        input_name="X",
    )
