"""Training losses: one value a row, from the target and the network's raw output.

A loss is a name, a kind of target and a few numbers. The numbers (``gamma`` of the focal loss, the
quantile, the label smoothing) reach the compiled program as tensors, so that changing one does not
compile it anew.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal

Kind = Literal["binary", "multiclass", "multilabel", "regression"]

_CLASSIFIER_LOSSES = {
    "cross_entropy": {"label_smoothing": 0.0},
    "focal": {"gamma": 2.0, "label_smoothing": 0.0},
    "hinge": {},
    "squared_hinge": {},
    "perceptron": {},
}
_REGRESSOR_LOSSES = {
    "mse": {},
    "mae": {},
    "huber": {"delta": 1.0},
    "quantile": {"quantile": 0.5},
    "poisson": {},
}
# What networks of our own are trained on; not offered by name.
_DETECTOR_LOSSES = {
    "elbo": {"beta": 1.0},
    "deep_sad": {"eta": 1.0},
    "ganomaly": {"adversarial": 1.0},
}
_RANGES = {
    "gamma": ("of at least 0", lambda v: v >= 0),
    "delta": ("above 0", lambda v: v > 0),
    "quantile": ("between 0 and 1", lambda v: 0 < v < 1),
}


@dataclass(frozen=True)
class Loss:
    """A loss as a value: hashable, JSON-ready, without anything compiled in it.

    Attributes
    ----------
    name : str
        One of the built-in names, or ``"keras"``.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        What the target is: float 0/1 of shape (n,), class index (n,), float 0/1 (n, n_labels),
        float (n,) or (n, n_outputs).
    keras_config : str
        JSON of class name and arguments of a Keras loss when ``name`` is ``"keras"``.
    function : callable or None
        The user's ``f(y, prediction)`` when ``name`` is ``"function"``.
    link : {"", "probability"}
        What a Keras loss or a function reads: the raw output, or the probabilities it stands for.
    hyper : dict of str to float
        Numbers that reach the program as tensors; not part of equality.
    """

    name: str
    kind: Kind
    keras_config: str = ""
    function: Callable | None = None
    link: str = ""
    hyper: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def hyper_names(self) -> tuple[str, ...]:
        """Names of the numbers this loss takes, in a fixed order."""
        return tuple(_defaults(self.name))

    def rows(self, y, raw, hyper: Mapping[str, Any]):
        """Return the loss of each row, a tensor of shape (n,)."""
        return _ROWS[self.name](self, y, raw, hyper)

    def to_dict(self) -> dict:
        """Return a JSON-ready dict."""
        return {
            "name": self.name,
            "kind": self.kind,
            "keras_config": self.keras_config,
            "link": self.link,
            "hyper": dict(self.hyper),
        }


def _defaults(name: str) -> dict[str, float]:
    return {**_CLASSIFIER_LOSSES, **_REGRESSOR_LOSSES, **_DETECTOR_LOSSES}.get(name, {})


def make_loss(
    loss, kind: Kind, params: Mapping[str, float] | None = None, label_smoothing: float = 0.0
) -> Loss:
    """Return the :class:`Loss` a user asked for.

    Parameters
    ----------
    loss : str, keras.losses.Loss or callable
        ``"auto"``, a built-in name, any Keras loss by name, an instance, or ``f(y, prediction)``.
        For classes, a loss without ``from_logits=True`` sees probabilities, as in Keras.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    params : mapping, optional
        ``gamma``, ``delta``, ``quantile``; for a Keras loss by name its constructor arguments.
    label_smoothing : float in [0, 1)
        For cross-entropy and focal losses.

    Raises
    ------
    ValueError
        For an unknown name or parameter, with the names that exist; for a number out of range.

    Examples
    --------
    >>> make_loss("huber", "regression", {"delta": 2.0}).hyper
    {'delta': 2.0}
    """
    table = _REGRESSOR_LOSSES if kind == "regression" else _CLASSIFIER_LOSSES
    if loss == "auto":
        loss = "mse" if kind == "regression" else "cross_entropy"
    if isinstance(loss, str) and loss in table:
        hyper = dict(table[loss])
        _check_params(loss, hyper, params)
        hyper.update({k: _in_range(k, v) for k, v in (params or {}).items()})
        if "label_smoothing" in hyper:
            hyper["label_smoothing"] = float(label_smoothing)
        elif label_smoothing:
            _refuse_smoothing(loss, label_smoothing)
        return Loss(loss, kind, hyper=hyper)
    if label_smoothing:
        _refuse_smoothing(loss, label_smoothing)
    from appliednn.core._keras_losses import keras_loss_on_raw

    return keras_loss_on_raw(loss, kind, params, table)


def _check_params(loss: str, known: Mapping, given: Mapping | None) -> None:
    allowed = [k for k in known if k != "label_smoothing"]
    for name in given or {}:
        if name not in allowed:
            close = difflib.get_close_matches(name, allowed, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"loss_params got {name!r}, which loss={loss!r} does not take "
                f"(it takes {allowed or 'none'}){hint}"
            )


def _in_range(name: str, value) -> float:
    """Return a number of ``loss_params`` as float, or say which range it has."""
    words, fits = _RANGES[name]
    if not isinstance(value, Real) or not fits(value):
        raise ValueError(f"loss_params got {name}={value!r}; expected a number {words}")
    return float(value)


def _refuse_smoothing(loss, label_smoothing: float) -> None:
    raise ValueError(
        f"label_smoothing={label_smoothing} was given with loss={loss!r}, which does not use it; "
        "expected loss='cross_entropy' or 'focal' (a Keras loss takes it in loss_params)"
    )


def _smooth(y, smoothing, n_classes: int):
    return y * (1.0 - smoothing) + smoothing / n_classes


def _binary_targets(loss: Loss, y, raw, hyper):
    """Return targets and logits of equal shape for one-logit and multi-label networks."""
    from keras import ops

    z = raw[:, 0] if loss.kind == "binary" else raw
    return _smooth(ops.cast(y, z.dtype), hyper["label_smoothing"], 2), z


def _row_mean(values):
    """Mean over all axes but the first."""
    from keras import ops

    return values if len(values.shape) == 1 else ops.mean(values, axis=tuple(_rest(values)))


def _rest(values) -> range:
    return range(1, len(values.shape))


def _log_probabilities(loss: Loss, y, raw, hyper):
    """Return smoothed one-hot targets and log-probabilities for class-index targets."""
    from keras import ops

    n_classes = raw.shape[-1]
    target = ops.one_hot(ops.cast(y, "int32"), n_classes, dtype=raw.dtype)
    return _smooth(target, hyper["label_smoothing"], n_classes), ops.log_softmax(raw, axis=-1)


def _cross_entropy(loss, y, raw, hyper):
    from keras import ops

    if loss.kind == "multiclass":
        target, logp = _log_probabilities(loss, y, raw, hyper)
        return -ops.sum(target * logp, axis=-1)
    target, z = _binary_targets(loss, y, raw, hyper)
    return _row_mean(ops.softplus(z) - target * z)


def _focal(loss, y, raw, hyper):
    """Lin et al., ICCV 2017: ``-(1 - p)^gamma log p`` of the target class."""
    from keras import ops

    gamma = hyper["gamma"]
    if loss.kind == "multiclass":
        target, logp = _log_probabilities(loss, y, raw, hyper)
        return -ops.sum(target * (1 - ops.exp(logp)) ** gamma * logp, axis=-1)
    target, z = _binary_targets(loss, y, raw, hyper)
    positive = target * ops.sigmoid(-z) ** gamma * ops.softplus(-z)
    negative = (1 - target) * ops.sigmoid(z) ** gamma * ops.softplus(z)
    return _row_mean(positive + negative)


def _margin(loss, y, raw):
    """One minus the margin: of the signed logit, or over the strongest other class."""
    from keras import ops

    if loss.kind == "multiclass":
        target = ops.one_hot(ops.cast(y, "int32"), raw.shape[-1], dtype=raw.dtype)
        own = ops.sum(target * raw, axis=-1)
        other = ops.max(raw - target * 1e9, axis=-1)
        return 1.0 + other - own
    z = raw[:, 0] if loss.kind == "binary" else raw
    return 1.0 - (2.0 * ops.cast(y, z.dtype) - 1.0) * z


def _lost_margin(loss, y, raw, hyper):
    """Return what an attack raises where the training loss is flat; nothing trains on it."""
    return _row_mean(_margin(loss, y, raw))


def _hinge(loss, y, raw, hyper):
    from keras import ops

    return _row_mean(ops.relu(_margin(loss, y, raw)))


def _squared_hinge(loss, y, raw, hyper):
    from keras import ops

    return _row_mean(ops.square(ops.relu(_margin(loss, y, raw))))


def _perceptron(loss, y, raw, hyper):
    """Rosenblatt 1958: how far a row is on the wrong side; on the boundary it counts as wrong."""
    from keras import ops

    lack = _margin(loss, y, raw) - 1.0
    return _row_mean(ops.where(lack >= 0, lack, ops.zeros_like(lack)))


def _residual(y, raw):
    from keras import ops

    y = ops.cast(y, raw.dtype)
    return (y if len(y.shape) == 2 else y[:, None]) - raw


def _mse(loss, y, raw, hyper):
    from keras import ops

    return _row_mean(ops.square(_residual(y, raw)))


def _mae(loss, y, raw, hyper):
    from keras import ops

    return _row_mean(ops.abs(_residual(y, raw)))


def _huber(loss, y, raw, hyper):
    from keras import ops

    delta = hyper["delta"]
    error = ops.abs(_residual(y, raw))
    return _row_mean(
        ops.where(error <= delta, 0.5 * ops.square(error), delta * (error - 0.5 * delta))
    )


def _quantile(loss, y, raw, hyper):
    from keras import ops

    q = hyper["quantile"]
    error = _residual(y, raw)
    return _row_mean(ops.maximum(q * error, (q - 1.0) * error))


def _poisson(loss, y, raw, hyper):
    """Poisson deviance up to a constant; the raw output is the log rate."""
    from keras import ops

    y = ops.cast(y, raw.dtype)
    y = y if len(y.shape) == 2 else y[:, None]
    return _row_mean(ops.exp(raw) - y * raw)


def _detector(loss, y, raw, hyper):
    from appliednn.core import _detector_losses

    return getattr(_detector_losses, loss.name)(y, raw, hyper)


def _keras(loss, y, raw, hyper):
    from appliednn.core._keras_losses import keras_rows

    return _row_mean(keras_rows(loss, y, raw))


def _function(loss, y, raw, hyper):
    from appliednn.core._keras_losses import function_rows

    return _row_mean(function_rows(loss, y, raw))


_ROWS = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
    "margin": _lost_margin,
    "hinge": _hinge,
    "squared_hinge": _squared_hinge,
    "perceptron": _perceptron,
    "mse": _mse,
    "mae": _mae,
    "huber": _huber,
    "quantile": _quantile,
    "poisson": _poisson,
    **dict.fromkeys(_DETECTOR_LOSSES, _detector),
    "keras": _keras,
    "function": _function,
}
