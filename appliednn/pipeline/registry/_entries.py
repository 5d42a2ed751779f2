"""The closed list: every name a config may use, and where in our code or a library it lives."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from appliednn.core.errors import UsageError

Task = Literal[
    "classification",
    "regression",
    "anomaly",
    "text-classification",
    "text-regression",
    "tagging",
    "reinforcement",
]

_CLASSIFICATION: tuple[Task, ...] = ("classification",)
_REGRESSION: tuple[Task, ...] = ("regression",)
_ANOMALY: tuple[Task, ...] = ("anomaly",)
_REINFORCEMENT: tuple[Task, ...] = ("reinforcement",)


@dataclass(frozen=True)
class Entry:
    """A name of the registry.

    Attributes
    ----------
    name : str
        What a config says.
    module : str
        Module the class is imported from; a constant of this file, never read from a config.
    tasks : tuple of str
        Tasks it can do; empty for a resampler.
    series : bool
        Whether its rows are points in time, whose order counts.
    marks : bool
        Whether it learns from rows that are marked as anomalies.
    """

    name: str
    module: str
    tasks: tuple[Task, ...] = ()
    series: bool = False
    marks: bool = False

    def load(self) -> type:
        """Import and return the class (this is where a heavy library loads)."""
        return getattr(importlib.import_module(self.module), self.name)


def _entries(*entries: Entry) -> Mapping[str, Entry]:
    return MappingProxyType({entry.name: entry for entry in entries})


def _samplers(module: str, *names: str) -> tuple[Entry, ...]:
    return tuple(Entry(name, module) for name in names)


def _twins(module: str, *stems: str) -> tuple[Entry, ...]:
    """Return a classifier and a regressor for each stem of a name."""
    kinds = (("Classifier", _CLASSIFICATION), ("Regressor", _REGRESSION))
    return tuple(Entry(stem + kind, module, tasks) for stem in stems for kind, tasks in kinds)


def _agents(*names: str) -> tuple[Entry, ...]:
    module = "appliednn.reinforcement"
    return tuple(Entry(f"{name}Agent", module, _REINFORCEMENT) for name in names)


ESTIMATORS = _entries(
    *_twins("appliednn.tabular", "MLP", "RealMLP", "TabM", "ResNet", "FTTransformer"),
    Entry("PerceptronClassifier", "appliednn.tabular", _CLASSIFICATION),
    *_twins("appliednn.search", "AutoTabular"),
    Entry("LogisticRegression", "sklearn.linear_model", _CLASSIFICATION),
    Entry("HistGradientBoostingClassifier", "sklearn.ensemble", _CLASSIFICATION),
    Entry("RandomForestClassifier", "sklearn.ensemble", _CLASSIFICATION),
    Entry("DummyClassifier", "sklearn.dummy", _CLASSIFICATION),
    Entry("Ridge", "sklearn.linear_model", _REGRESSION),
    Entry("HistGradientBoostingRegressor", "sklearn.ensemble", _REGRESSION),
    Entry("RandomForestRegressor", "sklearn.ensemble", _REGRESSION),
    Entry("DummyRegressor", "sklearn.dummy", _REGRESSION),
    Entry("AutoencoderDetector", "appliednn.anomaly", _ANOMALY),
    Entry("DeepSVDDDetector", "appliednn.anomaly", _ANOMALY),
    Entry("VAEDetector", "appliednn.anomaly", _ANOMALY),
    Entry("GANDetector", "appliednn.anomaly", _ANOMALY),
    Entry("TransferDetector", "appliednn.anomaly", _ANOMALY),
    Entry("DeepSADDetector", "appliednn.anomaly", _ANOMALY, marks=True),
    Entry("DetectorEnsemble", "appliednn.anomaly", _ANOMALY),
    Entry("ForecastDetector", "appliednn.anomaly", _ANOMALY, series=True),
    Entry("SequenceAutoencoderDetector", "appliednn.anomaly", _ANOMALY, series=True),
    Entry("WindowedPCADetector", "appliednn.anomaly", _ANOMALY, series=True),
    Entry("TextClassifier", "appliednn.text", ("text-classification",)),
    Entry("TextRegressor", "appliednn.text", ("text-regression",)),
    Entry("TokenTagger", "appliednn.text", ("tagging",)),
    *_agents("PPO", "RecurrentPPO", "A2C", "REINFORCE", "DQN", "DDPG", "TD3", "SAC"),
    Entry("IsolationForest", "sklearn.ensemble", _ANOMALY),
    Entry("LocalOutlierFactor", "sklearn.neighbors", _ANOMALY),
)
"""Estimators a config may name as ``model.type`` (and, scikit-learn's, as baselines)."""

SAMPLERS = _entries(
    *_samplers(
        "imblearn.over_sampling",
        "RandomOverSampler",
        "SMOTE",
        "SMOTENC",
        "SMOTEN",
        "BorderlineSMOTE",
        "SVMSMOTE",
        "KMeansSMOTE",
        "ADASYN",
    ),
    *_samplers(
        "imblearn.under_sampling",
        "RandomUnderSampler",
        "ClusterCentroids",
        "NearMiss",
        "TomekLinks",
        "EditedNearestNeighbours",
        "RepeatedEditedNearestNeighbours",
        "AllKNN",
        "OneSidedSelection",
        "CondensedNearestNeighbour",
        "NeighbourhoodCleaningRule",
        "InstanceHardnessThreshold",
    ),
    *_samplers("imblearn.combine", "SMOTEENN", "SMOTETomek"),
)
"""Resamplers of imbalanced-learn a config may name."""


def estimator(name: str) -> Entry:
    """Return the estimator entry of ``name``.

    Raises
    ------
    UsageError
        If the registry does not know ``name``; the message suggests the nearest name.

    Examples
    --------
    >>> estimator("Ridge").tasks
    ('regression',)
    """
    return _lookup(name, ESTIMATORS, "estimator")


def sampler(name: str) -> Entry:
    """Return the resampler entry of ``name``.

    Raises
    ------
    UsageError
        If the registry does not know ``name``.

    Examples
    --------
    >>> sampler("SMOTENC").module
    'imblearn.over_sampling'
    """
    return _lookup(name, SAMPLERS, "resampler")


def _lookup(name: str, entries: Mapping[str, Entry], kind: str) -> Entry:
    if name in entries:
        return entries[name]
    close = difflib.get_close_matches(str(name), entries, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise UsageError(
        f"{kind} {name!r} is not in the registry; expected one of {', '.join(entries)}{hint}"
    )
