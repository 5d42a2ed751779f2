"""Forecasts: what a network trained on the series did not see coming."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly.series._base import Piece
from appliednn.anomaly.series._docs import document
from appliednn.anomaly.series._network_base import NetworkSeriesDetector
from appliednn.anomaly.series._stream import ForecastStream
from appliednn.core._architecture import Architecture
from appliednn.series import windows


@document(
    own="""    architecture : {"cnn", "tcn", "lstm", "gru", "rnn"}, default="cnn"
        Causal convolutions that see ``12 * n_layers + 1`` time points, a temporal convolutional
        network that sees the whole window, or recurrent cells.
    horizon : int, default=4
        How many time points ahead is forecast.
    hidden_units : int, default=32
        Width of the network.
    n_layers : int, default=1
        Recurrent layers; ``"cnn"`` has three convolutions for each, and ``"tcn"`` as many blocks
        as it takes.
""",
    network=True,
    window="64",
    smoothing="two windows, at most 128",
    epochs=20,
)
class ForecastDetector(NetworkSeriesDetector):
    """Forecast errors of a causal network for anomalies in series.

    The network answers at every time point of a window with the value ``horizon`` points later. A
    time point's score is the squared error of its forecast from the ``window`` values before, in
    units of the channel's usual error, as the mean over the channels, smoothed. The first time
    points, which nothing forecasts, have the score of the first one that is; those after them are
    forecast from the values that there are.

    Parameters
    ----------
    {shared}
    error_scale_ : ndarray of shape (n_features_in_,)
        Usual squared error of each channel: the mean of all but the largest tenth.
    horizon_ : int
        ``horizon``.

    References
    ----------
    P. Malhotra et al., "Long Short Term Memory Networks for Anomaly Detection in Time Series",
    ESANN 2015.
    M. Munir et al., "DeepAnT", IEEE Access 7, 2019 (convolutions).

    Examples
    --------
    >>> x = np.sin(np.arange(600) / 5) + 0.1 * np.random.default_rng(0).normal(size=600)
    >>> x[400:420] = 3.0
    >>> detector = ForecastDetector("cnn", window=16, smoothing=1, random_state=0).fit(x)
    >>> bool(400 <= detector.anomaly_score(x).argmax() < 425)
    True
    >>> stream = detector.stream()
    >>> scores = [stream.score_next(value) for value in x]
    >>> bool(np.allclose(scores[4:], detector.anomaly_score(x)[4:], rtol=1e-3))
    True
    """

    _parameter_constraints: dict = {
        **NetworkSeriesDetector._parameter_constraints,
        "architecture": [StrOptions({"cnn", "tcn", "lstm", "gru", "rnn"})],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
    }

    _smoothing_windows = 2

    def __init__(
        self,
        architecture="cnn",
        *,
        window="auto",
        horizon=4,
        hidden_units=32,
        n_layers=1,
        contamination="auto",
        novelty=False,
        trim="auto",
        trim_by="windowed_pca",
        smoothing="auto",
        learning_rate=3e-3,
        epochs=20,
        batch_size=64,
        max_windows=1000,
        max_seconds=None,
        verbose="auto",
        random_state=None,
    ):
        self.architecture = architecture
        self.window = window
        self.horizon = horizon
        self.hidden_units = hidden_units
        self.n_layers = n_layers
        self.contamination = contamination
        self.novelty = novelty
        self.trim = trim
        self.trim_by = trim_by
        self.smoothing = smoothing
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.max_windows = max_windows
        self.max_seconds = max_seconds
        self.verbose = verbose
        self.random_state = random_state

    @property
    def _least_length(self) -> int:
        return self.window_ + int(self.horizon)

    def _network_architecture(self) -> Architecture:
        per_layer = 3 if self.architecture == "cnn" else 1
        return Architecture.of(
            "next_step",
            kind=self.architecture,
            n_channels=self.n_features_in_,
            window=self.window_,
            units=int(self.hidden_units),
            n_layers=per_layer * int(self.n_layers),
        )

    def _learn(self, pieces: list[Piece], seeds: list[int]) -> None:
        self.horizon_ = int(self.horizon)
        super()._learn(pieces, seeds)

    def _inputs_and_targets(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return values[:, : self.window_], values[:, self.horizon_ :]

    def _forecasts(self, contexts: np.ndarray) -> np.ndarray:
        """Return the answers to contexts (n, n_channels, window), (n, window, n_channels)."""
        return self._answers(contexts.transpose(0, 2, 1))

    def _squared_errors(self, piece: Piece) -> np.ndarray:
        contexts = windows(piece.values[:, : -self.horizon_], self.window_)
        answers = self._forecasts(contexts)
        forecasts = np.concatenate([answers[0], answers[1:, -1]])
        later = slice(self.horizon_, None)
        errors = np.square(piece.values[:, later].T - forecasts, dtype=np.float64)
        return np.where(piece.observed[:, later].T, errors, 0.0)

    def _scaled_errors(self, values, forecast, observed) -> np.ndarray:
        """Return what each channel adds to the score of one time point."""
        errors = np.square(values - forecast, dtype=np.float64)
        return np.where(observed, errors, 0.0) / self.error_scale_ / self.n_features_in_

    def stream(self) -> ForecastStream:
        """Return an object that scores one time point after the other.

        Returns
        -------
        ForecastStream
            ``score_next(values)`` gives the score that ``anomaly_score`` gives for the time point
            ``delay`` before, which is the newest one with ``smoothing=1``; 0 for the first
            ``horizon`` time points.
        """
        return ForecastStream(self)
