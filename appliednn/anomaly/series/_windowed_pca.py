"""Windowed principal components: the cheap detector that networks have to beat."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly.series._base import Piece, SeriesDetector, kept_windows, training_windows
from appliednn.anomaly.series._docs import document
from appliednn.anomaly.series._overlap import mean_over_windows
from appliednn.anomaly.series._pca import (
    WindowComponents,
    n_explaining,
    quadratic_terms,
    residual,
    whitened,
    window_components,
)
from appliednn.anomaly.series._stream import WindowStream
from appliednn.series import window_starts, windows

# A covariance of more values than this takes long to decompose.
_MOST_VALUES = 2048
# Values of the windows that are scored at once.
_BLOCK = 4_000_000


@document(
    own="""    scoring : {"mahalanobis", "reconstruction"}, default="mahalanobis"
        ``"mahalanobis"``: squared distance from the mean window in units of the components'
        variances, none of which counts as less than a standardised value's; ``"reconstruction"``:
        squared error without the first ``n_components``.
    n_components : int or float in (0, 1), default=0.9
        Components kept by ``"reconstruction"``, or the share of the variance they hold.
    max_windows : int, default=10000
        Windows to learn from, spread evenly over the series.
""",
    window="128",
    smoothing="1 (a window is a mean already)",
)
class WindowedPCADetector(SeriesDetector):
    """Principal components of sliding windows for anomalies in series.

    Windows are standardised value by value and scored by ``scoring``; a time point's score is the
    mean over the windows that cover it. Needs NumPy only.

    Parameters
    ----------
    {shared}
    components_ : ndarray of shape (n_values, n_values)
        Principal components of the windows, one a column, values in the order of channels, then
        time points.
    variances_ : ndarray of shape (n_values,)
        Their variances.

    References
    ----------
    Q. Liu, J. Paparrizos, "The Elephant in the Room: Towards A Reliable Time-Series Anomaly
    Detection Benchmark", NeurIPS 2024 (Sub-PCA).

    Examples
    --------
    >>> x = np.sin(np.arange(1000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1000)
    >>> x[600:640] = 0.0
    >>> detector = WindowedPCADetector(contamination=0.02).fit(x)
    >>> detector.window_, bool(600 <= detector.anomaly_score(x).argmax() < 640)
    (64, True)
    """

    _parameter_constraints: dict = {
        **SeriesDetector._parameter_constraints,
        "scoring": [StrOptions({"mahalanobis", "reconstruction"})],
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "max_windows": [Interval(Integral, 1, None, closed="left")],
    }

    _usual_window = 128
    _ann_skip = ("_matrix",)

    def __init__(
        self,
        window="auto",
        *,
        scoring="mahalanobis",
        n_components=0.9,
        contamination="auto",
        novelty=False,
        trim="auto",
        smoothing="auto",
        max_windows=10_000,
        random_state=None,
    ):
        self.window = window
        self.scoring = scoring
        self.n_components = n_components
        self.contamination = contamination
        self.novelty = novelty
        self.trim = trim
        self.smoothing = smoothing
        self.max_windows = max_windows
        self.random_state = random_state

    def _longest_window(self) -> int:
        most = super()._longest_window()
        while most > 16 and most * self.n_features_in_ > _MOST_VALUES:
            most //= 2
        return most

    def _learn(self, pieces: list[Piece], seeds: list[int]) -> None:
        lengths = [piece.values.shape[1] for piece in pieces]
        starts = window_starts(lengths, self.window_, self.max_windows)
        values, weights = training_windows(pieces, self.window_, starts)
        flat = values.transpose(0, 2, 1).reshape(len(values), -1).astype(np.float64)
        weights = weights.astype(np.float64)
        self._keep(window_components(flat, weights))
        self.n_trimmed_ = 0
        if self._trim_share() > 0:
            scores = quadratic_terms(flat, self._found, self._matrix).sum(axis=1)
            kept = kept_windows(scores, weights, self._trim_share())
            self._keep(window_components(flat[kept], weights[kept]))
            self.n_trimmed_ = len(flat) - len(kept)

    def _keep(self, found: WindowComponents) -> None:
        self.mean_, self.spread_, self.variances_, self.components_ = found
        self._ann_restored()

    def _ann_restored(self) -> None:
        found = self._found
        if self.scoring == "mahalanobis":
            self._matrix = whitened(found)
            return
        n = self.n_components
        if not isinstance(n, Integral):
            n = n_explaining(found.variances, n)
        self._matrix = residual(found, min(int(n), len(found.variances) - 1))

    @property
    def _found(self) -> WindowComponents:
        return WindowComponents(self.mean_, self.spread_, self.variances_, self.components_)

    def _window_contributions(self, values: np.ndarray) -> np.ndarray:
        """Return what each channel adds to the score of windows (n, n_channels, window)."""
        terms = quadratic_terms(values.reshape(len(values), -1), self._found, self._matrix)
        return terms.reshape(values.shape).sum(axis=2) / terms.shape[1]

    def _raw_contributions(self, piece: Piece) -> np.ndarray:
        every = windows(piece.values, self.window_)
        step = max(1, _BLOCK // (self.window_ * self.n_features_in_))
        blocks = [
            self._window_contributions(every[i : i + step]) for i in range(0, len(every), step)
        ]
        of_points = mean_over_windows(np.concatenate(blocks), self.window_)
        return np.where(piece.observed.T, of_points, 0.0)

    def stream(self) -> WindowStream:
        """Return an object that scores one time point after the other.

        Returns
        -------
        WindowStream
            ``score_next(values)`` gives the score of the newest window, 0 until there is one; the
            mean of the next ``window_`` of these is the score ``anomaly_score`` gives.
        """
        return WindowStream(self)
