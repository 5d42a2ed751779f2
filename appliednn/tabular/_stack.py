"""One program for several estimators: what must be equal, and how each is trained and read out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from sklearn.utils import _safe_indexing

from appliednn.core import backend
from appliednn.core._architecture import stack_weights, unstack_weights
from appliednn.core._random import guarded_random_state, spawn_seeds
from appliednn.core._rows import copy_feature_names
from appliednn.core._trainer import Rows, Trainer, TrainingHooks
from appliednn.tabular._scoring import epoch_scorer
from appliednn.tabular._table_rows import fit_encoder

# Parameters that never keep two estimators apart.
_NEVER = ("random_state", "verbose", "max_seconds", "n_ensemble", "warm_start")


def stack_key_of(estimator, free: Sequence[str]) -> Hashable | None:
    """Return what must be equal for estimators to share a program; None if it cannot be shared.

    Parameters
    ----------
    estimator : BaseNeural
        Not yet fitted.
    free : sequence of str
        Parameters whose values may differ.
    """
    params = estimator.get_params(deep=False)
    alone = params.get("n_ensemble", 1) > 1 or params.get("warm_start")
    busy = params.get("callbacks") is not None or params.get("strategy") is not None
    mixed = params.get("precision") not in (None, "float64")
    mixed |= estimator._setting("schedule") == "plateau"
    if alone or busy or mixed or getattr(estimator, "_skl_callbacks", None):
        return None
    names = [n for n in params if n not in free and n not in _NEVER]
    values = tuple((n, repr(estimator._setting(n))) for n in names)
    dropped = bool(estimator._setting("dropout"))
    return type(estimator).__name__, estimator._stack_variant, dropped, values


class Stack:
    """Estimators of equal key, trained in one program.

    Parameters
    ----------
    estimators : sequence of k estimators
        They get what a fit of their own would give them.
    """

    def __init__(self, estimators: Sequence) -> None:
        self.estimators = list(estimators)
        self.seeds = [spawn_seeds(e.random_state, 4) for e in self.estimators]

    @staticmethod
    def suits(estimators: Sequence, train_rows) -> bool:
        """Whether the estimators' rows are alike enough: sizes within a batch of each other."""
        if train_rows is None:
            return True
        sizes = [len(rows) for rows in train_rows]
        return max(sizes) - min(sizes) <= max(1, max(sizes) // 10)

    def fit(self, X, y, sample_weight, train_rows, held_rows, on_epoch: Callable | None) -> None:
        """Train all of them."""
        backend.prepare()
        first = self.estimators[0]
        y, weights, keep = first._check_rows(X, y, sample_weight)
        if keep is not None and train_rows is None:
            X, y, weights = _safe_indexing(X, keep), _safe_indexing(y, keep), weights[keep]
        target = first._learn_target(y, weights, None)
        rows = Rows(X, target.encode(y), weights)
        for e in self.estimators:
            e._target = target
            if hasattr(first, "classes_"):
                e.classes_ = first.classes_
        trained, held = self._parts(rows, train_rows, held_rows)
        encoder = first._make_encoder()
        fit_encoder(encoder, X, weights)
        for e in self.estimators:
            e.encoder_ = encoder
            copy_feature_names(e, encoder)
        factors = first._class_weights(rows.y, weights, partial=False)
        self._train(rows, factors, trained, held, on_epoch)

    def _parts(self, rows: Rows, train_rows, held_rows):
        """Return the rows each estimator trains on, and those that pick its epoch (or None)."""
        if train_rows is not None:
            weighted = [r[rows.w[r] > 0] for r in map(np.asarray, train_rows)]
            return weighted, None if held_rows is None else [np.asarray(r) for r in held_rows]
        index = np.arange(len(rows.y))
        parts = [
            e._split(index, rows.y, rows.w, (None, None), seeds[0], False)
            for e, seeds in zip(self.estimators, self.seeds, strict=True)
        ]
        if parts[0][1] is None:
            return [train.x for train, _ in parts], None
        return [train.x for train, _ in parts], [held.x for _, held in parts]

    def _train(self, rows: Rows, factors, trained, held, on_epoch) -> None:
        encoded = self.estimators[0]._encoded(rows, factors)
        programs = []
        for e, seeds in zip(self.estimators, self.seeds, strict=True):
            e._input_shape = encoded.x.shape[1:]
            with guarded_random_state():
                programs.append(e._make_stack_program(seeds[3]))
        architectures = [p[0] for p in programs]
        first, k = programs[0], len(programs)
        stacked = architectures[0].changed(members=k, aggregate=False, kind=first[1].kind)
        program = self.estimators[0]._program(stacked, first[1], first[2])
        plan = self._plan([p[3] for p in programs], held is not None, min(map(len, trained)))
        plan.member_rows, plan.member_validation = trained, held
        starts = [
            e._lone_weights(a, Rows(*(part[r] for part in encoded)), seeds[1])
            for e, a, r, seeds in zip(
                self.estimators, architectures, trained, self.seeds, strict=True
            )
        ]
        start = (stack_weights(starts, program.shapes), None)
        validation = None if held is None else encoded
        hooks = self._hooks(rows, held, on_epoch)
        result = Trainer(program, plan, encoded, validation, hooks, start).fit()
        for i, e in enumerate(self.estimators):
            weights = unstack_weights(result.weights, starts[i], i)
            network = e._network_maker(architectures[i], programs[i][1])(weights)
            own = None if held is None else Rows(*(part[held[i]] for part in encoded))
            plain = None if held is None else Rows(own.x, own.y, rows.w[held[i]])
            e.network_ = e._finished(network, own, plain)
            e._optimizer_state = (None, None)
            e._record(result, continued=False)
            e.best_epoch_ = int(result.best_epoch[i])

    def _plan(self, hypers, early: bool, n_rows: int):
        """Return the first estimator's plan with the numbers of each."""
        first = self.estimators[0]
        plan = first._plan(hypers[0], self.seeds[0], False, early, n_rows)
        rates = np.array([e._setting("learning_rate") for e in self.estimators], dtype=float)
        plan.hyper = {name: np.array([h[name] for h in hypers]) for name in hypers[0]}
        plan.hyper["learning_rate_factor"] = rates / plan.learning_rate
        plan.weight_seed = [seeds[1] for seeds in self.seeds]
        plan.shuffle_seed = [seeds[2] for seeds in self.seeds]
        limits = [e.max_seconds for e in self.estimators if e.max_seconds is not None]
        plan.max_seconds = min(limits, default=None)
        return plan

    def _hooks(self, rows: Rows, held, on_epoch) -> TrainingHooks:
        hooks, first = TrainingHooks(), self.estimators[0]
        if held is not None and first.scoring != "loss":
            hooks.score_name = f"val_{first.scoring}"
            scores = [
                epoch_scorer(e, e.scoring, Rows(None, rows.y[r], rows.w[r]))[1]
                for e, r in zip(self.estimators, held, strict=True)
            ]
            hooks.member_scores = [
                lambda raw, score=score, r=r: score(raw[r])
                for score, r in zip(scores, held, strict=True)
            ]
        if on_epoch is not None:
            hooks.members_end = lambda epoch, best: on_epoch(epoch, -best)
        return hooks
