"""A fitted network: arrays and a description, without anything of TensorFlow in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._losses import Loss
from appliednn.core._numpy_forward import count_parameters, numpy_forward
from appliednn.core._random import guarded_random_state
from appliednn.core.errors import IntegrityError

# Up to so many multiply-adds the NumPy pass takes about as long as a call of the compiled
# function, which has to be compiled first: a tenth of a second.
_NUMPY_WORK = 64_000_000
_ROWS_PER_CALL = 65_536


class Network:
    """A network with its weights, as plain arrays: picklable, thread-safe.

    It reads the *encoded space*: float32 rows as the estimator's encoder gives them.

    Parameters
    ----------
    architecture : Architecture
        How the network is built.
    weights : sequence of ndarray
        One array for each variable of the model, in its order.
    loss : Loss
        What it was trained on; used by the gradients.
    n_outputs : int
        Number of raw outputs.

    Attributes
    ----------
    n_inputs : int
        Width of an encoded row (the product of the input shape for n-d inputs).
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: Sequence[np.ndarray],
        loss: Loss,
        n_outputs: int,
        input_shape: tuple[int, ...],
    ) -> None:
        self.architecture = architecture
        self.weights = [np.asarray(w) for w in weights]
        self.loss = loss
        self.n_outputs = int(n_outputs)
        self.input_shape = tuple(int(s) for s in input_shape)
        self._prepare()

    def _prepare(self) -> None:
        self._numpy = numpy_forward(self.architecture, self.weights)
        self._work = sum(w.size for w in self.weights if w.ndim > 1)
        self._tensors: list | None = None

    @property
    def n_inputs(self) -> int:
        """Width of an encoded row."""
        return int(np.prod(self.input_shape))

    @property
    def n_parameters(self) -> int:
        """Number of numbers in the weights (counters and seeds left out)."""
        return sum(w.size for w in self.weights if w.dtype.kind == "f" and w.ndim > 0)

    def __getstate__(self) -> dict:
        return {k: v for k, v in self.__dict__.items() if k not in ("_numpy", "_tensors")}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        # What was pickled is trusted as pickles are; a model file never comes this way.
        self.architecture.trust()
        self._prepare()

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        params = {
            "architecture": self.architecture,
            "loss": self.loss,
            "n_outputs": self.n_outputs,
            "input_shape": self.input_shape,
        }
        arrays = {f"weight_{i:04d}": w for i, w in enumerate(self.weights)}
        return AnnState(params=params, arrays=arrays)

    @classmethod
    def __ann_restore__(cls, state) -> Network:
        """Return the network of a model file; the architecture comes from the registry.

        Raises
        ------
        IntegrityError
            If the weights are not those of the architecture.
        """
        architecture = state.params["architecture"]
        architecture.check()
        weights = [state.arrays[name] for name in sorted(state.arrays)]
        stored = sum(w.size for w in weights)
        counted = architecture.name == "mlp" or architecture.numpy_function("count")
        if counted and count_parameters(architecture) != stored:
            raise IntegrityError(
                f"the file describes a network of {count_parameters(architecture)} numbers and "
                f"holds {stored}; it was changed or written by another version"
            )
        return cls(weights=weights, **state.params)

    def _program(self):
        program = backend.inference_program(self.architecture)
        if self._tensors is None:
            self._tensors = program.constants(self.weights)
        return program, self._tensors

    def _floats(self, Z: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(Z, dtype=self.architecture.dtype)

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return raw outputs.

        Parameters
        ----------
        Z : ndarray of shape (n, n_inputs), float32
            Encoded rows.

        Returns
        -------
        ndarray of shape (n, n_outputs), float32
            Logits (one column for a binary network) or standardised target units.
        """
        if self._numpy is not None and len(Z) * self._work <= _NUMPY_WORK:
            return self._numpy(Z)
        program, tensors = self._program()
        parts = [program.forward(tensors, Z[i : i + _ROWS_PER_CALL]) for i in _starts(Z)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def loss_gradient(self, Z: np.ndarray, y: np.ndarray, loss: Loss | None = None) -> np.ndarray:
        """Return the gradient of each row's loss with respect to its inputs, like ``Z``."""
        program, tensors = self._program()
        return program.loss_gradient(tensors, self._floats(Z), np.asarray(y), loss or self.loss)

    def output_gradient(self, Z: np.ndarray, k: int = 0) -> np.ndarray:
        """Return the gradient of raw output ``k`` with respect to the inputs, like ``Z``."""
        if not 0 <= k < self.n_outputs:
            raise ValueError(f"k={k} was given; expected 0 <= k < n_outputs={self.n_outputs}")
        program, tensors = self._program()
        return program.output_gradient(tensors, self._floats(Z), k)

    def layer_outputs(self, Z: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs of the hidden activations, by layer name."""
        program, tensors = self._program()
        outputs = program.layer_outputs(tensors, self._floats(Z))
        if not self.n_members:
            return outputs
        return {name: _side_by_side(values, len(Z)) for name, values in outputs.items()}

    def weight_gradient_norms(self, Z: np.ndarray, y: np.ndarray) -> dict[str, float]:
        """Return the L2 norm of the mean loss's gradient with respect to each kernel."""
        program, tensors = self._program()
        return program.weight_gradient_norms(tensors, self._floats(Z), np.asarray(y), self.loss)

    def projected_gradient(
        self,
        Z: np.ndarray,
        y: np.ndarray,
        eps: float | np.ndarray,
        step: float | np.ndarray | None = None,
        n_steps: int = 40,
        mask: np.ndarray | None = None,
        lower: float | np.ndarray = -np.inf,
        upper: float | np.ndarray = np.inf,
        random_start: bool = False,
        seed: int = 0,
        start: np.ndarray | None = None,
        objective: str = "loss",
    ) -> np.ndarray:
        """Return rows inside the eps box that raise the loss (L-infinity projected gradient).

        Source: A. Madry et al., ICLR 2018; with ``n_steps=1`` and ``step=eps`` the fast gradient
        sign method of I. Goodfellow et al., ICLR 2015.

        Parameters
        ----------
        Z : ndarray of shape (n, n_inputs)
            Encoded rows.
        y : ndarray of shape (n, ...)
            Targets as the network was trained on them (``encode_target``).
        eps : float or ndarray of shape (n_inputs,)
            Largest change of each input.
        step : float or ndarray of shape (n_inputs,), optional
            Step size; default ``2.5 * eps / n_steps``.
        n_steps : int
            Number of steps.
        mask : bool ndarray of shape (n_inputs,), optional
            Inputs that may change.
        lower, upper : float, ndarray of shape (n_inputs,) or (n, n_inputs)
            Bounds on the inputs themselves.
        random_start : bool
            Start at a uniform point of the box instead of the clean row.
        seed : int
            Seed of the random start.
        start : ndarray of shape (n, n_inputs), optional
            Where to start instead.
        objective : {"loss", "margin"}
            Raise the training loss, or lower the margin of the right class over the strongest
            other one (classifiers; it does not flatten where the network is sure).

        Returns
        -------
        ndarray of shape (n, n_inputs)
            The point of highest loss on each row's path; never better than the clean row.
        """
        Z = self._floats(Z)
        eps = np.broadcast_to(np.asarray(eps, dtype=Z.dtype), Z.shape[1:]).copy()
        step = 2.5 * eps / n_steps if step is None else np.broadcast_to(step, Z.shape[1:]).copy()
        if mask is not None:
            eps[~np.asarray(mask)] = 0.0
            step[~np.asarray(mask)] = 0.0
        # A row outside the bounds stays reachable: the box always holds the clean row.
        low = np.minimum(np.maximum(Z - eps, lower), Z)
        high = np.maximum(np.minimum(Z + eps, upper), Z)
        start = Z if start is None else self._floats(start)
        if random_start:
            uniform = np.random.default_rng(seed).random(Z.shape, dtype=Z.dtype)
            start = low + uniform * (high - low)
        program, tensors = self._program()
        y = np.asarray(y)
        loss = self.loss if objective == "loss" else Loss("margin", self.loss.kind)
        return program.projected_gradient(tensors, Z, start, y, step, (low, high), n_steps, loss)

    @property
    def n_members(self) -> int:
        """Networks that stand side by side in this one; 0 for a plain network."""
        params = self.architecture.params
        return int(params.get("members", 0)) if params.get("aggregate") else 0

    def member_outputs(self, Z: np.ndarray) -> np.ndarray:
        """Return the raw outputs of each network side by side, (members, n, n_outputs)."""
        if not self.n_members:
            return self.forward(Z)[None]
        program = backend.inference_program(self.architecture.changed(aggregate=False))
        tensors = program.constants(self.weights)
        step = max(1, _ROWS_PER_CALL // self.n_members)
        parts = []
        for i in range(0, max(1, len(Z)), step):
            own = np.repeat(self._floats(Z[i : i + step])[:, None], self.n_members, axis=1)
            parts.append(program.forward(tensors, own))
        return np.concatenate(parts).transpose(1, 0, 2)

    def tempered(self, temperature: float) -> Network:
        """Return this network with its raw outputs (each member's) divided by a temperature.

        The last two weights, kernel and bias of the output layer, carry the division, so that
        gradients and everything else see it too.
        """
        weights = [*self.weights[:-2], *(w / np.float32(temperature) for w in self.weights[-2:])]
        return Network(self.architecture, weights, self.loss, self.n_outputs, self.input_shape)

    def to_keras(self):
        """Return a new ``keras.Model`` with these weights."""
        with guarded_random_state():
            model = self.architecture.build()
        for variable, value in zip(model.variables, self.weights, strict=True):
            variable.assign(value)
        return model

    def randomized(self, seed: int = 0) -> Network:
        """Return the same architecture with fresh weights.

        A last layer that starts at zero is drawn like the others: a network that says nothing has
        neither gradients nor explanations to compare with.
        """
        drawn = self.architecture
        if drawn.params.get("zero_output"):
            drawn = drawn.changed(zero_output=False)
        weights = backend.inference_program(drawn).initial_weights(seed)
        return Network(self.architecture, weights, self.loss, self.n_outputs, self.input_shape)


def _side_by_side(values: np.ndarray, n: int) -> np.ndarray:
    """Return (members, n, width) as (n, members * width), all members' units beside each other."""
    return values if values.ndim < 3 else np.moveaxis(values, 0, 1).reshape(n, -1)


def _starts(Z: np.ndarray) -> range:
    return range(0, max(1, len(Z)), _ROWS_PER_CALL)


def _float(Z: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(Z, dtype=np.float32)
