"""Actor and critics of the agents that learn real-valued actions from a replay buffer.

Actions are those of the network, from -1 to 1; an agent maps them to its environment's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from appliednn.reinforcement.agents.off_policy._q_network import as_states
from appliednn.reinforcement.agents.off_policy._uniform_parts import critics, uniform_stack

LOG_STD_RANGE = (-20.0, 2.0)
_LOG_2, _LOG_2PI = math.log(2.0), math.log(2.0 * math.pi)


@keras.saving.register_keras_serializable("appliednn")
class LogTemperature(layers.Layer):
    """The logarithm of the weight of the entropy, the same in all states."""

    def __init__(self, initial: float = 0.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.initial = initial
        self.log_temperature_initializer = keras.initializers.Constant(initial)

    def build(self, input_shape) -> None:
        """Create the variable."""
        self.log_temperature = self.add_weight(
            shape=(), initializer=self.log_temperature_initializer, name="log_temperature"
        )

    def call(self, inputs):
        """Return the logarithm once for each row."""
        return ops.broadcast_to(self.log_temperature, (ops.shape(inputs)[0],))

    def compute_output_shape(self, input_shape):
        """Return one number a row."""
        return (input_shape[0],)

    def get_config(self) -> dict:
        """Return the configuration."""
        return {**super().get_config(), "initial": self.initial}


def build_deterministic_actor_critic(
    observation_shape: Sequence[int],
    n_actions: int,
    hidden_layer_sizes: Sequence[int] = (256, 256),
    activation: str = "relu",
    n_critics: int = 2,
) -> keras.Model:
    """Return a model with ``actor``, ``critic`` and their slow copies ``target_*``.

    The actor gives numbers before ``tanh``.

    Parameters
    ----------
    observation_shape : sequence of int
        Of a vector, or (height, width, channels) of an image of bytes.
    n_actions : int
        Number of real-valued actions.
    hidden_layer_sizes, activation
        Of actor and critics.
    n_critics : int
        Critics side by side.
    """
    stack = {"hidden_layer_sizes": hidden_layer_sizes, "activation": activation}
    shape = tuple(observation_shape)
    observations, actions = keras.Input(shape), keras.Input((n_actions,))
    outputs = []
    for prefix in ("", "target_"):
        actor = uniform_stack(f"{prefix}actor", shape, n_actions, **stack)
        critic = critics(f"{prefix}critic", shape, n_actions, **stack, n_critics=n_critics)
        outputs += [actor(observations), critic([observations, actions])]
    model = keras.Model([observations, actions], outputs)
    model.state_shape, model.stochastic = shape, False
    return model


def build_squashed_actor_critic(
    observation_shape: Sequence[int],
    n_actions: int,
    hidden_layer_sizes: Sequence[int] = (256, 256),
    activation: str = "relu",
    n_critics: int = 2,
    log_temperature: float = 0.0,
) -> keras.Model:
    """Return a model with ``actor``, ``critic``, ``target_critic`` and ``temperature``.

    The actor gives means and logarithms of standard deviations before ``tanh``. Parameters are
    those of :func:`build_deterministic_actor_critic`, and the temperature's logarithm at first.
    """
    stack = {"hidden_layer_sizes": hidden_layer_sizes, "activation": activation}
    shape = tuple(observation_shape)
    observations, actions = keras.Input(shape), keras.Input((n_actions,))
    scores = uniform_stack("actor", shape, 2 * n_actions, **stack)(observations)
    outputs = [scores, LogTemperature(log_temperature, name="temperature")(scores)]
    for name in ("critic", "target_critic"):
        critic = critics(name, shape, n_actions, **stack, n_critics=n_critics)
        outputs.append(critic([observations, actions]))
    model = keras.Model([observations, actions], outputs)
    model.state_shape, model.stochastic = shape, True
    return model


# -- what is asked of the network -----------------------------------------------------------------


def actor_scores(model, batch):
    """Return what the actor says before ``tanh``: n_actions numbers, or twice as many."""
    return model.get_layer("actor")(as_states(model, batch["observations"]))


def decision(model, batch):
    """Return the actions that are taken without noise, of shape (n, n_actions)."""
    scores = actor_scores(model, batch)
    return ops.tanh(ops.split(scores, 2, axis=-1)[0] if model.stochastic else scores)


def weighted_decision(model, batch):
    """Return the sum of ``weights`` times actions for each row."""
    return ops.sum(decision(model, batch) * batch["weights"], axis=-1)


def value(model, batch):
    """Return what the most cautious critic says of the action without noise."""
    states = as_states(model, batch["observations"])
    values = model.get_layer("critic")([states, decision(model, batch)])
    return ops.min(values[:, :, 0], axis=-1)


def squashed_sample(scores, noise):
    """Return actions ``tanh(mean + std * noise)`` and the logarithm of their density.

    Source: T. Haarnoja et al., "Soft actor-critic", ICML 2018, appendix C; the logarithm of the
    derivative of ``tanh`` is written so that it is exact for large inputs too.
    """
    mean, log_std = ops.split(scores, 2, axis=-1)
    log_std = ops.clip(log_std, *LOG_STD_RANGE)
    raw = mean + ops.exp(log_std) * noise
    log_slope = 2.0 * (_LOG_2 - raw - ops.softplus(-2.0 * raw))
    logs = -0.5 * ops.square(noise) - log_std - 0.5 * _LOG_2PI - log_slope
    return ops.tanh(raw), ops.sum(logs, axis=-1)


# -- losses ---------------------------------------------------------------------------------------


def _critic_loss(model, batch, following) -> dict:
    """Return the squared errors of all critics against one goal."""
    goal = batch["rewards"] + batch["discounts"] * following
    goal = ops.expand_dims(ops.stop_gradient(goal), 1)
    states = as_states(model, batch["observations"])
    values = model.get_layer("critic")([states, batch["actions"]])[:, :, 0]
    loss = ops.mean(ops.sum(ops.square(values - goal), axis=-1))
    return {"loss": 0.5 * loss, "q_value": ops.mean(values)}


def _cautious(model, states, actions, name: str = "critic"):
    return ops.min(model.get_layer(name)([states, actions])[:, :, 0], axis=-1)


def td3_critic_loss(model, batch, scalars) -> dict:
    """Squared errors against the smaller target value of a smoothed target action.

    Source: S. Fujimoto et al., "Addressing function approximation error in actor-critic
    methods", ICML 2018. With one critic and no noise it is the loss of DDPG (T. Lillicrap et
    al., ICLR 2016).
    """
    following = as_states(model, batch["next_observations"])
    bound = scalars["target_noise_clip"]
    noise = ops.clip(scalars["target_noise"] * batch["noise"], -bound, bound)
    actions = ops.clip(ops.tanh(model.get_layer("target_actor")(following)) + noise, -1.0, 1.0)
    return _critic_loss(model, batch, _cautious(model, following, actions, "target_critic"))


def td3_actor_loss(model, batch, scalars) -> dict:
    """Minus the first critic's value of the actor's actions."""
    states = as_states(model, batch["observations"])
    return {"loss": -ops.mean(_first(model, states, ops.tanh(model.get_layer("actor")(states))))}


def _first(model, states, actions):
    """Return the first critic's values without computing those of the others."""
    critic = model.get_layer("critic")
    if len(model.state_shape) == 3:
        states = critic.get_layer("body")(states)
    x = ops.concatenate([states, actions], axis=-1)
    for layer in critic.layers:
        if layer.name.startswith("layer_"):
            x = ops.matmul(x, layer.kernel[0]) + layer.bias[0]
        elif isinstance(layer, layers.Activation):
            x = layer(x)
    return x


