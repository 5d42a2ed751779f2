"""Sequence autoencoder: windows that cannot be rebuilt from a narrow code."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly.series._base import Piece
from appliednn.anomaly.series._docs import document
from appliednn.anomaly.series._network_base import NetworkSeriesDetector
from appliednn.anomaly.series._overlap import add_windows, coverage
from appliednn.anomaly.series._stream import WindowStream
from appliednn.core._architecture import Architecture
from appliednn.series import windows

# Windows that are rebuilt at once.
_WINDOWS = 2048


@document(
    own="""    architecture : {"tcn", "lstm"}, default="tcn"
        Dilated convolutions with pooling between, or recurrent encoder and decoder.
    hidden_units : int, default=32
        Width of the network.
    code_units : int, default=8
        Width of the code: numbers a window (``"lstm"``), or numbers every eight time points
        (``"tcn"``).
""",
    network=True,
    window="64",
    smoothing="two windows, at most 128",
    epochs=20,
)
class SequenceAutoencoderDetector(NetworkSeriesDetector):
    """Reconstruction errors of windows for anomalies in series.

    A time point's score is its squared error in the rebuilt windows that cover it, in units of
    the channel's usual error, as the mean over these windows and over the channels, smoothed.

    Parameters
    ----------
    {shared}
    error_scale_ : ndarray of shape (n_features_in_,)
        Usual squared error of each channel: the mean of all but the largest tenth.

    References
    ----------
    P. Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection", ICML
    2016 workshop.

    Examples
    --------
    >>> x = np.sin(np.arange(600) / 5) + 0.1 * np.random.default_rng(0).normal(size=600)
    >>> x[400:420] = 3.0
    >>> detector = SequenceAutoencoderDetector(window=32, smoothing=1, random_state=0)
    >>> bool(400 <= detector.fit(x).anomaly_score(x).argmax() < 420)
    True
    """

    _parameter_constraints: dict = {
        **NetworkSeriesDetector._parameter_constraints,
        "architecture": [StrOptions({"tcn", "lstm"})],
        "code_units": [Interval(Integral, 1, None, closed="left")],
    }

    _smoothing_windows = 2

    def __init__(
        self,
        architecture="tcn",
        *,
        window="auto",
        hidden_units=32,
        code_units=8,
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
        self.hidden_units = hidden_units
        self.code_units = code_units
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

    def _network_architecture(self) -> Architecture:
        return Architecture.of(
            "sequence_autoencoder",
            kind=self.architecture,
            n_channels=self.n_features_in_,
            window=self.window_,
            units=int(self.hidden_units),
            code_units=int(self.code_units),
        )

    def _inputs_and_targets(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return values, values

    def _window_errors(self, values: np.ndarray) -> np.ndarray:
        """Return squared errors of windows (n, n_channels, window), (n, window, n_channels)."""
        inputs = values.transpose(0, 2, 1)
        return np.square(self._answers(inputs) - inputs, dtype=np.float64)

    def _squared_errors(self, piece: Piece) -> np.ndarray:
        every = windows(piece.values, self.window_)
        total = np.zeros(piece.values.T.shape)
        for i in range(0, len(every), _WINDOWS):
            add_windows(total, self._window_errors(every[i : i + _WINDOWS]), i)
        errors = total / coverage(len(total), self.window_)[:, None]
        return np.where(piece.observed.T, errors, 0.0)

    def _window_contributions(self, values: np.ndarray) -> np.ndarray:
        """Return what each channel adds to the score of windows (n, n_channels, window)."""
        errors = self._window_errors(values).mean(axis=1)
        return errors / self.error_scale_ / self.n_features_in_

    def stream(self) -> WindowStream:
        """Return an object that scores one time point after the other.

        Returns
        -------
        WindowStream
            ``score_next(values)`` gives the mean error of the newest window, smoothed over the
            windows before, 0 until there is one. ``anomaly_score`` also knows the
            windows that come later, so the two differ.
        """
        return WindowStream(self)
