"""Networks of policies that are learnt from logs."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from appliednn.reinforcement.agents._network_parts import dense_stack, image_body


def _stack(name, observation_shape, n_outputs, hidden_layer_sizes, activation, gain):
    """Return a sub-model from observations, images too, to numbers."""
    more = {"hidden_layer_sizes": hidden_layer_sizes, "activation": activation, "gain": gain}
    if len(observation_shape) != 3:
        return dense_stack(name, observation_shape, n_outputs, **more)
    inputs = keras.Input(tuple(observation_shape))
    hidden = image_body(observation_shape, name=f"{name}_body")(inputs)
    outputs = dense_stack(f"{name}_head", tuple(hidden.shape[1:]), n_outputs, **more)(hidden)
    return keras.Model(inputs, outputs, name=name)


def build_cloned_policy(
    observation_shape: Sequence[int],
    n_outputs: int,
    kind: str,
    hidden_layer_sizes: Sequence[int],
    activation: str,
) -> keras.Model:
    """Return a model with the sub-model ``policy``: logits (``"discrete"``) or real actions."""
    inputs = keras.Input(tuple(observation_shape), name="observations")
    policy = _stack("policy", observation_shape, n_outputs, hidden_layer_sizes, activation, 0.01)
    model = keras.Model(inputs, policy(inputs))
    model.kind = kind
    return model


def build_offline_q(
    observation_shape: Sequence[int],
    n_actions: int,
    hidden_layer_sizes: Sequence[int],
    activation: str,
) -> keras.Model:
    """Return a model with the sub-models ``q`` and ``target``, alike."""
    inputs = keras.Input(tuple(observation_shape), name="observations")
    parts = [
        _stack(name, observation_shape, n_actions, hidden_layer_sizes, activation, 0.01)
        for name in ("q", "target")
    ]
    return keras.Model(inputs, [part(inputs) for part in parts])


def _seen(model, observations):
    if len(model.input_shape) != 4:
        return ops.cast(observations, "float32")
    return ops.reshape(observations, (-1, *model.input_shape[1:]))


def policy_decision(model, batch):
    """Return logits or real actions, (n, n_outputs)."""
    return model.get_layer("policy")(_seen(model, batch["observations"]))


def policy_weighted(model, batch):
    """Return the sum of ``weights`` times logits or real actions for each row."""
    return ops.sum(policy_decision(model, batch) * batch["weights"], axis=-1)


def cloning_loss(model, batch, training):
    """Return cross-entropy or mean squared error of each row, and the rows' weights."""
    raw = policy_decision(model, batch)
    if model.kind == "discrete":
        logs = ops.log_softmax(raw, axis=-1)
        chosen = ops.one_hot(batch["actions"], raw.shape[-1], dtype=raw.dtype)
        return -ops.sum(logs * chosen, axis=-1), batch["w"]
    return ops.mean(ops.square(raw - batch["actions"]), axis=-1), batch["w"]


def q_decision(model, batch):
    """Return Q-values, (n, n_actions)."""
    return model.get_layer("q")(_seen(model, batch["observations"]))


def q_weighted(model, batch):
    """Return the sum of ``weights`` times Q-values for each row."""
    return ops.sum(q_decision(model, batch) * batch["weights"], axis=-1)


def q_value(model, batch):
    """Return the greatest Q-value of each row."""
    return ops.max(q_decision(model, batch), axis=-1)


def cql_loss(model, batch, scalars) -> dict:
    """Squared temporal difference, and how far Q-values exceed those of the logged actions.

    Source: A. Kumar et al., "Conservative Q-Learning for Offline Reinforcement Learning",
    NeurIPS 2020, equation 4 (CQL(H)); H. van Hasselt et al., AAAI 2016 (double Q-learning).
    """
    q, target = model.get_layer("q"), model.get_layer("target")
    values = q(_seen(model, batch["observations"]))
    taken = ops.one_hot(batch["actions"], values.shape[-1], dtype=values.dtype)
    chosen = ops.sum(values * taken, axis=-1)
    following = _seen(model, batch["next_observations"])
    ahead = target(following)
    best = ops.one_hot(ops.argmax(q(following), axis=-1), values.shape[-1], dtype=values.dtype)
    double = scalars["double"]
    future = double * ops.sum(ahead * best, axis=-1) + (1.0 - double) * ops.max(ahead, axis=-1)
    wanted = ops.stop_gradient(batch["rewards"] + batch["discounts"] * future)
    difference = ops.mean(ops.square(chosen - wanted)) / 2.0
    excess = ops.mean(ops.logsumexp(values, axis=-1) - chosen)
    return {
        "loss": difference + scalars["alpha"] * excess,
        "td_loss": difference,
        "conservative_loss": excess,
        "q": ops.mean(chosen),
    }
