"""The methods of ``anomaly.py``: ours and the peers, each with its library's defaults.

A method is a function that takes a :class:`_anomaly_sets.Part` and returns a function from rows
to scores, higher for an anomaly. Ours read the rows as they are and are told by ``novelty`` that
the rows are clean; the peers read them scaled to [0, 1] by the training part, and have no way to
be told. All run on one thread.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from _anomaly_sets import Part
from _options import chosen_of
from _runner import NotInThisVersion, import_all

Scorer = Callable[[np.ndarray], np.ndarray]
N_NEIGHBORS = 5
# A step so small that no weight of the network changes.
_NO_STEP = 1e-30
# The first optimizer of a process imports the second, which takes seconds.
_TORCH = ("torch", "torch._dynamo")


@dataclass(frozen=True)
class Method:
    """How to fit a method, whose it is, and what to import before the clock starts."""

    fit: Callable[[Part], Scorer]
    ours: bool
    modules: tuple[str, ...]
    estimator: str | None = None

    def prepare(self) -> None:
        """Import what a fit needs; raise NotInThisVersion for what is not there."""
        import_all(self.modules)
        if self.estimator is not None:
            our_class(self.estimator)


def our_class(name: str) -> type:
    """Return our detector of a name, or raise NotInThisVersion."""
    module = importlib.import_module("appliednn.anomaly")
    try:
        return getattr(module, name)
    except AttributeError as missing:
        raise NotInThisVersion(f"{name} is not in this version of appliednn") from missing


def _given(made: type, part: Part, parameters: dict) -> dict:
    """Return the constructor's arguments."""
    taken = inspect.signature(made).parameters
    unknown = set(parameters) - set(taken)
    if unknown:
        raise NotInThisVersion(f"{made.__name__} has no {', '.join(sorted(unknown))}")
    told = {"novelty": part.clean, "random_state": part.seed}
    return parameters | {k: v for k, v in told.items() if k in taken}


def _ours(name: str, **parameters) -> Method:
    def fit(part: Part) -> Scorer:
        made = our_class(name)
        return made(**_given(made, part, parameters)).fit(part.X).anomaly_score

    return Method(fit, True, ("tensorflow", "keras", "appliednn.anomaly"), name)


def _with_labels(name: str) -> Method:
    """Return a method that knows some anomalies: -1 for those, 0 for rows of no label."""

    def fit(part: Part) -> Scorer:
        made = our_class(name)
        X = np.vstack([part.others, part.labelled])
        labels = np.repeat([0, -1], [len(part.others), len(part.labelled)])
        return made(**_given(made, part, {})).fit(X, labels=labels).anomaly_score

    return replace(_ours(name), fit=fit)


def _scaled(fit: Callable[[Part], Scorer], *modules: str) -> Method:
    """Return a peer that reads rows scaled to [0, 1] by the training part."""

    def scaled(part: Part) -> Scorer:
        from sklearn.preprocessing import MinMaxScaler

        scaler = MinMaxScaler().fit(part.X)
        score = fit(replace(part, X=scaler.transform(part.X)))
        return lambda X: score(scaler.transform(X))

    return Method(scaled, False, (*modules, "sklearn.preprocessing"))


# -- scikit-learn ------------------------------------------------------------------------------


def isolation_forest(part: Part) -> Scorer:
    """Isolation forest, 100 trees of 256 rows."""
    from sklearn.ensemble import IsolationForest

    model = IsolationForest(random_state=part.seed).fit(part.X)
    return lambda X: -model.score_samples(X)


def lof(part: Part) -> Scorer:
    """Local outlier factor, 20 neighbours."""
    from sklearn.neighbors import LocalOutlierFactor

    model = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(part.X)
    return lambda X: -model.score_samples(X)


def ocsvm(part: Part) -> Scorer:
    """One-class support vector machine, radial kernel."""
    from sklearn.svm import OneClassSVM

    model = OneClassSVM().fit(part.X)
    return lambda X: -model.score_samples(X)


def knn(part: Part) -> Scorer:
    """Distance to the fifth neighbour among the training rows."""
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=N_NEIGHBORS).fit(part.X)
    return lambda X: model.kneighbors(X)[0][:, -1]


# -- PyOD --------------------------------------------------------------------------------------


def _pyod(module: str, name: str, *modules: str) -> Method:
    def fit(part: Part) -> Scorer:
        made = getattr(importlib.import_module(module), name)
        own = {"random_state": part.seed, "verbose": 0, "n_features": part.X.shape[1]}
        taken = inspect.signature(made).parameters
        model = made(**{k: v for k, v in own.items() if k in taken})
        return model.fit(part.X).decision_function

    return _scaled(fit, module, *modules)


# -- all of them -------------------------------------------------------------------------------

METHODS: dict[str, Method] = {
    "isolation_forest": _scaled(isolation_forest, "sklearn.ensemble"),
    "lof": _scaled(lof, "sklearn.neighbors"),
    "ocsvm": _scaled(ocsvm, "sklearn.svm"),
    "knn": _scaled(knn, "sklearn.neighbors"),
    "pyod_ecod": _pyod("pyod.models.ecod", "ECOD"),
    "pyod_autoencoder": _pyod("pyod.models.auto_encoder", "AutoEncoder", *_TORCH),
    "pyod_vae": _pyod("pyod.models.vae", "VAE", *_TORCH),
    "pyod_deep_svdd": _pyod("pyod.models.deep_svdd", "DeepSVDD", *_TORCH),
    "autoencoder": _ours("AutoencoderDetector"),
    "denoising_autoencoder": _ours("AutoencoderDetector", denoising=0.2),
    "vae": _ours("VAEDetector"),
    "deep_svdd": _ours("DeepSVDDDetector"),
    # The same first weights, the same rows for the centre, the same score: only no training.
    "untrained_deep_svdd": _ours("DeepSVDDDetector", learning_rate=_NO_STEP, epochs=1),
    "gan": _ours("GANDetector"),
    "transfer": _ours("TransferDetector"),
    "ensemble": _ours("DetectorEnsemble"),
    "deep_sad": _with_labels("DeepSADDetector"),
}
# Not beside the others in ranks: one is no method, the other sees labels.
UNTRAINED, LABELLED = "untrained_deep_svdd", "deep_sad"
# Which peer a protocol's methods are to beat.
BASELINE = {"contaminated": "isolation_forest", "clean": "knn"}
TWINS = {"autoencoder": "pyod_autoencoder", "vae": "pyod_vae", "deep_svdd": "pyod_deep_svdd"}


def chosen_methods(words: list[str]) -> list[str]:
    """Return names of methods for names, "all", "ours" or "peers".

    >>> chosen_methods(["vae", "lof"])
    ['lof', 'vae']
    """
    return chosen_of(METHODS, words)
