"""Variational autoencoder: how likely a row is to be rebuilt as it is."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly._docs import document
from appliednn.anomaly._network_base import NetworkDetector, narrow_width
from appliednn.anomaly._vae_numpy import LEAST_LOG_VARIANCE, vae_halves
from appliednn.core._architecture import Architecture
from appliednn.core._losses import Loss

_ROWS_PER_CALL = 8_192
# A row far from all training rows may get latent units without a bound to their variance.
_MOST_LATENT = 20.0


@document(
    own="""    hidden_layer_sizes : tuple of int, default=(64,)
        Units of the encoder's hidden layers; the decoder's mirror them.
    n_components : int or "auto", default="auto"
        Latent units; ``"auto"``: the square root of the number of inputs, at least 2.
    beta : float, default=1.0
        Weight of the latent units' divergence from a standard normal distribution.
    n_draws : int, default=8
        Draws of the latent units that a score averages over; 0: their means take the place of
        draws, also while training.
""",
    activation="relu",
    learning_rate="3e-3",
    weight_decay="0.0",
    epochs=50,
)
class VAEDetector(NetworkDetector):
    """Variational autoencoder for anomaly detection in tables.

    A row's score is the negative logarithm of its reconstruction probability: the mean, over
    draws of the latent units given the row, of its negative log likelihood under the normal
    distributions that the decoder gives for its columns, those of 0 and 1 with at least their
    variance among the training rows. All rows share the draws, so that a score
    does not depend on the other rows.

    Parameters
    ----------
    {shared}

    References
    ----------
    D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
    J. An, S. Cho, "Variational Autoencoder based Anomaly Detection using Reconstruction
    Probability", SNU Data Mining Center 2015.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(300, 1))
    >>> X = np.hstack([x, 2 * x, -x]) + 0.05 * rng.normal(size=(300, 3))
    >>> detector = VAEDetector((32,), n_components=1, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [1.0, -2.0, -1.0]])
    array([ 1, -1])
    """

    _parameter_constraints: dict = {
        **NetworkDetector._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "beta": [Interval(Real, 0, None, closed="left")],
        "n_draws": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(64,),
        *,
        n_components="auto",
        beta=1.0,
        n_draws=8,
        contamination="auto",
        novelty=False,
        trim="auto",
        trim_by="isolation_forest",
        activation="relu",
        learning_rate=3e-3,
        weight_decay=0.0,
        epochs=50,
        batch_size=64,
        numeric="standard",
        missing="median",
        max_seconds=None,
        precision=None,
        callbacks=None,
        verbose="auto",
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_components = n_components
        self.beta = beta
        self.n_draws = n_draws
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
        architecture = Architecture.of(
            "vae_detector",
            self.precision or "float32",
            n_inputs=n_inputs,
            hidden=self._hidden(),
            n_components=narrow,
            activation=self.activation,
            draw=self.n_draws > 0,
        )
        return architecture, 2 * (n_inputs + narrow)

    def _loss(self) -> Loss:
        return Loss("elbo", "regression", hyper={"beta": float(self.beta)})

    def _target(self, Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return Z

    def _after_training(self, Z: np.ndarray, weights: np.ndarray, seeds) -> None:
        narrow = self.network_.architecture.params["n_components"]
        rng = np.random.default_rng(seeds[0])
        draws = rng.normal(size=(self.n_draws, narrow)) if self.n_draws else np.zeros((1, narrow))
        self._draws = draws.astype(Z.dtype)

    def _surprise(self, Z: np.ndarray) -> np.ndarray:
        """Return each encoded column's negative log likelihood, mean over draws, (n, n_inputs)."""
        least = np.log(np.maximum(self._flag_variance, np.exp(LEAST_LOG_VARIANCE)))
        encode, decode = vae_halves(self.network_.architecture.params, self.network_.weights)
        out = np.zeros(Z.shape)
        for i in range(0, len(Z), _ROWS_PER_CALL):
            x = Z[i : i + _ROWS_PER_CALL]
            latent, log_variance = encode(x)
            spread = np.exp(0.5 * np.minimum(log_variance, _MOST_LATENT))
            for draw in self._draws:
                mean, log_variance = decode(latent + spread * draw)
                log_variance = np.maximum(log_variance, least)
                squared = np.square(x - mean, dtype=np.float64)
                out[i : i + len(x)] += squared * np.exp(-log_variance) + log_variance
        return 0.5 * (out / len(self._draws) + np.log(2 * np.pi))

    def _score_encoded(self, Z: np.ndarray) -> np.ndarray:
        return self._surprise(Z).mean(axis=1)

    def explain(self, X) -> np.ndarray:
        """Return what each feature adds to the anomaly score.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_features_in_)
            Each row adds up to its ``anomaly_score``; negative for features that are more likely
            than a density of one.
        """
        surprise = self._surprise(self.encode(X))
        return self._of_features(surprise / surprise.shape[1])
