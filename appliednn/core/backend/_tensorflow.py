"""TensorFlow: the compiled training program."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import cache
from threading import RLock

import keras
import numpy as np
import tensorflow as tf

from appliednn.core._architecture import (
    Architecture,
    initial_member_weights,
    initial_weights,
)
from appliednn.core._losses import Loss
from appliednn.core._member_layers import MembersLast
from appliednn.core._optimizers import Optimizer
from appliednn.core._random import guarded_random_state
from appliednn.core.backend._tensorflow_inference import InferenceProgram, compile_function
from appliednn.core.backend._tensorflow_sequence import SequenceFunctions, SequenceProgram
from appliednn.core.backend._tensorflow_step import TRACES, TrainingStep
from appliednn.core.backend._tensorflow_updates import UpdateProgram

__all__ = [
    "TRACES", "InferenceProgram", "SequenceFunctions", "SequenceProgram", "TrainingProgram",
    "UpdateProgram",
    "devices", "resolve_strategy",
]  # fmt: skip

# Rows of one call of the evaluation: activations of wide nets and of images stay small.
_EVALUATE_ROWS = 16_384
_EVALUATE_ND_ROWS = 512

# Held-out rows of compiled epochs come in multiples of this.
_HELD_ROWS = 64

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


class TrainingProgram(TrainingStep):
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
        self._find_members(architecture)
        self.hyper_names = (*sorted(optimizer.hyper), *loss.hyper_names)
        self._tensor_names = optimizer.tensor_names
        shape = (max(1, len(self.hyper_names)), *self._member_shape)
        with self._scope():
            self._hyper = tf.Variable(tf.zeros(shape, self.dtype), trainable=False)
        self._optimizer_start = [np.asarray(v) for v in self.optimizer.variables]
        self.grouped = optimizer.class_name == "GroupAdam"
        self._layers = list(self.model._flatten_layers(include_self=False, recursive=True))
        self._dropouts = [la for la in self._layers if type(la).__name__ == "HashDropout"]
        self._weighted = [la for la in self._layers if hasattr(la, "row_weights")]
        self._kernels = [] if self.grouped else self._decayed()
        self._run = compile_function(self._chunk, reduce_retracing=True)
        self._run_xla = compile_function(self._chunk, reduce_retracing=True, jit_compile=True)
        self._run_epochs = self._run_epochs_xla = None
        self._evaluate = compile_function(self._evaluate_rows, reduce_retracing=True)
        self._snapshot = compile_function(self._read_variables)
        self._signature: tuple | None = None

    def _scope(self):
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    # -- state ----------------------------------------------------------------------------------

    def _find_members(self, architecture: Architecture) -> None:
        """See from the model's output whether networks stand side by side, and if they share."""
        shape = self.model.outputs[0].shape
        stacked = bool(architecture.params.get("members"))
        self.members = int(shape[1]) if len(shape) == 3 and stacked else 0
        shared = getattr(self.model, "members_share_weights", False)
        self.independent_members = 0 if shared else self.members
        self._member_shape = (self.independent_members,) if self.independent_members else ()
        self._aggregate = MembersLast(self.loss.kind, aggregate=True)
        self._lone = None
        if self.independent_members:
            self._lone = architecture.changed(members=0, aggregate=False)
        if self.members and self.strategy is not None:
            raise ValueError("strategy= trains plain networks; set n_ensemble=1 or strategy=None")

    def _decayed(self) -> list[int]:
        """Return the places of the weights that penalties and weight decay apply to."""
        named = {
            id(v)
            for layer in self._layers
            for v in layer._trainable_variables
            if v.name in getattr(layer, "decayed", ())
        }
        return [
            i
            for i, v in enumerate(self.model.trainable_variables)
            if v.name.endswith("kernel") or id(v) in named
        ]

    def _like_rate(self, rate, layer):
        """Return a dropout rate, one number or one a member, in the shape of the layer's own."""
        shape = tuple(layer.rate.shape)
        return np.broadcast_to(rate.reshape(-1, *[1] * (len(shape) - 1)), shape) if shape else rate

    def initial_weights(self, seed: int | Sequence[int]) -> list:
        """Return fresh weights; a stacked network takes a seed for each member."""
        if not self.independent_members:
            return initial_weights(self.model, seed if isinstance(seed, int) else seed[0])
        with guarded_random_state(0):
            lone = self._lone.build()
        return initial_member_weights(self.model, lone, seed)

    @property
    def shapes(self) -> list[tuple]:
        """Shapes of the model's variables."""
        return [tuple(v.shape) for v in self.model.variables]

    def start(self, hyper: dict[str, float], weights: Sequence | None, seed: int) -> None:
        """Begin a fit: set the numbers, the weights (fresh from ``seed`` if None), the optimiser.

        ``dropout`` in ``hyper`` is handed to the network's dropout layers.
        """
        numbers = np.zeros(self._hyper.shape, dtype=self.dtype)
        for i, name in enumerate(self.hyper_names):
            numbers[i] = hyper[name]
        self._hyper.assign(numbers)
        self.set_weights(self.initial_weights(seed) if weights is None else weights)
        for layer in self._dropouts:
            rate = hyper.get("dropout" + layer.group, layer.initial_rate)
            layer.rate.assign(self._like_rate(np.asarray(rate, dtype=np.float32), layer))
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
        return self.strategy is None and all(
            getattr(la, "xla_pays", type(la).__name__ in _XLA_LAYERS) for la in self._layers
        )

    @property
    def rows_are_independent(self) -> bool:
        """Whether no layer looks across the rows of a batch, so that padding changes nothing."""
        known = _XLA_LAYERS - {"BatchNormalization"}
        return all(
            getattr(la, "rows_independent", type(la).__name__ in known) for la in self._layers
        )

    @property
    def n_replicas(self) -> int:
        """Number of replicas that share a batch."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

    def run(self, xs, ys, ws, rates, *, xla: bool = False) -> np.ndarray:
        """Run ``len(rates)`` steps; return their losses, (n_steps,) or (n_steps, members).

        Parameters
        ----------
        xs, ys, ws : ndarray of shape (n_steps, batch, ...) or (n_steps, batch, members, ...)
            Batches of inputs, targets and row weights.
        rates : ndarray of shape (n_steps, 3)
            Learning rate and shares of weight decay and dropout.
        xla : bool
            Use the program compiled for these exact shapes.
        """
        xs, ys, ws = self._cast(xs), self._cast(ys), self._cast(ws)
        totals = _totals(ws)
        if self.strategy is not None:
            xs, ys, ws = (self._share(a) for a in (xs, ys, ws))
        self._freeze_signature(xs, ys, ws)
        function = self._run_xla if xla and self.strategy is None else self._run
        return function(xs, ys, ws, rates, totals).numpy()

    def run_epochs(self, xs, ys, ws, rates, n_epochs: int, held, *, xla: bool = False) -> list:
        """Run whole epochs in one call, evaluating held-out rows and noting weights after each.

        Parameters
        ----------
        xs, ys, ws : ndarray of shape (n, n_steps, batch, ...)
            Batches of n epochs.
        rates : ndarray of shape (n, n_steps, 3)
            As for :meth:`run`.
        n_epochs : int
            So many of the n epochs are run; XLA compiles for n, not for this number.
        held : tuple of tensors
            Held-out inputs, targets and weights, from :meth:`held_rows`.
        xla : bool
            Use the program compiled for these exact shapes.

        Returns
        -------
        list of ndarray with a leading axis of n epochs
            Losses of the steps, summed held-out loss, raw outputs as :meth:`evaluate` gives them,
            and each variable of the model.
        """
        xs, ys, ws = self._cast(xs), self._cast(ys), self._cast(ws)
        if self._run_epochs is None:
            self._trace_epochs((xs, ys, ws), held)
        function = self._run_epochs_xla if xla else self._run_epochs
        totals = _totals(ws, axis=2)
        notes = function(xs, ys, ws, rates, totals, np.int32(n_epochs), held)
        return [note.numpy() for note in notes]

    def _trace_epochs(self, batches, held) -> None:
        """Trace once for any number of epochs, steps and rows."""
        kinds = [(tf.as_dtype(a.dtype), a.shape[3:]) for a in batches]
        each = (self.members,) if self.members else ()
        signature = (
            *(tf.TensorSpec((None, None, None, *shape), dtype) for dtype, shape in kinds),
            tf.TensorSpec((None, None, 3), tf.float32),
            tf.TensorSpec((None, None, *each), tf.as_dtype(self.dtype)),
            tf.TensorSpec((), tf.int32),
            tuple(tf.TensorSpec((None, *a.shape[1:]), a.dtype) for a in held),
        )
        self._run_epochs = compile_function(self._epochs, input_signature=signature)
        self._run_epochs_xla = compile_function(
            self._epochs, input_signature=signature, jit_compile=True
        )

    def held_rows(self, x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple:
        """Return held-out rows for :meth:`run_epochs`, filled up with rows of weight zero.

        Compiled code for one number of rows then also serves a few more or less.
        """
        fill = -len(x) % _HELD_ROWS
        filled = (np.concatenate([a, np.zeros((fill, *a.shape[1:]), a.dtype)]) for a in (x, y, w))
        return tuple(tf.constant(self._cast(a)) for a in filled)

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
        rates = tf.TensorSpec((None, 3), tf.float32)
        each = (self.members,) if self.members else ()
        totals = tf.TensorSpec((None, *each), tf.as_dtype(self.dtype))
        signature = (*self._signature, rates, totals)
        self._run = compile_function(self._chunk, input_signature=signature)
        self._run_xla = compile_function(self._chunk, input_signature=signature, jit_compile=True)

    # -- evaluation -----------------------------------------------------------------------------

    def evaluate(self, x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the weighted mean loss and the raw outputs of these rows, in inference mode.

        Rows go through in blocks, so that memory is bounded however many there are. Members that
        share weights are averaged; independent ones give raw outputs (n, members, n_outputs).
        """
        block = _EVALUATE_ROWS if x.ndim == 2 else _EVALUATE_ND_ROWS
        block = max(1, block // max(1, self.members))
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
        if self.members:
            x = tf.repeat(x[:, None, :], self.members, axis=1)
        raw = tf.cast(self.model(x, training=False), self.dtype)
        if self.independent_members:
            return tf.zeros((), self.dtype), raw
        if self.members:
            raw = self._aggregate(tf.transpose(raw, (1, 0, 2)))
        return tf.reduce_sum(self.loss.rows(y, raw, self._unsmoothed()) * w), raw

    def _unsmoothed(self) -> dict:
        return {**self._numbers(), "label_smoothing": tf.constant(0.0, self.dtype)}

    def member_losses(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each row for each member, (n, members), without label smoothing."""
        numbers = dict(zip(self.hyper_names, self._hyper.numpy(), strict=False))
        numbers["label_smoothing"] = np.zeros(self.members)
        columns = []
        for j in range(self.members):
            own = {k: tf.constant(numbers[k][j], self.dtype) for k in self.loss.hyper_names}
            rows = self.loss.rows(tf.constant(self._cast(y)), tf.constant(raw[:, j]), own)
            columns.append(rows.numpy())
        return np.stack(columns, axis=1)


def _totals(ws: np.ndarray, axis: int = 1) -> np.ndarray:
    """Return the weight of each whole batch; divided by it, replicas add up to the mean."""
    return np.maximum(ws.sum(axis=axis), np.finfo(np.float32).tiny)
