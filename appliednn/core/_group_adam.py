"""Adam with a learning rate and a decay of its own for groups of weights, and for each member."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="appliednn")
class GroupAdam(keras.optimizers.Optimizer):
    """Adam (Kingma and Ba 2015) with factors for groups of weights.

    A weight ``p`` of a group with rate factor ``f`` and decay factor ``g`` moves, at the learning
    rate ``lr``, by ``p *= 1 - lr * decay * f**2 * g**2`` and then by Adam's step at the rate
    ``lr * f``, as the RealMLP of Holzmueller et al. 2024 was tuned. The compiled program sets
    ``factors``: for each weight (rate factor, decay, beta_1, beta_2) as tensors that broadcast to
    it.

    Parameters
    ----------
    beta_1, beta_2, epsilon : float
        As in the paper.
    late_epsilon : bool
        Add ``epsilon`` after the bias correction, as PyTorch does; before it, as Keras does.
    """

    def __init__(
        self,
        learning_rate=1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        late_epsilon: bool = True,
        name: str = "group_adam",
        **kwargs,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.late_epsilon = bool(late_epsilon)
        self.factors: list[tuple] | None = None

    def build(self, variables) -> None:
        """Create the two moments of each weight."""
        if self.built:
            return
        super().build(variables)
        self._means = [self.add_variable_from_reference(v, "mean") for v in variables]
        self._squares = [self.add_variable_from_reference(v, "square") for v in variables]

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Move one weight."""
        i = self._get_variable_index(variable)
        dtype = variable.dtype
        plain = (1.0, 0.0, self.beta_1, self.beta_2)
        rate, decay, beta_1, beta_2 = self.factors[i] if self.factors else plain
        learning_rate, gradient = ops.cast(learning_rate, dtype), ops.cast(gradient, dtype)
        step = ops.cast(self.iterations + 1, dtype)
        mean = self._means[i] + (gradient - self._means[i]) * (1 - beta_1)
        square = self._squares[i] + (ops.square(gradient) - self._squares[i]) * (1 - beta_2)
        self.assign(self._means[i], mean)
        self.assign(self._squares[i], square)
        correction = ops.sqrt(1 - ops.power(beta_2, step))
        epsilon = ops.cast(self.epsilon, dtype) * (correction if self.late_epsilon else 1.0)
        pace = learning_rate * rate * correction / (1 - ops.power(beta_1, step))
        move = pace * mean / (ops.sqrt(square) + epsilon)
        self.assign(variable, variable * (1 - learning_rate * decay) - move)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        own["late_epsilon"] = self.late_epsilon
        return {**super().get_config(), **own}
