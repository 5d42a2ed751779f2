"""Class weights and the class shares they amount to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from appliednn.imbalance._labels import label_position


def resolve_class_weight(weights: str | Mapping[Any, float], y: Any) -> dict[Any, float]:
    """Return a weight for each class.

    Parameters
    ----------
    weights : "balanced" or mapping of label to weight
        ``balanced`` is ``n / (n_classes * n_rows_of_class)``. Labels that the mapping does not
        name weigh 1. A label may be given as text, as a config does (``"1"`` for 1).
    y : array-like of shape (n,)
        Training labels.

    Raises
    ------
    ValueError
        For a label that no training row has, or a weight that is not positive.

    Examples
    --------
    >>> resolve_class_weight("balanced", ["a", "a", "a", "b"])
    {'a': 0.666..., 'b': 2.0}
    >>> resolve_class_weight({"1": 5}, [0, 1])
    {0: 1.0, 1: 5.0}
    """
    classes, counts = np.unique(np.asarray(y), return_counts=True)
    labels = classes.tolist()
    if isinstance(weights, str):
        if weights != "balanced":
            raise ValueError(f"weights={weights!r}: expected balanced or a weight for each label")
        values = counts.sum() / (len(labels) * counts)
        return dict(zip(labels, values.tolist(), strict=True))
    out = dict.fromkeys(labels, 1.0)
    for given, weight in weights.items():
        position = label_position(given, labels)
        if position is None:
            raise ValueError(
                f"weights: label {given!r} is in no training row; labels: "
                f"{', '.join(map(str, labels))}"
            )
        if not weight > 0:
            raise ValueError(f"weights: {given!r} has weight {weight}; expected a number above 0")
        out[labels[position]] = float(weight)
    return out


def class_shares(
    y: Any, classes: Any, class_weight: Mapping[Any, float] | None = None
) -> np.ndarray:
    """Return each class's share of the (weighted) rows, in the order of ``classes``.

    Examples
    --------
    >>> class_shares(["a", "a", "a", "b"], ["a", "b"], {"a": 1.0, "b": 3.0}).tolist()
    [0.5, 0.5]
    """
    y = np.asarray(y)
    mass = np.array([np.sum(y == c) for c in classes], dtype=np.float64)
    if class_weight:
        mass *= [class_weight.get(c, 1.0) for c in np.asarray(classes).tolist()]
    return mass / mass.sum()
