"""What turns rows into features: a fitted estimator's network, a Keras model, a transformer."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from appliednn.core._architecture import Architecture
from appliednn.core._inner import inner_estimator
from appliednn.core._losses import make_loss
from appliednn.core._network import Network

_ROWS_PER_CALL = 1_024


class Backbone:
    """Rows to features.

    Parameters
    ----------
    encoder : TabularEncoder or None
        From a table to numbers; None: rows are arrays already.
    network : Network or None
        From numbers to features; None: ``transformer`` gives them.
    layer : str or None
        Name of the hidden layer whose outputs are the features; None: the network's outputs.
    transformer : object with ``transform``, or None
        Gives features where there is no network.
    """

    def __init__(self, encoder, network, layer: str | None, transformer) -> None:
        self.encoder, self.network = encoder, network
        self.layer, self.transformer = layer, transformer

    @classmethod
    def of(cls, base: Any, layer: str) -> Backbone:
        """Return what computes the features of ``base``.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        TypeError
            If there is no way to features.
        ValueError
            If there is no such layer.
        """
        if isinstance(base, Network):
            return cls._of_network(None, base, layer, last=False)
        if hasattr(base, "layers") and hasattr(base, "outputs"):
            return cls._of_network(None, keras_network(base), layer, last=False)
        seen, model = 0, base
        while model is not None and seen < 10:
            if hasattr(model, "network_"):
                return cls._of_network(model.encoder_, model.network_, layer, last=True)
            model, seen = inner_estimator(model), seen + 1
        if hasattr(base, "transform"):
            return cls(None, None, None, base)
        if hasattr(base, "fit"):
            raise NotFittedError(
                f"base={base!r} has no network; expected an appliednn estimator that is fitted, a "
                "fitted transformer, or a Keras model"
            )
        raise TypeError(
            f"base={base!r} was given; expected None, a fitted appliednn estimator, a fitted "
            "transformer, or a Keras model"
        )

    @classmethod
    def _of_network(cls, encoder, network: Network, layer: str, last: bool) -> Backbone:
        if layer == "auto" and not last:
            return cls(encoder, network, None, None)
        names = list(network.layer_outputs(np.zeros((1, *network.input_shape), np.float32)))
        if layer == "auto":
            return cls(encoder, network, names[-1] if names else None, None)
        if layer not in names:
            raise ValueError(f"layer={layer!r} was given; the network's hidden layers are {names}")
        return cls(encoder, network, layer, None)

    def encode(self, X) -> np.ndarray:
        """Return rows as :meth:`features` reads them.

        Raises
        ------
        ValueError
            If they are not of the network's shape, or not finite.
        """
        if self.encoder is not None:
            return self.encoder.transform(X)
        if self.network is None:
            return _finite(_dense(self.transformer.transform(X)))
        Z, shape = _dense(X), self.network.input_shape
        if Z.shape[1:] != shape:
            raise ValueError(
                f"X has shape {Z.shape}; the network takes rows of shape {shape}: (n, "
                f"{', '.join(map(str, shape))}) was expected"
            )
        return _finite(Z)

    def features(self, Z: np.ndarray) -> np.ndarray:
        """Return the features of encoded rows, (n, n_components); maps are averaged over space."""
        if self.network is None:
            return Z
        parts = []
        for i in range(0, len(Z), _ROWS_PER_CALL):
            rows = Z[i : i + _ROWS_PER_CALL]
            if self.layer is None:
                values = self.network.forward(rows)
            else:
                values = self.network.layer_outputs(rows)[self.layer]
            parts.append(values.mean(axis=tuple(range(1, values.ndim - 1))))
        return np.concatenate(parts)


def keras_network(model) -> Network:
    """Return a Keras model with its weights as a :class:`Network`.

    Raises
    ------
    TypeError
        If Keras cannot describe it.
    ValueError
        If its input has an open axis beside the rows.
    """
    from appliednn.core._keras_architecture import checked_model, initial_values, model_config

    shape = tuple(model.inputs[0].shape[1:]) if getattr(model, "inputs", None) else ()
    if None in shape or not shape:
        raise ValueError(
            f"the Keras model takes rows of shape {shape}; expected one input of a fixed shape: "
            "build it with keras.Input(shape=...)"
        )
    model = checked_model(model, shape)
    architecture = Architecture.of("keras", config=model_config(model), input_shape=list(shape))
    width = int(model.outputs[0].shape[-1])
    loss = make_loss("mse", "regression")
    return Network(architecture, initial_values(model), loss, width, shape)


def _dense(X) -> np.ndarray:
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float32)


def _finite(Z: np.ndarray) -> np.ndarray:
    if not np.isfinite(Z).all():
        raise ValueError("X holds NaN or infinity, which the base does not take; impute first")
    return Z
