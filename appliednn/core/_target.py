"""Targets: from labels and numbers to what a network is trained on, and back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_y, column_or_1d

from appliednn.core._losses import Kind


@dataclass
class ClassTarget:
    """Labels of a classification task.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        Kind of target.
    classes : ndarray of shape (n_classes,)
        Labels in sorted order (label numbers for multi-label targets).
    """

    kind: Kind
    classes: np.ndarray

    @classmethod
    def learn(cls, y, classes=None) -> ClassTarget:
        """Read the kind of target and its classes.

        Parameters
        ----------
        y : array-like of shape (n,) or (n, n_labels)
            Labels of any dtype, or a multi-label indicator.
        classes : array-like, optional
            All classes, where ``y`` need not hold each of them (``partial_fit``).

        Raises
        ------
        ValueError
            For a continuous target, several multi-class outputs or a single class.
        """
        y = read_labels(y)
        kind = type_of_target(y)
        if kind == "multilabel-indicator":
            return cls("multilabel", np.arange(y.shape[1]))
        if kind == "multiclass-multioutput":
            raise ValueError(
                "y holds several multi-class outputs; expected one column of labels or a "
                "multi-label indicator of 0 and 1 (fit one estimator for each output)"
            )
        labels = _distinct(y if classes is None else np.asarray(classes))
        if len(labels) < 2:
            raise ValueError(
                f"y holds 1 class, {labels.tolist()[0]!r}; a classifier needs at least 2 classes "
                "(rows with sample_weight=0 do not count)"
            )
        return cls("binary" if len(labels) == 2 else "multiclass", labels)

    @property
    def n_outputs(self) -> int:
        """Raw outputs of the network: one logit for two classes."""
        return 1 if self.kind == "binary" else len(self.classes)

    def encode(self, y) -> np.ndarray:
        """Return float32 0/1 (n,) or (n, n_labels), or class indices int32 (n,)."""
        y = read_labels(y)
        if self.kind == "multilabel":
            y = y.toarray() if hasattr(y, "toarray") else y
            return np.asarray(y, dtype=np.float32)
        index = np.searchsorted(self.classes, y)
        index = np.minimum(index, len(self.classes) - 1)
        unknown = np.unique(np.asarray(y)[self.classes[index] != y])
        if len(unknown):
            raise ValueError(
                f"y holds labels {unknown.tolist()[:5]}, which are not among the classes "
                f"{self.classes.tolist()[:10]}"
            )
        return index.astype(np.float32 if self.kind == "binary" else np.int32)

    def strata(self, y_encoded: np.ndarray) -> np.ndarray | None:
        """Return the classes to stratify a split by, or None for multi-label targets."""
        return None if self.kind == "multilabel" else y_encoded


@dataclass
class NumberTarget:
    """Numbers of a regression task, standardised unless the loss needs their own units.

    Attributes
    ----------
    ndim : int
        1 or 2, as given.
    mean, scale : ndarray of shape (n_outputs,)
        What is subtracted and divided by.
    log_link : bool
        The raw output is the log of the prediction divided by ``scale``.
    """

    ndim: int
    mean: np.ndarray
    scale: np.ndarray
    log_link: bool = False
    kind: Kind = field(default="regression")

    @classmethod
    def learn(cls, y, weights: np.ndarray, loss_name: str) -> NumberTarget:
        """Read shape, weighted mean and standard deviation.

        Raises
        ------
        ValueError
            For negative targets with a Poisson loss.
        """
        y = np.asarray(y, dtype=np.float64)
        columns = y.reshape(len(y), -1)
        mean, scale = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
        if loss_name == "poisson" and (columns < 0).any():
            raise ValueError(
                f"y holds {int((columns < 0).sum())} negative values; loss='poisson' needs y >= 0"
            )
        if loss_name == "poisson":
            # Rates relative to the mean rate: training starts at it, however large it is.
            scale = np.average(columns, axis=0, weights=weights)
            scale[scale == 0] = 1.0
        elif loss_name != "keras":
            mean = np.average(columns, axis=0, weights=weights)
            scale = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weights))
            # A constant target, up to rounding, is left at its own scale.
            scale[scale <= 1e-12 * np.maximum(1.0, np.abs(mean))] = 1.0
        return cls(y.ndim, mean, scale, log_link=loss_name == "poisson")

    @property
    def n_outputs(self) -> int:
        """Raw outputs of the network."""
        return len(self.mean)

    def encode(self, y) -> np.ndarray:
        """Return float64 (n,) or (n, n_outputs) in the network's units."""
        y = np.asarray(y, dtype=np.float64)
        if y.ndim == 1:
            return (y - self.mean[0]) / self.scale[0]
        return (y - self.mean) / self.scale

    def decode(self, raw: np.ndarray) -> np.ndarray:
        """Return predictions in the target's units, shaped as the target was."""
        raw = raw.astype(np.float64)
        values = (np.exp(raw) if self.log_link else raw) * self.scale + self.mean
        return values[:, 0] if self.ndim == 1 else values

    def strata(self, y_encoded: np.ndarray) -> None:
        """Numbers are not stratified."""
        return None


def read_labels(y):
    """Return labels as a column (with scikit-learn's warning for (n, 1)) or a label indicator."""
    y = _check_y(_plain(y), multi_output=True, y_numeric=False)
    if isinstance(y, np.ndarray) and y.dtype.kind == "O":
        _distinct(y.ravel())
    check_classification_targets(y)
    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1 and not hasattr(y, "toarray"):
        return column_or_1d(y, warn=True)
    return y


def read_numbers(y) -> np.ndarray:
    """Return a numeric target of shape (n,) or (n, n_outputs), float64.

    Raises
    ------
    ValueError
        For text, dates and missing values.
    """
    kind = getattr(getattr(y, "dtype", None), "kind", "")
    if kind in "mM" and kind:
        raise ValueError(
            f"y holds dates or time spans ({y.dtype}); a regressor needs numbers, e.g. seconds"
        )
    try:
        y = _check_y(y, multi_output=True, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y.astype(np.float64)
    except (TypeError, ValueError) as error:
        if "could not convert" not in str(error):
            raise
        raise ValueError(
            f"y holds text, and a regressor needs numbers ({error}); a classifier takes labels"
        ) from error


def _plain(y):
    """Return a pandas column of a nullable type as NumPy knows it: labels stay as given."""
    dtype = getattr(y, "dtype", None)
    if dtype is None or isinstance(dtype, np.dtype) or not hasattr(y, "to_numpy"):
        return y
    return y if y.isna().any() else y.to_numpy()


def _distinct(labels) -> np.ndarray:
    try:
        return np.unique(labels)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in labels})
        raise ValueError(
            f"y mixes labels of the types {', '.join(kinds)}, which have no order; expected "
            "labels of one type (rows without a label must be left out)"
        ) from error
