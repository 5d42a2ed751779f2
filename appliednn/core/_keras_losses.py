"""Keras's losses, and the user's own functions, as losses of the trainer."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliednn.core._losses import Kind, Loss

_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "KLDivergence",
    "kl_divergence": "KLDivergence",
    "huber_loss": "huber",
    "logcosh": "log_cosh",
    "categorical_generalized_crossentropy": "CategoricalGeneralizedCrossEntropy",
}
# They compare embeddings or sequences, not a row's output with its target.
_OTHER_TASKS = ("CTC", "Circle")
# They compare a row's outputs with one another, so that two classes need two columns.
_DISTRIBUTIONS = ("KLDivergence", "CosineSimilarity")
# They read margins: a raw output, whatever else a classifier's loss reads.
_MARGINS = ("Hinge", "SquaredHinge", "CategoricalHinge")


@dataclass(frozen=True)
class CustomLoss:
    """A ``keras.losses.Loss`` of the user's own class, as a value: equal ones share a program.

    Attributes
    ----------
    cls : type
        The class.
    config : str
        Canonical JSON of its configuration.
    """

    cls: type
    config: str

    def __call__(self, y, prediction):
        """Return the loss of each row."""
        return self.cls.from_config(json.loads(self.config)).call(y, prediction)


def make_keras_loss(
    loss, kind: Kind, params: Mapping[str, Any] | None = None, from_logits: bool = False
) -> Loss:
    """Return a :class:`Loss` for a Keras model that reads its outputs as the model gives them.

    Parameters
    ----------
    loss : str, keras.losses.Loss (or a class of them) or callable
        Keras loss by name, instance, or ``f(y, prediction)``.
    kind : str
        Kind of target.
    params : mapping, optional
        Constructor arguments of a loss given by name or class.
    from_logits : bool
        Whether the outputs are logits, for a loss given by name or class.
    """
    import keras

    if callable(loss) and not isinstance(loss, keras.losses.Loss | type):
        found = keras.losses.get(getattr(loss, "__name__", "")) if _is_keras(loss) else None
        if found is None:
            return Loss("function", kind, function=loss)
        loss = loss.__name__
    return _described(_instance(loss, kind, params, {}, from_logits), kind)


def keras_loss_on_raw(loss, kind: Kind, params: Mapping[str, Any] | None, table: Mapping) -> Loss:
    """Return a :class:`Loss` for a network whose raw outputs are logits or plain numbers.

    Parameters
    ----------
    loss : str, keras.losses.Loss or callable
        As for ``make_loss``.
    kind : str
        Kind of target.
    params : mapping, optional
        Constructor arguments of a loss given by name.
    table : mapping
        Names of the built-in losses, for the error message.

    Raises
    ------
    ValueError
        For a loss that does not fit the task.
    """
    import keras

    probabilities = "" if kind == "regression" else "probability"
    if callable(loss) and not isinstance(loss, keras.losses.Loss | type) and not _is_keras(loss):
        return Loss("function", kind, function=loss, link=probabilities)
    loss = getattr(loss, "__name__", loss) if _is_keras(loss) else loss
    instance = _instance(loss, kind, params, table, from_logits=True)
    name = type(instance).__name__
    for_classes = "Categorical" in name or _takes_indices(name)
    if kind == "regression" and for_classes or kind == "multilabel" and _takes_indices(name):
        raise ValueError(
            f"loss={name!r} is for one class a row, and the target is {_KINDS[kind]}; expected "
            f"one of {sorted(table)} or a Keras loss for such targets"
        )
    reads_raw = _loss_config(instance).get("from_logits", False) or name in _MARGINS
    return _described(instance, kind, "" if reads_raw else probabilities)


_KINDS = {"regression": "numeric", "multilabel": "a multi-label indicator"}


def _is_keras(function) -> bool:
    own = str(getattr(function, "__module__", "")).startswith("keras.")
    return own and inspect.isfunction(function)


def _instance(loss, kind: Kind, params: Mapping | None, table: Mapping, from_logits: bool):
    """Return the Keras loss that was asked for."""
    import keras

    if isinstance(loss, str):
        cls = _by_name(loss, table)
    elif isinstance(loss, type) and issubclass(loss, keras.losses.Loss):
        cls = loss
    elif isinstance(loss, keras.losses.Loss):
        cls = None
    else:
        raise ValueError(
            f"loss={loss!r} was given; expected a name or a keras.losses.Loss (or a function of "
            "target and prediction)"
        )
    name = (cls or type(loss)).__name__
    if name in _OTHER_TASKS and _is_own(cls or type(loss)):
        raise ValueError(f"loss={name!r} does not compare a row's output with its target")
    if cls is None:
        return loss
    config = {**_loss_config(cls()), **(params or {})}
    if "from_logits" in config and kind != "regression" and "from_logits" not in (params or ()):
        config["from_logits"] = from_logits
    return cls.from_config(config)


def _by_name(loss: str, table: Mapping) -> type:
    import keras

    cls = getattr(keras.losses, _camel(_ALIASES.get(loss, loss)), None)
    if (
        isinstance(cls, type)
        and issubclass(cls, keras.losses.Loss)
        and cls is not keras.losses.Loss
    ):
        return cls
    names = [*table, *(n for n in dir(keras.losses) if n[0].isupper())]
    close = difflib.get_close_matches(loss, [*names, *map(_snake, names)], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"loss={loss!r} is not known for this target; expected one of {sorted(table)}, "
        f"a Keras loss name or a keras.losses.Loss{hint}"
    )


def _is_own(cls: type) -> bool:
    """Whether this is a loss of Keras's own, which a name stands for."""
    import keras

    return getattr(keras.losses, cls.__name__, None) is cls


