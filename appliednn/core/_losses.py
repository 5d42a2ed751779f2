"""Training losses: one value a row, from the target and the network's raw output.

A loss is a name, a kind of target and a few numbers. The numbers (``gamma`` of the focal loss, the
quantile, the label smoothing) reach the compiled program as tensors, so that changing one does not
compile it anew.
"""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["binary", "multiclass", "multilabel", "regression"]

_CLASSIFIER_LOSSES = {
    "cross_entropy": {"label_smoothing": 0.0},
    "focal": {"gamma": 2.0, "label_smoothing": 0.0},
    "hinge": {},
    "squared_hinge": {},
}
_REGRESSOR_LOSSES = {
    "mse": {},
    "mae": {},
    "huber": {"delta": 1.0},
    "quantile": {"quantile": 0.5},
    "poisson": {},
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
        JSON of the serialised ``keras.losses.Loss`` when ``name`` is ``"keras"``.
    function : callable or None
        The user's ``f(y, prediction)`` when ``name`` is ``"function"``.
    hyper : dict of str to float
        Numbers that reach the program as tensors; not part of equality.
    """

    name: str
    kind: Kind
    keras_config: str = ""
    function: Callable | None = None
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
            "hyper": dict(self.hyper),
        }


def _defaults(name: str) -> dict[str, float]:
    return {**_CLASSIFIER_LOSSES, **_REGRESSOR_LOSSES}.get(name, {})


def make_loss(
    loss, kind: Kind, params: Mapping[str, float] | None = None, label_smoothing: float = 0.0
) -> Loss:
    """Return the :class:`Loss` a user asked for.

    Parameters
    ----------
    loss : str or keras.losses.Loss
        ``"auto"``, a built-in name, any Keras loss by name, or an instance.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    params : mapping, optional
        ``gamma``, ``delta``, ``quantile``; for a Keras loss by name its constructor arguments.
    label_smoothing : float in [0, 1)
        For cross-entropy and focal losses.

    Raises
    ------
    ValueError
        For an unknown name or parameter, with the names that exist.

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
        hyper.update({k: float(v) for k, v in (params or {}).items()})
        if "label_smoothing" in hyper:
            hyper["label_smoothing"] = float(label_smoothing)
        return Loss(loss, kind, hyper=hyper)
    return Loss("keras", kind, keras_config=_keras_config(loss, kind, params, table))


def make_keras_loss(
    loss, kind: Kind, params: Mapping[str, Any] | None = None, from_logits: bool = False
) -> Loss:
    """Return a :class:`Loss` for a Keras model that reads its outputs as the model gives them.

    Parameters
    ----------
    loss : str, keras.losses.Loss or callable
        Keras loss by name, instance, or ``f(y, prediction)``.
    kind : str
        Kind of target.
    params : mapping, optional
        Constructor arguments of a loss given by name.
    from_logits : bool
        Whether the outputs are logits, for a loss given by name.
    """
    import keras

    if callable(loss) and not isinstance(loss, keras.losses.Loss | type):
        found = keras.losses.get(getattr(loss, "__name__", "")) if _is_keras(loss) else None
        if found is None:
            return Loss("function", kind, function=loss)
        loss = loss.__name__
    if isinstance(loss, type):
        loss = loss(**(params or {}))
    if isinstance(loss, str):
        config = _keras_config(loss, kind, params, {}, from_logits)
    else:
        config = _keras_config(loss, kind, params, {})
    return Loss("keras", kind, keras_config=config)


def _is_keras(function) -> bool:
    return str(getattr(function, "__module__", "")).startswith("keras.")


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


def _keras_config(
    loss, kind: Kind, params: Mapping | None, table: Mapping, from_logits: bool = True
) -> str:
    """Return canonical JSON of a Keras loss; classification losses read logits where they can."""
    import keras

    if isinstance(loss, str):
        cls = getattr(keras.losses, _camel(_ALIASES.get(loss, loss)), None)
        probe = cls() if isinstance(cls, type) and issubclass(cls, keras.losses.Loss) else None
        if not isinstance(probe, keras.losses.Loss):
            names = [*table, *(n for n in dir(keras.losses) if n[0].isupper())]
            close = difflib.get_close_matches(loss, [*names, *map(_snake, names)], n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"loss={loss!r} is not known for this target; expected one of {sorted(table)}, "
                f"a Keras loss name or a keras.losses.Loss{hint}"
            )
        config = {**_loss_config(probe), **(params or {})}
        if (
            "from_logits" in config
            and kind != "regression"
            and "from_logits" not in (params or ())
        ):
            config["from_logits"] = from_logits
        loss = type(probe).from_config(config)
    if not isinstance(loss, keras.losses.Loss):
        raise ValueError(
            f"loss={loss!r} was given; expected a name or a keras.losses.Loss instance"
        )
    description = keras.losses.serialize(loss)
    if isinstance(description, dict):
        description["config"] = {**description["config"], **_loss_config(loss)}
    return json.dumps(description, sort_keys=True, default=str)


def _loss_config(loss) -> dict:
    """Return a Keras loss's arguments; ``get_config`` leaves out some (Huber's ``delta``)."""
    accepted = inspect.signature(type(loss).__init__).parameters
    extra = {k: v for k, v in getattr(loss, "_fn_kwargs", {}).items() if k in accepted}
    return {**loss.get_config(), **extra}


_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "KLDivergence": "KLDivergence",
    "kl_divergence": "KLDivergence",
    "huber_loss": "huber",
    "logcosh": "log_cosh",
    "ctc": "CTC",
}


def _camel(name: str) -> str:
    return name if name[:1].isupper() else "".join(p.capitalize() for p in name.split("_"))


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


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


def _keras(loss, y, raw, hyper):
    import keras
    from keras import ops

    instance = keras.losses.deserialize(json.loads(loss.keras_config))
    name = type(instance).__name__
    y = ops.cast(y, "int32" if name.startswith("Sparse") else raw.dtype)
    if loss.kind == "multiclass" and not name.startswith("Sparse"):
        y = ops.one_hot(ops.cast(y, "int32"), raw.shape[-1], dtype=raw.dtype)
    elif len(y.shape) == 1 and not name.startswith("Sparse"):
        y = y[:, None]
    return _row_mean(instance.call(y, raw))


def _function(loss, y, raw, hyper):
    from keras import ops

    y = ops.cast(y, raw.dtype)
    return _row_mean(loss.function(y[:, None] if len(y.shape) == 1 else y, raw))


_ROWS = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
    "margin": _lost_margin,
    "hinge": _hinge,
    "squared_hinge": _squared_hinge,
    "mse": _mse,
    "mae": _mae,
    "huber": _huber,
    "quantile": _quantile,
    "poisson": _poisson,
    "keras": _keras,
    "function": _function,
}
