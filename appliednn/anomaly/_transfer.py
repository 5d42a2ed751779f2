"""Distances in a space learnt elsewhere: features of a fitted network, then nearest neighbours."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.base import _clone_parametrized
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _num_features

from appliednn.anomaly._backbone import Backbone
from appliednn.anomaly._base import TableDetector
from appliednn.anomaly._distances import MahalanobisDistance, NeighborDistance
from appliednn.core._rows import copy_feature_names
from appliednn.core.persistence._protocol import AnnState

# A feature that hardly varies among the training rows is not blown up beyond this.
_LEAST_SCALE = 1e-3


class TransferDetector(TableDetector):
    """Anomaly detection by distances between features that another model computes.

    Parameters
    ----------
    base : estimator, keras.Model, transformer or None, default=None
        What computes the features, fitted already and not changed: an appliednn estimator (its
        last hidden layer), a Keras model such as a pretrained backbone (its outputs, averaged
        over space; rows of any shape), a scikit-learn transformer. None: the encoded columns of
        the table themselves.
    layer : str, default="auto"
        Name of another hidden layer of the network.
    distance : {"neighbors", "mahalanobis"}, default="neighbors"
        The mean distance to the nearest training rows, or the squared Mahalanobis distance to
        their mean.
    n_neighbors : int, default=5
        Neighbours; a row that equals a training row is not its own neighbour.
    scale : bool, default=True
        Divide each feature by its standard deviation among the training rows; for ``base=None``
        ``numeric`` says how columns are scaled, and this is left out.
    max_rows : int, default=10000
        Training rows that distances are measured to; of more, so many are drawn.
    contamination : float in (0, 0.5] or "auto", default="auto"
        Share of the training rows that lie above the threshold; ``"auto"``: Tukey's fence of the
        scores' logarithms.
    novelty : bool, default=False
        Whether the training rows are known to be clean; otherwise some may be anomalies
        themselves.
    trim : float in [0, 1) or "auto", default="auto"
        Share of the training rows, the most anomalous first by an isolation forest of the
        features, that distances are not measured to; ``"auto"``: 0.1, or nothing with
        ``novelty=True``.
    numeric, missing : str
        As in :class:`~appliednn.tabular.TabularEncoder`; for ``base=None``. What is
        missing is no evidence unless ``missing="median_indicator"``.
    random_state : int, RandomState or None, default=None
        Seeds the isolation forest and the draw of ``max_rows``.

    Attributes
    ----------
    threshold_, offset_, decision_scores_, labels_
        As in :class:`DetectorMixin`.
    reference_ : ndarray of shape (n_reference, n_components)
        Features of the rows that distances are measured to.
    n_trimmed_ : int
        Rows that were left out.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    O. Rippel, P. Mertens, D. Merhof, "Modeling the Distribution of Normal Data in Pre-Trained Deep
    Features for Anomaly Detection", ICPR 2020.
    L. Bergman, N. Cohen, Y. Hoshen, "Deep Nearest Neighbor Anomaly Detection", 2020.

    Examples
    --------
    >>> from appliednn.tabular import MLPClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 4))
    >>> base = MLPClassifier((16,), epochs=5, random_state=0).fit(X, X[:, 0] > 0)
    >>> detector = TransferDetector(base, random_state=0).fit(X)
    >>> detector.predict(X[:2] + 20)
    array([-1, -1])
    """

    _parameter_constraints: dict = {
        **TableDetector._parameter_constraints,
        "base": "no_validation",
        "layer": [str],
        "distance": [StrOptions({"neighbors", "mahalanobis"})],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "scale": ["boolean"],
        "max_rows": [Interval(Integral, 1, None, closed="left")],
    }
    _ann_skip = ("_distance", "_backbone")

    def __init__(
        self,
        base=None,
        *,
        layer="auto",
        distance="neighbors",
        n_neighbors=5,
        scale=True,
        max_rows=10_000,
        contamination="auto",
        novelty=False,
        trim="auto",
        numeric="minmax",
        missing="median",
        random_state=None,
    ):
        self.base = base
        self.layer = layer
        self.distance = distance
        self.n_neighbors = n_neighbors
        self.scale = scale
        self.max_rows = max_rows
        self.contamination = contamination
        self.novelty = novelty
        self.trim = trim
        self.numeric = numeric
        self.missing = missing
        self.random_state = random_state

    def __sklearn_clone__(self):
        copy = _clone_parametrized(self)
        copy.base = self.base  # what it has learnt is what it is for
        return copy

    # -- fit ------------------------------------------------------------------------------------

    def _encode_training(self, X, weights: np.ndarray) -> np.ndarray:
        self._backbone = None
        if self.base is None:
            return super()._encode_training(X, weights)
        self._backbone = Backbone.of(self.base, self.layer)
        self.encoder_ = self._backbone.encoder
        if self.encoder_ is not None:
            copy_feature_names(self, self.encoder_)
        else:
            self.n_features_in_ = _num_features(X)
        return self._backbone.encode(X)

    def _first_scores(self, Z, weights, labels, seeds) -> np.ndarray:
        return super()._first_scores(self._features(Z), weights, labels, seeds)

    def _learn(self, Z: np.ndarray, weights: np.ndarray, labels, seeds) -> None:
        if len(Z) > self.max_rows:
            kept = np.random.default_rng(seeds[1]).choice(len(Z), self.max_rows, replace=False)
            Z, weights = Z[np.sort(kept)], weights[np.sort(kept)]
        features = self._features(Z)
        self._scale = np.ones(features.shape[1], dtype=np.float32)
        if self.scale and self.base is not None:
            mean = np.average(features, axis=0, weights=weights)
            deviation = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weights))
            least = max(_LEAST_SCALE * deviation.max(), np.finfo(np.float32).tiny)
            self._scale = np.maximum(deviation, least).astype(np.float32)
        self.reference_, self._reference_weights = features / self._scale, weights
        self._measure()

    def _measure(self) -> None:
        """Prepare the distance to the reference rows."""
        if self.distance == "neighbors":
            self._distance = NeighborDistance(
                self.reference_, self._reference_weights, self.n_neighbors
            )
        else:
            self._distance = MahalanobisDistance(self.reference_, self._reference_weights)

    # -- use ------------------------------------------------------------------------------------

    def encode(self, X) -> np.ndarray:
        """Return rows as the base reads them, float32 (n, ...)."""
        if self.__sklearn_is_fitted__() and self._backbone is not None:
            return self._backbone.encode(X)
        return super().encode(X)

    def _features(self, Z: np.ndarray) -> np.ndarray:
        return Z if self._backbone is None else self._backbone.features(Z)

    def _score_encoded(self, Z: np.ndarray) -> np.ndarray:
        return self._distance(self._features(Z) / self._scale)

    def explain(self, X) -> np.ndarray:
        """Return by how much each feature raises the anomaly score.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_features_in_)
            The row's score minus its score with the feature at its mean over the training rows.

        Raises
        ------
        ValueError
            If the base is a transformer, or its rows are no tables.
        """
        if self.__sklearn_is_fitted__() and self.encoder_ is None:
            network = self._backbone.network
            if network is None or len(network.input_shape) != 1:
                raise ValueError(
                    "explain needs columns that can be set to their mean; the base of this "
                    "detector reads no table"
                )
        return super().explain(X)

    # -- files ----------------------------------------------------------------------------------

    def __getstate__(self) -> dict:
        return {k: v for k, v in super().__getstate__().items() if k not in self._ann_skip}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self._ann_restored()

    def __ann_state__(self) -> AnnState:
        state = super().__ann_state__()
        if hasattr(self.base, "layers"):  # a Keras model is kept as numbers and a description
            state.params["base"] = self._backbone.network
        return state

    def _ann_restored(self) -> None:
        if hasattr(self, "reference_"):
            self._backbone = None if self.base is None else Backbone.of(self.base, self.layer)
            self._measure()
