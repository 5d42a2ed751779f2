"""What every neural estimator for tables shares: from rows to a trained network."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from appliednn.core import backend
from appliednn.core._fit_callbacks import FitCallbacks
from appliednn.core._network import Network
from appliednn.core._random import guarded_random_state, member_seeds, spawn_seeds
from appliednn.core._rows import copy_feature_names, row_weights
from appliednn.core._trainer import Rows, Trainer, TrainingPlan
from appliednn.core.persistence import SaveMixin
from appliednn.tabular._scoring import epoch_scorer
from appliednn.tabular._table_rows import encode_rows, fit_encoder
from appliednn.tabular.encoder._encoder import TabularEncoder

# Below this many rows, early_stopping="auto" trains on all of them.
_AUTO_EARLY_STOPPING_ROWS = 500


class BaseNeural(FitCallbacks, SaveMixin, BaseEstimator):
    """Fit machinery; subclasses say what the network, the loss and the optimiser are."""

    _parameter_constraints: dict = {
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"full"})],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "scoring": [StrOptions({"loss"} | set(get_scorer_names())), callable],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "callbacks": [list, tuple, None, object],
        "strategy": [StrOptions({"mirrored"}), None, object],
        "precision": [StrOptions({"mixed_float16", "mixed_bfloat16", "float64"}), None],
        "xla": ["boolean", StrOptions({"auto"})],
        "warm_start": ["boolean"],
        "verbose": ["boolean", StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    # A model file holds what prediction needs: no optimiser state, and no code of the user's.
    _ann_skip = ("_optimizer_state",)
    _code_params = ("callbacks", "strategy")

    # -- what a subclass gives ------------------------------------------------------------------

    @abstractmethod
    def _learn_target(self, y, weights: np.ndarray, classes):
        """Return the target coder learned from ``y``."""

    @abstractmethod
    def _read_target(self, y):
        """Return ``y`` checked, not yet encoded."""

    @abstractmethod
    def _make_program(self, seed: int):
        """Return (architecture, loss, optimizer, hyper) for the data just read."""

    def _make_encoder(self) -> TabularEncoder | None:
        """Return an unfitted encoder, or None for inputs that need none."""
        return TabularEncoder(
            numeric=self.numeric, categorical=self.categorical, missing=self.missing
        )

    @property
    def _dtype(self) -> str:
        return "float64" if self.precision == "float64" else "float32"

    # What keeps estimators of one class apart although their parameters may differ.
    _stack_variant = ""

    def _make_stack_program(self, seed: int):
        """Return ``_make_program``'s answer for a network that stands beside others."""
        return self._make_program(seed)

    def _setting(self, name: str):
        """Return a parameter's value; presets fill in what is None."""
        return getattr(self, name)

    @property
    def _members(self) -> int:
        """Networks trained side by side; 0 for a plain one."""
        k = getattr(self, "n_ensemble", 1)
        return k if k > 1 else 0

    def _class_weights(self, encoded: np.ndarray, weights: np.ndarray, partial: bool):
        """Return the :class:`ClassWeights` of ``class_weight``, or None."""
        return None

    # -- fit ------------------------------------------------------------------------------------

    def _fit(self, X, y, sample_weight=None, X_val=None, y_val=None, classes=None, partial=False):
        """Serve ``fit`` and ``partial_fit``; returns self."""
        backend.prepare()
        y, weights, keep = self._check_rows(X, y, sample_weight)
        continued = self._is_continued(partial)
        if keep is not None:
            X, y = _safe_indexing(X, keep), _safe_indexing(y, keep)
            weights = weights[keep]
        if not continued:
            self._target = self._learn_target(y, weights, classes)
        target = self._target.encode(y)
        factors = self._class_weights(target, weights, partial)
        seeds = spawn_seeds(self.random_state, 4)
        train, held = self._split(X, target, weights, (X_val, y_val), seeds[0], partial)
        if not continued:
            self.encoder_ = self._make_encoder()
            if self.encoder_ is not None:
                fit_encoder(self.encoder_, train.x, train.w)
                copy_feature_names(self, self.encoder_)
        self._train(train, held, factors, seeds, continued, partial, (X, y))
        return self

    def _check_rows(self, X, y, sample_weight):
        """Check lengths and the target; return target, weights and the rows with weight."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, "
                "but the target y is None"
            )
        y = self._read_target(y)
        check_consistent_length(X, y)
        return y, *row_weights(sample_weight, y)

    def _is_continued(self, partial: bool) -> bool:
        return hasattr(self, "network_") and (partial or self.warm_start)

    def _split(self, X, target, weights, validation, seed: int, partial: bool):
        """Return training rows and held-out rows (or None), not yet encoded."""
        X_val, y_val = validation
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together, and only one of them was given")
        if X_val is not None:
            held = self._target.encode(self._read_target(y_val))
            check_consistent_length(X_val, held)
            return Rows(X, target, weights), Rows(X_val, held, np.ones(len(held), np.float32))
        if partial or not self._wants_holdout(len(target)):
            return Rows(X, target, weights), None
        strata = self._target.strata(target)
        if strata is not None and not _can_stratify(strata, self.validation_fraction):
            strata = None
        rows, held = train_test_split(
            np.arange(len(target)),
            test_size=self.validation_fraction,
            random_state=seed,
            stratify=strata,
        )
        return tuple(Rows(_safe_indexing(X, i), target[i], weights[i]) for i in (rows, held))

    def _wants_holdout(self, n_rows: int) -> bool:
        if self.early_stopping == "auto":
            return n_rows >= _AUTO_EARLY_STOPPING_ROWS
        return bool(self.early_stopping) and int(n_rows * self.validation_fraction) >= 1

    def _train(self, train: Rows, held: Rows | None, factors, seeds, continued, partial, given):
        rows = self._encoded(train, factors, reset=not continued)
        validation = None if held is None else self._encoded(held, factors)
        self._input_shape = rows.x.shape[1:]
        with guarded_random_state():
            architecture, loss, optimizer, hyper = self._make_program(seeds[3])
        program = self._program(architecture, loss, optimizer)
        plan = self._plan(hyper, seeds, partial, early=held is not None, n_rows=len(rows.x))
        if plan.last_batch == "pad" and not program.rows_are_independent:
            plan.last_batch = "short"
        if continued:
            start = self._start_state(architecture, optimizer)
        else:
            start = self._first_state(program, architecture, rows, plan)
        make_network = self._network_maker(architecture, loss)
        hooks = self._hooks(held, program, make_network, partial, given)
        try:
            result = Trainer(program, plan, rows, validation, hooks, start).fit()
        except BaseException:
            self.__dict__.pop("_close_task", None)
            raise
        self.network_ = self._finished(make_network(result.weights), validation, held)
        self._optimizer_state = (optimizer, result.optimizer_state)
        self._record(result, continued)
        self._close_sklearn_callbacks()

    def _hooks(self, held: Rows | None, program, make_network, partial: bool, given):
        n_epochs = 1 if partial else self._setting("epochs")

        def learnt(weights) -> dict:
            return {"network_": make_network(weights)}

        hooks = self._callback_hooks(program, learnt, n_epochs, given)
        if held is not None and self.scoring != "loss":
            hooks.score_name, hooks.score = epoch_scorer(self, self.scoring, held)
        return hooks

    def _program(self, architecture, loss, optimizer):
        """Return the compiled program of these, from the cache if there is one."""
        return backend.training_program(
            architecture,
            loss,
            optimizer,
            strategy=self.strategy,
            precision=None if self.precision == "float64" else self.precision,
        )

    def _finished(self, network: Network, validation: Rows | None, held: Rows | None) -> Network:
        """Return the trained network after what the held-out rows are still needed for."""
        return network

    def _encoded(self, rows: Rows, factors, reset: bool = False) -> Rows:
        """Return rows as the network reads them, weighted by class."""
        weights = rows.w if factors is None else rows.w * factors.of(rows.y)
        return Rows(self._encode(rows.x, reset=reset), rows.y, weights)

    def _network_maker(self, architecture, loss):
        n_outputs, shape = self._n_raw_outputs(), self._input_shape
        if architecture.params.get("members"):
            architecture = architecture.changed(aggregate=True)
        return lambda weights: Network(architecture, weights, loss, n_outputs, shape)

    def _n_raw_outputs(self) -> int:
        return self._target.n_outputs

    def _plan(self, hyper, seeds, partial: bool, early: bool, n_rows: int) -> TrainingPlan:
        wanted = bool(self.early_stopping) if self.early_stopping != "auto" else early
        batch_size = self._setting("batch_size")
        weight_seed, shuffle_seed = seeds[1], seeds[2]
        shuffle_seed += getattr(self, "n_epochs_", 0) if partial else 0
        if self._members:
            weight_seed, shuffle_seed = (
                member_seeds(seed, self._members) for seed in (weight_seed, shuffle_seed)
            )
        return TrainingPlan(
            epochs=1 if partial else self._setting("epochs"),
            batch_size=n_rows if batch_size == "full" else batch_size,
            learning_rate=self._setting("learning_rate"),
            hyper=hyper,
            weight_seed=weight_seed,
            shuffle_seed=shuffle_seed,
            shuffle=self.shuffle,
            schedule="constant" if partial else self._setting("schedule"),
            schedule_params=None if partial else self.schedule_params,
            patience=self.n_iter_no_change if wanted and not partial else None,
            tol=self.tol,
            restore_best=early,
            max_seconds=self.max_seconds,
            xla=self.xla,
            verbose=self.verbose,
        )

    def _first_state(self, program, architecture, rows: Rows, plan: TrainingPlan):
        """Return (weights, None) to start from, or None for fresh ones."""
        return None

    def _start_state(self, architecture, optimizer):
        """Return (weights, optimiser state) to continue from."""
        if architecture.params.get("members"):
            architecture = architecture.changed(aggregate=True)
        if architecture != self.network_.architecture:
            raise ValueError(
                "training was to be continued, and the network is no longer the same shape; "
                "set warm_start=False or give data with the features and classes of the first fit"
            )
        before, state = self.__dict__.get("_optimizer_state", (None, None))
        return self.network_.weights, state if before == optimizer else None

    def _record(self, result, continued: bool) -> None:
        if continued:
            for key, values in result.history.items():
                self.history_[key] = [*self.history_.get(key, []), *values]
            self.best_epoch_ = self.n_epochs_ + result.best_epoch
            self.n_epochs_ += result.n_epochs
        else:
            self.history_ = result.history
            self.n_epochs_ = result.n_epochs
            self.best_epoch_ = result.best_epoch
        self.stop_reason_ = result.stop_reason
        self.n_steps_ = result.n_steps

    # -- use ------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def _encode(self, X, reset: bool = False) -> np.ndarray:
        return encode_rows(self.encoder_, X)

    def encode(self, X) -> np.ndarray:
        """Return rows as the network reads them.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Raw rows.

        Returns
        -------
        ndarray of shape (n, n_inputs), float32
        """
        if "network_" not in self.__dict__:
            check_is_fitted(self)
        return self._encode(X)

    def encode_target(self, y) -> np.ndarray:
        """Return a target as the network is trained on it.

        Parameters
        ----------
        y : array-like of shape (n,) or (n, n_outputs)
            Labels or numbers as given to ``fit``.

        Returns
        -------
        ndarray
            float32 0/1 of shape (n,) for two classes, class indices for more, a 0/1 indicator for
            several labels, the (standardised) target for a regressor.
        """
        check_is_fitted(self)
        return self._target.encode(self._read_target(y))

    def __getstate__(self) -> dict:
        state = dict(super().__getstate__())
        if state.get("strategy") is not None and not isinstance(state["strategy"], str):
            # A strategy object belongs to this process; what it trained does not need it.
            state["strategy"] = None
        return state

    def __ann_state__(self):
        """Return the state for a model file; parameters that are code are left out (None)."""
        state = super().__ann_state__()
        for name in self._code_params:
            if not isinstance(state.params[name], str):
                state.params[name] = None
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _can_stratify(strata: np.ndarray, fraction: float) -> bool:
    """Whether each class has two rows and both parts have room for every class."""
    counts = np.unique(strata, return_counts=True)[1]
    held = int(np.ceil(fraction * len(strata)))
    return counts.min() >= 2 and min(held, len(strata) - held) >= len(counts)
