"""Neural networks for people who live in scikit-learn, and the audit that lets them hand over.

Public names load at first use: ``import appliednn`` brings in neither TensorFlow nor scikit-learn.
"""

from appliednn._lazy import attach

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "MLPClassifier": ".tabular",
        "MLPRegressor": ".tabular",
        "KerasClassifier": ".tabular",
        "KerasRegressor": ".tabular",
        "RealMLPClassifier": ".tabular",
        "RealMLPRegressor": ".tabular",
        "PerceptronClassifier": ".tabular",
        "TabMClassifier": ".tabular",
        "TabMRegressor": ".tabular",
        "ResNetClassifier": ".tabular",
        "ResNetRegressor": ".tabular",
        "FTTransformerClassifier": ".tabular",
        "FTTransformerRegressor": ".tabular",
        "TabularEncoder": ".tabular",
        "BaggedClassifier": ".ensemble",
        "BaggedRegressor": ".ensemble",
        "SnapshotClassifier": ".ensemble",
        "SnapshotRegressor": ".ensemble",
        "WeightedEnsembleClassifier": ".ensemble",
        "WeightedEnsembleRegressor": ".ensemble",
        "greedy_selection": ".ensemble",
        "AutoTabularClassifier": ".search",
        "AutoTabularRegressor": ".search",
        "TabularSearchCV": ".search",
        "TextClassifier": ".text",
        "TextRegressor": ".text",
        "audit": ".audit",
        "datasets": ".datasets",
        "load": ".core.persistence",
    },
)
