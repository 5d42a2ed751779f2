"""Layers and initialisers of TabM: one network whose k members share almost every weight.

Source: Y. Gorishniy, A. Kotelnikov, A. Babenko, TabM: Advancing Tabular Deep Learning with
Parameter-Efficient Ensembling, ICLR 2025.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops


def uniform(fan_in: int) -> keras.initializers.Initializer:
    """Return the uniform initialiser within ``+-1 / sqrt(fan_in)``.

    Examples
    --------
    >>> round(uniform(4).maxval, 3)
    0.5
    """
    limit = max(1, fan_in) ** -0.5
    return keras.initializers.RandomUniform(-limit, limit)


@keras.saving.register_keras_serializable(package="appliednn")
class EqualMembers(keras.initializers.Initializer):
    """One uniform draw within ``+-limit`` that every member starts with.

    Parameters
    ----------
    limit : float
        Largest absolute value.
    seed : int, optional
        Of the draw; default 0.
    """

    def __init__(self, limit: float, seed: int | None = None) -> None:
        self.limit = float(limit)
        self.seed = seed

    def __call__(self, shape, dtype=None):
        """Return an array of shape (k, ...), equal along the first axis."""
        draw = keras.random.uniform(
            (1, *shape[1:]), -self.limit, self.limit, dtype=dtype, seed=self.seed or 0
        )
        return ops.broadcast_to(draw, shape)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {"limit": self.limit, "seed": self.seed}


@keras.saving.register_keras_serializable(package="appliednn")
class GroupedDraws(keras.initializers.Initializer):
    """Random factors, one for each member and group of columns.

    Parameters
    ----------
    distribution : {"signs", "normal"}
        -1 or 1 with equal chance, or standard normal.
    groups : sequence of int
        Group of each column, 0, 1, ...: columns of one group (the one-hot or embedding columns of
        a feature) share a member's draw.
    seed : int, optional
        Of the draws; default 0.

    Examples
    --------
    >>> r = GroupedDraws("signs", [0, 1, 1]).__call__((4, 1, 3))
    >>> bool((r[:, 0, 1] == r[:, 0, 2]).numpy().all())
    True
    """

    def __init__(self, distribution: str, groups: Sequence[int], seed: int | None = None) -> None:
        if distribution not in ("signs", "normal"):
            raise ValueError(
                f"distribution={distribution!r} was given; expected 'signs' or 'normal'"
            )
        self.distribution = distribution
        self.groups = [int(g) for g in groups]
        self.seed = seed

    def __call__(self, shape, dtype=None):
        """Return an array of shape (k, ..., n_columns)."""
        if shape[-1] != len(self.groups):
            raise ValueError(
                f"groups names {len(self.groups)} columns and the weight has {shape[-1]}"
            )
        size = (*shape[:-1], max(self.groups, default=-1) + 1)
        draw = keras.random.normal(size, dtype=dtype, seed=self.seed or 0)
        if self.distribution == "signs":
            draw = ops.where(draw < 0, -ops.ones_like(draw), ops.ones_like(draw))
        return ops.take(draw, ops.convert_to_tensor(self.groups, dtype="int32"), axis=-1)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {"distribution": self.distribution, "groups": self.groups, "seed": self.seed}


@keras.saving.register_keras_serializable(package="appliednn")
class MemberScale(keras.layers.Layer):
    """Multiply the inputs by factors of each member: the only private weights of TabM-mini.

    Parameters
    ----------
    members : int
        Number of members.
    r_initializer
        Initialiser of the factors, shape (members, 1, width).
    """

    xla_pays = rows_independent = True
    decayed = ("r",)

    def __init__(self, members: int, r_initializer="ones", **kwargs) -> None:
        super().__init__(**kwargs)
        self.members = int(members)
        self.r_initializer = keras.initializers.get(r_initializer)

    def build(self, input_shape) -> None:
        """Create the factors."""
        shape = (self.members, 1, int(input_shape[-1]))
        self.r = self.add_weight(name="r", shape=shape, initializer=self.r_initializer)

    def call(self, inputs):
        """Return (members, batch, width) from (members or 1, batch, width)."""
        return inputs * self.r

    def compute_output_shape(self, input_shape):
        """Return the shape with the members first."""
        return (self.members, *input_shape[1:])

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        serialized = keras.initializers.serialize(self.r_initializer)
        return {**super().get_config(), "members": self.members, "r_initializer": serialized}


@keras.saving.register_keras_serializable(package="appliednn")
class SharedDense(keras.layers.Layer):
    """A dense layer whose kernel all rows share, whatever axes lie before them.

    Rows of every member (or every token) go through one matrix product. With ``members`` it is
    the layer of BatchEnsemble (Y. Wen et al., ICLR 2020), ``((x * r) @ kernel) * s + bias`` with
    ``r``, ``s`` and ``bias`` of each member.

    Parameters
    ----------
    units : int
        Width of the output.
    members : int
        Members with factors and biases of their own; 0: everything is shared.
    kernel_initializer, bias_initializer, r_initializer
        Initialisers; default: uniform within ``+-1 / sqrt(fan_in)``, biases equal for all
        members, and factors of one. ``s`` starts at one.
    """

    xla_pays = rows_independent = True
    rate_groups = {"bias": "bias"}  # noqa: RUF012
    decayed = ("r", "s")

    def __init__(
        self,
        units: int,
        members: int = 0,
        kernel_initializer=None,
        bias_initializer=None,
        r_initializer="ones",
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.units = int(units)
        self.members = int(members)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.r_initializer = keras.initializers.get(r_initializer)
        self.s_initializer = keras.initializers.get("ones")

    def build(self, input_shape) -> None:
        """Create the kernel, the bias and the factors."""
        width, k = int(input_shape[-1]), self.members
        limit = uniform(width)
        self.kernel_initializer = self.kernel_initializer or limit
        if self.bias_initializer is None:
            self.bias_initializer = EqualMembers(limit.maxval) if k else limit
        self.kernel = self.add_weight(
            name="kernel", shape=(width, self.units), initializer=self.kernel_initializer
        )
        self.r = self.s = None
        if k:
            self.r = self.add_weight(name="r", shape=(k, 1, width), initializer=self.r_initializer)
            self.s = self.add_weight(
                name="s", shape=(k, 1, self.units), initializer=self.s_initializer
            )
        shape = (k, 1, self.units) if k else (self.units,)
        self.bias = self.add_weight(name="bias", shape=shape, initializer=self.bias_initializer)

    def call(self, inputs):
        """Return (..., units); with members (members, batch, units)."""
        x = inputs if self.r is None else inputs * self.r
        if len(x.shape) > 2:  # one large product instead of a broadcast one
            lead = ops.shape(x)[:-1]
            flat = ops.matmul(ops.reshape(x, (-1, x.shape[-1])), self.kernel)
            x = ops.reshape(flat, (*lead, self.units))
        else:
            x = ops.matmul(x, self.kernel)
        return x + self.bias if self.s is None else x * self.s + self.bias

    def compute_output_shape(self, input_shape):
        """Return the shape with the last axis (and with members the first) replaced."""
        lead = (self.members, *input_shape[1:-1]) if self.members else input_shape[:-1]
        return (*lead, self.units)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        serialize = keras.initializers.serialize
        names = ("kernel_initializer", "bias_initializer", "r_initializer")
        own = {n: v if (v := getattr(self, n)) is None else serialize(v) for n in names}
        return {**super().get_config(), "units": self.units, "members": self.members, **own}