def sac_critic_loss(model, batch, scalars) -> dict:
    """Squared errors against the smaller target value plus the entropy of the next action.

    Source: T. Haarnoja et al., "Soft actor-critic algorithms and applications",
    arXiv:1812.05905.
    """
    following = as_states(model, batch["next_observations"])
    actions, logs = squashed_sample(model.get_layer("actor")(following), batch["next_noise"])
    temperature = ops.exp(model.get_layer("temperature").log_temperature)
    values = _cautious(model, following, actions, "target_critic") - temperature * logs
    return _critic_loss(model, batch, values)


def sac_actor_loss(model, batch, scalars) -> dict:
    """Entropy against value for the actor; entropy against its target for the temperature.

    One loss trains both from one pass: neither's gradient reaches the other.
    """
    states = as_states(model, batch["observations"])
    actions, logs = squashed_sample(model.get_layer("actor")(states), batch["noise"])
    log_temperature = model.get_layer("temperature").log_temperature
    temperature = ops.stop_gradient(ops.exp(log_temperature))
    actor = ops.mean(temperature * logs - _cautious(model, states, actions))
    surplus = ops.stop_gradient(logs) + scalars["target_entropy"]
    return {
        "loss": actor - scalars["learn_temperature"] * log_temperature * ops.mean(surplus),
        "actor_loss": actor,
        "entropy": -ops.mean(logs),
        "temperature": temperature,
    }
