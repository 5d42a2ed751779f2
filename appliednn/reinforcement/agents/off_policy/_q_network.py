"""Network of action values with its slow copy, and its losses."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from appliednn.core._numpy_forward import ACTIVATIONS
from appliednn.reinforcement.agents._acting import dense_forward
from appliednn.reinforcement.agents.off_policy._uniform_parts import (
    dense,
    state_input,
    uniform_stack,
)


@keras.saving.register_keras_serializable("appliednn")
class Duel(layers.Layer):
    """Adds a state's value to the actions' advantages less their mean."""

    def call(self, inputs):
        """Return one value for each action."""
        value, advantages = inputs
        return value + advantages - ops.mean(advantages, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        """Return the shape of the advantages."""
        return input_shape[1]


def build_q_network(
    observation_shape: Sequence[int],
    n_actions: int,
    hidden_layer_sizes: Sequence[int] = (64, 64),
    activation: str = "relu",
    dueling: bool = False,
) -> keras.Model:
    """Return a model with the sub-models ``q`` and ``target``.

    Parameters
    ----------
    observation_shape : sequence of int
        Of a vector, or (height, width, channels) of an image of bytes.
    n_actions : int
        Number of actions.
    hidden_layer_sizes, activation
        Of the dense layers.
    dueling : bool
        Whether the last hidden layer is one of its own for value and for advantages (Z. Wang et
        al., ICML 2016).
    """
    make = _dueling_stack if dueling else uniform_stack
    q, target = (
        make(name, observation_shape, n_actions, hidden_layer_sizes, activation)
        for name in ("q", "target")
    )
    observations = keras.Input(tuple(observation_shape), name="observations")
    model = keras.Model(observations, [q(observations), target(observations)])
    model.state_shape = tuple(observation_shape)
    return model


def _dueling_stack(name, observation_shape, n_actions, hidden_layer_sizes, activation):
    inputs, x = state_input(observation_shape)
    for width in hidden_layer_sizes[:-1]:
        x = dense(width, x, activation)
    value = advantages = x
    for width in hidden_layer_sizes[-1:]:
        value = dense(width, x, activation, "value_hidden")
        advantages = dense(width, x, activation, "advantage_hidden")
    pair = [dense(1, value, name="value"), dense(n_actions, advantages, name="advantages")]
    return keras.Model(inputs, Duel(name="duel")(pair), name=name)


def numpy_q(params: dict, weights: Sequence[np.ndarray]):
    """Return ``f(observations) -> action values`` of the weights of ``q``; None for images."""
    if len(params["observation_shape"]) == 3 or params["activation"] not in ACTIVATIONS:
        return None
    if not params["dueling"]:
        return dense_forward(weights, params["activation"])
    n_shared = 2 * max(0, len(params["hidden_layer_sizes"]) - 1)
    streams = list(weights[n_shared:])
    value, advantage = streams[-4:-2], streams[-2:]
    if len(streams) == 8:  # hidden layers come before outputs
        value, advantage = [*streams[:2], *value], [*streams[2:4], *advantage]
    shared = dense_forward(weights[:n_shared], params["activation"]) if n_shared else None
    value_of, advantages_of = (dense_forward(w, params["activation"]) for w in (value, advantage))

    def forward(x: np.ndarray) -> np.ndarray:
        if shared is not None:
            x = ACTIVATIONS[params["activation"]](shared(x))
        advantages = advantages_of(x)
        return value_of(x) + advantages - advantages.mean(axis=-1, keepdims=True)

    return forward


def as_states(model, array):
    """Return a batch's observations in the shape and type that the network reads."""
    if len(model.state_shape) == 3:  # lengths that a call of open shape lost
        return ops.reshape(array, (-1, *model.state_shape))
    return ops.cast(array, "float32")


def decision(model, batch):
    """Return the value of each action, of shape (n, n_actions)."""
    return model.get_layer("q")(as_states(model, batch["observations"]))


def weighted_decision(model, batch):
    """Return the sum of ``weights`` times the actions' values for each row."""
    return ops.sum(decision(model, batch) * batch["weights"], axis=-1)


def value(model, batch):
    """Return the value of the best action."""
    return ops.max(decision(model, batch), axis=-1)


def _following_values(model, batch, double: bool):
    """Return what the target says of the next observation's best action.

    With ``double`` the network itself chooses the action (H. van Hasselt et al., AAAI 2016).
    """
    following = as_states(model, batch["next_observations"])
    values = model.get_layer("target")(following)
    if not double:
        return ops.max(values, axis=-1)
    chosen = ops.argmax(model.get_layer("q")(following), axis=-1)
    return ops.sum(values * ops.one_hot(chosen, values.shape[-1]), axis=-1)


def _loss(model, batch, scalars, double: bool) -> dict:
    following = _following_values(model, batch, double)
    goal = ops.stop_gradient(batch["rewards"] + batch["discounts"] * following)
    values = model.get_layer("q")(as_states(model, batch["observations"]))
    value = ops.sum(values * ops.one_hot(batch["actions"], values.shape[-1]), axis=-1)
    errors, delta = value - goal, scalars["huber_delta"]
    size = ops.abs(errors)
    losses = ops.where(size <= delta, 0.5 * errors * errors, delta * (size - 0.5 * delta))
    return {
        "loss": ops.mean(batch["weights"] * losses),
        "errors": size,
        "q_value": ops.mean(value),
    }


def dqn_loss(model, batch, scalars) -> dict:
    """Weighted Huber loss of the temporal-difference error (V. Mnih et al., Nature 518, 2015)."""
    return _loss(model, batch, scalars, double=False)


def double_dqn_loss(model, batch, scalars) -> dict:
    """Weighted Huber loss with the goals of double Q-learning."""
    return _loss(model, batch, scalars, double=True)
