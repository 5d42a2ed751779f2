"""Policy and value network with an LSTM: what was seen before takes part."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from appliednn.reinforcement.agents._network_parts import dense_stack, image_body
from appliednn.reinforcement.agents.on_policy._actor_critic_network import (
    LogStd,
    clipped_surrogate,
)


def build_recurrent_actor_critic(
    observation_shape: Sequence[int],
    kind: str,
    sizes: Sequence[int],
    hidden_layer_sizes: Sequence[int] = (64,),
    activation: str = "tanh",
    lstm_units: int = 64,
    log_std_init: float = 0.0,
) -> keras.Model:
    """Return a model with the sub-models ``body``, ``memory`` (an LSTM), ``actor``, ``critic``.

    Parameters
    ----------
    observation_shape : sequence of int
        Of a vector, or (height, width, channels) of an image of bytes.
    kind, sizes, activation, log_std_init
        As for ``build_actor_critic``.
    hidden_layer_sizes : sequence of int
        Between a vector and the memory.
    lstm_units : int
        Of the memory, which policy and value share.
    """
    sequences = keras.Input((None, *observation_shape), name="observations")
    if len(observation_shape) == 3:
        body = image_body(observation_shape, name="each")
    else:
        *hidden, last = hidden_layer_sizes
        body = dense_stack(
            "each", observation_shape, last, hidden_layer_sizes=hidden, activation=activation,
            gain=2.0**0.5, output_activation=activation,
        )  # fmt: skip
    seen = layers.TimeDistributed(body, name="body")(sequences)
    memory = layers.LSTM(
        lstm_units,
        return_sequences=True,
        recurrent_initializer=keras.initializers.Orthogonal(),
        name="memory",
    )(seen)
    stack = {"hidden_layer_sizes": (), "activation": activation}
    actor = dense_stack("actor", (lstm_units,), sum(sizes), gain=0.01, **stack)
    critic = dense_stack("critic", (lstm_units,), 1, gain=1.0, **stack)
    last_state = memory[:, -1]
    outputs = [actor(last_state), critic(last_state)]
    if kind == "gaussian":
        outputs.append(LogStd(log_std_init, name="log_std")(outputs[0]))
    model = keras.Model(sequences, outputs)
    model.policy_kind, model.policy_sizes = kind, tuple(sizes)
    return model


def encode(model, batch):
    """Return what the memory reads of each observation."""
    body = model.get_layer("body").layer
    observations = ops.reshape(batch["observations"], (-1, *body.input_shape[1:]))
    return body(ops.cast(observations, "float32"))


def _first_states(model, batch):
    """Return the memory after one observation of a new episode."""
    x = encode(model, batch)
    cell = model.get_layer("memory").cell
    zeros = ops.zeros_like(x[:, :1]) * ops.zeros((1, cell.units))
    return cell(x, [zeros, zeros])[0]


def decision(model, batch):
    """Return logits or means at the beginning of an episode, of shape (n, sum(sizes))."""
    return model.get_layer("actor")(_first_states(model, batch))


def weighted_decision(model, batch):
    """Return the sum of ``weights`` times logits or means for each row."""
    return ops.sum(decision(model, batch) * batch["weights"], axis=-1)


def value(model, batch):
    """Return the value of each state as the first of an episode."""
    return model.get_layer("critic")(_first_states(model, batch))[:, 0]


def recurrent_ppo_loss(model, batch, scalars) -> dict:
    """Return PPO's loss of sequences; the memory is emptied where an episode began.

    The batch holds ``observations`` (n, length, *shape), ``first`` (n, length) and the memory
    before the sequences, ``hidden`` and ``carry`` (n, units).
    """
    length = batch["first"].shape[1]
    x = encode(model, batch)
    x = ops.reshape(x, (-1, length, x.shape[-1]))
    cell, states = model.get_layer("memory").cell, [batch["hidden"], batch["carry"]]
    out = []
    for t in range(length):
        keep = 1.0 - batch["first"][:, t : t + 1]
        hidden, states = cell(x[:, t], [state * keep for state in states])
        out.append(hidden)
    hidden = ops.reshape(ops.stack(out, axis=1), (-1, cell.units))
    flat = {
        "actions": ops.reshape(batch["actions"], (-1, batch["actions"].shape[-1])),
        **{k: ops.reshape(batch[k], (-1,)) for k in ("log_probs", "advantages", "returns")},
    }
    return clipped_surrogate(model, hidden, flat, scalars)
