"""The layers of RealMLP: periodic number embedding, scaling, parametric activation, clamp.

Source: D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by Default", 2024, arXiv 2407.04491.
Each layer takes rows (batch, width) or, for networks side by side, (members, batch, width).
"""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

# cos(2 pi sqrt(s)) on [0, 1/4], interpolated at Chebyshev points: exact to 1e-9.
_COSINE = (
    1.0, -19.7392087, 64.9393891, -85.4566578, 60.2421249, -26.4046306, 7.80002217, -1.45298749
)  # fmt: skip

_OWN = keras.saving.register_keras_serializable(package="appliednn")


def _axes(members: int, *shape: int) -> tuple[int, ...]:
    return (members, *shape) if members else shape


class _Layer(keras.layers.Layer):
    """A layer whose weights may have a leading axis for members."""

    xla_pays = rows_independent = True

    def __init__(self, members: int = 0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.members = int(members)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "members": self.members}


@_OWN
class PeriodicEmbedding(_Layer):
    """Embed each of the first numbers by cosines of learned frequencies (PBLD).

    A number x becomes ``[cos(2 pi x w + b) @ W + c, x]``: ``hidden`` cosines, a linear map to
    ``width - 1`` values, and x itself. The output holds first the embeddings, number by number,
    then the numbers themselves, then the inputs that are not embedded.

    Parameters
    ----------
    n_numbers : int
        So many leading inputs are embedded.
    hidden, width : int
        Cosines and outputs of each number.
    sigma : float
        Standard deviation of the frequencies at the start.
    members : int
        Networks side by side.
    """

    rate_groups = dict.fromkeys(("frequency", "phase", "kernel", "shift"), "embedding")

    def __init__(
        self,
        n_numbers: int,
        hidden: int = 16,
        width: int = 4,
        sigma: float = 0.1,
        members: int = 0,
        **kwargs,
    ) -> None:
        super().__init__(members, **kwargs)
        self.n_numbers, self.hidden, self.width = int(n_numbers), int(hidden), int(width)
        self.sigma = float(sigma)
        uniform = keras.initializers.RandomUniform
        bound = 1.0 / math.sqrt(self.hidden)
        self.frequency_initializer = keras.initializers.RandomNormal(stddev=self.sigma)
        self.phase_initializer = uniform(-math.pi, math.pi)
        self.kernel_initializer = self.shift_initializer = uniform(-bound, bound)

    def build(self, input_shape) -> None:
        """Create frequencies, phases and the linear map of each number."""
        n, k, out = self.n_numbers, self.members, self.width - 1
        shapes = {
            "frequency": _axes(k, n, 1, self.hidden),
            "phase": _axes(k, n, 1, self.hidden),
            "kernel": _axes(k, n, self.hidden, out),
            "shift": _axes(k, n, 1, out),
        }
        for name, shape in shapes.items():
            initializer = getattr(self, f"{name}_initializer")
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=initializer))

    def call(self, inputs):
        """Return (..., batch, n_numbers * width + the rest)."""
        numbers, rest = inputs[..., : self.n_numbers], inputs[..., self.n_numbers :]
        x = ops.expand_dims(ops.swapaxes(numbers, -1, -2), -1)  # (..., numbers, batch, 1)
        waves = _cosine_of_turns(x * self.frequency + self.phase * (0.5 / math.pi))
        embedded = ops.matmul(waves, self.kernel) + self.shift
        embedded = ops.swapaxes(embedded, -2, -3)  # (..., batch, numbers, width - 1)
        flat = (*embedded.shape[:-3], -1, self.n_numbers * (self.width - 1))
        embedded = ops.reshape(embedded, flat)
        if self.members and numbers.shape[0] != self.members:
            numbers, rest = (_spread(part, self.members) for part in (numbers, rest))
        return ops.concatenate([embedded, numbers, rest], axis=-1)

    def compute_output_shape(self, input_shape):
        """Return the shape with the embeddings in place of the numbers."""
        width = input_shape[-1] + self.n_numbers * (self.width - 1)
        lead = (self.members, input_shape[1]) if self.members else (input_shape[0],)
        return (*lead, width)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = ("n_numbers", "hidden", "width", "sigma")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def _cosine_of_turns(turns):
    """Return ``cos(2 pi turns)`` within 1e-6: a polynomial on the nearest whole turn.

    Compiled code calls the cosine number by number; this one it computes for many at once.
    """
    rest = turns - ops.stop_gradient(ops.round(turns))
    square = ops.square(rest)
    value = _COSINE[-1]
    for coefficient in _COSINE[-2::-1]:
        value = value * square + coefficient
    return value


def _spread(x, members: int):
    return ops.repeat(x, members, axis=0)


