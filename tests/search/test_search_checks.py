"""Every check of scikit-learn, without an expected failure."""

from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from appliednn.search import AutoTabularClassifier, AutoTabularRegressor, TabularSearchCV

RATES = {"log_uniform": [0.1, 10.0]}
ESTIMATORS = [
    AutoTabularClassifier(60, models=["linear"], n_bags=2, random_state=0),
    AutoTabularRegressor(60, models=["linear"], n_bags=2, random_state=0),
    TabularSearchCV(
        LogisticRegression(solver="newton-cholesky"), {"C": RATES}, n_candidates=2, random_state=0
    ),
    TabularSearchCV(Ridge(), {"alpha": RATES}, n_candidates=2, random_state=0),
]


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_finds_nothing_wrong(estimator, check):
    check(estimator)
