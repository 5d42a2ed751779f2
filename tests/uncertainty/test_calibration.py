"""CalibratedModel against scikit-learn's calibration of the same frozen classifier."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from appliednn.uncertainty import CalibratedModel


@pytest.fixture(scope="module", params=[2, 3])
def data(request):
    X, y = make_classification(
        600, n_informative=6, n_classes=request.param, flip_y=0.2, random_state=0
    )
    y = np.array(["a", "b", "c"])[y]
    return X[:300], y[:300], X[300:], y[300:]


class LogOdds(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose decision values are the log odds of each class."""

    def __init__(self, inner):
        self.inner = inner
        self.classes_ = inner.classes_

    def fit(self, X, y):
        return self

    def decision_function(self, X):
        p = self.inner.predict_proba(X)
        return np.log(p / (1 - p))

    def predict(self, X):
        return self.inner.predict(X)


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
@pytest.mark.parametrize(
    "classifier",
    [
        GaussianNB(),
        RandomForestClassifier(20, random_state=0),
        LogisticRegression(C=100, max_iter=1000),
    ],
    ids=lambda c: type(c).__name__,
)
def test_probabilities_equal_scikit_learns(data, classifier, method):
    X_fit, y_fit, X_held, y_held = data
    inner = classifier.fit(X_fit, y_fit)
    ours = CalibratedModel(inner, method).fit(X_held, y_held)
    everything = np.arange(len(y_held))
    if (
        isinstance(inner, LogisticRegression)
        and len(inner.classes_) > 2
        and method != "temperature"
    ):
        inner = LogOdds(inner)
    theirs = CalibratedClassifierCV(
        FrozenEstimator(inner), method=method, cv=[(everything, everything)], ensemble=False
    ).fit(X_held, y_held)
    np.testing.assert_allclose(
        ours.predict_proba(X_fit), theirs.predict_proba(X_fit), atol=2e-6, rtol=0
    )
    assert ours.classes_.tolist() == theirs.classes_.tolist()


def test_a_shift_of_all_softmax_scores_changes_no_calibrated_probability(data):
    """Softmax scores are free up to a number per row; the curves must not see that number."""
    X_fit, y_fit, X_held, y_held = data
    inner = LogisticRegression(max_iter=1000).fit(X_fit, y_fit)

    class Shifted(LogisticRegression):
        def decision_function(self, X):
            scores = super().decision_function(X)
            return scores if scores.ndim == 1 else scores + 50 * X[:, :1]

    shifted = Shifted(max_iter=1000).fit(X_fit, y_fit)
    for method in ("temperature", "sigmoid", "isotonic"):
        expected = CalibratedModel(inner, method).fit(X_held, y_held).predict_proba(X_fit)
        found = CalibratedModel(shifted, method).fit(X_held, y_held).predict_proba(X_fit)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_temperature_is_the_minimum_of_the_log_loss(data):
    X_fit, y_fit, X_held, y_held = data
    model = CalibratedModel(GaussianNB().fit(X_fit, y_fit)).fit(X_held, y_held)
    best = log_loss(y_held, model.predict_proba(X_held))
    learned = model.temperature_
    for factor in (0.98, 1.02):
        model.temperature_ = learned * factor
        assert log_loss(y_held, model.predict_proba(X_held)) > best


def test_temperature_survives_a_class_without_held_out_rows(data):
    X_fit, y_fit, X_held, y_held = data
    keep = y_held != "b"
    model = CalibratedModel(GaussianNB().fit(X_fit, y_fit)).fit(X_held[keep], y_held[keep])
    assert model.predict_proba(X_held).shape == (len(X_held), len(model.classes_))
    with pytest.raises(ValueError, match=r"have none of \['b'\]"):
        CalibratedModel(model.estimator_, "sigmoid").fit(X_held[keep], y_held[keep])


def test_refuses_what_it_cannot_calibrate(data):
    X_fit, y_fit, X_held, y_held = data
    with pytest.raises(NotFittedError, match="fit GaussianNB first"):
        CalibratedModel(GaussianNB()).fit(X_held, y_held)
    with pytest.raises(TypeError, match="needs a classifier with predict_proba, got LinearSVC"):
        CalibratedModel(LinearSVC().fit(X_fit, y_fit)).fit(X_held, y_held)
    inner = GaussianNB().fit(X_fit, y_fit)
    with pytest.raises(ValueError, match="method='platt' is unknown"):
        CalibratedModel(inner, "platt").fit(X_held, y_held)
    with pytest.raises(ValueError, match="label 'z' unknown"):
        CalibratedModel(inner).fit(X_held, np.where(y_held == "a", "z", y_held))


def test_is_a_classifier_that_looks_like_its_inner_one(data):
    X_fit, y_fit, X_held, y_held = data
    inner = GaussianNB().fit(X_fit, y_fit)
    model = CalibratedModel(inner, "isotonic").fit(X_held, y_held)
    assert is_classifier(model)
    assert model.n_features_in_ == inner.n_features_in_
    assert set(model.predict(X_held)) <= set(y_fit)
    np.testing.assert_allclose(model.predict_proba(X_held).sum(axis=1), 1)
