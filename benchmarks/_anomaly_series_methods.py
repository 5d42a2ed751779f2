"""The methods of ``anomaly_series.py``: our detectors for series, and the peers on windows.

All have one face: ``fit(values)``, ``anomaly_score(values)``, higher for an anomaly, and
``predict(values)``, -1 for an anomaly, each with one value a point. Ours have their defaults, and
``novelty`` tells them that a training part is clean. Peers read windows of the series, scaled by
the training part, as long as those of our windowed PCA; a point's score is the mean over the
windows that cover it, as in ours, and it is flagged if more than half of them are.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from _anomaly_methods import N_NEIGHBORS, our_class
from _options import chosen_of
from _runner import import_all

# Peers are fitted on at most so many windows, spread evenly: a kernel method's cost is quadratic.
MOST_WINDOWS = 5000
PCA_VARIANCE = 0.9
# Where a peer's own library gives no threshold: mean and deviations of the training scores.
DEVIATIONS = 3.0


@dataclass(frozen=True)
class Method:
    """How to make a detector from a seed and ``clean``, whose it is, and what to import.

    ``seeded`` is false where nothing is drawn, so that one seed says all.
    """

    make: Callable[[int, bool], object]
    ours: bool
    modules: tuple[str, ...]
    seeded: bool
    estimator: str | None = None

    def prepare(self) -> None:
        """Import what a fit needs; raise NotInThisVersion for what is not there."""
        import_all(self.modules)
        if self.estimator is not None:
            our_class(self.estimator)


def _ours(name: str, *, seeded: bool = True, **parameters) -> Method:
    def make(seed: int, clean: bool):
        return our_class(name)(random_state=seed, novelty=clean, **parameters)

    return Method(make, True, ("tensorflow", "keras", "appliednn.anomaly"), seeded, name)


# -- peers on windows ----------------------------------------------------------------------------


def window_length(values: np.ndarray) -> int:
    """Return the length of windows that our windowed PCA chooses for a training part."""
    return our_class("WindowedPCADetector")().fit(values).window_


class OnWindows:
    """A detector for tables that reads windows of a series."""

    def __init__(self, model):
        self.model = model

    def fit(self, values: np.ndarray) -> OnWindows:
        self.centre, self.scale = values.mean(), values.std() or 1.0
        self.length = window_length(values)
        rows = self._windows(values)
        kept = np.linspace(0, len(rows) - 1, min(MOST_WINDOWS, len(rows))).round().astype(int)
        self.model.fit(rows[kept])
        return self

    def _windows(self, values: np.ndarray) -> np.ndarray:
        scaled = (values - self.centre) / self.scale
        return np.lib.stride_tricks.sliding_window_view(scaled, self.length)

    def _over_windows(self, of_windows: np.ndarray) -> np.ndarray:
        """Return the mean over the windows that cover each point."""
        ones = np.ones(self.length)
        return np.convolve(of_windows, ones) / np.convolve(np.ones(len(of_windows)), ones)

    def anomaly_score(self, values: np.ndarray) -> np.ndarray:
        return self._over_windows(-self.model.score_samples(self._windows(values)))

    def predict(self, values: np.ndarray) -> np.ndarray:
        outlier = self.model.predict(self._windows(values)) == -1
        return np.where(self._over_windows(outlier) > 0.5, -1, 1)


class _WithThreshold:
    """Outliers are windows whose score is far above the training windows' mean."""

    def _learn_threshold(self, rows: np.ndarray) -> None:
        scores = self.score_samples(rows)
        self.threshold = scores.mean() - DEVIATIONS * scores.std()

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.where(self.score_samples(rows) < self.threshold, -1, 1)


class Neighbours(_WithThreshold):
    """Distance to the fifth nearest training window."""

    def fit(self, rows: np.ndarray) -> Neighbours:
        from sklearn.neighbors import NearestNeighbors

        self.model = NearestNeighbors(n_neighbors=N_NEIGHBORS).fit(rows)
        self._learn_threshold(rows)
        return self

    def score_samples(self, rows: np.ndarray) -> np.ndarray:
        return -self.model.kneighbors(rows)[0][:, -1]


