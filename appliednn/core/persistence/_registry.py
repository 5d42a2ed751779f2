"""The closed list of names a model file may hold, and the classes they stand for."""

from __future__ import annotations

import importlib
from typing import Any

from appliednn.core.errors import IntegrityError, UsageError

_MODULES: dict[str, str] = {
    "Network": "appliednn.core._network",
    "SequenceNetwork": "appliednn.core._sequence_network",
    "TabularEncoder": "appliednn.tabular.encoder._encoder",
    "MLPClassifier": "appliednn.tabular._mlp",
    "MLPRegressor": "appliednn.tabular._mlp",
    "RealMLPClassifier": "appliednn.tabular._realmlp",
    "RealMLPRegressor": "appliednn.tabular._realmlp",
    "PerceptronClassifier": "appliednn.tabular._perceptron",
    "TabMClassifier": "appliednn.tabular._tabm",
    "TabMRegressor": "appliednn.tabular._tabm",
    "ResNetClassifier": "appliednn.tabular._resnet",
    "ResNetRegressor": "appliednn.tabular._resnet",
    "FTTransformerClassifier": "appliednn.tabular._ft_transformer",
    "FTTransformerRegressor": "appliednn.tabular._ft_transformer",
    "KerasClassifier": "appliednn.tabular._keras",
    "KerasRegressor": "appliednn.tabular._keras",
    "BaggedClassifier": "appliednn.ensemble._bagged",
    "BaggedRegressor": "appliednn.ensemble._bagged",
    "SnapshotClassifier": "appliednn.ensemble._snapshot",
    "SnapshotRegressor": "appliednn.ensemble._snapshot",
    "WeightedEnsembleClassifier": "appliednn.ensemble._weighted",
    "WeightedEnsembleRegressor": "appliednn.ensemble._weighted",
    "AutoencoderDetector": "appliednn.anomaly._autoencoder",
    "DeepSVDDDetector": "appliednn.anomaly._deep_svdd",
    "ForecastDetector": "appliednn.anomaly.series._forecast",
    "SequenceAutoencoderDetector": "appliednn.anomaly.series._sequence_autoencoder",
    "WindowedPCADetector": "appliednn.anomaly.series._windowed_pca",
    "DeepSADDetector": "appliednn.anomaly._deep_sad",
    "VAEDetector": "appliednn.anomaly._vae",
    "GANDetector": "appliednn.anomaly._gan",
    "TransferDetector": "appliednn.anomaly._transfer",
    "DetectorEnsemble": "appliednn.anomaly._ensemble",
    "TextClassifier": "appliednn.text.classification._classifier",
    "TextRegressor": "appliednn.text.classification._regressor",
    "TokenTagger": "appliednn.text.tagging._tagger",
    "WordEmbedding": "appliednn.text.embedding._embedding",
    "CalibratedModel": "appliednn.uncertainty._calibration",
    "ThresholdClassifier": "appliednn.diagnostics._threshold",
    "PriorCorrection": "appliednn.imbalance._prior",
    "RebalancedClassifier": "appliednn.imbalance._rebalanced",
    "TableImputer": "appliednn.impute._imputer",
    "AutoTabularClassifier": "appliednn.search._auto",
    "AutoTabularRegressor": "appliednn.search._auto",
    "BoostedTrees": "appliednn.search._boosted_trees",
    "Bert": "appliednn.text.encoder._bert",
    "WordPiece": "appliednn.text.encoder._wordpiece",
    "SentenceEncoder": "appliednn.text.encoder._sentence_encoder",
    "MaskedLanguagePretrainer": "appliednn.text.encoder._pretrainer",
    "TextSpace": "appliednn.text._similarity",
    "CandidateIndex": "appliednn.text.linking._pairs",
    "SpanVocabulary": "appliednn.text.answering._span_tokens",
    "RetrievalQA": "appliednn.text.answering._retrieval",
    "ExtractiveQA": "appliednn.text.answering._extractive",
    "EntityLinker": "appliednn.text.linking._linker",
    "BytePairEncoder": "appliednn.text.generation._byte_pairs",
    "CharacterVocabulary": "appliednn.text.generation._characters",
    "ExtractiveSummarizer": "appliednn.text.summary._extractive",
    "Seq2SeqModel": "appliednn.text.generation._seq2seq",
    "LanguageModel": "appliednn.text.generation._language_model",
    "TabularSearchCV": "appliednn.search._search",
    "SurrogateTree": "appliednn.explain.policies._surrogate",
    "ContextualBandit": "appliednn.reinforcement.bandits._bandit",
    "BehaviorCloning": "appliednn.reinforcement.offline._behavior_cloning",
    "DiscreteCQL": "appliednn.reinforcement.offline._cql",
    "A2CAgent": "appliednn.reinforcement.agents.on_policy._a2c",
    "REINFORCEAgent": "appliednn.reinforcement.agents.on_policy._reinforce",
    "RecurrentPPOAgent": "appliednn.reinforcement.agents.on_policy._recurrent_ppo",
    "PPOAgent": "appliednn.reinforcement.agents.on_policy._ppo",
    "DQNAgent": "appliednn.reinforcement.agents.off_policy._dqn",
    "DDPGAgent": "appliednn.reinforcement.agents.off_policy._ddpg",
    "TD3Agent": "appliednn.reinforcement.agents.off_policy._td3",
    "SACAgent": "appliednn.reinforcement.agents.off_policy._sac",
    "ReplayBuffer": "appliednn.reinforcement.replay._buffer",
    "PrioritizedReplayBuffer": "appliednn.reinforcement.replay._prioritized",
}
# Small dataclasses that are part of a state; rebuilt by their constructor from values.
_VALUES: dict[str, str] = {
    "Architecture": "appliednn.core._architecture",
    "Loss": "appliednn.core._losses",
    "Optimizer": "appliednn.core._optimizers",
    "ClassTarget": "appliednn.core._target",
    "NumberTarget": "appliednn.core._target",
    "ChannelScaler": "appliednn.series._scaling",
    "EntityTable": "appliednn.text.linking._table",
    "NgramFeatures": "appliednn.text._ngram_features",
    "PieceSpanReader": "appliednn.text.answering._span_readers",
    "WordSpanReader": "appliednn.text.answering._span_readers",
    "PieceReader": "appliednn.text.encoder._fine_tune",
    "VectorReader": "appliednn.text.encoder._fine_tune",
    "NgramReader": "appliednn.text.classification._readers",
    "TokenReader": "appliednn.text.classification._readers",
    "WordVocabulary": "appliednn.text._words",
    "TokenEncoder": "appliednn.text.tagging._token_encoder",
    "WordVectors": "appliednn.text.embedding._vectors",
    "LinearPart": "appliednn.text.classification._linear",
    "Mix": "appliednn.text.classification._linear",
    "SpaceSpec": "appliednn.reinforcement.agents._spaces",
    "RunningMoments": "appliednn.reinforcement.agents._normalizer",
    "ObservationNormalizer": "appliednn.reinforcement.agents._normalizer",
    "Finalist": "appliednn.reinforcement.agents._training_run",
    "RewardScaler": "appliednn.reinforcement.agents._normalizer",
    "FoldModel": "appliednn.search._fold_model",
    "TargetMeans": "appliednn.search._target_means",
    "Estimate": "appliednn.core.statistics",
    "Episodes": "appliednn.reinforcement.evaluation._episodes",
    "Evaluation": "appliednn.reinforcement.evaluation._evaluation",
    "LinearArms": "appliednn.reinforcement.bandits._linear_arms",
}
_REGISTERED: dict[str, type] = {}


