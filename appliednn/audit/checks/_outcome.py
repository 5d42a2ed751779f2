"""What a model said about rows whose labels are known, in codes that every score can use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._context import AuditContext


@dataclass(frozen=True)
class Outcome:
    """Labels and predictions of a classifier.

    Attributes
    ----------
    labels : list
        The model's classes, then whatever else occurs among true or predicted labels.
    n_classes : int
        How many of ``labels`` are the model's classes.
    y, predicted : ndarray of int, shape (n,)
        Places in ``labels``.
    proba : ndarray of shape (n, n_classes) or None
        Probabilities, float64; None without ``predict_proba``.
    score : ndarray of shape (n,) or None
        Ranks rows by how likely positive they are: a probability, else a decision function.
    positive : int or None
        Place of the positive class (binary tasks).
    eps : float
        Probabilities are kept this far from 0 and 1 in a logarithm (as scikit-learn does).
    """

    labels: list
    n_classes: int
    y: np.ndarray
    predicted: np.ndarray
    proba: np.ndarray | None
    score: np.ndarray | None
    positive: int | None
    eps: float = float(np.finfo(np.float64).eps)

    @property
    def known(self) -> np.ndarray:
        """Whether a row's label is one of the model's classes, bool (n,)."""
        return self.y < self.n_classes

    @property
    def is_positive(self) -> np.ndarray:
        """Whether a row is positive, bool (n,); binary tasks."""
        return self.y == self.positive


def encode(values: np.ndarray, labels: list) -> np.ndarray:
    """Return places in ``labels``; labels not there yet are appended to it.

    Examples
    --------
    >>> labels = ["a", "b"]
    >>> encode(np.array(["b", "c"]), labels).tolist(), labels
    ([1, 2], ['a', 'b', 'c'])
    """
    place = {label: i for i, label in enumerate(labels)}
    out = np.empty(len(values), dtype=np.int64)
    for i, value in enumerate(np.asarray(values).tolist()):
        if value not in place:
            place[value] = len(labels)
            labels.append(value)
        out[i] = place[value]
    return out


def make_outcome(context: AuditContext, y, predicted, proba=None, score=None) -> Outcome:
    """Return the outcome of predictions for rows with labels ``y``.

    Parameters
    ----------
    context : AuditContext
        Of a classifier; gives the classes and the positive one.
    y, predicted : array-like of shape (n,)
        True and predicted labels.
    proba : ndarray of shape (n, n_classes), optional
        In the order of the context's classes.
    score : ndarray of shape (n,), optional
        For ranking where there are no probabilities.
    """
    labels = context.classes.tolist()
    n_classes = len(labels)
    codes, given = encode(y, labels), encode(np.asarray(predicted).reshape(-1), labels)
    positive = None
    if context.task == "binary":
        positive = context.classes.tolist().index(context.positive)
    eps = float(np.finfo(np.float64).eps)
    if proba is not None:
        if np.asarray(proba).dtype.kind == "f":
            eps = float(np.finfo(np.asarray(proba).dtype).eps)
        proba = np.asarray(proba, dtype=np.float64)
        if positive is not None:
            score = proba[:, positive]
    if score is not None and not np.isfinite(score).all():
        score = None
    return Outcome(labels, n_classes, codes, given, proba, score, positive, eps)


def test_outcome(context: AuditContext) -> Outcome:
    """Return the audited model's outcome on the test rows."""
    proba = context.proba if context.has_proba else None
    score = None
    if proba is None and context.task == "binary" and hasattr(context.model, "decision_function"):
        given = context.model.decision_function(context.model_input(context.X_test))
        score = np.asarray(given, dtype=np.float64).reshape(len(context.y_test), -1)
        # Two columns are one score a class; a single one belongs to the second class.
        score = score[:, -1] - (score[:, 0] if score.shape[1] == 2 else 0.0)
        score = score if context.positive == context.classes[1] else -score
    return make_outcome(context, context.y_test, context.y_pred, proba, score)


test_outcome.__test__ = False  # its name starts like a test's
