"""An LSTM in NumPy that keeps its state from step to step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._numpy_forward import sigmoid


class LstmMemory:
    """The memory of a recurrent policy for several episodes side by side.

    Parameters
    ----------
    weights : sequence of ndarray
        Kernel, recurrent kernel and bias as in ``keras.layers.LSTM`` (input, forget, cell,
        output).
    encode : callable
        From prepared observations to what the memory reads.
    state : tuple of ndarray, optional
        Hidden state and carry of each row to start from.

    Attributes
    ----------
    hidden, carry : ndarray of shape (n, units) or None
        The state; None before the first step.
    """

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        encode: Callable[[np.ndarray], np.ndarray],
        state: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        self._kernel, self._recurrent, self._bias = weights
        self.units = len(self._recurrent)
        self._encode = encode
        self.hidden, self.carry = (None, None) if state is None else state

    def __call__(self, observations: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Take in a step; rows with ``first`` begin an episode. Returns the hidden state."""
        if self.hidden is None or len(self.hidden) != len(observations):
            self.hidden = self.carry = np.zeros((len(observations), self.units), np.float32)
        if first.any():
            keep = (~first)[:, None].astype(np.float32)
            self.hidden, self.carry = self.hidden * keep, self.carry * keep
        self.hidden, self.carry = self._next(observations, self.hidden, self.carry)
        return self.hidden

    def ahead(self, observations: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        """Return the hidden state that these observations would give; the state stays."""
        return self._next(observations, self.hidden[rows], self.carry[rows])[0]

    def _next(self, observations, hidden, carry) -> tuple[np.ndarray, np.ndarray]:
        gates = self._encode(observations) @ self._kernel + hidden @ self._recurrent + self._bias
        i, f, c, o = np.split(gates, 4, axis=1)
        carry = sigmoid(f) * carry + sigmoid(i) * np.tanh(c)
        return sigmoid(o) * np.tanh(carry), carry
