"""scikit-learn's checks for TabM, ResNet and FT-Transformer, without an expected failure."""

import pytest
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

from appliednn import (
    FTTransformerClassifier,
    FTTransformerRegressor,
    ResNetClassifier,
    ResNetRegressor,
    TabMClassifier,
    TabMRegressor,
)

# Integer weights equal repeated rows to the last digit only in full batches of doubles.
EXACT = {"epochs": 60, "learning_rate": 0.01, "batch_size": "full", "random_state": 0}
EXACT |= {"precision": "float64", "early_stopping": False, "dropout": 0.0}
TABM = {"n_members": 3, "hidden_layer_sizes": (12,), **EXACT}
RESNET = {"n_blocks": 1, "width": 8, "hidden_width": 8, "residual_dropout": 0.0, **EXACT}
FT = {"n_blocks": 1, "width": 8, "heads": 2, "hidden_width": 8, "attention_dropout": 0.0, **EXACT}


@parametrize_with_checks(
    [TabMClassifier(**TABM), ResNetRegressor(n_ensemble=2, **RESNET)],
    expected_failed_checks=lambda estimator: {},
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        TabMRegressor(variant="mini", **TABM),
        ResNetClassifier(**RESNET),
        FTTransformerClassifier(**FT),
        FTTransformerRegressor(**FT),
    ],
    expected_failed_checks=lambda estimator: {},
)
def test_scikit_learn_checks_of_the_others(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "name", ["dropout", "learning_rate", "weight_decay", "epochs", "schedule"]
)
def test_what_no_preset_gives_may_not_be_none(name):
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of ResNetClassifier"):
        ResNetClassifier(**{name: None}).fit([[0.0], [1.0]], [0, 1])
