"""Detectors for series that train a network on windows."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly.series._base import Piece, SeriesDetector, kept_windows, training_windows
from appliednn.anomaly.series._pca import mahalanobis_of_windows
from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._losses import make_loss
from appliednn.core._network import Network
from appliednn.core._optimizers import make_optimizer
from appliednn.core._random import guarded_random_state
from appliednn.core._trainer import Rows, Trainer, TrainingPlan
from appliednn.series import window_starts

# Training for the first scores, where the network itself says what to leave out.
_EARLY_SHARE = 0.2
# The most anomalous training errors set no scale.
_USUAL_SHARE = 0.9
# A channel that is predicted nearly without error would outweigh all others.
_LEAST_SCALE = 0.01
# The network neither reads nor answers scaled values beyond this; what it is judged by is not cut.
_CLIP = 10.0
# Values of the windows that the network sees in one call.
_BLOCK = 500_000


class NetworkSeriesDetector(SeriesDetector):
    """Training; subclasses say which network, what it answers, and how errors become scores."""

    _parameter_constraints: dict = {
        **SeriesDetector._parameter_constraints,
        "trim_by": [StrOptions({"windowed_pca", "losses"})],
        "hidden_units": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_windows": [Interval(Integral, 1, None, closed="left")],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "verbose": ["boolean", StrOptions({"auto"})],
    }

    @abstractmethod
    def _network_architecture(self) -> Architecture:
        """Return the network for the window and channels in use."""

    @abstractmethod
    def _inputs_and_targets(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what the network reads and answers, both (n, window, n_channels)."""

    @abstractmethod
    def _squared_errors(self, piece: Piece) -> np.ndarray:
        """Return squared errors of a series, (n_scored, n_channels), 0 where not observed."""

    def _learn(self, pieces: list[Piece], seeds: list[int]) -> None:
        backend.prepare()
        lengths = [piece.values.shape[1] for piece in pieces]
        starts = window_starts(lengths, self._least_length, self.max_windows)
        values, weights = training_windows(pieces, self._least_length, starts)
        values = np.clip(values, -_CLIP, _CLIP)
        inputs, targets = self._inputs_and_targets(values)
        rows = Rows(
            np.ascontiguousarray(inputs),
            np.ascontiguousarray(targets).reshape(len(targets), -1),
            weights,
        )
        kept = self._kept(values, rows, seeds)
        self.n_trimmed_ = len(values) - len(kept)
        self._train(Rows(*(part[kept] for part in rows)), seeds, self.epochs)
        self._learn_error_scale(pieces)

    def _kept(self, values: np.ndarray, rows: Rows, seeds: list[int]) -> np.ndarray:
        """Return the numbers of the windows to train on."""
        trim = self._trim_share()
        if trim == 0.0:
            return np.flatnonzero(rows.w)
        if self.trim_by == "windowed_pca":
            scores = mahalanobis_of_windows(values, rows.w)
        else:
            self._train(rows, seeds, max(1, round(_EARLY_SHARE * self.epochs)))
            scores = self._losses(rows)
        return kept_windows(scores, rows.w, trim)

    def _losses(self, rows: Rows) -> np.ndarray:
        answers = self._answers(rows.x).reshape(rows.y.shape)
        return np.square(answers - rows.y, dtype=np.float64).mean(axis=1)

    def _train(self, rows: Rows, seeds: list[int], epochs: int) -> None:
        architecture = self._network_architecture()
        loss, optimizer = make_loss("mse", "regression"), make_optimizer("adam", weight_decay=0.0)
        with guarded_random_state():
            program = backend.training_program(architecture, loss, optimizer)
            start = backend.inference_program(architecture).initial_weights(seeds[0])
        plan = TrainingPlan(
            epochs=epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            hyper={**optimizer.hyper, **loss.hyper, "dropout": 0.0},
            weight_seed=seeds[0],
            shuffle_seed=seeds[1],
            max_seconds=self.max_seconds,
            verbose=self.verbose,
        )
        result = Trainer(program, plan, rows, start=(start, None)).fit()
        self.network_ = Network(
            architecture, result.weights, loss, rows.y.shape[1], rows.x.shape[1:]
        )
        self.history_, self.n_epochs_ = result.history, result.n_epochs
        self.stop_reason_ = result.stop_reason

    def _learn_error_scale(self, pieces: list[Piece]) -> None:
        """Learn each channel's usual squared error, from observed points but the worst."""
        errors = [self._squared_errors(piece) for piece in pieces]
        seen = [piece.observed.T[-len(e) :] for piece, e in zip(pieces, errors, strict=True)]
        errors, seen = np.concatenate(errors), np.concatenate(seen)
        scale = np.array([_usual(errors[s, c]) for c, s in enumerate(seen.T)])
        least = max(_LEAST_SCALE * scale.mean(), np.finfo(np.float32).eps)
        self.error_scale_ = np.maximum(scale, least)

    def _raw_contributions(self, piece: Piece) -> np.ndarray:
        return self._squared_errors(piece) / self.error_scale_ / self.n_features_in_

    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        """Return the network's answers to windows (n, window, n_channels), of the same shape."""
        step = max(1, _BLOCK // (inputs.shape[1] * inputs.shape[2]))
        parts = [
            self.network_.forward(np.clip(inputs[i : i + step], -_CLIP, _CLIP))
            for i in range(0, len(inputs), step)
        ]
        return np.concatenate(parts).reshape(inputs.shape)


def _usual(errors: np.ndarray) -> float:
    """Return the mean of the errors but for the largest tenth."""
    if len(errors) == 0:
        return 0.0
    return float(np.sort(errors)[: max(1, int(_USUAL_SHARE * len(errors)))].mean())
