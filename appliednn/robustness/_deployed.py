"""Score encoded points as the deployed model would: its own threshold, its own labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DeployedScore:
    """Labels, margins and numbers of encoded points.

    Attributes
    ----------
    estimator : fitted neural estimator
        Gives ``predict_encoded``.
    threshold : float or None
        Probability of the second class from which the deployed model predicts it (binary).
    agreement : float
        Share of clean rows on which these predictions equal the deployed model's.
    """

    estimator: object
    threshold: float | None
    agreement: float

    def predict(self, Z: np.ndarray) -> np.ndarray:
        """Return labels or numbers, (n,)."""
        raw = np.asarray(self.estimator.predict_encoded(np.asarray(Z, dtype=np.float32)))
        if not hasattr(self.estimator, "classes_"):
            return raw.reshape(len(raw), -1)[:, 0]
        classes = np.asarray(self.estimator.classes_)
        if self.threshold is None:
            return classes[raw.argmax(axis=1)]
        return classes[(raw[:, 1] >= self.threshold).astype(int)]

    def margins(self, Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the true class's probability minus what it takes to keep the label, (n,).

        Binary models: the distance of the probability from the threshold; else from the largest
        other probability. Negative means a wrong label.
        """
        p = np.array(self.estimator.predict_encoded(np.asarray(Z, np.float32)), dtype=np.float64)
        if self.threshold is not None:
            return np.where(labels == 1, 1, -1) * (p[:, 1] - self.threshold)
        rows = np.arange(len(p))
        true = p[rows, labels]
        p[rows, labels] = -np.inf
        return true - p.max(axis=1)


def deployed_score(est, Z: np.ndarray, predicted: np.ndarray) -> DeployedScore:
    """Find how the deployed model turns the network's probabilities into labels.

    A wrapper may move the threshold or calibrate the probabilities. Where its labels follow from
    the network's probability by one cut, that cut is used for attacked points too.

    Parameters
    ----------
    est : fitted neural estimator
        The network inside the model.
    Z : ndarray of shape (n, n_inputs)
        Clean encoded rows.
    predicted : ndarray of shape (n,)
        The deployed model's predictions for the same rows.

    Returns
    -------
    DeployedScore

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> est = SimpleNamespace(
    ...     classes_=np.array(["no", "yes"]),
    ...     predict_encoded=lambda Z: np.column_stack([1 - Z[:, 0], Z[:, 0]]),
    ... )
    >>> Z = np.array([[0.1], [0.2], [0.4], [0.9]], dtype=np.float32)
    >>> score = deployed_score(est, Z, np.array(["no", "no", "yes", "yes"]))
    >>> round(score.threshold, 2), score.agreement
    (0.3, 1.0)
    """
    threshold = None
    if hasattr(est, "classes_") and len(est.classes_) == 2:
        p = np.asarray(est.predict_encoded(Z))[:, 1]
        threshold = cut(p, np.asarray(predicted) == np.asarray(est.classes_)[1])
    score = DeployedScore(est, threshold, 1.0)
    ours = score.predict(Z)
    if hasattr(est, "classes_"):
        agreement = float(np.mean(ours == np.asarray(predicted)))
    else:
        agreement = float(np.mean(np.isclose(ours, np.asarray(predicted, float), rtol=1e-3)))
    return DeployedScore(est, threshold, agreement)


def cut(p: np.ndarray, positive: np.ndarray) -> float:
    """Return the threshold that explains the labels, 0.5 where that does or none can.

    Examples
    --------
    >>> cut(np.array([0.1, 0.3, 0.9]), np.array([False, False, True]))
    0.5
    """
    low = float(p[~positive].max()) if (~positive).any() else -np.inf
    high = float(p[positive].min()) if positive.any() else np.inf
    if low < 0.5 <= high or low >= high:
        return 0.5
    return float((max(low, 0.0) + min(high, 1.0)) / 2)