@_OWN
class CategoryEmbedding(_Layer):
    """Replace trailing category codes by learned vectors.

    Parameters
    ----------
    cardinalities : list of int
        Number of codes of each of the last inputs.
    width : int
        Length of a vector.
    members : int
        Networks side by side.
    """

    def __init__(self, cardinalities, width: int = 8, members: int = 0, **kwargs) -> None:
        super().__init__(members, **kwargs)
        self.cardinalities = [int(c) for c in cardinalities]
        self.width = int(width)
        self.table_initializer = keras.initializers.RandomNormal(stddev=1.0)

    def build(self, input_shape) -> None:
        """Create one table that holds the vectors of every column."""
        total = sum(self.cardinalities)
        self.table = self.add_weight(
            name="table",
            shape=_axes(self.members, total, self.width),
            initializer=self.table_initializer,
        )
        self._starts = np.cumsum([0, *self.cardinalities[:-1]]).astype("int32")

    def call(self, inputs):
        """Return (..., batch, others + len(cardinalities) * width)."""
        n = len(self.cardinalities)
        others, codes = inputs[..., :-n], ops.cast(inputs[..., -n:], "int32") + self._starts
        if self.members:
            if inputs.shape[0] != self.members:
                others, codes = _spread(others, self.members), _spread(codes, self.members)
            flat = ops.reshape(codes, (self.members, -1, 1))
            vectors = ops.take_along_axis(self.table, flat, axis=1)
            vectors = ops.reshape(vectors, (self.members, -1, n * self.width))
        else:
            vectors = ops.take(self.table, ops.reshape(codes, (-1,)), axis=0)
            vectors = ops.reshape(vectors, (-1, n * self.width))
        return ops.concatenate([others, vectors], axis=-1)

    def compute_output_shape(self, input_shape):
        """Return the shape with the vectors in place of the codes."""
        n = len(self.cardinalities)
        width = input_shape[-1] - n + n * self.width
        lead = (self.members, input_shape[1]) if self.members else (input_shape[0],)
        return (*lead, width)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"cardinalities": self.cardinalities, "width": self.width}
        return {**super().get_config(), **own}


@_OWN
class FeatureScale(_Layer):
    """Multiply each input by a learned factor, 1 at the start."""

    rate_groups = {"scale": "scale"}  # noqa: RUF012
    scale_initializer = "ones"

    def build(self, input_shape) -> None:
        """Create the factors."""
        width = input_shape[-1]
        shape = (self.members, 1, width) if self.members else (width,)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")

    def call(self, inputs):
        """Return the scaled inputs."""
        return inputs * self.scale

    def compute_output_shape(self, input_shape):
        """Return the input's shape, with all members."""
        return (self.members, *input_shape[1:]) if self.members else input_shape


@_OWN
def selu(x):
    """Return Keras's ``selu`` within 1e-7, with an exponential that compiles to vector code."""
    below = 1.6732632423543772 * (ops.exp(ops.minimum(x, 0.0)) - 1.0)
    return 1.0507009873554805 * ops.where(x > 0, x, below)


@_OWN
def mish(x):
    """Return Keras's ``mish``, ``x tanh(log(1 + e^x))``, from one exponential."""
    power = ops.exp(ops.minimum(x, 20.0))
    odds = power * (power + 2.0)
    return x * (odds / (odds + 2.0))


def activation_function(name: str):
    """Return the activation of a name, ours where it is faster than Keras's."""
    return {"selu": selu, "mish": mish}.get(name) or keras.activations.get(name)


@_OWN
class ParametricActivation(_Layer):
    """``x + a (f(x) - x)`` with a learned ``a`` for each unit, 1 at the start.

    Parameters
    ----------
    function : str
        Name of a Keras activation.
    members : int
        Networks side by side.
    """

    rate_groups = {"mix": "activation"}  # noqa: RUF012
    mix_initializer = "ones"

    def __init__(self, function: str, members: int = 0, **kwargs) -> None:
        super().__init__(members, **kwargs)
        self.function = function
        self.activation = activation_function(function)

    def build(self, input_shape) -> None:
        """Create the mixing weights."""
        width = input_shape[-1]
        shape = (self.members, 1, width) if self.members else (width,)
        self.mix = self.add_weight(name="mix", shape=shape, initializer="ones")

    def call(self, inputs):
        """Return the activated inputs."""
        return inputs + self.mix * (self.activation(inputs) - inputs)

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "function": self.function}


@_OWN
class Clamp(_Layer):
    """Keep outputs between two bounds, outside of training only.

    The bounds are weights that no training changes: a fit sets them to the range of the target.
    """

    def build(self, input_shape) -> None:
        """Create the bounds, infinite until they are set."""
        shape = (self.members, 1, input_shape[-1]) if self.members else (input_shape[-1],)
        for name, value in (("low", -math.inf), ("high", math.inf)):
            constant = keras.initializers.Constant(value)
            weight = self.add_weight(name=name, shape=shape, initializer=constant, trainable=False)
            setattr(self, name, weight)

    def call(self, inputs, training: bool = False):
        """Return the outputs, bounded unless training."""
        return inputs if training else ops.clip(inputs, self.low, self.high)

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape
