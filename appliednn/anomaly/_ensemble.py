"""Several detectors as one: their scores on a common scale, then the mean or the largest."""

from __future__ import annotations

import inspect
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import has_fit_parameter

from appliednn.anomaly._base import TableDetector, flag_variance
from appliednn.anomaly._network_base import NetworkDetector, train_alike
from appliednn.anomaly._threshold import SurpriseScale
from appliednn.core._random import spawn_seeds


class DetectorEnsemble(TableDetector):
    """Detectors that decide together.

    Each detector's score becomes a surprise: the negative logarithm of the share of training rows
    that reach it, continued by an exponential tail. A row's score is their mean or the largest.
    All detectors read the same encoded rows and leave out the same ones; networks that differ in
    their seeds alone are trained as one stacked network.

    Parameters
    ----------
    detectors : list of (str, estimator) or None, default=None
        Names and detectors: of this package, or of scikit-learn. None: an autoencoder, a
        variational one, Deep SVDD and an isolation forest; with ``novelty=True`` distances to the
        nearest neighbours in three scalings, which networks do not beat on clean rows.
    n_seeds : int, default=1
        How often each detector with a ``random_state`` takes part, each time with another seed.
    combine : {"mean", "max"}, default="mean"
        The mean of the surprises, or the largest.
    contamination : float in (0, 0.5] or "auto", default="auto"
        Share of the training rows that lie above the threshold; ``"auto"``: Tukey's fence of the
        scores' logarithms.
    novelty : bool, default=False
        Whether the training rows are known to be clean; otherwise some may be anomalies
        themselves.
    trim : float in [0, 1) or "auto", default="auto"
        Share of the training rows, the most anomalous first by an isolation forest, that no
        detector learns from; ``"auto"``: 0.1, or nothing with ``novelty=True``.
    numeric, missing : str
        As in :class:`~appliednn.tabular.TabularEncoder`: how rows are encoded for all detectors;
        those of this package scale them once more. What is missing is no evidence
        unless ``missing="median_indicator"``.
    random_state : int, RandomState or None, default=None
        Seeds the detectors.

    Attributes
    ----------
    threshold_, offset_, decision_scores_, labels_
        As in :class:`DetectorMixin`.
    estimators_ : list of (str, estimator)
        The fitted detectors; further seeds of one carry a number.
    n_trimmed_ : int
        Rows that no detector learnt from.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    H.-P. Kriegel, P. Kröger, E. Schubert, A. Zimek, "Interpreting and Unifying Outlier Scores",
    SDM 2011.
    J. Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of Statistics 1975.

    Examples
    --------
    >>> from sklearn.ensemble import IsolationForest
    >>> from appliednn.anomaly import TransferDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 4))
    >>> both = [("forest", IsolationForest()), ("neighbors", TransferDetector())]
    >>> detector = DetectorEnsemble(both, n_seeds=2, random_state=0).fit(X)
    >>> [name for name, _ in detector.estimators_]
    ['forest', 'forest_2', 'neighbors', 'neighbors_2']
    >>> detector.predict([[0, 0, 0, 0], [9, 0, 0, 0]])
    array([ 1, -1])
    """

    _parameter_constraints: dict = {
        **TableDetector._parameter_constraints,
        "detectors": [list, None],
        "n_seeds": [Interval(Integral, 1, None, closed="left")],
        "combine": [StrOptions({"mean", "max"})],
    }
    _ann_skip = ("_scales",)

    def __init__(
        self,
        detectors=None,
        *,
        n_seeds=1,
        combine="mean",
        contamination="auto",
        novelty=False,
        trim="auto",
        numeric="minmax",
        missing="median",
        random_state=None,
    ):
        self.detectors = detectors
        self.n_seeds = n_seeds
        self.combine = combine
        self.contamination = contamination
        self.novelty = novelty
        self.trim = trim
        self.numeric = numeric
        self.missing = missing
        self.random_state = random_state

    # -- fit ------------------------------------------------------------------------------------

    def _learn(self, Z: np.ndarray, weights: np.ndarray, labels, seeds) -> None:
        named = self._named(seeds[0])
        alike: dict[Any, list] = {}
        for _, detector in named:
            alike.setdefault(_stack_key(detector), []).append(detector)
        for key, group in alike.items():
            if key is None or len(group) == 1:
                for detector in group:
                    _fit(detector, Z, weights)
            else:
                fit_alike(group, Z, weights)
        self.estimators_ = named
        self._member_scores = np.stack([_training_score(d, Z) for _, d in named])
        self._member_weights = weights
        self._ann_restored()

    def _named(self, seed: int) -> list[tuple[str, Any]]:
        """Return clones of the detectors with names and seeds, set to learn from every row."""
        given = _default(self.novelty) if self.detectors is None else _checked(self.detectors)
        own_seeds = iter(spawn_seeds(seed, len(given) * self.n_seeds))
        out = []
        for name, detector in given:
            seeded = "random_state" in detector.get_params(deep=False)
            for k in range(self.n_seeds if seeded else 1):
                copy = clone(detector)
                settings = {"novelty": True, "random_state": next(own_seeds)}
                if isinstance(copy, TableDetector):
                    settings["trim"] = 0.0
                known = copy.get_params(deep=False)
                copy.set_params(**{n: v for n, v in settings.items() if n in known})
                out.append((name if k == 0 else f"{name}_{k + 1}", copy))
        return out

    # -- use ------------------------------------------------------------------------------------

    def _ann_restored(self) -> None:
        if hasattr(self, "_member_scores"):
            own = self._member_scores
            self._scales = [SurpriseScale(scores, self._member_weights) for scores in own]

    def surprises(self, X) -> np.ndarray:
        """Return what each detector says, on the common scale.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_detectors)
            In the order of ``estimators_``; 3 stands for a score that one in twenty training rows
            reaches (the natural logarithm of 20).
        """
        return self._surprises(self.encode(X))

    def _surprises(self, Z: np.ndarray) -> np.ndarray:
        pairs = zip(self._scales, self.estimators_, strict=True)
        return np.stack([scale.surprise(_score(d, Z)) for scale, (_, d) in pairs], axis=1)

    def _score_encoded(self, Z: np.ndarray) -> np.ndarray:
        surprises = self._surprises(Z)
        return surprises.mean(axis=1) if self.combine == "mean" else surprises.max(axis=1)


