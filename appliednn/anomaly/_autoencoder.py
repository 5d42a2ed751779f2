"""Autoencoder: what a narrow network cannot rebuild is unlike what it was trained on."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly._docs import document
from appliednn.anomaly._network_base import NetworkDetector, narrow_width
from appliednn.core._architecture import Architecture

# A column that is rebuilt nearly without error would outweigh all others: the scale of its errors
# is at least this share of the mean column's.
_LEAST_SCALE = 0.01


@document(
    own="""    hidden_layer_sizes : tuple of int, default=(128, 32)
        Units of the layers before the narrowest; the layers after it mirror them.
    n_components : int or "auto", default="auto"
        Units of the narrowest layer; ``"auto"``: the square root of the number of inputs, at least
        2.
    denoising : float in [0, 1), default=0.0
        Share of the inputs set to zero while training; the network rebuilds the whole row
        (Vincent et al. 2008).
""",
    activation="leaky_relu",
    learning_rate="3e-3",
    weight_decay="0.0",
    epochs=50,
)
class AutoencoderDetector(NetworkDetector):
    """Autoencoder for anomaly detection in tables.

    A row's score is the mean, over the encoded columns, of the squared error with which the
    network rebuilds it, in units of the column's mean squared error on the training rows.

    Parameters
    ----------
    {shared}
    error_scale_ : ndarray of shape (n_inputs,)
        Mean squared error of each encoded column on the rows trained on; for columns of 0 and 1
        (levels, what is missing) at least their variance.

    References
    ----------
    N. Japkowicz, C. Myers, M. Gluck, "A Novelty Detection Approach to Classification", IJCAI
    1995.
    P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol, "Extracting and Composing Robust
    Features with Denoising Autoencoders", ICML 2008.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(300, 1))
    >>> X = np.hstack([x, 2 * x, -x]) + 0.05 * rng.normal(size=(300, 3))
    >>> detector = AutoencoderDetector((32,), n_components=1, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [1.0, -2.0, -1.0]])
    array([ 1, -1])
    >>> int(detector.explain([[1.0, -2.0, -1.0]]).argmax())
    1
    """

    _parameter_constraints: dict = {
        **NetworkDetector._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "denoising": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(128, 32),
        *,
        n_components="auto",
        denoising=0.0,
        contamination="auto",
        novelty=False,
        trim="auto",
        trim_by="isolation_forest",
        activation="leaky_relu",
        learning_rate=3e-3,
        weight_decay=0.0,
        epochs=50,
        batch_size=64,
        numeric="minmax",
        missing="median",
        max_seconds=None,
        precision=None,
        callbacks=None,
        verbose="auto",
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_components = n_components
        self.denoising = denoising
        self.contamination = contamination
        self.novelty = novelty
        self.trim = trim
        self.trim_by = trim_by
        self.activation = activation
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.numeric = numeric
        self.missing = missing
        self.max_seconds = max_seconds
        self.precision = precision
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def _architecture(self, n_inputs: int) -> tuple[Architecture, int]:
        narrow = narrow_width(self.n_components, n_inputs)
        hidden = self._hidden()
        widths = [*hidden, narrow, *reversed(hidden), n_inputs]
        return self._dense(n_inputs, widths), n_inputs

    def _noise(self) -> float:
        return float(self.denoising)

    def _target(self, Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return Z

    def _after_training(self, Z: np.ndarray, weights: np.ndarray, seeds) -> None:
        scale = np.average(self._errors(Z), axis=0, weights=weights.astype(np.float64))
        least = max(_LEAST_SCALE * scale.mean(), np.finfo(np.float32).tiny)
        self.error_scale_ = np.maximum(np.maximum(scale, least), self._flag_variance)

    def _errors(self, Z: np.ndarray) -> np.ndarray:
        return np.square(self.network_.forward(Z) - Z, dtype=np.float64)

    def _score_encoded(self, Z: np.ndarray) -> np.ndarray:
        return (self._errors(Z) / self.error_scale_).mean(axis=1)

    def explain(self, X) -> np.ndarray:
        """Return what each feature adds to the anomaly score.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_features_in_)
            Not negative; each row adds up to its ``anomaly_score``.
        """
        Z = self.encode(X)
        return self._of_features(self._errors(Z) / self.error_scale_ / Z.shape[1])
