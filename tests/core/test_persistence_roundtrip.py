import dataclasses
import os

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import appliednn
from appliednn.core.errors import UsageError
from appliednn.core.persistence import AnnState, SaveMixin, inspect, load, register, save
from appliednn.tabular import TabularEncoder

X, y = load_iris(return_X_y=True)
WORDS = np.array(["setosa", "ü", "virginica"])[y]
FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(
    kind=pd.Categorical(np.where(X[:, 2] > 3, "long", "short"))
)
FRAME.loc[::7, "a"] = np.nan


@register
@dataclasses.dataclass(frozen=True)
class Shift:
    by: float
    names: tuple[str, ...] = ()


@register
class Nearest(SaveMixin, ClassifierMixin, BaseEstimator):
    """Nearest class mean: a small estimator of plain attributes."""

    _ann_skip = ("_cache",)

    def __init__(self, shape=(3, 2), weights=None, inner=None):
        self.shape = shape
        self.weights = weights
        self.inner = inner

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means_ = np.array([np.asarray(X)[y == c].mean(axis=0) for c in self.classes_])
        self.history_ = {"loss": [1.0, float("nan"), float("inf")], "lr": [np.float32(0.1)]}
        self.shift_ = Shift(0.5, ("ä",))
        self.empty_, self.scalar_ = np.empty((0, 3), np.float32), np.array(7)
        self._cache = lambda: None
        return self

    def predict(self, X):
        distance = ((np.asarray(X)[:, None] - self.means_) ** 2).sum(axis=2)
        return self.classes_[distance.argmin(axis=1)]


@register
class Wrapper(BaseEstimator):
    """A class with a protocol of its own."""

    def __init__(self, estimator=None):
        self.estimator = estimator

    def fit(self, X, y):
        self.estimator_ = self.estimator.fit(X, y)
        self.scaler_ = StandardScaler().fit(X)
        return self

    def predict(self, X):
        return self.estimator_.predict(X)

    def __ann_state__(self):
        return AnnState(
            params={},
            arrays={"w": np.ones((2, 2), np.float32)},
            meta={"note": "hello"},
            objects={"scaler": self.scaler_},
            children={"estimator": self.estimator_},
        )

    @classmethod
    def __ann_restore__(cls, state):
        self = cls(state.children["estimator"])
        self.estimator_, self.scaler_ = self.estimator, state.objects["scaler"]
        assert state.meta == {"note": "hello"} and state.arrays["w"].flags.writeable
        return self


def again(model, tmp_path):
    path = tmp_path / "model.ann"
    assert save(model, path) == path
    return load(path)


def same(a, b, X):
    for method in ("predict", "predict_proba", "transform", "score_samples"):
        if hasattr(a, method):
            np.testing.assert_array_equal(getattr(a, method)(X), getattr(b, method)(X))


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(max_iter=500),
        RidgeCV(),
        SGDClassifier(random_state=0),
        GaussianNB(),
        DummyClassifier(),
        HistGradientBoostingClassifier(max_iter=3),
        HistGradientBoostingRegressor(max_iter=3, loss="quantile", quantile=0.3),
        RandomForestClassifier(3),
        ExtraTreesClassifier(3),
        DecisionTreeClassifier(),
        AdaBoostClassifier(n_estimators=2),
        BaggingClassifier(n_estimators=2, max_features=2),
        IsolationForest(n_estimators=2, max_features=2),
        LocalOutlierFactor(n_neighbors=5, novelty=True, algorithm="brute"),
        MLPClassifier((3,), max_iter=300, tol=0.1, random_state=0),
        CalibratedClassifierCV(GaussianNB(), cv=2, method="isotonic"),
        CalibratedClassifierCV(LogisticRegression(), cv=2),
        TransformedTargetRegressor(RidgeCV(), transformer=StandardScaler()),
        VotingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())], voting="soft"),
        StackingClassifier([("a", GaussianNB())], DecisionTreeClassifier(), cv=2),
        make_pipeline(StandardScaler(), PowerTransformer(), SelectKBest(k=2), GaussianNB()),
        make_pipeline(QuantileTransformer(n_quantiles=10), FunctionTransformer(np.log1p)),
        make_pipeline(KNNImputer(), StandardScaler(), LogisticRegression()),
        make_imblearn_pipeline(RandomOverSampler(random_state=0), GaussianNB()),
        make_imblearn_pipeline(SMOTE(random_state=0), GaussianNB()),
    ],
    ids=lambda m: type(m).__name__,
)
def test_scikit_learn_objects_predict_as_before(model, tmp_path):
    model.fit(X, y)
    same(model, again(model, tmp_path), X)


def test_mixed_frames_with_string_labels(tmp_path):
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    onehot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2, drop="first")
    columns = ColumnTransformer([("n", numbers, list("abcd")), ("c", onehot, ["kind"])])
    for model in (
        make_pipeline(columns, LogisticRegression()),
        HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype"),
        make_pipeline(
            ColumnTransformer([("o", OrdinalEncoder(), ["kind"])], remainder="passthrough"),
            HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]),
        ),
    ):
        model.fit(FRAME, WORDS)
        same(model, again(model, tmp_path), FRAME)
        assert inspect(tmp_path / "model.ann")["classes"] == ["setosa", "virginica", "ü"]


@pytest.mark.parametrize("params", [{}, {"categorical": "embedding", "numeric": "quantile"}])
def test_encoder_by_its_own_method_and_the_public_load(params, tmp_path):
    encoder = TabularEncoder(**params).fit(FRAME)
    encoder.save(tmp_path / "e.ann")
    loaded = appliednn.load(tmp_path / "e.ann")
    same(encoder, loaded, FRAME)
    assert loaded.get_params() == encoder.get_params()
    manifest = inspect(tmp_path / "e.ann")
    assert manifest["schema"]["feature_names"] == FRAME.columns.tolist()
    assert manifest["schema"]["kinds"] == ["numeric"] * 4 + ["category"]
    assert manifest["format_version"] == 1 and "numpy" in manifest["packages"]


