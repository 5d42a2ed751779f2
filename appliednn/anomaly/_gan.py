"""A generator, two encoders and a discriminator: what cannot be encoded twice alike is unusual."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly._docs import document
from appliednn.anomaly._network_base import NetworkDetector, narrow_width
from appliednn.core._architecture import Architecture
from appliednn.core._losses import Loss

_ROWS_PER_CALL = 8_192


@document(
    own="""    hidden_layer_sizes : tuple of int, default=(64,)
        Units of the hidden layers of encoders and discriminator; the decoder's mirror them.
    n_components : int or "auto", default="auto"
        Width of the encoding; ``"auto"``: the square root of the number of inputs, at least 2.
    score_by : {{"encoding", "reconstruction", "both"}}, default="both"
        What a score is made of, each part in units of its mean on the training rows: the squared
        difference of the two encodings (the original method), the squared error of the rebuilt
        row, or the sum.
    adversarial : float, default=1.0
        Weight of the discriminator's features in the generator's loss.
""",
    activation="leaky_relu",
    learning_rate="1e-3",
    weight_decay="0.0",
    epochs=50,
)
class GANDetector(NetworkDetector):
    """Adversarially trained encoder, decoder and encoder, for anomaly detection in tables.

    After GANomaly: a generator encodes and rebuilds a row, a second encoder encodes what was
    rebuilt, and a discriminator tells rows from rebuilt ones. Unlike there, all of them learn in
    the same step, and rows are tables, so layers are dense.

    Parameters
    ----------
    {shared}

    References
    ----------
    S. Akcay, A. Atapour-Abarghouei, T. P. Breckon, "GANomaly: Semi-Supervised Anomaly Detection
    via Adversarial Training", ACCV 2018.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(300, 1))
    >>> X = np.hstack([x, 2 * x, -x]) + 0.05 * rng.normal(size=(300, 3))
    >>> detector = GANDetector((32,), n_components=1, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [1.0, -2.0, -1.0]])
    array([ 1, -1])
    """

    _parameter_constraints: dict = {
        **NetworkDetector._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "score_by": [StrOptions({"encoding", "reconstruction", "both"})],
        "adversarial": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(64,),
        *,
        n_components="auto",
        score_by="both",
        adversarial=1.0,
        contamination="auto",
        novelty=False,
        trim="auto",
        trim_by="isolation_forest",
        activation="leaky_relu",
        learning_rate=1e-3,
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
        self.score_by = score_by
        self.adversarial = adversarial
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
        architecture = Architecture.of(
            "gan_detector",
            self.precision or "float32",
            n_inputs=n_inputs,
            hidden=self._hidden(),
            n_components=narrow_width(self.n_components, n_inputs),
            activation=self.activation,
        )
        return architecture, n_inputs + 4

    def _loss(self) -> Loss:
        return Loss("ganomaly", "regression", hyper={"adversarial": float(self.adversarial)})

    def _target(self, Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return Z

    def _after_training(self, Z: np.ndarray, weights: np.ndarray, seeds) -> None:
        parts = self._parts(Z)
        means = np.average(parts, axis=0, weights=weights.astype(np.float64))
        self._usual_parts = np.maximum(means, np.finfo(np.float32).tiny)

    def _parts(self, Z: np.ndarray) -> np.ndarray:
        """Return errors of encoding and of the rebuilt row, (n, 2)."""
        d, out = Z.shape[1], np.zeros((len(Z), 2))
        for i in range(0, len(Z), _ROWS_PER_CALL):
            rows = Z[i : i + _ROWS_PER_CALL]
            raw = self.network_.forward(rows)
            out[i : i + len(rows), 0] = raw[:, d]
            squared = np.square(raw[:, :d] - rows, dtype=np.float64)
            out[i : i + len(rows), 1] = squared.mean(axis=1)
        return out

    def _score_encoded(self, Z: np.ndarray) -> np.ndarray:
        parts = self._parts(Z) / self._usual_parts
        chosen = {"encoding": [0], "reconstruction": [1], "both": [0, 1]}[self.score_by]
        return parts[:, chosen].sum(axis=1)