def fit_alike(detectors: list[NetworkDetector], Z: np.ndarray, weights: np.ndarray) -> None:
    """Fit detectors that differ in their seeds alone on all these rows, as one stacked network."""
    lead = detectors[0]
    encoded = lead._encode_training(Z, weights)
    usual = np.average(encoded, axis=0, weights=weights).astype(np.float32)
    flags = flag_variance(encoded, weights)
    seeds = [spawn_seeds(detector.random_state, 3) for detector in detectors]
    for detector in detectors:
        detector.encoder_, detector.n_features_in_ = lead.encoder_, lead.n_features_in_
        detector.n_trimmed_, detector._usual = 0, usual
        detector._flag_variance = flags
    labels = np.zeros(len(encoded), dtype=np.int8)
    train_alike(detectors, encoded, weights, labels, seeds, lead.epochs)
    for detector in detectors:
        detector._learn_threshold(detector._score_encoded(encoded), weights)


def _stack_key(detector: Any):
    """Return what detectors have in common that train as one network; None for others."""
    if not isinstance(detector, NetworkDetector):
        return None
    if detector._architecture(1)[0].name != "dense_detector":
        return None
    if detector.callbacks or getattr(detector, "_skl_callbacks", None):
        return None  # they follow one network
    params = detector.get_params(deep=False)
    del params["random_state"]
    return type(detector), repr(sorted(params.items()))


def _fit(detector: Any, Z: np.ndarray, weights: np.ndarray) -> None:
    if has_fit_parameter(detector, "sample_weight"):
        detector.fit(Z, sample_weight=weights)
    else:
        detector.fit(Z)


def _score(detector: Any, Z: np.ndarray) -> np.ndarray:
    if hasattr(detector, "anomaly_score"):
        return detector.anomaly_score(Z)
    return -np.asarray(detector.score_samples(Z), dtype=np.float64)


def _training_score(detector: Any, Z: np.ndarray) -> np.ndarray:
    """Return the score of the rows a detector was fitted on; ours have kept theirs."""
    ours = isinstance(detector, TableDetector)
    return detector.decision_scores_ if ours else _score(detector, Z)


def _default(novelty: bool) -> list[tuple[str, Any]]:
    from sklearn.ensemble import IsolationForest

    from appliednn.anomaly import (
        AutoencoderDetector,
        DeepSVDDDetector,
        TransferDetector,
        VAEDetector,
    )

    if novelty:
        scalings = ("minmax", "standard", "robust")
        return [
            (f"neighbors_{scaling}", TransferDetector(numeric=scaling)) for scaling in scalings
        ]
    return [
        ("autoencoder", AutoencoderDetector()),
        ("vae", VAEDetector()),
        ("deep_svdd", DeepSVDDDetector()),
        ("isolation_forest", IsolationForest()),
    ]


def _checked(detectors: list) -> list[tuple[str, Any]]:
    """Return the given list, or say what is wrong with it."""
    if not detectors:
        raise ValueError("detectors is empty; expected (name, detector) pairs, or None")
    for pair in detectors:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise ValueError(f"detectors holds {pair!r}; expected pairs (name, detector)")
        if inspect.isclass(pair[1]) or not any(
            hasattr(pair[1], name) for name in ("anomaly_score", "score_samples", "novelty")
        ):
            raise ValueError(
                f"detectors holds {pair!r}; expected a detector with anomaly_score or "
                "score_samples, such as IsolationForest()"
            )
    names = [name for name, _ in detectors]
    if len(set(names)) < len(names):
        raise ValueError(f"detectors has the names {names}; expected each name once")
    return [tuple(pair) for pair in detectors]
