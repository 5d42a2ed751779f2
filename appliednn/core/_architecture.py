"""Architectures: networks without weights, as values; the registry says what builds them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from appliednn.core._architecture_registry import BUILDERS, FUNCTIONS, NUMPY
from appliednn.core._random import build_lock


@dataclass(frozen=True)
class Architecture:
    """A network without weights, as a value: hashable, JSON-ready.

    Attributes
    ----------
    name : str
        Name in the registry.
    config : str
        Canonical JSON of the builder's arguments.
    dtype : {"float32", "float64"}
        Of weights and arithmetic.
    """

    name: str
    config: str
    dtype: str = "float32"

    @classmethod
    def of(cls, name: str, dtype: str = "float32", **params: Any) -> Architecture:
        """Return the architecture ``name`` with these arguments.

        Raises
        ------
        ValueError
            If the registry does not know ``name``.
        """
        if name not in BUILDERS:
            raise ValueError(f"architecture {name!r} is not known; known: {sorted(BUILDERS)}")
        return cls(name, json.dumps(params, sort_keys=True), dtype)

    @property
    def params(self) -> dict[str, Any]:
        """The builder's arguments."""
        return json.loads(self.config)

    def changed(self, **params: Any) -> Architecture:
        """Return this architecture with some of the builder's arguments replaced."""
        config = json.dumps({**self.params, **params}, sort_keys=True)
        return Architecture(self.name, config, self.dtype)

    def numpy_function(self, purpose: str):
        """Return the architecture's own NumPy ``"forward"`` or ``"count"``, or None."""
        found = NUMPY.get((self.name, purpose))
        return None if found is None else getattr(importlib.import_module(found[0]), found[1])

    @property
    def has_functions(self) -> bool:
        """Whether the network is used by named functions of a batch."""
        return self.name in FUNCTIONS

    def function(self, purpose: str):
        """Return a function ``f(model, batch)`` of a network of sequences.

        Raises
        ------
        ValueError
            If the registry has none of this name for the architecture.
        """
        module, functions = FUNCTIONS.get(self.name, ("", {}))
        if purpose not in functions:
            raise ValueError(
                f"architecture {self.name!r} has no function {purpose!r}; it has "
                f"{sorted(functions)}"
            )
        return getattr(importlib.import_module(module), functions[purpose])

    def trust(self) -> None:
        """Let a Keras configuration carry code (Lambda layers); others never do."""
        if self.name == "keras":
            from appliednn.core._keras_architecture import trust

            trust(self.params["config"])

    def check(self) -> None:
        """Refuse an architecture from a file that the registry does not know, or that holds code.

        Raises
        ------
        ValueError
            With the name or the layer that is refused.
        """
        if self.name not in BUILDERS:
            known = sorted(BUILDERS)
            raise ValueError(f"architecture {self.name!r} is not known; known: {known}")
        if self.name == "keras":
            from appliednn.core._keras_architecture import check_config

            check_config(json.loads(self.params["config"]))

    def build(self, precision: str | None = None):
        """Return a new ``keras.Model`` with undefined weights, of ``dtype`` or mixed precision."""
        module, function = BUILDERS[self.name]
        with dtype_policy(precision or self.dtype):
            return getattr(importlib.import_module(module), function)(**self.params)


def hidden_widths(sizes: int | Sequence[int]) -> list[int]:
    """Return ``hidden_layer_sizes`` as a list, one width for each layer.

    Raises
    ------
    ValueError
        If one of them is not a positive whole number.

    Examples
    --------
    >>> hidden_widths(64), hidden_widths((128, 32))
    ([64], [128, 32])
    """
    widths = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if not all(isinstance(width, Integral) and width >= 1 for width in widths):
        raise ValueError(
            f"hidden_layer_sizes={sizes!r} was given; expected positive whole numbers, one for "
            "each hidden layer"
        )
    return [int(width) for width in widths]


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build layers under a Keras dtype policy and put the global one back."""
    import keras

    with build_lock:
        before = keras.config.dtype_policy()
        try:
            keras.config.set_dtype_policy(name)
            yield
        finally:
            keras.config.set_dtype_policy(before)


def initial_weights(model, seed: int) -> list[Any]:
    """Return freshly drawn values for every variable of ``model``, from one seed.

    A variable ``kernel`` is drawn by its layer's ``kernel_initializer`` with an own seed, and
    likewise any other name; a variable without an initialiser keeps its present value, except
    a dropout seed, which is drawn.
    """
    import numpy as np

    values = {id(v): np.asarray(v) for v in model.variables}
    layers = list(model._flatten_layers(include_self=False, recursive=True))
    slots = [(layer, v) for layer in layers for v in layer._trainable_variables]
    slots += [(layer, v) for layer in layers for v in layer._non_trainable_variables]
    sequence = np.random.SeedSequence(seed).spawn(max(1, len(slots)))
    for (layer, variable), child in zip(slots, sequence, strict=False):
        draw = int(child.generate_state(1)[0] >> 1)
        values[id(variable)] = _draw(layer, variable, draw, values[id(variable)])
    return [values[id(v)] for v in model.variables]


def initial_member_weights(model, lone, seeds: Sequence[int]) -> list[Any]:
    """Return fresh values of a stacked model: each member's as a plain network draws them.

    Parameters
    ----------
    model : keras.Model
        The stacked model.
    lone : keras.Model
        The same architecture without members.
    seeds : sequence of int
        One for each member.
    """
    draws = [initial_weights(lone, seed) for seed in seeds]
    return stack_weights(draws, [tuple(v.shape) for v in model.variables])


def stack_weights(weights: Sequence[Sequence[Any]], shapes: Sequence[tuple]) -> list[Any]:
    """Return k networks' weights as one stacked network's, whose variables have these shapes.

    What a stacked network has once (a dropout's counter) is taken from the first.
    """
    import numpy as np

    out = []
    for values, shape in zip(zip(*weights, strict=True), shapes, strict=True):
        first = np.asarray(values[0])
        if first.shape == shape:
            out.append(first)
        else:
            out.append(np.stack([np.asarray(v) for v in values]).reshape(shape))
    return out


def unstack_weights(weights: Sequence[Any], like: Sequence[Any], member: int) -> list[Any]:
    """Return one member's weights, shaped as ``like``, a plain network's."""
    import numpy as np

    out = []
    for value, lone in zip(weights, like, strict=True):
        value, shape = np.asarray(value), np.shape(lone)
        out.append(value if value.shape == shape else value[member].reshape(shape))
    return out


def _draw(layer, variable, seed: int, present):
    import keras
    import numpy as np

    if variable.name == "seed" and type(layer).__name__ in ("HashDropout", "HashNormal"):
        return np.int32(seed)
    if variable.name == "counter":
        return np.int32(0)
    attribute = {"recurrent_kernel": "recurrent"}.get(variable.name, variable.name)
    initializer = getattr(layer, f"{attribute}_initializer", None)
    if initializer is None:
        return present
    initializer = keras.initializers.get(initializer)
    config = initializer.get_config()
    if "seed" in config:
        initializer = type(initializer).from_config({**config, "seed": seed})
    value = np.asarray(initializer(variable.shape, dtype=variable.dtype))
    if variable.name == "bias" and getattr(layer, "unit_forget_bias", False):
        value = value.copy()  # an LSTM starts by remembering; the cell keeps this to itself
        value[layer.units : 2 * layer.units] = 1.0
    return value
