"""TensorFlow: the compiled training program."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from threading import RLock

import keras
import numpy as np
import tensorflow as tf

from appliednn.core._architecture import Architecture, initial_weights
from appliednn.core._losses import Loss
from appliednn.core._optimizers import Optimizer
from appliednn.core._random import guarded_random_state
from appliednn.core.backend._tensorflow_inference import InferenceProgram, compile_function

__all__ = ["TRACES", "InferenceProgram", "TrainingProgram", "devices", "resolve_strategy"]

TRACES: Counter[str] = Counter()
# Rows of one call of the evaluation: activations of wide nets and of images stay small.
_EVALUATE_ROWS = 16_384
_EVALUATE_ND_ROWS = 512

# Convolutions lose with XLA on a CPU, recurrent nets break even, Keras's dropout stalls it.
_XLA_LAYERS = {
    "InputLayer", "Dense", "Activation", "LeakyReLU", "ReLU", "HashDropout", "Add",
    "Concatenate", "BatchNormalization", "LayerNormalization", "Embedding", "GetItem", "Cast",
    "Flatten",
}  # fmt: skip


def devices() -> list[dict[str, str]]:
    """Return the devices TensorFlow sees."""
    return [{"name": d.name, "type": d.device_type} for d in tf.config.list_physical_devices()]


def resolve_strategy(strategy):
    """Return a ``tf.distribute`` strategy for None, ``"mirrored"`` or a strategy.

    Raises
    ------
    ValueError
        For anything else.
    """
    if strategy is None or isinstance(strategy, tf.distribute.Strategy):
        return strategy
    if strategy == "mirrored":
        return _mirrored()
    raise ValueError(
        f"strategy={strategy!r} was given; expected None, 'mirrored' or a tf.distribute.Strategy"
    )


@cache
def _mirrored():
    """Return one strategy for the process: two would number their collective operations alike."""
    logical = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([d.name for d in logical])


class TrainingProgram:
    """One network, optimiser and loss, compiled once and used by many fits.

    A fit takes ``lock``, sets the weights, trains, and copies the weights out again. Batches come
    as arrays of shape (n_steps, batch, ...); one call of the compiled function runs all of them.

    Parameters
    ----------
    architecture, loss, optimizer
        What is compiled.
    strategy : None, "mirrored" or tf.distribute.Strategy
        Replicas that share each batch.
    precision : None, "mixed_float16" or "mixed_bfloat16"
        Keras dtype policy of the layers.
    """

    def __init__(
        self,
        architecture: Architecture,
        loss: Loss,
        optimizer: Optimizer,
        strategy=None,
        precision: str | None = None,
    ) -> None:
        self.lock = RLock()
        self.loss = loss
        self.clip = optimizer.clip
        self.strategy = resolve_strategy(strategy)
        self.dtype = architecture.dtype
        self._scaled = precision == "mixed_float16"
        with self._scope(), guarded_random_state(0):
            self.model = architecture.build(precision)
            self.optimizer = optimizer.build()
            if precision == "mixed_float16":
                self.optimizer = keras.optimizers.LossScaleOptimizer(self.optimizer)
            self.optimizer.build(self.model.trainable_variables)
        # The optimiser is reachable as Keras callbacks expect it.
        self.model.optimizer = self.optimizer
        self.hyper_names = (*sorted(optimizer.hyper), *loss.hyper_names)
        self._tensor_names = optimizer.tensor_names
        with self._scope():
            self._hyper = tf.Variable(
                tf.zeros(max(1, len(self.hyper_names)), self.dtype), trainable=False
            )
        self._optimizer_start = [np.asarray(v) for v in self.optimizer.variables]
        self._kernels = [
            i for i, v in enumerate(self.model.trainable_variables) if v.name.endswith("kernel")
        ]
        self._run = compile_function(self._chunk, reduce_retracing=True)
        self._run_xla = compile_function(self._chunk, reduce_retracing=True, jit_compile=True)
        self._evaluate = compile_function(self._evaluate_rows, reduce_retracing=True)
        self._snapshot = compile_function(self._read_variables)
        self._signature: tuple | None = None

    def _scope(self):
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    # -- state ----------------------------------------------------------------------------------

    def start(self, hyper: dict[str, float], weights: Sequence | None, seed: int) -> None:
        """Begin a fit: set the numbers, the weights (fresh from ``seed`` if None), the optimiser.

        ``dropout`` in ``hyper`` is handed to the network's dropout layers.
        """
        values = [float(hyper[name]) for name in self.hyper_names]
        self._hyper.assign(np.asarray(values or [0.0], dtype=self.dtype))
        self.set_weights(initial_weights(self.model, seed) if weights is None else weights)
        for layer in self.model._flatten_layers(include_self=False, recursive=True):
            if type(layer).__name__ == "HashDropout":
                layer.rate.assign(hyper.get("dropout", layer.initial_rate))
        self.set_optimizer_state(self._optimizer_start)

    def set_weights(self, weights: Sequence) -> None:
        """Assign every variable of the model."""
        for variable, value in zip(self.model.variables, weights, strict=True):
            variable.assign(value)

    def get_weights(self) -> list[np.ndarray]:
        """Return a copy of every variable of the model."""
        return [np.asarray(value) for value in self._snapshot()]

    def final_weights(self) -> list[np.ndarray]:
        """Return the weights that training ends with: their moving average if one is kept."""
        inner = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        inner.finalize_variable_values(self.model.trainable_variables)
        return self.get_weights()

    def set_optimizer_state(self, state: Sequence) -> None:
        """Assign every variable of the optimiser."""
        for variable, value in zip(self.optimizer.variables, state, strict=True):
            variable.assign(value)

    def get_optimizer_state(self) -> list[np.ndarray]:
        """Return a copy of every variable of the optimiser."""
        return [np.asarray(v) for v in self.optimizer.variables]

    def _read_variables(self):
        return [tf.identity(v.value) for v in self.model.variables]

    # -- training -------------------------------------------------------------------------------

    @property
    def xla_pays(self) -> bool:
        """Whether XLA is worth compiling for: dense nets and embeddings, on one device."""
        layers = self.model._flatten_layers(include_self=False, recursive=True)
        return self.strategy is None and all(type(la).__name__ in _XLA_LAYERS for la in layers)

    @property
    def rows_are_independent(self) -> bool:
        """Whether no layer looks across the rows of a batch, so that padding changes nothing."""
        known = _XLA_LAYERS - {"BatchNormalization"}
        layers = self.model._flatten_layers(include_self=False, recursive=True)
        return all(type(la).__name__ in known for la in layers)

    @property
    def n_replicas(self) -> int:
        """Number of replicas that share a batch."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

    def run(self, xs, ys, ws, rates, *, xla: bool = False) -> np.ndarray:
        """Run ``len(rates)`` steps; return their losses, float32 (n_steps,).

        Parameters
        ----------
        xs, ys, ws : ndarray of shape (n_steps, batch, ...)
            Batches of inputs, targets and row weights.
        rates : ndarray of shape (n_steps,)
            Learning rates.
        xla : bool
            Use the program compiled for these exact shapes.
        """
        # Divide by the weight of the whole batch, so that replicas add up to the mean.
        xs, ys, ws = self._cast(xs), self._cast(ys), self._cast(ws)
        totals = np.maximum(ws.sum(axis=1), np.finfo(np.float32).tiny)
        if self.strategy is not None:
            xs, ys, ws = (self._share(a) for a in (xs, ys, ws))
        self._freeze_signature(xs, ys, ws)
        function = self._run_xla if xla and self.strategy is None else self._run
        return function(xs, ys, ws, rates, totals).numpy()

    def _cast(self, array: np.ndarray) -> np.ndarray:
        return array.astype(self.dtype, copy=False) if array.dtype.kind == "f" else array

    def _share(self, array: np.ndarray):
        """Split the batch axis over the replicas, padding with rows of weight zero."""
        n, width = self.n_replicas, -(-array.shape[1] // self.n_replicas)
        pad = [(0, 0)] * array.ndim
        pad[1] = (0, n * width - array.shape[1])
        parts = np.split(np.pad(array, pad), n, axis=1)
        return self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )

    def _freeze_signature(self, xs, ys, ws) -> None:
        """Trace once for any number of steps and any batch size."""
        if self._signature is not None or self.strategy is not None:
            return
        self._signature = tuple(
            tf.TensorSpec((None, None, *a.shape[2:]), tf.as_dtype(a.dtype)) for a in (xs, ys, ws)
        )
        rates = tf.TensorSpec((None,), tf.float32)
        signature = (*self._signature, rates, tf.TensorSpec((None,), tf.as_dtype(self.dtype)))
        self._run = compile_function(self._chunk, input_signature=signature)
        self._run_xla = compile_function(self._chunk, input_signature=signature, jit_compile=True)

    def _chunk(self, xs, ys, ws, rates, totals):
        TRACES["train"] += 1
        n_steps = tf.shape(rates)[0]
        hyper = self._numbers()
        losses = tf.TensorArray(self.dtype, size=n_steps)
        for i in tf.range(n_steps):
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)
            inner = getattr(self.optimizer, "inner_optimizer", self.optimizer)
            inner.learning_rate.assign(rates[i])
            if self.strategy is None:
                loss = self._step(xs[i], ys[i], ws[i], rates[i], totals[i], hyper)
            else:
                loss = self._replicated_step(xs, ys, ws, rates[i], totals[i], i, hyper)
            losses = losses.write(i, loss)
        return losses.stack()

    def _replicated_step(self, xs, ys, ws, rate, total, i, hyper):
        # Variables shared by replicas are assigned outside of them, hence the decay out here.
        kernels = [self.model.trainable_variables[i].value for i in self._kernels]
        before = [tf.identity(k) for k in kernels]
        per_replica = self.strategy.run(
            lambda x, y, w: self._step(x[i], y[i], w[i], rate, total, hyper), args=(xs, ys, ws)
        )
        decay = tf.cast(rate, self.dtype) * hyper["weight_decay"]
        for kernel, value in zip(kernels, before, strict=True):
            kernel.assign_sub(decay * value)
        return self.strategy.reduce("SUM", per_replica, axis=None)

    def _numbers(self) -> dict:
        """Return the numbers of this fit as tensors, read once for many steps."""
        return dict(zip(self.hyper_names, tf.unstack(self._hyper.read_value()), strict=False))

    def _step(self, x, y, w, rate, total, hyper):
        variables = self.model.trainable_variables
        scale = self.optimizer.scale_loss(tf.ones((), self.dtype)) if self._scaled else 1.0
        with tf.GradientTape() as tape:
            raw = tf.cast(self.model(x, training=True), self.dtype)
            loss = tf.reduce_sum(self.loss.rows(y, raw, hyper) * w) / total
            objective = loss
            if self.model.losses:  # every replica has them, and replicas are added up
                objective += tf.add_n(self.model.losses) / self.n_replicas
            objective = objective * scale if self._scaled else objective
        gradients = tape.gradient(objective, [v.value for v in variables])
        gradients = [
            tf.zeros_like(v.value) if g is None else tf.convert_to_tensor(g)
            for g, v in zip(gradients, variables, strict=True)
        ]
        if self._scaled:  # penalties and clipping need the gradients themselves
            gradients = [g / scale for g in gradients]
        gradients = self._sum_over_replicas(gradients)
        gradients = self._penalise(gradients, variables, hyper, rate)
        gradients = self._clip(gradients, hyper)
        if self._scaled:
            gradients = [g * scale for g in gradients]
        self._apply(gradients, variables, hyper)
        return loss

    def _sum_over_replicas(self, gradients):
        """Sum now, for the clipping; Keras sums again, hence the division."""
        if self.strategy is None:
            return gradients
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)

    def _penalise(self, gradients, variables, hyper, rate):
        """Add the gradients of the penalties and decay the kernels, if any is in use."""
        kernels = [variables[i].value for i in self._kernels]
        if not kernels:
            return gradients

        def penalised():
            shrink = 1.0 - tf.cast(rate, self.dtype) * hyper["weight_decay"]
            out = []
            for g, k in zip([gradients[i] for i in self._kernels], kernels, strict=True):
                value = tf.convert_to_tensor(k)
                out.append(g + hyper["l1"] * tf.sign(value) + 2.0 * hyper["l2"] * value)
                if self.strategy is None:
                    k.assign(value * shrink)
            return out

        active = hyper["weight_decay"] + hyper["l1"] + hyper["l2"] > 0.0
        new = tf.cond(active, penalised, lambda: [gradients[i] for i in self._kernels])
        out = list(gradients)
        for i, g in zip(self._kernels, new, strict=True):
            out[i] = g
        return out

    def _clip(self, gradients, hyper):
        if not self.clip:
            return gradients
        bound = hyper["clip"]
        if self.clip == "value":
            # An overflow of mixed float16 must stay one, so that the step is skipped.
            clipped = [tf.clip_by_value(g, -bound, bound) for g in gradients]
            pairs = zip(gradients, clipped, strict=True)
            return [tf.where(tf.math.is_finite(g), c, g) for g, c in pairs]
        if self.clip == "norm":
            return [tf.clip_by_norm(g, bound) for g in gradients]
        return tf.clip_by_global_norm(gradients, bound)[0]

    def _apply(self, gradients, variables, hyper):
        optimizer = self.optimizer
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if self.strategy is not None:
            gradients = [g / self.n_replicas for g in gradients]
        kept = {name: getattr(inner, name) for name in self._tensor_names}
        try:
            for name in self._tensor_names:
                setattr(inner, name, hyper[name])
            optimizer.apply(gradients, variables)
        finally:
            for name, value in kept.items():
                setattr(inner, name, value)

    # -- evaluation -----------------------------------------------------------------------------

    def evaluate(self, x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the weighted mean loss and the raw outputs of these rows, in inference mode.

        Rows go through in blocks, so that memory is bounded however many there are.
        """
        block = _EVALUATE_ROWS if x.ndim == 2 else _EVALUATE_ND_ROWS
        total, parts = 0.0, []
        for i in range(0, len(x), block):
            rows = (tf.constant(self._cast(a[i : i + block])) for a in (x, y, w))
            loss, raw = self._evaluate(*rows)
            total += float(loss)
            parts.append(raw.numpy())
        weight = float(w.sum(dtype=np.float64))
        mean = total / weight if weight > 0 else float("nan")
        return mean, parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _evaluate_rows(self, x, y, w):
        hyper = self._numbers()
        hyper["label_smoothing"] = tf.constant(0.0, self.dtype)
        raw = tf.cast(self.model(x, training=False), self.dtype)
        return tf.reduce_sum(self.loss.rows(y, raw, hyper) * w), raw