def _described(instance, kind: Kind, link: str = "") -> Loss:
    """Return the loss as a value."""
    config = _loss_config(instance)
    if not _is_own(type(instance)):
        own = CustomLoss(type(instance), json.dumps(config, sort_keys=True, default=str))
        return Loss("function", kind, function=own, link=link)
    description = {"class_name": type(instance).__name__, "config": config}
    text = json.dumps(description, sort_keys=True, default=str)
    return Loss("keras", kind, keras_config=text, link=link)


def _loss_config(loss) -> dict:
    """Return a Keras loss's arguments; ``get_config`` leaves out some (Huber's ``delta``)."""
    accepted = inspect.signature(type(loss).__init__).parameters
    extra = {k: v for k, v in getattr(loss, "_fn_kwargs", {}).items() if k in accepted}
    return {**loss.get_config(), **extra}


def _camel(name: str) -> str:
    return name if name[:1].isupper() else "".join(p.capitalize() for p in name.split("_"))


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _takes_indices(name: str) -> bool:
    return name.startswith("Sparse") or name == "CategoricalGeneralizedCrossEntropy"


# -- loss of each row ---------------------------------------------------------------------------


def keras_rows(loss: Loss, y, raw):
    """Return Keras's loss, (n,) or (n, ...).

    The class is looked up among Keras's own, so that a configuration from a file runs no code.
    """
    import keras
    from keras import ops

    description = json.loads(loss.keras_config)
    instance = getattr(keras.losses, description["class_name"]).from_config(description["config"])
    name = description["class_name"]
    by_class = "Categorical" in name or name in _DISTRIBUTIONS
    if by_class and loss.kind == "binary" and raw.shape[-1] == 1:
        logits = description["config"].get("from_logits", False)
        margins = ops.concatenate([-raw, raw], axis=-1) / 2
        raw = margins if name in _MARGINS else _two_columns(loss, raw, logits)
    elif loss.link == "probability":
        raw = _probabilities(loss, raw)
    if _takes_indices(name):
        return instance.call(ops.cast(y, "int32"), raw)
    y = ops.cast(y, raw.dtype)
    if loss.kind == "multiclass" or (by_class and len(y.shape) == 1):
        y = ops.one_hot(ops.cast(y, "int32"), raw.shape[-1], dtype=raw.dtype)
    return instance.call(y[:, None] if len(y.shape) == 1 else y, raw)


def function_rows(loss: Loss, y, raw):
    """Return the loss of the user's function, (n,) or (n, ...)."""
    from keras import ops

    if loss.link == "probability":
        raw = _probabilities(loss, raw)
        if loss.kind == "multiclass":
            y = ops.one_hot(ops.cast(y, "int32"), raw.shape[-1], dtype=raw.dtype)
    y = ops.cast(y, raw.dtype)
    return loss.function(y[:, None] if len(y.shape) == 1 else y, raw)


def _two_columns(loss: Loss, raw, logits: bool):
    """Return one column a class for a network with one output for two classes."""
    from keras import ops

    if logits:
        return ops.concatenate([ops.zeros_like(raw), raw], axis=-1)
    p = _probabilities(loss, raw) if loss.link == "probability" else raw
    return ops.concatenate([1.0 - p, p], axis=-1)


def _probabilities(loss: Loss, raw):
    from keras import ops

    return ops.softmax(raw, axis=-1) if loss.kind == "multiclass" else ops.sigmoid(raw)
