"""Deep SVDD: a network that maps normal rows near one point."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from appliednn.anomaly._docs import document
from appliednn.anomaly._network_base import NetworkDetector
from appliednn.core._architecture import Architecture
from appliednn.core._network import Network

# The centre keeps this distance from zero in each coordinate: at zero, weights of zero would
# fulfil the task (Ruff et al. 2018).
_LEAST_CENTRE = 0.1


@document(
    own="""    hidden_layer_sizes : tuple of int, default=(64,)
        Units of the hidden layers.
    n_components : int, default=32
        Dimensions of the space in which rows are to lie near the centre.
""",
    activation="elu",
    learning_rate="1e-3",
    weight_decay="1e-4",
    epochs=10,
)
class DeepSVDDDetector(NetworkDetector):
    """Deep support vector data description (one-class) for anomaly detection in tables.

    A row's score is the squared distance between the network's answer and the centre, the mean
    answer of the untrained network; ``network_`` gives their difference. The network has no
    biases, so that it answers the mean row, all zeros, with zero, while the centre is away from
    zero: it cannot answer every row alike.

    Parameters
    ----------
    {shared}
    center_ : ndarray of shape (n_components,)
        The centre.

    References
    ----------
    L. Ruff et al., "Deep One-Class Classification", ICML 2018.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 4))
    >>> detector = DeepSVDDDetector(novelty=True, random_state=0).fit(X)
    >>> detector.predict(10 + X[:3])
    array([-1, -1, -1])
    """

    _parameter_constraints: dict = {
        **NetworkDetector._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(64,),
        *,
        n_components=32,
        contamination="auto",
        novelty=False,
        trim="auto",
        trim_by="isolation_forest",
        activation="elu",
        learning_rate=1e-3,
        weight_decay=1e-4,
        epochs=10,
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
        widths = [*self._hidden(), int(self.n_components)]
        return self._dense(n_inputs, widths, use_bias=False, shift=True), widths[-1]

    def _start(self, first: Network, Z, weights, labels) -> list[np.ndarray]:
        normal = labels >= 0 if (labels >= 0).any() else np.ones(len(Z), dtype=bool)
        center = np.average(first.forward(Z[normal]), axis=0, weights=weights[normal])
        near = np.abs(center) < _LEAST_CENTRE
        center[near] = np.where(center[near] < 0, -_LEAST_CENTRE, _LEAST_CENTRE)
        self.center_ = center.astype(Z.dtype)
        return [*first.weights[:-1], -center.astype(first.weights[-1].dtype)]

    def _target(self, Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return np.zeros((len(Z), int(self.n_components)), dtype=Z.dtype)

    def _score_encoded(self, Z: np.ndarray) -> np.ndarray:
        return np.square(self.network_.forward(Z), dtype=np.float64).sum(axis=1)
