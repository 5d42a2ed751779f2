"""TensorFlow: training and inference of networks that read dicts of arrays of varying length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import RLock

import keras
import numpy as np
import tensorflow as tf

from appliednn.core._architecture import Architecture, initial_weights
from appliednn.core._random import guarded_random_state
from appliednn.core.backend._tensorflow_inference import compile_function

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class SequenceProgram:
    """A network with its loss and Adam, compiled once and used by many fits.

    Adam leaves rows of an embedding that a step did not read as they are, moments included, so
    that a step costs what it reads, not the size of the vocabulary. Kernels may decay (AdamW:
    I. Loshchilov and F. Hutter, ICLR 2019).

    Parameters
    ----------
    architecture : Architecture
        The network; its ``"loss"`` gives ``(losses, weights)`` of a batch.
    """

    def __init__(self, architecture: Architecture) -> None:
        self.lock = RLock()
        self._loss = architecture.function("loss")
        with guarded_random_state(0):
            self.model = architecture.build()
        self._built = self.get_weights()
        self._variables = [v.value for v in self.model.trainable_variables]
        self._decays = [v.name == "kernel" for v in self.model.trainable_variables]
        self._moments = [
            [tf.Variable(tf.zeros_like(v), trainable=False) for v in self._variables]
            for _ in range(2)
        ]
        self._n_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._compiled: dict[tuple, object] = {}

    # -- state ----------------------------------------------------------------------------------

    def start(self, weights: Sequence[np.ndarray] | None, seed: int) -> None:
        """Set weights, or draw fresh ones, and forget the optimiser's moments."""
        self._assign(self._built)  # a weight that no initialiser draws starts as it was built
        self._assign(initial_weights(self.model, seed) if weights is None else weights)
        for moment in (*self._moments[0], *self._moments[1], self._n_steps):
            moment.assign(tf.zeros_like(moment))

    def _assign(self, weights: Sequence[np.ndarray]) -> None:
        for variable, value in zip(self.model.variables, weights, strict=True):
            variable.assign(value)

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of all weights."""
        return [np.array(v) for v in self.model.variables]

    # -- steps ----------------------------------------------------------------------------------

    def step(self, batch: Mapping[str, np.ndarray], rate: float, decay: float, clip: float):
        """Take one step; return the batch's mean loss as a tensor."""
        numbers = tf.constant([rate, decay, clip], tf.float32)
        return self._function("step", self._step, batch)(_tensors(batch), numbers)

    def evaluate(self, batches) -> float:
        """Return the mean loss of batches, weighted by item."""
        total = weight = 0.0
        for batch in batches:
            sums = self._function("loss", self._sums, batch)(_tensors(batch)).numpy()
            total, weight = total + float(sums[0]), weight + float(sums[1])
        return total / max(weight, 1e-30)

    def _function(self, kind: str, body, batch):
        key = (kind, *_kinds(batch))
        if key not in self._compiled:
            specs = [_specs(batch)]
            if kind == "step":
                specs.append(tf.TensorSpec((3,), tf.float32))
            self._compiled[key] = compile_function(body, input_signature=specs)
        return self._compiled[key]

    def _sums(self, batch):
        losses, weights = self._loss(self.model, batch, False)
        losses, weights = tf.cast(losses, tf.float32), tf.cast(weights, tf.float32)
        return tf.stack([tf.reduce_sum(losses * weights), tf.reduce_sum(weights)])

    def _step(self, batch, numbers):
        with tf.GradientTape() as tape:
            losses, weights = self._loss(self.model, batch, True)
            weights = tf.cast(weights, losses.dtype)
            loss = tf.reduce_sum(losses * weights) / tf.maximum(tf.reduce_sum(weights), 1e-8)
        gradients = tape.gradient(loss, self._variables)
        gradients = [None if g is None else _without_repeats(g) for g in gradients]
        gradients, _ = tf.clip_by_global_norm(gradients, numbers[2])
        self._n_steps.assign_add(1)
        n = tf.cast(self._n_steps, tf.float32)
        power_1, power_2 = tf.pow(_BETA_1, n), tf.pow(_BETA_2, n)
        items = zip(self._variables, *self._moments, gradients, self._decays, strict=True)
        for variable, m, v, gradient, decays in items:
            if gradient is None:
                continue
            if decays:
                variable.assign_sub(numbers[0] * numbers[1] * variable)
            if isinstance(gradient, tf.IndexedSlices):
                _lazy_adam(variable, m, v, gradient, numbers[0], power_1, power_2)
            else:
                tf.raw_ops.ResourceApplyAdam(
                    var=variable.handle,
                    m=m.handle,
                    v=v.handle,
                    beta1_power=power_1,
                    beta2_power=power_2,
                    lr=numbers[0],
                    beta1=_BETA_1,
                    beta2=_BETA_2,
                    epsilon=_EPSILON,
                    grad=gradient,
                )
        return loss


