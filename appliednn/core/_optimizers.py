"""Optimisers: Keras's own, described by a value; their numbers reach the program as tensors."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Attributes that Keras reads inside the update as numbers, so that a tensor can stand in for them.
_TENSOR_ATTRIBUTES = ("beta_1", "beta_2", "epsilon")
_TENSOR_CLASSES = ("Adam", "AdamW", "Lion")
_NAMES = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "lion": "Lion",
}
# Optimisers around other optimisers: precision= scales the loss, and one optimiser serves a net.
_WRAPPERS = ("LossScaleOptimizer", "MultiOptimizer", "OptimizerMap")


@dataclass(frozen=True)
class Optimizer:
    """An optimiser as a value: class name, static arguments, and numbers fed as tensors.

    Attributes
    ----------
    class_name : str
        Keras class name.
    static : str
        Canonical JSON of the arguments that are part of the compiled program.
    clip : {"", "value", "norm", "global_norm"}
        Kind of gradient clipping; the threshold is a tensor.
    hyper : dict of str to float
        Numbers fed as tensors; not part of equality.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule
        The optimiser's own; not part of equality.
    own_rate : bool
        Whether the user gave that rate, in ``params`` or by an instance of another than its
        class's default.
    custom : type or None
        The class where it is not one of Keras's own.
    """

    class_name: str
    static: str
    clip: str = ""
    hyper: dict[str, float] = field(default_factory=dict, compare=False)
    learning_rate: Any = field(default=1e-3, compare=False)
    own_rate: bool = field(default=False, compare=False)
    custom: type | None = None

    @property
    def tensor_names(self) -> tuple[str, ...]:
        """Attributes of the Keras object that are replaced by tensors while tracing."""
        if self.class_name == "GroupAdam":  # it reads them with its factors
            return ()
        return tuple(k for k in sorted(self.hyper) if k in _TENSOR_ATTRIBUTES)

    def build(self):
        """Return a fresh Keras optimiser."""
        import keras

        config = {**json.loads(self.static), "learning_rate": 1e-3}
        config.update({k: self.hyper[k] for k in self.tensor_names})
        if self.class_name == "GroupAdam":
            from appliednn.core._group_adam import GroupAdam

            del config["groups"]
            return GroupAdam.from_config(config)
        cls = self.custom or getattr(keras.optimizers, self.class_name)
        return cls.from_config(config)


def make_group_adam(
    rate_factors: Mapping[str, float] | None = None,
    decay_factors: Mapping[str, float] | None = None,
    *,
    weight_decay: float = 0.0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    late_epsilon: bool = True,
) -> Optimizer:
    """Return Adam with factors for groups of weights.

    Parameters
    ----------
    rate_factors, decay_factors : mapping of str to float or array (members,), optional
        Factor of the learning rate and of the weight decay of a group, as the layers name them in
        ``rate_groups``; weights without a group take the group ``""``. Default 1.
    weight_decay : float
        Decoupled decay, times the learning rate.
    beta_1, beta_2, epsilon, late_epsilon
        As :class:`~appliednn.core._group_adam.GroupAdam` takes them.

    Examples
    --------
    >>> make_group_adam({"scale": 6.0}).hyper["rate[scale]"]
    6.0
    """
    hyper: dict[str, Any] = {"beta_1": beta_1, "beta_2": beta_2}
    hyper.update(weight_decay=weight_decay, learning_rate_factor=1.0, dropout=0.0)
    hyper.update({f"rate[{group}]": f for group, f in (rate_factors or {}).items()})
    hyper.update({f"decay[{group}]": f for group, f in (decay_factors or {}).items()})
    # The program reads factors by name: other names are another program.
    static = {"epsilon": epsilon, "late_epsilon": late_epsilon, "groups": sorted(hyper)}
    return Optimizer("GroupAdam", json.dumps(static), hyper=hyper)


def make_optimizer(
    optimizer,
    params: Mapping[str, Any] | None = None,
    *,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    clip_global_norm: float | None = None,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> Optimizer:
    """Return the :class:`Optimizer` a user asked for.

    Parameters
    ----------
    optimizer : str, keras.optimizers.Optimizer or a class of them
        A name, an instance (its settings are read, the object itself is not used) or a class.
    params : mapping, optional
        Constructor arguments of the Keras class (``momentum``, ``nesterov``, ``beta_1``, ...).
    clip_value, clip_norm, clip_global_norm : float, optional
        At most one of them.
    weight_decay : float
        Decoupled decay of the kernels, times the learning rate.
    l1, l2 : float
        Penalties on the kernels, ``l1 * sum|w| + l2 * sum(w^2)``, as Keras's regularisers.

    Raises
    ------
    ValueError
        For an unknown optimiser or argument, or two kinds of clipping.

    Examples
    --------
    >>> make_optimizer("adam", {"beta_1": 0.8}).hyper["beta_1"]
    0.8
    """
    cls, config = _resolve(optimizer, params)
    clips = {"value": clip_value, "norm": clip_norm, "global_norm": clip_global_norm}
    clip, bound = _one_clip(clips, config)
    # AdamW's own configuration holds 0.004 unless the user said otherwise.
    weight_decay = weight_decay or config.get("weight_decay") or 0.0
    if "weight_decay" in config:  # ours is a tensor, Keras's own stays out of the program
        config["weight_decay"] = 0.0 if _is_own(cls, "AdamW") else None
    hyper = {"weight_decay": float(weight_decay), "l1": float(l1), "l2": float(l2)}
    hyper["clip"] = bound
    if any(_is_own(cls, name) for name in _TENSOR_CLASSES):
        for name in _TENSOR_ATTRIBUTES:
            if name in config:
                hyper[name] = float(config.pop(name))
    rate = _rate(config.pop("learning_rate", 1e-3))
    own_rate = "learning_rate" in (params or {}) or not _is_default_rate(optimizer, rate)
    for name in ("name", "loss_scale_factor"):
        config.pop(name, None)
    static = json.dumps(config, sort_keys=True)
    custom = None if _is_own(cls, cls.__name__) else cls
    return Optimizer(
        cls.__name__,
        static,
        clip=clip,
        hyper=hyper,
        learning_rate=rate,
        own_rate=own_rate,
        custom=custom,
    )


def _one_clip(clips: dict, config: dict) -> tuple[str, float]:
    """Return the kind of clipping and its bound, taken out of Keras's configuration too."""
    for kind, key in (
        ("value", "clipvalue"),
        ("norm", "clipnorm"),
        ("global_norm", "global_clipnorm"),
    ):
        given = config.pop(key, None)
        clips[kind] = clips[kind] if clips[kind] is not None else given
    chosen = {k: v for k, v in clips.items() if v is not None}
    if len(chosen) > 1:
        raise ValueError(
            f"clip_{' and clip_'.join(chosen)} were given together; expected at most one of them"
        )
    return next(iter(chosen), ""), float(next(iter(chosen.values()), 0.0))


