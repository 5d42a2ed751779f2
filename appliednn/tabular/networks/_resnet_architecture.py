"""The residual network for tables as a Keras model, for one network or several side by side."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from appliednn.core._layers import HashDropout
from appliednn.core._member_layers import MemberDense, MembersFirst, MembersLast
from appliednn.tabular.networks._realmlp_layers import CategoryEmbedding
from appliednn.tabular.networks._resnet_layers import MemberBatchNormalization
from appliednn.tabular.networks._tabm_layers import uniform


def build_resnet(
    n_inputs: int,
    n_outputs: int,
    kind: str = "regression",
    n_blocks: int = 2,
    width: int = 128,
    hidden_width: int = 256,
    dropout: bool = True,
    cardinalities: Sequence[int] = (),
    embedding_size: int = 8,
    members: int = 0,
    aggregate: bool = False,
) -> keras.Model:
    """Return the network: residual blocks of batch normalisation and two dense layers.

    Each block adds ``drop(dense(drop(relu(dense(norm(x))))))`` to ``x``; the head is
    ``dense(relu(norm(x)))``. Source: Y. Gorishniy et al., Revisiting Deep Learning Models for
    Tabular Data, NeurIPS 2021, section 3.2.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Widths. The last ``len(cardinalities)`` inputs are category codes.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target; says how members are averaged.
    n_blocks : int
        Number of residual blocks.
    width, hidden_width : int
        Units between blocks, and inside of them.
    dropout : bool
        Whether units are dropped: inside the blocks at the rate ``dropout``, at their end at the
        rate ``dropout_residual`` of the fit.
    cardinalities : sequence of int
        Number of codes of each category; each gets an embedding.
    embedding_size : int
        Length of a category's embedding.
    members : int
        Networks side by side; 0 for one.
    aggregate : bool
        Give the members' average for rows they share.
    """
    own = members and not aggregate
    inputs = keras.Input((members, n_inputs) if own else (n_inputs,))
    x = MembersFirst(name="members_first")(inputs) if members else inputs
    if cardinalities:
        x = CategoryEmbedding(cardinalities, embedding_size, members, name="categories")(x)
    x = _dense(width, members, x.shape[-1], "input")(x)
    for i in range(n_blocks):
        z = MemberBatchNormalization(members, name=f"normalization_{i}")(x)
        z = _dense(hidden_width, members, width, f"dense_{i}_0")(z)
        z = keras.layers.Activation("relu", name=f"activation_{i}")(z)
        z = HashDropout(name=f"dropout_{i}", members=members)(z) if dropout else z
        z = _dense(width, members, hidden_width, f"dense_{i}_1")(z)
        if dropout:
            z = HashDropout(group="_residual", members=members, name=f"dropout_{i}_residual")(z)
        x = keras.layers.Add(name=f"residual_{i}")([x, z])
    x = MemberBatchNormalization(members, name="normalization")(x)
    x = keras.layers.Activation("relu", name="activation")(x)
    x = _dense(n_outputs, members, width, "output")(x)
    if members:
        x = MembersLast(kind, aggregate, name="members_last")(x)
    return keras.Model(inputs, x)


def _dense(units: int, members: int, fan_in: int, name: str) -> MemberDense:
    """Return a dense layer with weights uniform within ``+-1 / sqrt(fan_in)``."""
    init = {"kernel_initializer": uniform(fan_in), "bias_initializer": uniform(fan_in)}
    return MemberDense(units, members, name=name, **init)
