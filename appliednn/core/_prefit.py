"""What wrappers around a fitted classifier share."""

from __future__ import annotations

from typing import Any

import numpy as np


def adopt_fitted(wrapper: Any, estimator: Any) -> None:
    """Make a fitted classifier the wrapper's ``estimator_`` and take over what it was fitted on.

    Sets ``estimator_``, ``classes_`` and, where the classifier has them, ``n_features_in_`` and
    ``feature_names_in_``.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        When the classifier is not fitted: the wrappers never fit it, since the rows they see are
        held out.
    TypeError
        When it is no classifier with probabilities.
    """
    from sklearn.base import is_classifier
    from sklearn.utils.validation import check_is_fitted

    name = type(wrapper).__name__
    if not is_classifier(estimator) or not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"{name} needs a classifier with predict_proba, got {type(estimator).__name__}"
        )
    check_is_fitted(
        estimator,
        "classes_",
        msg=f"{name} takes a fitted estimator and holds rows out from it: fit %(name)s first",
    )
    wrapper.estimator_ = estimator
    wrapper.classes_ = np.asarray(estimator.classes_)
    for attribute in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator, attribute):
            setattr(wrapper, attribute, getattr(estimator, attribute))


def probabilities(estimator: Any, X: Any) -> np.ndarray:
    """Return ``predict_proba`` as float64, rows summing to one exactly as float64 allows.

    Networks give float32 probabilities; what is computed from them is computed in float64.
    """
    proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    return proba / proba.sum(axis=1, keepdims=True)


def class_index(y: Any, classes: np.ndarray, *, what: str) -> np.ndarray:
    """Return the position of each label in ``classes``, or name the labels that are not there."""
    y = np.asarray(y)
    order = np.argsort(classes)
    position = np.searchsorted(classes[order], y)
    position = order[np.minimum(position, len(classes) - 1)]
    unknown = classes[position] != y
    if np.any(unknown):
        names = ", ".join(repr(v) for v in np.unique(y[unknown]).tolist()[:5])
        raise ValueError(
            f"{what}: label {names} unknown to the model; its classes are {classes.tolist()}"
        )
    return position


class PrefitState:
    """Saves a wrapper as its parameters, what it learned, and the model it holds (once)."""

    def __ann_state__(self) -> Any:
        """Return the state for a model file."""
        from appliednn.core.persistence._protocol import AnnState

        params = self.get_params(deep=False)
        params.pop("estimator")
        learned = {
            name: value
            for name, value in vars(self).items()
            if name.endswith("_") and name != "estimator_"
        }
        return AnnState(params=params, meta=learned, children={"estimator": self.estimator_})

    @classmethod
    def __ann_restore__(cls, state: Any) -> Any:
        """Return the wrapper around the model read from the same file."""
        inner = state.children["estimator"]
        wrapper = cls(inner, **state.params)
        vars(wrapper).update(state.meta)
        wrapper.estimator_ = inner
        return wrapper