def register(cls: type, name: str | None = None) -> type:
    """Let model files hold this class; works as a decorator.

    Only code calls this, when it is imported. A class that must load in a fresh process, where
    its module is not imported yet, has to be listed in this file as well.

    Parameters
    ----------
    cls : type
        A class with ``__ann_state__`` and ``__ann_restore__``, or a dataclass of values.
    name : str, optional
        Name in the file; default the class's own.

    Returns
    -------
    type
        ``cls``.

    Raises
    ------
    ValueError
        If the name stands for another class.
    """
    name = name or cls.__name__
    known = _REGISTERED.get(name)
    module = _MODULES.get(name) or _VALUES.get(name) or cls.__module__
    if known not in (None, cls) or module != cls.__module__:
        raise ValueError(f"the name {name!r} of {cls!r} is taken by another registered class")
    _REGISTERED[name] = cls
    return cls


def name_of(cls: type) -> str | None:
    """Return the registered name of a class, or None (also for a subclass of one)."""
    for name, registered in _REGISTERED.items():
        if registered is cls:
            return name
    for table in (_MODULES, _VALUES):
        if table.get(cls.__name__) == cls.__module__:
            return cls.__name__
    return None


def class_of(name: Any) -> type:
    """Return the class a file's name stands for.

    Raises
    ------
    IntegrityError
        If the registry does not know the name; nothing is imported then.
    """
    if isinstance(name, str) and name in _REGISTERED:
        return _REGISTERED[name]
    module = _MODULES.get(name) or _VALUES.get(name) if isinstance(name, str) else None
    if module is None:
        raise IntegrityError(
            f"the file holds an estimator {name!r} that this version of appliednn does not know; "
            f"it knows {', '.join(known_names())}. Nothing was loaded."
        )
    try:
        return getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise UsageError(f"{name} cannot be loaded in this installation: {error}") from error


def known_names() -> list[str]:
    """Return all names a file's estimators may have."""
    return sorted({*_MODULES, *(n for n, c in _REGISTERED.items() if n not in _VALUES)})