def test_ready_made_state_is_exact(tmp_path):
    given = {0: 1.0, "b": np.float64(2), (1, 2): None}
    model = Nearest(shape=(4, [5]), weights=given, inner=LogisticRegression(C=2)).fit(X, WORDS)
    loaded = again(model, tmp_path)
    same(model, loaded, X)
    assert loaded.shape == (4, [5]) and loaded.weights == given
    assert type(loaded.weights["b"]) is np.float64
    assert loaded.inner.C == 2 and loaded.shift_ == model.shift_
    assert str(loaded.history_) == str(model.history_)
    assert loaded.classes_.dtype == model.classes_.dtype
    assert loaded.empty_.shape == (0, 3) and loaded.scalar_.shape == () and loaded.scalar_ == 7
    assert not hasattr(loaded, "_cache")
    loaded.means_ += 1  # arrays are the model's own, not views of the file


def test_either_kind_inside_the_other(tmp_path):
    inner = Nearest()
    for model in (
        make_pipeline(TabularEncoder(), LogisticRegression()),
        make_pipeline(TabularEncoder(), Nearest()),
        make_pipeline(ColumnTransformer([("e", TabularEncoder(), [0, 1])]), Nearest()),
        VotingClassifier([("ours", inner), ("theirs", GaussianNB())]),
        Wrapper(make_pipeline(StandardScaler(), Nearest())),
        Wrapper(Wrapper(HistGradientBoostingClassifier(max_iter=2))),
    ):
        model.fit(X, WORDS)
        before = repr(model)
        loaded = again(model, tmp_path)
        same(model, loaded, X)
        assert repr(model) == before
    voting = VotingClassifier([("ours", inner)]).fit(X, WORDS)
    loaded = again(voting, tmp_path)
    assert loaded.named_estimators_["ours"] is loaded.estimators_[0]


def test_one_estimator_in_two_places_stays_one(tmp_path):
    shared = GaussianNB().fit(X, y)
    model = Nearest(inner=shared).fit(X, WORDS)
    model.estimator_ = shared
    loaded = again(model, tmp_path)
    assert loaded.inner is loaded.estimator_
    assert len(inspect(tmp_path / "model.ann")["nodes"]) == 2


def test_regression_on_diabetes_keeps_every_bit(tmp_path):
    X, y = load_diabetes(return_X_y=True)
    model = HistGradientBoostingRegressor(max_iter=20).fit(X, y)
    same(model, again(model, tmp_path), X)


def test_equal_models_give_equal_bytes(tmp_path):
    model = Nearest().fit(X, y)
    first, second = save(model, tmp_path / "a.ann"), save(model, tmp_path / "b.ann")
    assert first.read_bytes() == second.read_bytes()


def test_verdict_is_kept(tmp_path):
    model = TabularEncoder().fit(X)
    model.save(tmp_path / "m.ann", verdict={"state": "PASS", "gates": [1, 2]})
    assert inspect(tmp_path / "m.ann")["verdict"] == {"state": "PASS", "gates": [1, 2]}


class Foreign(BaseEstimator):
    def fit(self, X, y):
        self.n_features_in_ = 1
        return self


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (SVC().fit(X, y), r"SVC \(SVC\) holds sklearn.svm._classes.SVC"),
        (KNeighborsClassifier().fit(X, y), "KDTree"),
        (LocalOutlierFactor(novelty=True).fit(X), "KDTree"),
        (GradientBoostingClassifier(n_estimators=2).fit(X, y), "reviewed list"),
        (Foreign().fit(X, y), "estimators of appliednn and of scikit-learn"),
        (make_pipeline(FunctionTransformer(len), GaussianNB()), "Pipeline is not fitted"),
        (LogisticRegression(), "LogisticRegression is not fitted; call fit first"),
        (Nearest(weights=len).fit(X, y), "Nearest.weights is a builtins.builtin_function"),
        (Nearest(weights=np.random.RandomState(0)).fit(X, y), "pass random_state as an int"),
        (Nearest(weights=[{"a": Foreign()}]).fit(X, y), r"Nearest.weights\[0\]\['a'\]"),
        (Nearest, "the class Nearest was given"),
        ("a string", "builtins.str"),
    ],
)
def test_what_cannot_be_saved_is_named_with_the_reason(model, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        save(model, tmp_path / "m.ann")
    assert os.listdir(tmp_path) == []


def test_a_search_says_what_to_save_instead(tmp_path):
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, cv=2).fit(X, y)
    with pytest.raises(UsageError, match="Save its best_estimator_ instead"):
        save(search, tmp_path / "m.ann")


def test_subclasses_are_not_taken_for_what_they_extend(tmp_path):
    class Extended(TabularEncoder):
        pass

    with pytest.raises(UsageError, match="is not registered"):
        save(Extended().fit(X), tmp_path / "m.ann")
    with pytest.raises(ValueError, match="is taken"):
        register(Extended, name="TabularEncoder")


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "m.ann"
    save(TabularEncoder().fit(X), path)
    before = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save(TabularEncoder().fit(X * 2), path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["m.ann"]


def test_places_that_cannot_be_written_or_read(tmp_path):
    encoder = TabularEncoder().fit(X)
    with pytest.raises(UsageError, match="is a folder"):
        save(encoder, tmp_path)
    with pytest.raises(UsageError, match="cannot be written"):
        save(encoder, tmp_path / "no" / "m.ann")
    with pytest.raises(UsageError, match="there is no such file"):
        load(tmp_path / "none.ann")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path)
