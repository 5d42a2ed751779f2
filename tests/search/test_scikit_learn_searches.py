"""scikit-learn's own searches on this package's networks."""

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV

from appliednn.tabular import MLPClassifier, MLPRegressor, RealMLPClassifier

NETWORKS = {
    "mlp": MLPClassifier((8,), epochs=4, verbose=False, random_state=0),
    "realmlp": RealMLPClassifier(
        "td-s", hidden_layer_sizes=[8], epochs=4, verbose=False, random_state=0
    ),
    "regressor": MLPRegressor((8,), epochs=4, verbose=False, random_state=0),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_grid_search_finds_the_rate_that_learns(name, blobs):
    X, y = blobs
    search = GridSearchCV(NETWORKS[name], {"learning_rate": [1e-7, 0.03]}, cv=2).fit(X, y)
    assert search.best_params_ == {"learning_rate": 0.03}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_halving_over_epochs_raises_them_from_round_to_round(blobs):
    X, y = blobs
    search = HalvingRandomSearchCV(
        NETWORKS["mlp"],
        {"learning_rate": [1e-7, 1e-6, 0.03]},
        resource="epochs",
        min_resources=2,
        max_resources=6,
        n_candidates=3,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.n_resources_ == [2, 6]
    assert search.best_params_["learning_rate"] == 0.03
    assert search.best_estimator_.n_epochs_ <= 6


def test_halving_over_rows_works_too(blobs):
    X, y = blobs
    search = HalvingRandomSearchCV(
        NETWORKS["mlp"], {"learning_rate": [1e-7, 0.03]}, n_candidates=2, cv=2, random_state=0
    ).fit(X, y)
    assert search.best_estimator_.n_features_in_ == 6