class Components(_WithThreshold):
    """Squared error of the reconstruction from the first principal components."""

    def fit(self, rows: np.ndarray) -> Components:
        from sklearn.decomposition import PCA

        self.model = PCA(PCA_VARIANCE, svd_solver="full").fit(rows)
        self._learn_threshold(rows)
        return self

    def score_samples(self, rows: np.ndarray) -> np.ndarray:
        rebuilt = self.model.inverse_transform(self.model.transform(rows))
        return -((rows - rebuilt) ** 2).sum(axis=1)


class PyOD:
    """A detector of PyOD with scikit-learn's signs."""

    def __init__(self, module: str, name: str, **parameters):
        self.model = getattr(importlib.import_module(module), name)(**parameters)

    def fit(self, rows: np.ndarray) -> PyOD:
        self.model.fit(rows)
        return self

    def score_samples(self, rows: np.ndarray) -> np.ndarray:
        return -self.model.decision_function(rows)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return 1 - 2 * self.model.predict(rows)


class MovingZ:
    """Distance from the mean of the window before, in its deviations."""

    def fit(self, values: np.ndarray) -> MovingZ:
        self.length = window_length(values)
        self.least = 1e-3 * values.std() or 1.0
        return self

    def anomaly_score(self, values: np.ndarray) -> np.ndarray:
        import pandas as pd

        before = pd.Series(values).shift(1).rolling(self.length, min_periods=2)
        spread = np.maximum(before.std(), self.least)
        return ((values - before.mean()) / spread).abs().fillna(0.0).to_numpy()

    def predict(self, values: np.ndarray) -> np.ndarray:
        return np.where(self.anomaly_score(values) > DEVIATIONS, -1, 1)


def isolation_forest(seed: int):
    """Isolation forest, 100 trees of 256 windows."""
    from sklearn.ensemble import IsolationForest

    return IsolationForest(random_state=seed)


def lof(seed: int):
    """Local outlier factor, 20 neighbours."""
    from sklearn.neighbors import LocalOutlierFactor

    return LocalOutlierFactor(novelty=True)


def ocsvm(seed: int):
    """One-class support vector machine, radial kernel."""
    from sklearn.svm import OneClassSVM

    return OneClassSVM()


def _peer(made: Callable[[int], object], *modules: str, seeded: bool = False) -> Method:
    modules += ("appliednn.anomaly",)
    return Method(lambda seed, clean: OnWindows(made(seed)), False, modules, seeded)


def _pyod(module: str, name: str, *modules: str, seeded: bool = True) -> Method:
    def made(seed: int) -> PyOD:
        return PyOD(module, name, **({"random_state": seed, "verbose": 0} if seeded else {}))

    return _peer(made, module, *modules, seeded=seeded)


# -- all of them ---------------------------------------------------------------------------------

BASELINE = "windowed_pca"
METHODS: dict[str, Method] = {
    "moving_z": Method(
        lambda seed, clean: MovingZ(), False, ("pandas", "appliednn.anomaly"), False
    ),
    "isolation_forest": _peer(isolation_forest, "sklearn.ensemble", seeded=True),
    "lof": _peer(lof, "sklearn.neighbors"),
    "ocsvm": _peer(ocsvm, "sklearn.svm"),
    "knn": _peer(lambda seed: Neighbours(), "sklearn.neighbors"),
    "pca_reconstruction": _peer(lambda seed: Components(), "sklearn.decomposition"),
    "pyod_ecod": _pyod("pyod.models.ecod", "ECOD", seeded=False),
    "pyod_autoencoder": _pyod("pyod.models.auto_encoder", "AutoEncoder", "torch", "torch._dynamo"),
    BASELINE: _ours("WindowedPCADetector", seeded=False),
    **{
        f"forecast_{name}": _ours("ForecastDetector", architecture=name)
        for name in ("lstm", "gru", "rnn", "tcn", "cnn")
    },
    **{
        f"autoencoder_{name}": _ours("SequenceAutoencoderDetector", architecture=name)
        for name in ("lstm", "tcn")
    },
}


def chosen_methods(words: list[str]) -> list[str]:
    """Return names of methods for names, "all", "ours" or "peers".

    >>> chosen_methods(["knn", "lof"])
    ['lof', 'knn']
    """
    return chosen_of(METHODS, words)
