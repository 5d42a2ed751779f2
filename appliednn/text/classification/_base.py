"""What the classifier and the regressor of texts share: from strings to a trained model."""

from __future__ import annotations

import time
from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from appliednn.core import backend
from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._fit_callbacks import FitCallbacks
from appliednn.core._random import spawn_seeds
from appliednn.core._rows import row_weights
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._sequence_trainer import SequencePlan, SequenceResult, SequenceTrainer
from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_texts
from appliednn.text.classification._explain import TokenExplanations
from appliednn.text.classification._folds import held_out_folds
from appliednn.text.classification._linear import LinearPart, Mix, clearly_better
from appliednn.text.classification._reading import TextReading, TextRows
from appliednn.text.classification._vectors import started_with_vectors
from appliednn.text.embedding import as_word_vectors
from appliednn.text.encoder._fine_tune import fit_vector_head, head_architecture, start_weights

# Texts read and answered in one go.
_BLOCK = 8192


class BaseText(TextReading, TokenExplanations, FitCallbacks, SaveMixin, BaseEstimator):
    """Fit machinery; subclasses say what the target is and how the linear part is fitted."""

    _parameter_constraints: dict = {
        "architecture": [StrOptions({"bag", "cnn", "lstm", "transformer", "encoder"})],
        "encoder": [str, object, None],
        "fine_tune": ["boolean"],
        "embeddings": [object, None],
        "word_ngrams": ["array-like", None],
        "char_ngrams": ["array-like", StrOptions({"auto"}), None],
        "linear": ["boolean"],
        "max_features": [Interval(Integral, 1, None, closed="left")],
        "max_tokens": [Interval(Integral, 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "max_length": [Interval(Integral, 1, None, closed="left"), StrOptions({"p95"})],
        "normalization": [StrOptions({"NFC", "NFKC", "NFD", "NFKD"}), None],
        "fold_case": ["boolean"],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "units": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "heads": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "refit": ["boolean", StrOptions({"auto"})],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "callbacks": [list, tuple, None, object],
        "verbose": ["boolean", StrOptions({"auto"})],
        "random_state": ["random_state"],
    }
    _code_params = ("callbacks",)
    _rates = {"bag": 2e-3, "cnn": 1e-3, "lstm": 2e-3, "transformer": 5e-4, "encoder": 5e-5}

    # -- what a subclass gives ------------------------------------------------------------------

    @abstractmethod
    def _read_target(self, y):
        """Return ``y`` checked, not yet encoded."""

    @abstractmethod
    def _learn_target(self, y, weights):
        """Return the target coder learned from ``y``."""

    @abstractmethod
    def _row_factors(self, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the weights of rows with class weights applied."""

    @abstractmethod
    def _fit_linear(self, matrix, target: np.ndarray, weights: np.ndarray, seed: int):
        """Return the linear part fitted to these rows."""

    @abstractmethod
    def _right(self, raw: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return how well each row is answered, (n,), higher is better."""

    @abstractmethod
    def _score_raw(self, raw: np.ndarray, target: np.ndarray, weights: np.ndarray) -> float:
        """Return accuracy or R2 of outputs, as ``score`` counts it."""

    # -- fit ------------------------------------------------------------------------------------

    def _fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Serve ``fit``; returns self."""
        backend.prepare()
        self._deadline = None if self.max_seconds is None else time.monotonic() + self.max_seconds
        data = self._read_data(X, y, sample_weight, X_val, y_val)
        seeds = spawn_seeds(self.random_state, 3)
        n = len(data.texts) - data.n_given_held
        if data.n_given_held:
            folds = [(np.arange(n), np.arange(n, len(data.texts)))]
        else:
            strata = self._target.strata(data.target)
            folds = held_out_folds(strata, n, self.validation_fraction, seeds[0])
        prepared, matrix = self._learn_readers(data, n)
        self._train_parts(data, folds, n, prepared, matrix, seeds)
        self._close_sklearn_callbacks()
        del self._deadline, self._given
        return self

    def _read_data(self, X, y, sample_weight, X_val, y_val) -> TextRows:
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, "
                "but the target y is None"
            )
        texts = as_texts(X)
        y = self._read_target(y)
        check_consistent_length(texts, y)
        weights, keep = row_weights(sample_weight, texts)
        if keep is not None:
            texts, y, weights = [texts[i] for i in keep], y[keep], weights[keep]
        self._target = self._learn_target(y, weights)
        target = self._target.encode(y)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together, and only one of them was given")
        n_held = 0
        if X_val is not None:
            held = as_texts(X_val, "X_val")
            encoded = self._target.encode(self._read_target(y_val))
            check_consistent_length(held, encoded)
            texts, target = texts + held, np.concatenate([target, encoded])
            n_held = len(held)
            weights = np.concatenate([weights, np.ones(n_held, np.float32)])
        self._given = (X, y)
        return TextRows(texts, target, self._row_factors(target, weights), n_held)

    def _train_parts(self, data: TextRows, folds, n: int, prepared, matrix, seeds) -> None:
        """Train on each fold, learn the mix from what was held out, then train on all rows."""
        raw = np.zeros((len(data.texts), self._target.n_outputs), np.float32)
        linear = None if matrix is None else np.zeros_like(raw)
        results: list[SequenceResult] = []
        refit = self._wants_refit(len(folds))
        for left, (rows, held) in zip(range(len(folds) + refit, 0, -1), folds, strict=False):
            told = not results
            results.append(self._train(data, prepared, rows, held, seeds, left, told=told))
            raw[held] = self._network_outputs(results[-1].network, prepared, held)
            if matrix is not None:
                linear[held] = self._linear_on(data, matrix, rows, seeds[0]).outputs(matrix[held])
        self._learn_mix(data, folds, raw, linear)
        if refit and (self.mix_.network or not results):
            epochs = [r.best_epoch + 1 for r in results] or [self.epochs]
            results.append(
                self._train(
                    data, prepared, np.arange(n), None, seeds, 1,
                    epochs=round(np.mean(epochs)), told=not results,
                )
            )  # fmt: skip
        self.network_ = results[-1].network
        self.linear_ = None
        if matrix is not None:
            self.linear_ = self._linear_on(data, matrix, np.arange(n), seeds[0])
        self._record(results[0])

    def _linear_on(self, data: TextRows, matrix, rows, seed: int) -> LinearPart:
        return self._fit_linear(matrix[rows], data.target[rows], data.weights[rows], seed)

    def _record(self, first: SequenceResult) -> None:
        self.history_, self.n_epochs_ = first.history, first.n_epochs
        self.best_epoch_, self.stop_reason_ = first.best_epoch, first.stop_reason

    def _wants_refit(self, n_folds: int) -> bool:
        if n_folds != 1:
            return True
        return self.architecture == "bag" if self.refit == "auto" else bool(self.refit)

    def _train(
        self, data: TextRows, prepared, rows, held, seeds, left: int, *, epochs=None, told=False
    ) -> SequenceResult:
        """Train the network on some rows; held-out ones pick the epoch, callbacks may be told.

        The time that is left is for ``left`` trainings.
        """
        if self._frozen:
            return self._fit_head(data, prepared, rows, seeds[1])
        stops = held is not None and self.early_stopping
        plan = SequencePlan(
            epochs=epochs or self.epochs,
            learning_rate=self.learning_rate or self._rates[self.architecture],
            weight_decay=self.weight_decay,
            patience=self.n_iter_no_change if stops else None,
            seed=seeds[1],
            verbose=self.verbose,
        )
        if self._deadline is not None:
            plan.max_seconds = max(1e-3, (self._deadline - time.monotonic()) / left)

        def batches(epoch: int):
            rng = np.random.default_rng([seeds[2], epoch])
            return self._batches(data, prepared, rows, rng)

        held = list(self._batches(data, prepared, held)) if stops else None
        architecture = self._make_architecture()
        trainer = SequenceTrainer(
            architecture, plan, batches, held=held, start=self._start_weights(architecture, seeds)
        )
        if told:
            trainer.hooks = self._callback_hooks(
                trainer.program, lambda weights: {}, plan.epochs, self._given
            )
        return trainer.fit()

    def _batches(self, data: TextRows, prepared, rows, rng=None):
        for part, batch in self.reader_.batches(prepared, rows, self.batch_size, rng):
            y = data.target[part]
            y = y if y.dtype.kind == "i" else y.astype(np.float32)
            if self._target.kind == "regression":
                y = y.reshape(len(part), -1)
            yield {**batch, "y": y, "w": data.weights[part].astype(np.float32)}

    def _word_vectors(self):
        """Return the given word vectors, for a network that reads words, or None."""
        if self.embeddings is None or self.architecture in ("bag", "encoder"):
            return None
        return as_word_vectors(self.embeddings)

    @property
    def _frozen(self) -> bool:
        return self.architecture == "encoder" and not self.fine_tune

    def _fit_head(self, data: TextRows, vectors, rows, seed: int) -> SequenceResult:
        """Fit a linear head on the vectors of an encoder that stays as it is."""
        target = self._target
        return fit_vector_head(
            vectors[rows], data.target[rows], target.kind, target.n_outputs, data.weights[rows],
            seed=seed,
        )  # fmt: skip

    def _start_weights(self, architecture: Architecture, seeds):
        """Return weights to start from that hold what was learned elsewhere, or None."""
        if self.architecture == "encoder":
            return start_weights(architecture, self.reader_.bert, seeds[1])
        vectors = self._word_vectors()
        if vectors is None:
            return None
        return started_with_vectors(architecture, seeds[1], self.reader_.vocabulary, vectors)

    def _make_architecture(self) -> Architecture:
        if self.architecture == "encoder":
            return head_architecture(
                self.reader_.bert, self._target.n_outputs, self._target.kind, self.dropout
            )
        vectors = self._word_vectors()
        shared = {
            "width": self.embedding_dim if vectors is None else vectors.dim,
            "n_outputs": self._target.n_outputs,
            "dropout": self.dropout,
            "kind": self._target.kind,
        }
        if self.architecture == "bag":
            hidden = [] if np.size(self.hidden_layer_sizes) == 0 else self.hidden_layer_sizes
            return Architecture.of(
                "text_bag",
                vocabulary=self.reader_.n_columns,
                hidden=hidden_widths(hidden),
                **shared,
            )
        return Architecture.of(
            "text_tokens",
            body=self.architecture,
            vocabulary=len(self.reader_.vocabulary),
            units=self.units,
            n_layers=self.n_layers,
            heads=self.heads,
            max_length=-(-self.reader_.max_length // 8) * 8,
            **shared,
        )

    def _learn_mix(self, data: TextRows, folds, raw, linear) -> None:
        """Learn the mix and note how the mix and the linear part do on rows held out."""
        self.mix_ = Mix(1.0, 0.0) if linear is None else Mix(0.7, 2.0)
        self.validation_score_ = self.baseline_score_ = None
        if not folds:
            return
        held = np.concatenate([rows for _, rows in folds])
        target, weights, raw = data.target[held], data.weights[held], raw[held]
        if linear is not None:
            linear, kind = linear[held], self._target.kind
            self.mix_ = Mix.learn(raw, linear, target, kind, weights)
            mixed = self._right(self.mix_.outputs(raw, linear), target)
            doubted = self.architecture != "encoder"
            if doubted and not clearly_better(mixed, self._right(linear, target), weights):
                self.mix_ = Mix.learn(
                    np.zeros_like(raw), linear, target, kind, weights, alone=True
                )
            self.baseline_score_ = self._score_raw(linear, target, weights)
        self.validation_score_ = self._score_raw(self.mix_.outputs(raw, linear), target, weights)

    # -- use ------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def _network_outputs(self, network: SequenceNetwork, prepared, rows) -> np.ndarray:
        out = np.zeros((len(rows), self._target.n_outputs), dtype=np.float32)
        place = np.empty(int(rows.max()) + 1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        for part, batch in self.reader_.batches(prepared, rows, 256):
            out[place[part]] = network.call("forward", batch)
        return out

    def _raw(self, X) -> np.ndarray:
        """Return mixed outputs of texts, float32 (n, n_outputs)."""
        check_is_fitted(self)
        texts = as_texts(X)
        starts = range(0, len(texts), _BLOCK)
        return np.concatenate([self._raw_block(texts[i : i + _BLOCK]) for i in starts])

    def _raw_block(self, texts: list[str]) -> np.ndarray:
        matrix = None if self.features_ is None else self.features_.transform(texts)
        prepared = self.reader_.prepare(texts, matrix)
        network = self._network_outputs(self.network_, prepared, np.arange(len(texts)))
        linear = None if self.linear_ is None else self.linear_.outputs(matrix)
        return self.mix_.outputs(network, linear)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags
