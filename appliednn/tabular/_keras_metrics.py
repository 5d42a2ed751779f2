"""Keras metrics of an epoch, from raw outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def keras_measure(metrics: Sequence) -> Callable[[np.ndarray, np.ndarray, np.ndarray], dict]:
    """Return ``measure(y, raw, w) -> dict`` for Keras metrics given by name or instance.

    ``"accuracy"`` (``"acc"``) is read as Keras reads it: binary for one output, sparse categorical
    for class indices.

    Raises
    ------
    ValueError
        For a name that Keras does not know.
    """
    import keras

    def resolve(metric, y: np.ndarray, raw: np.ndarray):
        if isinstance(metric, type):
            return metric()
        if not isinstance(metric, str):
            return metric
        name = metric.lower()
        if name in ("accuracy", "acc"):
            one = raw.ndim == 1 or raw.shape[1] == 1
            kind = "Binary" if one or y.ndim > 1 else "SparseCategorical"
            return getattr(keras.metrics, f"{kind}Accuracy")(name=metric)
        cls = next((c for n, c in vars(keras.metrics).items() if n.lower() == name), None)
        found = cls() if isinstance(cls, type) else keras.metrics.get(metric)
        if isinstance(found, keras.metrics.Metric):
            return found
        return keras.metrics.MeanMetricWrapper(found, name=metric)

    def measure(y: np.ndarray, raw: np.ndarray, w: np.ndarray) -> dict[str, float]:
        out = {}
        for metric in metrics:
            resolved = resolve(metric, y, raw)
            resolved.reset_state()
            target = y[:, None] if y.ndim == 1 and raw.shape[1] == 1 else y
            resolved.update_state(target, raw, sample_weight=w)
            out[resolved.name] = float(resolved.result())
        return out

    return measure
