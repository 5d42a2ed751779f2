"""TabM as a Keras model."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from appliednn.core._layers import HashDropout
from appliednn.core._member_layers import MemberDense, MembersFirst, MembersLast
from appliednn.tabular.networks._piecewise_linear import PiecewiseLinearEmbedding
from appliednn.tabular.networks._shared_categories import SharedCategories
from appliednn.tabular.networks._tabm_layers import GroupedDraws, MemberScale, SharedDense, uniform

VARIANTS = ("tabm", "mini", "packed")


def build_tabm(
    n_inputs: int,
    n_outputs: int,
    kind: str = "regression",
    members: int = 32,
    hidden_layer_sizes: Sequence[int] = (512, 512, 512),
    dropout: bool = True,
    variant: str = "tabm",
    n_values: int = 0,
    n_bins: int = 0,
    embedding_size: int = 16,
    feature_groups: Sequence[int] | None = None,
    cardinalities: Sequence[int] = (),
    aggregate: bool = False,
) -> keras.Model:
    """Return the network: k members that share their kernels and differ by factors and biases.

    Source: Y. Gorishniy et al., TabM, ICLR 2025.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Widths. The last ``len(cardinalities)`` inputs are category codes.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target; says how members are averaged.
    members : int
        Number of members, k.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer.
    dropout : bool
        Whether hidden layers drop units; the rate is set at the start of a fit.
    variant : {"tabm", "mini", "packed"}
        Factors in every layer (BatchEnsemble), factors of the inputs only, or k separate
        networks. The heads are separate in each.
    n_values : int
        Number of leading inputs that are numbers.
    n_bins : int
        Bins of the piecewise-linear embedding of the numbers; 0: numbers go in as they are.
    embedding_size : int
        Length of a number's (and of a category's) embedding.
    feature_groups : sequence of int, optional
        For each input the feature it comes from: inputs of one feature share a member's first
        random factor. Default: each input is a feature.
    cardinalities : sequence of int
        Number of codes of each category; each gets an embedding.
    aggregate : bool
        Give the members' average for rows they share, (batch, n_inputs) to (batch, n_outputs);
        otherwise, for training, each member reads rows of its own, (batch, k, n_inputs) to
        (batch, k, n_outputs).
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant={variant!r} was given; expected one of {VARIANTS}")
    inputs = keras.Input((n_inputs,) if aggregate else (members, n_inputs))
    x = MembersFirst(name="members_first")(inputs)
    groups = list(range(n_inputs)) if feature_groups is None else list(feature_groups)
    if cardinalities:
        x = SharedCategories(cardinalities, embedding_size, name="categories")(x)
        n = n_inputs - len(cardinalities)
        groups = groups[:n] + [g for g in groups[n:] for _ in range(embedding_size)]
    if n_bins and n_values:
        x = PiecewiseLinearEmbedding(n_values, n_bins, embedding_size, name="values")(x)
        values = [g for g in groups[:n_values] for _ in range(embedding_size)]
        groups = values + groups[n_values:]
    first = GroupedDraws("normal" if n_bins and n_values else "signs", _numbered(groups))
    if variant == "mini":
        x = MemberScale(members, first, name="adapter")(x)
    for i, width in enumerate(hidden_layer_sizes):
        x = _dense(
            variant, width, members, x.shape[-1], first if i == 0 else "ones", f"dense_{i}"
        )(x)
        x = keras.layers.Activation("relu", name=f"activation_{i}")(x)
        if dropout:
            x = HashDropout(name=f"dropout_{i}")(x)
    outputs = _dense("packed", n_outputs, members, x.shape[-1], "ones", "output")(x)
    outputs = MembersLast(kind, aggregate, dtype=_output_dtype(), name="members_last")(outputs)
    model = keras.Model(inputs, outputs)
    model.members_share_weights = True
    return model


def _dense(variant: str, units: int, k: int, fan_in: int, first, name: str):
    """Return the dense layer of one variant."""
    if variant == "packed":
        init = {"kernel_initializer": uniform(fan_in), "bias_initializer": uniform(fan_in)}
        return MemberDense(units, k, name=name, **init)
    if variant == "mini":
        return SharedDense(units, name=name)
    return SharedDense(units, k, r_initializer=first, name=name)


def _numbered(groups: Sequence[int]) -> list[int]:
    """Return the groups numbered 0, 1, ... in the order of their first column.

    Examples
    --------
    >>> _numbered([7, 7, 2, 9])
    [0, 0, 1, 2]
    """
    numbers: dict[int, int] = {}
    return [numbers.setdefault(g, len(numbers)) for g in groups]


def _output_dtype() -> str:
    """Raw outputs are never of half precision."""
    return "float64" if keras.config.dtype_policy().name == "float64" else "float32"