class SequenceFunctions:
    """The compiled functions of one architecture; weights are arguments, so threads may share it.

    Parameters
    ----------
    architecture : Architecture
        The network.
    """

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        with guarded_random_state(0):
            self.model = architecture.build()
        self._lock = RLock()
        self._compiled: dict[tuple, object] = {}
        self._positions: dict[str, list[int]] = {}

    def positions(self, name: str) -> list[int]:
        """Return where the weights of a named sub-model stand among the model's."""
        if name not in self._positions:
            places = {id(v): i for i, v in enumerate(self.model.variables)}
            self._positions[name] = [places[id(v)] for v in self.model.get_layer(name).weights]
        return self._positions[name]

    def constants(self, weights: Sequence[np.ndarray]) -> list:
        """Return the weights as tensors."""
        return [tf.constant(w) for w in weights]

    def initial_weights(self, seed: int) -> list[np.ndarray]:
        """Return fresh weights."""
        return [np.asarray(w) for w in initial_weights(self.model, seed)]

    def call(self, purpose: str, weights: list, batch: Mapping[str, np.ndarray]):
        """Return what the architecture's function of this name says of a batch, as arrays."""
        key = (purpose, *_kinds(batch))
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = self._compile(purpose, weights, batch)
        out = self._compiled[key](weights, _tensors(batch))
        return tf.nest.map_structure(lambda t: t.numpy(), out)

    def gradient(self, purpose: str, weights: list, batch: Mapping[str, np.ndarray], wrt: str):
        """Return the gradient of a function's sum with respect to one of the batch's arrays."""
        key = (purpose, wrt, *_kinds(batch))
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = self._compile(purpose, weights, batch, wrt)
        return self._compiled[key](weights, _tensors(batch)).numpy()

    def _compile(self, purpose: str, weights: list, batch, wrt: str | None = None):
        function = self._architecture.function(purpose)

        def run(weights, batch):
            pairs = zip(self.model.variables, weights, strict=True)
            with keras.StatelessScope(state_mapping=[(v, w) for v, w in pairs]):
                return function(self.model, batch)

        def gradient(weights, batch):
            with tf.GradientTape() as tape:
                tape.watch(batch[wrt])
                total = tf.reduce_sum(run(weights, batch))
            return tape.gradient(total, batch[wrt], unconnected_gradients="zero")

        body = run if wrt is None else gradient
        weight_specs = [tf.TensorSpec(w.shape, w.dtype) for w in weights]
        return compile_function(body, input_signature=[weight_specs, _specs(batch)])


def _tensors(batch: Mapping[str, np.ndarray]) -> dict:
    return {name: tf.constant(array) for name, array in batch.items()}


def _kinds(batch: Mapping[str, np.ndarray]) -> tuple:
    return tuple((name, *_open(batch[name])) for name in sorted(batch))


def _open(array: np.ndarray) -> tuple:
    """Return an array's type and its shape with the axes left open that vary between batches.

    The last axis of floats of two and more axes holds features: its length is fixed.
    """
    shape: list[int | None] = [None] * array.ndim
    if array.dtype.kind == "f" and array.ndim > 1:
        shape[-1] = array.shape[-1]
    return array.dtype.name, tuple(shape)


def _specs(batch: Mapping[str, np.ndarray]) -> dict:
    return {name: tf.TensorSpec(_open(array)[1], array.dtype) for name, array in batch.items()}


def _without_repeats(gradient):
    """Add up the rows of a sparse gradient that belong to the same row of the weight."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, place = tf.unique(tf.reshape(gradient.indices, [-1]))
    values = tf.reshape(gradient.values, tf.concat([[-1], gradient.dense_shape[1:]], 0))
    summed = tf.math.unsorted_segment_sum(values, place, tf.size(rows))
    return tf.IndexedSlices(summed, rows, gradient.dense_shape)


def _lazy_adam(variable, m, v, gradient, rate, power_1, power_2) -> None:
    """Move only the rows that have a gradient."""
    rows, g = gradient.indices, gradient.values
    m_rows = _BETA_1 * tf.gather(m, rows) + (1.0 - _BETA_1) * g
    v_rows = _BETA_2 * tf.gather(v, rows) + (1.0 - _BETA_2) * tf.square(g)
    m.scatter_update(tf.IndexedSlices(m_rows, rows))
    v.scatter_update(tf.IndexedSlices(v_rows, rows))
    rate = rate * tf.sqrt(1.0 - power_2) / (1.0 - power_1)
    variable.scatter_sub(tf.IndexedSlices(rate * m_rows / (tf.sqrt(v_rows) + _EPSILON), rows))
