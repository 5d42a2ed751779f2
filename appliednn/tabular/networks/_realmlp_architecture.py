"""RealMLP as a Keras model, for one network or for several side by side."""

from __future__ import annotations

from collections.abc import Sequence


def build_realmlp(
    n_inputs: int,
    n_outputs: int,
    kind: str,
    hidden_layer_sizes: Sequence[int],
    activation: str = "selu",
    parametric: bool = True,
    n_numbers: int = 0,
    embedding_hidden: int = 16,
    embedding_width: int = 4,
    embedding_sigma: float = 0.1,
    cardinalities: Sequence[int] = (),
    category_width: int = 8,
    dropout: bool = False,
    zero_output: bool = False,
    clamp: bool = False,
    members: int = 0,
    aggregate: bool = False,
):
    """Return the network.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Widths. The first ``n_numbers`` inputs get a periodic embedding, the last
        ``len(cardinalities)`` are category codes.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer.
    activation : str
        Name of a Keras activation.
    parametric : bool
        Whether each unit learns how much of the activation it applies.
    embedding_hidden, embedding_width, embedding_sigma
        Of the periodic embedding.
    cardinalities, category_width
        Number of codes of each coded category, and length of their vectors.
    dropout : bool
        Whether hidden layers drop units.
    zero_output : bool
        Start the last layer at zero.
    clamp : bool
        Keep predictions within bounds.
    members : int
        Networks side by side; 0 for one.
    aggregate : bool
        Give the members' average for rows they share.
    """
    import keras

    from appliednn.core._layers import HashDropout
    from appliednn.core._member_layers import MembersFirst, MembersLast
    from appliednn.tabular.networks import _realmlp_layers as layers

    own_batches = members and not aggregate
    inputs = keras.Input((members, n_inputs) if own_batches else (n_inputs,))
    x = MembersFirst(name="members_first")(inputs) if members else inputs
    side = {"members": members}
    if n_numbers:
        x = layers.PeriodicEmbedding(
            n_numbers, embedding_hidden, embedding_width, embedding_sigma, name="numbers", **side
        )(x)
    if cardinalities:
        x = layers.CategoryEmbedding(cardinalities, category_width, name="categories", **side)(x)
    x = layers.FeatureScale(name="scale", **side)(x)
    for i, width in enumerate(hidden_layer_sizes):
        x = _dense(width, f"dense_{i}", members, "" if i else "first_")(x)
        if parametric:
            x = layers.ParametricActivation(activation, name=f"activation_{i}", **side)(x)
        else:
            function = layers.activation_function(activation)
            x = keras.layers.Activation(function, name=f"activation_{i}")(x)
        if dropout:
            x = HashDropout(name=f"dropout_{i}", **side)(x)
    x = _dense(n_outputs, "output", members, "output_", zero=zero_output)(x)
    if clamp:
        x = layers.Clamp(name="clamp", **side)(x)
    if members:
        x = MembersLast(kind, aggregate, name="members_last")(x)
    return keras.Model(inputs, x)


def _dense(width: int, name: str, members: int, group: str, zero: bool = False):
    """Return a linear layer in NTK parametrisation, drawn from a standard normal."""
    import keras

    from appliednn.core._member_layers import MemberDense

    def start():
        return "zeros" if zero else keras.initializers.RandomNormal(stddev=1.0)

    return MemberDense(
        width, members, fan_in_scale=True, kernel_initializer=start(), bias_initializer=start(),
        group=group, name=name,
    )  # fmt: skip
