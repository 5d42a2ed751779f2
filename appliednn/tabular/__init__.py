"""Neural estimators for tables, and the encoder inside them."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ClassTarget": "appliednn.core._target",
        "KerasClassifier": "._keras",
        "KerasRegressor": "._keras",
        "MLPClassifier": "._mlp",
        "MLPRegressor": "._mlp",
        "PerceptronClassifier": "._perceptron",
        "RealMLPClassifier": "._realmlp",
        "RealMLPRegressor": "._realmlp",
        "ResNetClassifier": "._resnet",
        "ResNetRegressor": "._resnet",
        "FTTransformerClassifier": "._ft_transformer",
        "FTTransformerRegressor": "._ft_transformer",
        "TabMClassifier": "._tabm",
        "TabMRegressor": "._tabm",
        "TabularEncoder": ".encoder._encoder",
        "read_labels": "appliednn.core._target",
        "read_numbers": "appliednn.core._target",
        "fit_side_by_side": "._side_by_side",
        "stack_key": "._side_by_side",
    },
)
