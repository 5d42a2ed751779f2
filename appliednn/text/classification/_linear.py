"""The linear model on TF-IDF rows that stands beside a network, and how the two are mixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.core._numpy_forward import sigmoid, softmax

# The mix leans towards one part each by as much as so many rows say.
_PRIOR_ROWS = 5.0


@dataclass
class LinearPart:
    """Coefficients of a linear model.

    Attributes
    ----------
    coef : ndarray of float32, shape (n_features, n_outputs)
        Weights.
    intercept : ndarray of float32, shape (n_outputs,)
        Constants.
    """

    coef: np.ndarray
    intercept: np.ndarray

    @classmethod
    def fit_classes(
        cls, matrix, target: np.ndarray, kind: str, n_outputs: int, weights, C: float, seed: int
    ) -> LinearPart:
        """Fit linear support vector machines, one for each class or label.

        Each is the mean of two machines: one on the rows as they are, one on rows whose columns
        are stretched by how differently the n-gram occurs in and outside of the class (the
        log-count ratio of S. Wang and C. Manning, ACL 2012, its root taken).

        Parameters
        ----------
        matrix : csr_array of shape (n, n_features)
            Rows.
        target : ndarray of shape (n,) or (n, n_labels)
            Encoded labels.
        kind : {"binary", "multiclass", "multilabel"}
            Of the target.
        n_outputs : int
            Decisions of a row: one for two classes, else one for each class or label.
        weights : ndarray of shape (n,)
            Sample weights, class weights included.
        C : float
            Inverse strength of the penalty.
        seed : int
            Of the solver's shuffles.
        """
        if kind == "multilabel":
            columns = [target[:, j] for j in range(target.shape[1])]
        elif kind == "binary":
            columns = [target]
        else:
            columns = [target == k for k in range(n_outputs)]
        fitted = [_machine(matrix, column > 0, weights, C, seed) for column in columns]
        coef = np.stack([w for w, _ in fitted], axis=1).astype(np.float32)
        return cls(coef, np.array([b for _, b in fitted], dtype=np.float32))

    @classmethod
    def fit_numbers(cls, matrix, target: np.ndarray, weights, alpha: float, seed: int):
        """Fit a ridge regression; ``target`` is (n,) or (n, n_outputs)."""
        from sklearn.linear_model import Ridge

        ridge = Ridge(alpha=alpha, solver="sag" if matrix.shape[0] > 50_000 else "auto",
                      random_state=seed)  # fmt: skip
        ridge.fit(matrix, target.reshape(len(target), -1), sample_weight=weights)
        coef = np.atleast_2d(ridge.coef_).T
        return cls(coef.astype(np.float32), np.atleast_1d(ridge.intercept_).astype(np.float32))

    def outputs(self, matrix) -> np.ndarray:
        """Return decisions or numbers, (n, n_outputs)."""
        return np.asarray(matrix @ self.coef, dtype=np.float32) + self.intercept


def _machine(matrix, positive: np.ndarray, weights, C: float, seed: int):
    """Return weights and constant of one machine; a label with one value gets a constant."""
    from sklearn.svm import LinearSVC

    if positive.all() or not positive.any():
        return np.zeros(matrix.shape[1]), 1.0 if positive.all() else -1.0
    stretch = _log_count_ratio(matrix, positive, weights)
    stretched = matrix.copy()
    stretched.data = stretched.data * stretch[stretched.indices]
    coef, intercept = 0.0, 0.0
    for rows, factor in ((matrix, 1.0), (stretched, stretch)):
        machine = LinearSVC(C=C, dual=True, max_iter=5000, random_state=seed % 2**31)
        machine.fit(rows, positive, sample_weight=weights)
        coef = coef + machine.coef_[0] * factor / 2
        intercept += float(machine.intercept_[0]) / 2
    return coef, intercept


def _log_count_ratio(matrix, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the root of the absolute log-count ratio of each column."""
    present = matrix.copy()
    present.data = np.ones_like(present.data)
    inside = 1.0 + present.T @ (weights * positive)
    outside = 1.0 + present.T @ (weights * ~positive)
    ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
    return np.sqrt(np.abs(ratio)).astype(np.float32)


@dataclass
class Mix:
    """``network * network outputs + linear * linear outputs``.

    Attributes
    ----------
    network, linear : float
        At least 0.
    """

    network: float = 1.0
    linear: float = 0.0

    @classmethod
    def learn(cls, network, linear, target, kind: str, weights, *, alone: bool = False) -> Mix:
        """Choose the two numbers on rows that neither part was fitted on.

        Parameters
        ----------
        network, linear : ndarray of shape (n, n_outputs)
            Outputs of both parts.
        target, kind, weights
            As in :meth:`LinearPart.fit_classes`; ``kind="regression"`` for numbers.
        alone : bool
            Whether the linear part answers alone.

        Notes
        -----
        Classes: least log loss, which also makes probabilities of the decisions; numbers: least
        squares. Both lean a little towards equal parts, so that few rows do not decide alone.
        """
        from scipy.optimize import minimize

        start = np.array([0.5, 0.5]) if kind == "regression" else np.array([0.7, 2.0])
        if alone:
            start = np.array([0.0, 1.0]) if kind == "regression" else np.array([0.0, 2.5])
        share = _PRIOR_ROWS / max(1.0, float(np.sum(weights > 0)))

        def objective(scales):
            raw = scales[0] * network + scales[1] * linear
            return _mean_loss(raw, target, kind, weights) + share * np.sum((scales - start) ** 2)

        found = minimize(
            objective,
            start,
            bounds=[(0.0, 0.0 if alone else 50.0), (0.0, 50.0)],
            method="L-BFGS-B",
        )
        return cls(float(found.x[0]), float(found.x[1]))

    def outputs(self, network: np.ndarray | None, linear: np.ndarray | None) -> np.ndarray:
        """Return the mixed outputs; a missing part counts nothing."""
        parts = ((self.network, network), (self.linear, linear))
        return sum(np.float32(scale) * part for scale, part in parts if part is not None)


def clearly_better(one: np.ndarray, other: np.ndarray, weights: np.ndarray) -> bool:
    """Return whether the mean of ``one - other`` is above 0 by more than its standard error.

    Examples
    --------
    >>> rows = np.arange(100)
    >>> clearly_better(rows < 60, rows % 59 > 0, np.ones(100))
    False
    >>> clearly_better(rows < 60, rows < 50, np.ones(100))
    True
    """
    difference = one.astype(np.float64) - other.astype(np.float64)
    mean = np.average(difference, weights=weights)
    variance = np.average((difference - mean) ** 2, weights=weights)
    return bool(mean > np.sqrt(variance / len(difference)))


def _mean_loss(raw: np.ndarray, target: np.ndarray, kind: str, weights: np.ndarray) -> float:
    if kind == "regression":
        rows = np.mean((raw - target.reshape(raw.shape)) ** 2, axis=1)
    elif kind == "multiclass":
        chosen = softmax(raw.astype(np.float64))[np.arange(len(raw)), target]
        rows = -np.log(np.maximum(chosen, 1e-15))
    else:
        target = target.reshape(raw.shape)
        p = sigmoid(np.where(target > 0, raw, -raw).astype(np.float64))
        rows = -np.log(np.maximum(p, 1e-15)).mean(axis=1)
    return float(np.average(rows, weights=weights))
