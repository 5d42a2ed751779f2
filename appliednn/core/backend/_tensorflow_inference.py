"""TensorFlow: inference and gradients with the weights as arguments, safe to call from threads."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from appliednn.core._architecture import Architecture, initial_weights
from appliednn.core._losses import Loss
from appliednn.core._random import guarded_random_state


def compile_function(function, **options):
    """Return ``tf.function(function)`` that may be traced once for each of many programs.

    TensorFlow counts traces by line of code and would warn of retracing that does not happen. The
    functions write their loops out, so that nothing need be translated: that takes a second.
    """
    compiled = tf.function(function, autograph=False, **options)
    compiled._omit_frequent_tracing_warning = True
    return compiled


class InferenceProgram:
    """Compiled functions of one architecture; the weights are arguments, so nothing is shared.

    Parameters
    ----------
    architecture : Architecture
        The network.
    """

    def __init__(self, architecture: Architecture) -> None:
        self.dtype = architecture.dtype
        with guarded_random_state(0):
            self.model = architecture.build()
        self._trainable = [_index(self.model.variables, v) for v in self.model.trainable_variables]
        self._fixed = [_index(self.model.variables, v) for v in self.model.non_trainable_variables]
        self._forward = self._compile(self._raw)
        self._losses: dict[tuple, object] = {}
        self._output_gradient = self._compile(self._output_gradient_of)
        self._layers: object | None = None

    def _compile(self, function):
        return compile_function(function, reduce_retracing=True)

    def constants(self, weights: Sequence[np.ndarray]) -> list:
        """Return the weights as tensors, to be passed to the other methods."""
        return [tf.constant(w) for w in weights]

    def initial_weights(self, seed: int) -> list[np.ndarray]:
        """Return fresh weights."""
        return [np.asarray(w) for w in initial_weights(self.model, seed)]

    def _tensor(self, array: np.ndarray):
        array = np.asarray(array)
        return tf.constant(array.astype(self.dtype) if array.dtype.kind == "f" else array)

    def _raw(self, weights, z):
        trainable = [weights[i] for i in self._trainable]
        fixed = [weights[i] for i in self._fixed]
        raw, _ = self.model.stateless_call(trainable, fixed, z, training=False)
        return tf.cast(raw, self.dtype)

    def forward(self, weights, z: np.ndarray) -> np.ndarray:
        """Return raw outputs (n, n_outputs)."""
        return self._forward(weights, self._tensor(z)).numpy()

    def _hyper(self, loss: Loss) -> dict:
        """Return the loss's numbers as tensors; gradients here see the labels unsmoothed."""
        values = {**loss.hyper, "label_smoothing": 0.0}
        return {k: tf.constant(v, self.dtype) for k, v in values.items()}

    # -- gradients ------------------------------------------------------------------------------

    def loss_gradient(self, weights, z: np.ndarray, y: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the gradient of each row's loss with respect to its inputs."""
        gradient = self._loss_function("gradient", loss, self._loss_gradient_of)
        return gradient(weights, self._tensor(z), self._tensor(y), self._hyper(loss)).numpy()

    def _loss_function(self, kind: str, loss: Loss, body):
        key = (kind, loss)
        if key not in self._losses:
            self._losses[key] = self._compile(lambda *args: body(loss, *args))
        return self._losses[key]

    def _loss_gradient_of(self, loss, weights, z, y, hyper):
        with tf.GradientTape() as tape:
            tape.watch(z)
            total = tf.reduce_sum(loss.rows(y, self._raw(weights, z), hyper))
        return tape.gradient(total, z, unconnected_gradients="zero")

    def output_gradient(self, weights, z: np.ndarray, k: int) -> np.ndarray:
        """Return the gradient of raw output ``k`` with respect to the inputs."""
        return self._output_gradient(weights, self._tensor(z), tf.constant(k)).numpy()

    def _output_gradient_of(self, weights, z, k):
        with tf.GradientTape() as tape:
            tape.watch(z)
            total = tf.reduce_sum(tf.gather(self._raw(weights, z), k, axis=-1))
        return tape.gradient(total, z, unconnected_gradients="zero")

    def projected_gradient(self, weights, z, start, y, step, box, n_steps: int, loss: Loss):
        """Run ``n_steps`` of sign-gradient ascent on the loss inside a box, in one call.

        Parameters
        ----------
        z : ndarray of shape (n, n_inputs)
            Clean rows: a row that the attack does not make worse keeps its clean point.
        start : ndarray of shape (n, n_inputs)
            Where to start.
        y : ndarray of shape (n, ...)
            Targets as the network was trained on them.
        step : ndarray of shape (n_inputs,)
            Step of each input; zero leaves it untouched.
        box : tuple of two ndarray of shape (n, n_inputs)
            Lower and upper bounds.
        n_steps : int
            Number of steps.
        loss : Loss
            What is increased.

        Returns
        -------
        ndarray of shape (n, n_inputs)
            For each row the point of highest loss on its path.
        """
        attack = self._loss_function("attack", loss, self._attack)
        low, high = box
        arrays = [self._tensor(a) for a in (z, start, step, low, high, y)]
        return attack(weights, *arrays, tf.constant(int(n_steps)), self._hyper(loss)).numpy()

    def _attack(self, loss, weights, z, start, step, low, high, y, n_steps, hyper):
        best = z
        best_loss = loss.rows(y, self._raw(weights, z), hyper)
        point = tf.clip_by_value(start, low, high)

        def ascend(i, best, best_loss, point):
            with tf.GradientTape() as tape:
                tape.watch(point)
                rows = loss.rows(y, self._raw(weights, point), hyper)
                total = tf.reduce_sum(rows)
            gradient = tape.gradient(total, point, unconnected_gradients="zero")
            best, best_loss = _keep_worse(best, best_loss, point, rows)
            moved = tf.clip_by_value(point + step * tf.sign(gradient), low, high)
            return i + 1, best, best_loss, moved

        _, best, best_loss, point = tf.while_loop(
            lambda i, *_: i < n_steps, ascend, (tf.constant(0), best, best_loss, point)
        )
        rows = loss.rows(y, self._raw(weights, point), hyper)
        return _keep_worse(best, best_loss, point, rows)[0]

    # -- looking inside -------------------------------------------------------------------------

    def layer_outputs(self, weights, z: np.ndarray) -> dict[str, np.ndarray]:
        """Return the output of every hidden activation (or layer with a kernel) by layer name."""
        names, model = self._hidden_model()
        if model is None:
            return {}
        by_id = {id(v): w for v, w in zip(self.model.variables, weights, strict=True)}
        trainable = [by_id[id(v)] for v in model.trainable_variables]
        fixed = [by_id[id(v)] for v in model.non_trainable_variables]
        outputs, _ = model.stateless_call(trainable, fixed, self._tensor(z), training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        return {n: np.asarray(o, dtype=np.float32) for n, o in zip(names, outputs, strict=True)}

    def _hidden_model(self):
        if self._layers is None:
            layers = [la for la in self.model.layers if _is_hidden(la)]
            if layers and layers[-1].output is self.model.outputs[0]:
                layers = layers[:-1]
            names = [la.name for la in layers]
            outputs = [la.output for la in layers]
            self._layers = (
                names,
                keras.Model(self.model.inputs, outputs) if outputs else None,
            )
        return self._layers

    def weight_gradient_norms(self, weights, z, y, loss: Loss) -> dict[str, float]:
        """Return the L2 norm of the mean loss's gradient with respect to each kernel."""
        trainable = [tf.convert_to_tensor(weights[i]) for i in self._trainable]
        fixed = [weights[i] for i in self._fixed]
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            raw, _ = self.model.stateless_call(trainable, fixed, self._tensor(z), training=False)
            rows = loss.rows(self._tensor(y), tf.cast(raw, self.dtype), self._hyper(loss))
            total = tf.reduce_mean(rows)
        gradients = tape.gradient(total, trainable, unconnected_gradients="zero")
        names = [v.path for v in self.model.trainable_variables]
        return {
            name.removesuffix("/kernel"): float(tf.norm(tf.convert_to_tensor(g)))
            for name, g in zip(names, gradients, strict=True)
            if name.endswith("kernel")
        }


def _keep_worse(best, best_loss, point, rows):
    worse = rows > best_loss
    shape = tf.concat([tf.shape(worse), tf.ones(len(point.shape) - 1, tf.int32)], axis=0)
    mask = tf.reshape(worse, shape)
    return tf.where(mask, point, best), tf.where(worse, rows, best_loss)


def _index(variables, variable) -> int:
    return next(i for i, v in enumerate(variables) if v is variable)


def _is_hidden(layer) -> bool:
    if isinstance(layer, keras.layers.Activation | keras.layers.LeakyReLU | keras.layers.ReLU):
        return True
    activation = getattr(layer, "activation", None)
    return activation is not None and activation is not keras.activations.linear
