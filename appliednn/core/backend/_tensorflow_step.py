"""TensorFlow: what one compiled training step computes."""

from __future__ import annotations

from collections import Counter

import tensorflow as tf

TRACES: Counter[str] = Counter()


class TrainingStep:
    """Loss, gradients, penalties, clipping and the optimiser's move, for :class:`TrainingProgram`.

    The program sets ``model``, ``loss``, ``optimizer`` and what it found out about them.
    """

    def _chunk(self, xs, ys, ws, rates, totals):
        TRACES["train"] += 1
        n_steps = tf.shape(rates)[0]
        hyper = self._numbers()
        inner = getattr(self.optimizer, "inner_optimizer", self.optimizer)

        def one_step(i, losses):
            rate = rates[i, 0]
            inner.learning_rate.assign(rate)
            numbers = self._numbers_of_step(hyper, rates[i])
            if self.strategy is None:
                loss = self._step(xs[i], ys[i], ws[i], rate, totals[i], numbers)
            else:
                loss = self._replicated_step(xs, ys, ws, rate, totals[i], i, numbers)
            return i + 1, losses.write(i, loss)

        start = (tf.constant(0), tf.TensorArray(self.dtype, size=n_steps))
        _, losses = tf.while_loop(
            lambda i, _: i < n_steps,
            one_step,
            start,
            parallel_iterations=1,
            maximum_iterations=n_steps,
        )
        return losses.stack()

    def _epochs(self, xs, ys, ws, rates, totals, n_epochs, held):
        """Run ``n_epochs`` epochs; after each, evaluate the held-out rows and note the weights.

        Batches have a leading axis of epochs, of which the first ``n_epochs`` are run.
        """
        most = tf.shape(rates)[0]
        numbers = [tf.TensorArray(self.dtype, size=most) for _ in range(3)]
        weights = [
            tf.TensorArray(v.dtype, size=most, element_shape=v.shape) for v in self.model.variables
        ]

        def one_epoch(i, notes):
            losses = self._chunk(xs[i], ys[i], ws[i], rates[i], totals[i])
            new = (losses, *self._evaluate_rows(*held), *self._read_variables())
            return i + 1, [note.write(i, value) for note, value in zip(notes, new, strict=True)]

        _, notes = tf.while_loop(
            lambda i, _: i < n_epochs,
            one_epoch,
            (tf.constant(0), [*numbers, *weights]),
            parallel_iterations=1,
            maximum_iterations=most,
        )
        return [note.stack() for note in notes]

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

    def _numbers_of_step(self, hyper: dict, rates) -> dict:
        """Return the numbers with their share at this step; set the dropout rates."""
        if not self.grouped:
            return hyper
        numbers = dict(hyper)
        numbers["weight_decay"] = hyper["weight_decay"] * tf.cast(rates[1], self.dtype)
        for layer in self._dropouts:
            rate = hyper.get("dropout" + layer.group, hyper["dropout"])
            rate = tf.cast(rate, tf.float32) * rates[2]
            shape = tuple(layer.rate.shape)
            layer.rate.assign(
                tf.broadcast_to(tf.reshape(rate, (-1, *shape[1:])), shape) if shape else rate
            )
        return numbers

    def _member_rows(self, y, raw, hyper):
        """Return the loss of each row and member, (batch, members)."""
        rows = tf.shape(raw)[0]
        numbers = hyper
        if self.independent_members:
            shape = (-1,) if self.loss.kind == "binary" else (-1, 1)
            numbers = {
                k: tf.reshape(tf.tile(hyper[k][None, :], (rows, 1)), shape)
                for k in self.loss.hyper_names
            }
        flat = tf.reshape(raw, (-1, raw.shape[-1]))
        y = tf.reshape(y, (-1, *y.shape[2:]))
        return tf.reshape(self.loss.rows(y, flat, numbers), (rows, self.members))

    def _raw_in_training(self, x, w):
        """Return raw outputs; layers that look across rows learn what each row weighs."""
        for layer in self._weighted:
            layer.row_weights = w
        try:
            return tf.cast(self.model(x, training=True), self.dtype)
        finally:
            for layer in self._weighted:
                layer.row_weights = None

    def _objective(self, x, y, w, total, hyper):
        """Return the loss to report, (members,) or a number, and the number to be lowered."""
        raw = self._raw_in_training(x, w)
        if not self.members:
            loss = tf.reduce_sum(self.loss.rows(y, raw, hyper) * w) / total
            return loss, loss
        loss = tf.reduce_sum(self._member_rows(y, raw, hyper) * w, axis=0) / total
        alone = self.independent_members > 0
        return loss, tf.reduce_sum(loss) if alone else tf.reduce_mean(loss)

    def _step(self, x, y, w, rate, total, hyper):
        variables = self.model.trainable_variables
        scale = self.optimizer.scale_loss(tf.ones((), self.dtype)) if self._scaled else 1.0
        with tf.GradientTape() as tape:
            loss, objective = self._objective(x, y, w, total, hyper)
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
                l1, l2 = (self._per_member(hyper[name], value) for name in ("l1", "l2"))
                out.append(g + l1 * tf.sign(value) + 2.0 * l2 * value)
                if self.strategy is None:
                    k.assign(value * self._per_member(shrink, value))
            return out

        active = tf.reduce_max(hyper["weight_decay"] + hyper["l1"] + hyper["l2"]) > 0.0
        new = tf.cond(active, penalised, lambda: [gradients[i] for i in self._kernels])
        out = list(gradients)
        for i, g in zip(self._kernels, new, strict=True):
            out[i] = g
        return out

    def _per_member(self, number, weight):
        """Return a number of each member, (members,), so that it broadcasts to a weight."""
        if not self.independent_members:
            return number
        return tf.reshape(number, (-1, *[1] * (len(weight.shape) - 1)))

    def _group_factors(self, variables, hyper) -> list[tuple]:
        """Return rate factor and decay of each weight, as :class:`GroupAdam` reads them."""
        groups = {
            id(v): getattr(layer, "rate_groups", {}).get(v.name, "")
            for layer in self._layers
            for v in layer._trainable_variables
        }
        out = []
        for v in variables:
            group = groups.get(id(v), "")
            rate, decay = (hyper.get(f"{kind}[{group}]", 1.0) for kind in ("rate", "decay"))
            shrink = hyper["weight_decay"] * (rate * decay) ** 2
            # The decay knows the member's own learning rate, but no factor beyond the group's.
            member = hyper["learning_rate_factor"]
            numbers = (rate * member, shrink * member, hyper["beta_1"], hyper["beta_2"])
            out.append(tuple(self._per_member(number, v) for number in numbers))
        return out

    def _clip(self, gradients, hyper):
        if not self.clip:
            return gradients
        bound = hyper["clip"]
        if self.independent_members and self.clip != "value":
            return self._clip_members(gradients, bound)
        if self.clip == "value":
            # An overflow of mixed float16 must stay one, so that the step is skipped.
            clipped = [tf.clip_by_value(g, -bound, bound) for g in gradients]
            pairs = zip(gradients, clipped, strict=True)
            return [tf.where(tf.math.is_finite(g), c, g) for g, c in pairs]
        if self.clip == "norm":
            return [tf.clip_by_norm(g, bound) for g in gradients]
        return tf.clip_by_global_norm(gradients, bound)[0]

    def _clip_members(self, gradients, bound):
        """Clip by the norm of each member's gradient, of one weight or of all."""
        squares = [tf.reduce_sum(g * g, axis=list(range(1, len(g.shape)))) for g in gradients]
        if self.clip == "global_norm":
            squares = [tf.add_n(squares)] * len(gradients)
        out = []
        for g, square in zip(gradients, squares, strict=True):
            norm = tf.sqrt(tf.maximum(square, tf.square(bound)))
            out.append(g * self._per_member(bound / norm, g))
        return out

    def _apply(self, gradients, variables, hyper):
        optimizer = self.optimizer
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if self.grouped:
            inner.factors = self._group_factors(variables, hyper)
        if self.strategy is not None:
            gradients = [g / self.n_replicas for g in gradients]
        kept = {name: getattr(inner, name) for name in self._tensor_names}
        try:
            for name in self._tensor_names:
                value = hyper[name]  # members share them
                setattr(inner, name, value[0] if self.independent_members else value)
            optimizer.apply(gradients, variables)
        finally:
            for name, value in kept.items():
                setattr(inner, name, value)
