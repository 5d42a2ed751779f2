"""Labels of anomalies, in the three ways that people write them."""

from __future__ import annotations

import numpy as np

from appliednn.core.errors import UsageError


def anomaly_labels(y: np.ndarray, name: str) -> np.ndarray:
    """Return 1 for anomalies and 0 for other rows.

    Parameters
    ----------
    y : ndarray of shape (n,)
        True for anomalies; or 1 beside 0; or -1 beside 1, as scikit-learn's detectors predict.
    name : str
        What the caller calls them.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    UsageError
        For other values, and where 1 stands alone: it may mean either.

    Examples
    --------
    >>> anomaly_labels(np.array([1, 1, -1]), "y_test"), anomaly_labels(np.array([0, 1]), "y_test")
    (array([0, 0, 1]), array([0, 1]))
    """
    y = np.asarray(y)
    if y.dtype == bool:
        return y.astype(np.int64)
    found = set(y.tolist())
    if all(isinstance(value, bool) for value in found) or (found <= {0, 1} and 0 in found):
        return y.astype(np.int64)
    if found <= {-1, 1} and -1 in found:
        return (y == -1).astype(np.int64)
    if found == {1}:
        raise UsageError(
            f"{name} holds 1 alone, which is an anomaly beside 0 and a normal row beside -1: give "
            "booleans, True for anomalies"
        )
    shown = ", ".join(repr(value) for value in list(dict.fromkeys(y.tolist()))[:5])
    raise UsageError(
        f"{name} must say which rows are anomalies: booleans, 1 for anomalies and 0 for others, "
        f"or -1 for anomalies and 1 for others; found {shown}"
    )
