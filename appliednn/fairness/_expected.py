"""Expected rates of a randomised predictor: what it does on average, not in one draw."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np


def expected_rates(model: Any, X: Any, sensitive: Any = None) -> np.ndarray | None:
    """Return the probability with which a randomised model gives its second class.

    One draw of a randomised predictor can show a difference between groups that it does not have
    (a seed shared with the data is enough), so groups are compared on these probabilities.

    Parameters
    ----------
    model : estimator
        Fitted; fairlearn's ``ThresholdOptimizer`` and ``ExponentiatedGradient`` offer
        ``_pmf_predict``, alone or as the last step of a Pipeline.
    X : array-like of shape (n, n_features)
        Rows.
    sensitive : array-like of shape (n, ...), optional
        Sensitive attributes, for a model that needs them to predict.

    Returns
    -------
    ndarray of shape (n,) or None
        None for a model that always answers alike.

    Raises
    ------
    ValueError
        If the model needs the sensitive attributes and there are none.
    """
    if hasattr(model, "steps"):
        last = model.steps[-1][1]
        if not hasattr(last, "_pmf_predict"):
            return None
        X = model[:-1].transform(X) if len(model.steps) > 1 else X
        model = last
    if not hasattr(model, "_pmf_predict"):
        return None
    if "sensitive_features" in inspect.signature(model._pmf_predict).parameters:
        if sensitive is None:
            raise ValueError(
                f"{type(model).__name__} needs the sensitive attributes to predict: give them"
            )
        return np.asarray(model._pmf_predict(X, sensitive_features=sensitive))[:, 1]
    return np.asarray(model._pmf_predict(X))[:, 1]
