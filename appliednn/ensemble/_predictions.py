"""Members' answers in one form: columns in the ensemble's order of classes, float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def member_probabilities(
    member: Any, X: Any, classes: np.ndarray, *, multilabel: bool = False, encoded: bool = False
) -> np.ndarray:
    """Return a member's probabilities in the ensemble's order of classes.

    Parameters
    ----------
    member : fitted classifier
        With ``predict_proba``.
    X : array-like of shape (n, n_features)
        Rows, or encoded rows with ``encoded``.
    classes : ndarray of shape (n_classes,)
        The ensemble's classes, sorted; a class that the member has not seen gets probability 0.
    multilabel : bool
        Whether the columns are labels of their own.
    encoded : bool
        Whether to ask the member's network for rows encoded before.

    Returns
    -------
    ndarray of shape (n, n_classes), float64

    Raises
    ------
    TypeError
        If the member has no ``predict_proba``.
    """
    if not hasattr(member, "predict_proba"):
        raise TypeError(
            f"{type(member).__name__} has no predict_proba, and the members' probabilities are "
            "averaged; put it into sklearn.calibration.CalibratedClassifierCV, or take "
            "sklearn.ensemble.VotingClassifier(voting='hard')"
        )
    given = member.predict_encoded(X) if encoded else member.predict_proba(X)
    if multilabel:
        return _label_columns(member, given)
    proba = np.asarray(given, dtype=np.float64)
    own = np.asarray(member.classes_)
    if np.array_equal(own, classes):
        return proba
    out = np.zeros((len(proba), len(classes)))
    out[:, np.searchsorted(classes, own)] = proba
    return out


def _label_columns(member: Any, given: Any) -> np.ndarray:
    """Return the probability of 1 of each label; scikit-learn gives a list of two columns each."""
    if not isinstance(given, list):
        return np.asarray(given, dtype=np.float64)
    columns = []
    for proba, labels in zip(given, member.classes_, strict=True):
        place = np.flatnonzero(np.asarray(labels) == 1)
        columns.append(proba[:, place[0]] if len(place) else np.zeros(len(proba)))
    return np.column_stack(columns).astype(np.float64)


def member_numbers(member: Any, X: Any, *, encoded: bool = False) -> np.ndarray:
    """Return a regressor's predictions, float64 (n,) or (n, n_outputs)."""
    given = member.predict_encoded(X) if encoded else member.predict(X)
    return np.asarray(given, dtype=np.float64)


def shared_encoding(members: Sequence[Any], X: Any) -> tuple[Any, bool]:
    """Return rows encoded once where all members read one encoder's rows, and whether they are."""
    encoders = [getattr(member, "encoder_", None) for member in members]
    first = encoders[0]
    neural = all(hasattr(member, "predict_encoded") for member in members)
    if first is None or not neural or any(encoder is not first for encoder in encoders):
        return X, False
    return members[0].encode(X), True


def tempered(proba: np.ndarray, temperature: float, *, multilabel: bool = False) -> np.ndarray:
    """Return probabilities with their logits divided by a temperature.

    Examples
    --------
    >>> tempered(np.array([[0.8, 0.2]]), 0.5).round(4).tolist()
    [[0.9412, 0.0588]]
    >>> tempered(np.array([[0.8]]), 0.5, multilabel=True).round(4).tolist()
    [[0.9412]]
    """
    if temperature == 1.0:
        return proba
    powers = proba ** (1.0 / temperature)
    if multilabel:
        return powers / (powers + (1.0 - proba) ** (1.0 / temperature))
    return powers / powers.sum(axis=-1, keepdims=True)
