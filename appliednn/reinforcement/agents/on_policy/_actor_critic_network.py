"""Policy and value network of the agents that learn from their own latest episodes."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from appliednn.reinforcement.agents._network_parts import dense_stack, image_body
from appliednn.reinforcement.agents.on_policy._distributions import entropy, log_prob


@keras.saving.register_keras_serializable("appliednn")
class LogStd(layers.Layer):
    """The logarithms of a Gaussian policy's standard deviations, the same in all states."""

    def __init__(self, initial: float = 0.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.initial = initial
        self.log_std_initializer = keras.initializers.Constant(initial)

    def build(self, input_shape) -> None:
        """Create the variable."""
        shape = (input_shape[-1],)
        self.log_std = self.add_weight(
            shape=shape, initializer=self.log_std_initializer, name="log_std"
        )

    def call(self, means):
        """Return one row of logarithms for each row of means."""
        return ops.broadcast_to(self.log_std, ops.shape(means))

    def get_config(self) -> dict:
        """Return the configuration."""
        return {**super().get_config(), "initial": self.initial}


def build_actor_critic(
    observation_shape: Sequence[int],
    kind: str,
    sizes: Sequence[int],
    hidden_layer_sizes: Sequence[int] = (64, 64),
    activation: str = "tanh",
    log_std_init: float = 0.0,
) -> keras.Model:
    """Return a model with the sub-models ``actor`` and ``critic`` (and ``body`` for images).

    Parameters
    ----------
    observation_shape : sequence of int
        Of a vector, or (height, width, channels) of an image of bytes.
    kind : {"categorical", "gaussian"}
        Of the policy.
    sizes : sequence of int
        Numbers of actions, one for each decision; or ``[d]`` for d real actions.
    hidden_layer_sizes, activation
        Of policy and value, which share nothing but an image's convolutions.
    log_std_init : float
        Logarithm of the standard deviation at the start (Gaussian).
    """
    observations = keras.Input(tuple(observation_shape), name="observations")
    hidden, outputs = observations, []
    if len(observation_shape) == 3:
        hidden = image_body(observation_shape, name="body")(observations)
    shape = tuple(hidden.shape[1:])
    stack = {"hidden_layer_sizes": hidden_layer_sizes, "activation": activation}
    actor = dense_stack("actor", shape, sum(sizes), gain=0.01, **stack)
    critic = dense_stack("critic", shape, 1, gain=1.0, **stack)
    outputs = [actor(hidden), critic(hidden)]
    if kind == "gaussian":
        outputs.append(LogStd(log_std_init, name="log_std")(outputs[0]))
    model = keras.Model(observations, outputs)
    model.policy_kind, model.policy_sizes = kind, tuple(sizes)
    model.has_body = len(observation_shape) == 3
    return model


def _hidden(model, batch):
    observations = batch["observations"]
    if not model.has_body:
        return ops.cast(observations, "float32")
    shape = model.input_shape[1:]  # the lengths that a call of open shape lost
    return model.get_layer("body")(ops.reshape(observations, (-1, *shape)))


def _policy(model, hidden) -> tuple:
    scores = model.get_layer("actor")(hidden)
    log_std = model.get_layer("log_std").log_std if model.policy_kind == "gaussian" else None
    return scores, log_std


def decision(model, batch):
    """Return logits (all decisions side by side) or means, of shape (n, sum(sizes))."""
    return model.get_layer("actor")(_hidden(model, batch))


def weighted_decision(model, batch):
    """Return the sum of ``weights`` times logits or means for each row."""
    return ops.sum(decision(model, batch) * batch["weights"], axis=-1)


def value(model, batch):
    """Return the value of each state."""
    return model.get_layer("critic")(_hidden(model, batch))[:, 0]


def ppo_loss(model, batch, scalars) -> dict:
    """Clipped surrogate objective, squared error of the value, entropy.

    Source: J. Schulman et al., arXiv:1707.06347, equations 7 and 9.
    """
    hidden = _hidden(model, batch)
    return clipped_surrogate(model, hidden, batch, scalars)


def clipped_surrogate(model, hidden, batch, scalars) -> dict:
    """Return the loss of PPO for what the heads read."""
    scores, log_std = _policy(model, hidden)
    kind, sizes = model.policy_kind, model.policy_sizes
    log_ratio = log_prob(kind, sizes, scores, log_std, batch["actions"]) - batch["log_probs"]
    ratio, advantages = ops.exp(log_ratio), _advantages(batch, scalars)
    clipped = ops.clip(ratio, 1.0 - scalars["clip_range"], 1.0 + scalars["clip_range"])
    policy_loss = -ops.mean(ops.minimum(ratio * advantages, clipped * advantages))
    values = model.get_layer("critic")(hidden)[:, 0]
    value_loss = ops.mean(ops.square(values - batch["returns"]))
    mean_entropy = ops.mean(entropy(kind, sizes, scores, log_std))
    total = policy_loss + scalars["value_coef"] * value_loss
    return {
        "loss": total - scalars["entropy_coef"] * mean_entropy,
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": mean_entropy,
        "kl": ops.mean(ratio - 1.0 - log_ratio),
    }


def policy_gradient_loss(model, batch, scalars) -> dict:
    """Log-probability times advantage, squared error of the value, entropy.

    Source: R. J. Williams, Machine Learning 8 (1992) 229-256; V. Mnih et al., ICML 2016.
    """
    hidden = _hidden(model, batch)
    scores, log_std = _policy(model, hidden)
    kind, sizes = model.policy_kind, model.policy_sizes
    log_probs = log_prob(kind, sizes, scores, log_std, batch["actions"])
    policy_loss = -ops.mean(log_probs * _advantages(batch, scalars))
    values = model.get_layer("critic")(hidden)[:, 0]
    value_loss = ops.mean(ops.square(values - batch["returns"]))
    mean_entropy = ops.mean(entropy(kind, sizes, scores, log_std))
    total = policy_loss + scalars["value_coef"] * value_loss
    return {
        "loss": total - scalars["entropy_coef"] * mean_entropy,
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": mean_entropy,
    }


def _advantages(batch, scalars):
    """Return advantages, standardised within the batch if ``normalize_advantage`` is 1."""
    raw = batch["advantages"]
    centred = raw - ops.mean(raw)
    scaled = centred / (ops.std(raw) + 1e-8)
    return raw + scalars["normalize_advantage"] * (scaled - raw)