def _is_default_rate(optimizer, rate) -> bool:
    """Whether an optimiser given as instance has its class's own learning rate (or is a name)."""
    if isinstance(optimizer, str | type):
        return True
    default = inspect.signature(type(optimizer).__init__).parameters.get("learning_rate")
    return not callable(rate) and (default is None or abs(rate - default.default) < 1e-9)


def _is_own(cls: type, name: str) -> bool:
    """Whether ``cls`` is Keras's own optimiser of this name, not a subclass of it."""
    import keras

    return cls is getattr(keras.optimizers, name, None)


def _rate(value):
    """Return a learning rate as a number or a Keras schedule."""
    import keras

    if isinstance(value, dict):
        return keras.optimizers.schedules.deserialize(value)
    is_schedule = isinstance(value, keras.optimizers.schedules.LearningRateSchedule)
    return value if is_schedule else float(value)


def _resolve(optimizer, params: Mapping[str, Any] | None):
    """Return the Keras class and its full configuration."""
    import keras

    if isinstance(optimizer, keras.optimizers.Optimizer):
        if params:
            raise ValueError("optimizer_params needs optimizer by name, and an instance was given")
        if type(optimizer).__name__ in _WRAPPERS:
            raise ValueError(
                f"optimizer={type(optimizer).__name__} wraps other optimisers; give the inner "
                "one (precision='mixed_float16' scales the loss by itself)"
            )
        return type(optimizer), optimizer.get_config()
    if isinstance(optimizer, type) and issubclass(optimizer, keras.optimizers.Optimizer):
        cls = optimizer
    else:
        cls = _by_name(optimizer)
    name, default = cls.__name__, cls().get_config()
    for key in params or {}:
        if key not in default:
            close = difflib.get_close_matches(key, default, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"optimizer_params got {key!r}, which {name} does not take{hint}")
    return cls, {**default, **(params or {})}


def _by_name(optimizer) -> type:
    """Return the Keras class of a name in any case, or raise with the closest one."""
    import keras

    skipped = ("Optimizer", *_WRAPPERS)
    known = {n.lower(): n for n in dir(keras.optimizers) if n[0].isupper() and n not in skipped}
    name = known.get(str(optimizer).lower())
    if name is None:
        close = difflib.get_close_matches(str(optimizer).lower(), [*_NAMES, *known], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"optimizer={optimizer!r} is not known; expected one of {sorted(_NAMES)}, the name of "
            f"a Keras optimiser or an instance{hint}"
        )
    return getattr(keras.optimizers, name)
