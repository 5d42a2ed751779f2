"""TensorFlow: many gradient steps of networks that learn from each other in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import RLock

import numpy as np
import tensorflow as tf

from appliednn.core._architecture import Architecture, initial_weights
from appliednn.core._random import guarded_random_state
from appliednn.core._updates import Phase, Recipe
from appliednn.core.backend._tensorflow_inference import compile_function

_BETA_1, _BETA_2 = 0.9, 0.999


class UpdateProgram:
    """A network with its losses, its targets and Adam, compiled once and used by many fits.

    Parameters
    ----------
    architecture : Architecture
        The network.
    recipe : Recipe
        What a step does.
    """

    def __init__(self, architecture: Architecture, recipe: Recipe) -> None:
        self.lock = RLock()
        self.recipe = recipe
        with guarded_random_state(0):
            self.model = architecture.build()
        self._built = self.get_weights()
        self._losses = [architecture.function(phase.loss) for phase in recipe.phases]
        self._variables = [self._trained(phase) for phase in recipe.phases]
        self._moments = [
            [[tf.Variable(tf.zeros_like(v), trainable=False) for v in group] for _ in range(2)]
            for group in self._variables
        ]
        # how often each phase was run, and the number of steps
        self._counts = [tf.Variable(0, dtype=tf.int64, trainable=False) for _ in recipe.phases]
        self._n_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._compiled: dict[tuple, object] = {}

    def _trained(self, phase: Phase) -> list:
        layers = [self.model.get_layer(name) for name in phase.parts]
        return [v.value for layer in layers for v in layer.trainable_variables]

    # -- state ----------------------------------------------------------------------------------

    def start(self, weights: Sequence[np.ndarray] | None, seed: int, state) -> None:
        """Set weights, or draw fresh ones, and the state of the optimiser, or a new one."""
        self._assign(self._built)
        self._assign(initial_weights(self.model, seed) if weights is None else weights)
        if weights is None:
            for follow in self.recipe.follows:
                for target, source in self._pairs(follow):
                    target.assign(source)
        for name, variable in self._optimizer_variables():
            variable.assign(tf.zeros_like(variable) if state is None else state[name])

    def _assign(self, weights: Sequence[np.ndarray]) -> None:
        for variable, value in zip(self.model.variables, weights, strict=True):
            variable.assign(value)

    def _pairs(self, follow):
        source, target = (self.model.get_layer(n) for n in (follow.source, follow.target))
        pairs = zip(target.variables, source.variables, strict=True)
        return [(t.value, s.value) for t, s in pairs]

    def _optimizer_variables(self):
        yield "n_steps", self._n_steps
        for i, count in enumerate(self._counts):
            yield f"count_{i}", count
            for kind, moments in zip(("m", "v"), self._moments[i], strict=True):
                yield from ((f"{kind}_{i}_{j:03d}", moment) for j, moment in enumerate(moments))

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """Return the moments of Adam and the numbers of steps."""
        return {name: variable.numpy() for name, variable in self._optimizer_variables()}

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of all weights."""
        return [v.value.numpy() for v in self.model.variables]

    def group(self, name: str) -> list[np.ndarray]:
        """Return copies of the weights of one sub-model."""
        return [v.value.numpy() for v in self.model.get_layer(name).weights]

    # -- steps ----------------------------------------------------------------------------------

    def run(self, rows: Mapping, index: np.ndarray, scalars: Mapping, steps: Mapping):
        """Take one step for each row of ``index``; see :meth:`appliednn.core._updates.Updater`."""
        names = tuple(sorted(scalars))
        arrays = {f"rows.{k}": v for k, v in rows.items()}
        arrays |= {f"steps.{k}": v for k, v in steps.items()}
        key = (names, len(index) == 1, *_kinds(arrays))
        if key not in self._compiled:
            self._compiled[key] = self._compile(names, len(index) == 1, arrays)
        tensors = {name: tf.constant(array) for name, array in arrays.items()}
        numbers = tf.constant([scalars[name] for name in names], tf.float32)
        means, per_row = self._compiled[key](
            tensors, tf.constant(index.astype(np.int32, copy=False)), numbers
        )
        out: dict = dict(zip(self._scalar_names(), means.numpy().tolist(), strict=True))
        out |= {
            name: values.numpy() for name, values in zip(self._row_names(), per_row, strict=True)
        }
        return out

    def _scalar_names(self) -> list[str]:
        return [name for phase in self.recipe.phases for name in (phase.loss, *phase.scalars)]

    def _row_names(self) -> list[str]:
        return [name for phase in self.recipe.phases for name in phase.rows]

    def _compile(self, names: tuple[str, ...], single: bool, arrays: Mapping):
        def run(tensors, index, numbers):
            scalars = dict(zip(names, tf.unstack(numbers, len(names)), strict=True))

            def step(i):
                return self._step(_batch(tensors, index[i], i), scalars)

            if single:
                sums, counts, per_row = step(0)
                return sums / tf.maximum(counts, 1.0), [r[None] for r in per_row]
            return self._loop(step, tf.shape(index)[0])

        # Without XLA: products of matrices take as long with it, and it takes a second to compile.
        specs = {n: tf.TensorSpec((None, *a.shape[1:]), a.dtype) for n, a in arrays.items()}
        index, numbers = (
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((len(names),), tf.float32),
        )
        return compile_function(run, input_signature=[specs, index, numbers])

    def _loop(self, step, n):
        zeros = tf.zeros(len(self._scalar_names()))
        tables = [tf.TensorArray(tf.float32, n, element_shape=(None,)) for _ in self._row_names()]

        def body(i, sums, counts, tables):
            new, counted, per_row = step(i)
            tables = [t.write(i, r) for t, r in zip(tables, per_row, strict=True)]
            return i + 1, sums + new, counts + counted, tables

        state = (tf.constant(0), zeros, zeros, tables)
        _, sums, counts, tables = tf.while_loop(lambda i, *_: i < n, body, state)
        return sums / tf.maximum(counts, 1.0), [t.stack() for t in tables]

    def _step(self, batch, scalars):
        self._n_steps.assign_add(1)
        sums, counts, per_row = [], [], []
        for i, phase in enumerate(self.recipe.phases):
            numbers, rows = self._phase(i, phase, batch, scalars)
            sums.append(numbers[0])
            counts.append(numbers[1])
            per_row += rows
        for follow in self.recipe.follows:
            self._now_and_then(follow.every, lambda f=follow: self._move(f, scalars["tau"]))
        return tf.concat(sums, 0), tf.concat(counts, 0), per_row

    def _now_and_then(self, every: int, move) -> None:
        if every == 1:
            move()
            return
        tf.cond(self._n_steps % every == 0, lambda: move() or 0, lambda: 0)

    def _move(self, follow, tau) -> None:
        for target, source in self._pairs(follow):
            target.assign_add(tau * (source - target))

    def _phase(self, i: int, phase: Phase, batch, scalars):
        """Return ((sums, counts) of the scalars, rows); zeros where the phase is not its turn."""
        n = 1 + len(phase.scalars)

        def take():
            numbers, rows = self._descend(i, phase, batch, scalars)
            return (tf.stack(numbers), tf.ones(n)), rows

        if phase.every == 1:
            return take()
        size = tf.shape(next(iter(batch.values())))[0]

        def skip():
            return (tf.zeros(n), tf.zeros(n)), [tf.zeros(size) for _ in phase.rows]

        return tf.cond(self._n_steps % phase.every == 0, take, skip)

    def _descend(self, i: int, phase: Phase, batch, scalars):
        variables = self._variables[i]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            out = self._losses[i](self.model, batch, scalars)
        gradients = tape.gradient(out["loss"], variables)
        if self.recipe.clip is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, self.recipe.clip)
        rate = scalars.get(f"{phase.parts[0]}_learning_rate", scalars["learning_rate"])
        self._adam(i, gradients, rate)
        numbers = [tf.cast(out[name], tf.float32) for name in ("loss", *phase.scalars)]
        return numbers, [tf.cast(out[name], tf.float32) for name in phase.rows]

    def _adam(self, i: int, gradients, rate) -> None:
        self._counts[i].assign_add(1)
        n = tf.cast(self._counts[i], tf.float32)
        powers = {"beta1_power": tf.pow(_BETA_1, n), "beta2_power": tf.pow(_BETA_2, n)}
        items = zip(self._variables[i], *self._moments[i], gradients, strict=True)
        for variable, m, v, gradient in items:
            if gradient is not None:
                tf.raw_ops.ResourceApplyAdam(
                    var=variable.handle,
                    m=m.handle,
                    v=v.handle,
                    lr=rate,
                    beta1=_BETA_1,
                    beta2=_BETA_2,
                    epsilon=self.recipe.epsilon,
                    grad=gradient,
                    **powers,
                )


def _batch(tensors: Mapping, chosen, i) -> dict:
    """Return the arrays of one step: chosen rows, and what belongs to the step itself."""
    batch = {}
    for name, tensor in tensors.items():
        kind, key = name.split(".", 1)
        batch[key] = tf.gather(tensor, chosen) if kind == "rows" else tensor[i]
    return batch


def _kinds(arrays: Mapping[str, np.ndarray]) -> tuple:
    return tuple(
        (name, arrays[name].dtype.name, arrays[name].shape[1:]) for name in sorted(arrays)
    )
