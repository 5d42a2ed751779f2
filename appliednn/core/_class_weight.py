"""Class weights, learned once and applied to training and to held-out rows alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from appliednn.core._target import ClassTarget


@dataclass
class ClassWeights:
    """A weight for each class; for several labels the product over the labels.

    Attributes
    ----------
    table : ndarray of shape (n_columns, n_classes)
        Weight of each class; for a multi-label target one row a label, with a weight for 0 and 1.
    """

    table: np.ndarray

    @classmethod
    def learn(
        cls, class_weight, target: ClassTarget, encoded: np.ndarray, weights: np.ndarray
    ) -> ClassWeights:
        """Read ``class_weight`` for these rows.

        Parameters
        ----------
        class_weight : dict, list of dict or "balanced"
            As in scikit-learn; a list holds one dict a label of a multi-label target.
        target : ClassTarget
            What the labels are.
        encoded : ndarray of shape (n,) or (n, n_labels)
            The labels, encoded.
        weights : ndarray of shape (n,)
            Sample weights; they count in ``"balanced"``.

        Raises
        ------
        ValueError
            If it names other classes, or is a dict where a list is needed.
        """
        several = target.kind == "multilabel"
        columns = encoded.T if several else encoded[None]
        labels = np.array([0, 1]) if several else target.classes
        given = [class_weight] * len(columns) if isinstance(class_weight, str) else class_weight
        if not several and isinstance(given, dict):
            given = [given]
        if not isinstance(given, list) or len(given) != len(columns):
            raise ValueError(
                f"class_weight={class_weight!r} was given; expected 'balanced' or "
                + (f"a list of {len(columns)} dicts, one for each label" if several else "a dict")
            )
        rows = [
            _weights_of(one, labels, column.astype(int), weights)
            for one, column in zip(given, columns, strict=True)
        ]
        return cls(np.array(rows, dtype=np.float32))

    def of(self, encoded: np.ndarray) -> np.ndarray:
        """Return the weight of each row, float32 (n,)."""
        index = encoded.astype(int)
        if index.ndim == 1:
            return self.table[0][index]
        parts = [column[index[:, j]] for j, column in enumerate(self.table)]
        return np.prod(parts, axis=0).astype(np.float32)


def _weights_of(given, labels: np.ndarray, index: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return one weight a class; a class without rows counts 1 under ``"balanced"``."""
    if not isinstance(given, str):
        return compute_class_weight(given, classes=labels, y=labels)
    out = np.ones(len(labels))
    present = np.unique(index)
    out[present] = compute_class_weight(
        given, classes=present, y=index, sample_weight=weights.astype(np.float64)
    )
    return out
