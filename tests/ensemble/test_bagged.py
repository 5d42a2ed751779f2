"""Bagging: every row judged by members that have not seen it, and means and spreads of members."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from appliednn import MLPClassifier, MLPRegressor, RealMLPClassifier
from appliednn.ensemble import BaggedClassifier, BaggedRegressor
from appliednn.ensemble._folds import fold_numbers
from appliednn.tabular import stack_key

SMALL = {"hidden_layer_sizes": (8,), "epochs": 4, "learning_rate": 0.02, "random_state": 0}


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    rows = np.random.default_rng(0).permutation(150)
    return X[rows], np.array(["setosa", "versicolor", "virginica"])[y[rows]]


# -- held-out predictions -----------------------------------------------------------------------


def test_held_out_probabilities_equal_scikit_learns_on_the_same_splits(iris):
    X, y = iris
    splits = list(KFold(4).split(X))
    bagged = BaggedClassifier(GaussianNB(), cv=splits).fit(X, y)
    expected = cross_val_predict(GaussianNB(), X, y, cv=splits, method="predict_proba")
    np.testing.assert_allclose(bagged.oof_prediction_, expected)
    assert bagged.oof_score_ == pytest.approx(-log_loss(y, expected))


def test_held_out_numbers_equal_scikit_learns_on_the_same_splits():
    X, y = load_diabetes(return_X_y=True)
    bagged = BaggedRegressor(Ridge(), cv=KFold(3)).fit(X, y)
    expected = cross_val_predict(Ridge(), X, y, cv=KFold(3))
    np.testing.assert_allclose(bagged.oof_prediction_, expected)
    assert bagged.oof_score_ == pytest.approx(-root_mean_squared_error(y, expected))


def test_no_member_has_seen_the_rows_it_judges():
    """A forest of one unpruned tree is right on every row it has seen, and labels are noise."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 3)), rng.integers(0, 2, 300)
    seen_all = KNeighborsClassifier(1).fit(X, y)
    assert seen_all.score(X, y) == 1.0
    bagged = BaggedClassifier(KNeighborsClassifier(1), 5, n_repeats=2, random_state=0).fit(X, y)
    assert len(bagged.estimators_) == 10
    right = (bagged.oof_prediction_.argmax(axis=1) == y).mean()
    assert 0.35 < right < 0.65


def test_repeats_draw_folds_anew_and_are_averaged(iris):
    X, y = iris
    once = BaggedClassifier(GaussianNB(), 3, random_state=0).fit(X, y)
    thrice = BaggedClassifier(GaussianNB(), 3, n_repeats=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(
        once.estimators_[0].predict_proba(X), thrice.estimators_[0].predict_proba(X)
    )
    means = [m.theta_ for m in thrice.estimators_]
    assert all(np.abs(means[0] - other).max() > 1e-6 for other in means[1:])
    assert np.abs(once.oof_prediction_ - thrice.oof_prediction_).max() > 1e-6


def test_rows_left_out_by_no_split_have_no_held_out_prediction(iris):
    X, y = iris
    rows = np.arange(150)
    splits = [(rows[rows >= 30], rows[:30]), (rows[rows < 120], rows[120:])]
    bagged = BaggedClassifier(GaussianNB(), cv=splits).fit(X, y)
    judged = np.isfinite(bagged.oof_prediction_).all(axis=1)
    assert np.flatnonzero(~judged).tolist() == list(range(30, 120))
    assert bagged.oof_score_ == pytest.approx(-log_loss(y[judged], bagged.oof_prediction_[judged]))


def test_a_scorer_of_scikit_learn_gives_the_score(iris):
    X, y = iris
    bagged = BaggedClassifier(GaussianNB(), scoring="accuracy", random_state=0).fit(X, y)
    labels = bagged.classes_[bagged.oof_prediction_.argmax(axis=1)]
    assert bagged.oof_score_ == pytest.approx(accuracy_score(y, labels))
    X, y = load_diabetes(return_X_y=True)
    numbers = BaggedRegressor(Ridge(), scoring="r2", random_state=0).fit(X, y)
    assert numbers.oof_score_ == pytest.approx(r2_score(y, numbers.oof_prediction_))


# -- folds --------------------------------------------------------------------------------------


def test_strata_are_spread_evenly_also_rare_ones():
    y = np.repeat([0, 1, 2], [50, 13, 2])
    fold = fold_numbers(65, 5, np.random.default_rng(0), y)
    counts = np.array([np.bincount(fold[y == c], minlength=5) for c in range(3)])
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()
    assert np.ptp(np.bincount(fold)) == 0


def test_stratified_numbers_make_folds_alike_in_the_target():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 2)), rng.lognormal(size=100)
    means = {}
    for stratify in (False, True):
        model = BaggedRegressor(DummyRegressor(), 5, stratify=stratify, random_state=0).fit(X, y)
        means[stratify] = [float(m.constant_[0, 0]) for m in model.estimators_]
    assert np.std(means[True]) < 0.5 * np.std(means[False])
    assert len(set(means[True])) == 5


def test_groups_stay_together(iris):
    X, y = iris
    groups = np.arange(150) // 10
    splits = list(GroupKFold(3).split(X, y, groups))
    bagged = BaggedClassifier(GaussianNB(), cv=splits).fit(X, y)
    expected = GaussianNB().fit(X[splits[0][0]], y[splits[0][0]])
    np.testing.assert_allclose(bagged.estimators_[0].theta_, expected.theta_)


# -- members' mean and spread -------------------------------------------------------------------


def test_predictions_are_the_members_mean(iris):
    X, y = iris
    model = BaggedClassifier(GaussianNB(), 3, random_state=0).fit(X, y)
    members = np.stack([m.predict_proba(X) for m in model.estimators_])
    np.testing.assert_allclose(model.predict_proba(X), members.mean(axis=0))
    assert (model.predict(X) == model.classes_[members.mean(axis=0).argmax(axis=1)]).all()
    told = model.predict_uncertainty(X)
    np.testing.assert_allclose(told.mean, members.mean(axis=0))
    np.testing.assert_allclose(told.std, members.std(axis=0), atol=1e-12)


class Says(ClassifierMixin, BaseEstimator):
    """A classifier that says the probabilities of the share of ones among its rows' first bit."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.p_ = np.eye(2)[int(X[0, 0] > 0)]
        return self

    def predict_proba(self, X):
        return np.tile(self.p_, (len(X), 1))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_members_sure_of_different_classes_have_one_bit_of_epistemic_uncertainty():
    X, y = np.array([[1.0], [1.0], [-1.0], [-1.0]]), np.array([0, 1, 0, 1])
    splits = [([0, 1], [2, 3]), ([2, 3], [0, 1])]
    told = BaggedClassifier(Says(), cv=splits).fit(X, y).predict_uncertainty(X[:1])
    assert told.total[0] == pytest.approx(np.log(2))
    assert told.aleatoric[0] == pytest.approx(0, abs=1e-12)
    assert told.epistemic[0] == pytest.approx(np.log(2))


def test_members_that_agree_have_no_epistemic_uncertainty():
    X, y = np.zeros((8, 1)), np.array([0, 1] * 4)
    model = BaggedClassifier(DummyClassifier(strategy="prior"), 2, random_state=0).fit(X, y)
    told = model.predict_uncertainty(X)
    np.testing.assert_allclose(told.total, np.log(2))
    np.testing.assert_allclose(told.aleatoric, np.log(2))
    np.testing.assert_allclose(told.epistemic, 0, atol=1e-12)


def test_a_regressor_tells_the_members_deviation():
    X, y = load_diabetes(return_X_y=True)
    model = BaggedRegressor(Ridge(), 4, random_state=0).fit(X, y)
    members = np.stack([m.predict(X) for m in model.estimators_])
    told = model.predict_uncertainty(X)
    np.testing.assert_allclose(told.mean, members.mean(axis=0))
    np.testing.assert_allclose(told.std, members.std(axis=0))
    np.testing.assert_allclose(model.predict(X), told.mean)


# -- targets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [np.array([True, False]), np.array([3.0, -1.0]), np.array(["ja", "nein"], dtype=object)],
    ids=["bool", "float", "object"],
)
def test_labels_of_any_type_come_back(labels, blobs):
    X, y = blobs
    model = BaggedClassifier(GaussianNB(), 3, random_state=0).fit(X, labels[y])
    assert set(model.predict(X).tolist()) == set(labels.tolist())
    assert model.score(X, labels[y]) > 0.8
    assert model.classes_.tolist() == sorted(labels.tolist())


def test_a_class_that_a_member_has_not_seen_gets_probability_zero():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(41, 2))
    y = np.array(["a", "b"] * 20 + ["rare"])
    model = BaggedClassifier(GaussianNB(), 4, random_state=0).fit(X, y)
    blind = [m for m in model.estimators_ if len(m.classes_) == 2]
    assert len(blind) == 1
    assert model.oof_prediction_[40, 2] == 0.0
    assert model.predict_proba(X).shape == (41, 3)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert np.isfinite(model.oof_score_)


def test_a_part_with_one_class_is_refused_with_its_label():
    X = np.arange(6.0)[:, None]
    y = np.array(["a"] * 5 + ["b"])
    with pytest.raises(ValueError, match=r"training part of bag \d holds 1 class \(\['a'\]\)"):
        BaggedClassifier(GaussianNB(), 3, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="n_bags=9 was given and there are n_samples=6"):
        BaggedClassifier(GaussianNB(), 9).fit(X, y)


@pytest.mark.parametrize(
    "member",
    [RandomForestClassifier(5, random_state=0), MLPClassifier(**SMALL)],
    ids=["list of columns", "one column a label"],
)
def test_several_labels(member):
    X, y = make_multilabel_classification(160, n_classes=3, random_state=0)
    y[:, 2] = 0
    y[0, 2] = 1  # a label that all members but one see as constant
    model = BaggedClassifier(member, 4, calibrate=True, random_state=0).fit(X, y)
    proba = model.predict_proba(X)
    assert proba.shape == model.oof_prediction_.shape == (160, 3)
    assert model.predict(X).shape == (160, 3)
    assert model.score(X, y) > 0.2
    p = model.oof_prediction_
    true = np.maximum(np.where(y == 1, p, 1 - p), 1e-15)
    assert model.oof_score_ == pytest.approx(np.mean(np.log(true)))
    told = model.predict_uncertainty(X)
    q = told.mean
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -np.nan_to_num(q * np.log(q)) - np.nan_to_num((1 - q) * np.log(1 - q))
    np.testing.assert_allclose(told.total, bits.sum(axis=1), atol=1e-6)


def test_several_outputs():
    X, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, -2 * y])
    model = BaggedRegressor(LinearRegression(), 3, stratify=True, random_state=0).fit(X, y)
    assert model.oof_prediction_.shape == (442, 2)
    np.testing.assert_allclose(model.predict(X)[:, 1], -2 * model.predict(X)[:, 0])
    assert model.predict_uncertainty(X).std.shape == (442, 2)
    assert model.oof_score_ == pytest.approx(-root_mean_squared_error(y, model.oof_prediction_))


# -- weights ------------------------------------------------------------------------------------


def test_a_row_of_weight_zero_counts_as_removed_and_is_still_judged(iris):
    X, y = iris
    w = np.ones(150)
    w[::7] = 0
    kept = w > 0
    weighted = BaggedClassifier(GaussianNB(), 3, random_state=0).fit(X, y, sample_weight=w)
    removed = BaggedClassifier(GaussianNB(), 3, random_state=0).fit(X[kept], y[kept])
    np.testing.assert_allclose(weighted.predict_proba(X), removed.predict_proba(X))
    np.testing.assert_allclose(weighted.oof_prediction_[kept], removed.oof_prediction_)
    np.testing.assert_allclose(
        weighted.oof_prediction_[~kept], removed.predict_proba(X[~kept]), atol=1e-12
    )
    assert weighted.oof_score_ == pytest.approx(removed.oof_score_)


def test_weights_reach_the_last_step_of_a_pipeline(iris):
    X, y = iris
    w = np.where(y == "setosa", 1.0, 5.0)
    pipe = make_pipeline(StandardScaler(), GaussianNB())
    piped = BaggedClassifier(pipe, 3, random_state=0).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(piped.estimators_[0][-1].class_prior_[0], 1 / 11, atol=0.01)


def test_weights_that_the_estimator_cannot_take_are_refused(iris):
    X, y = iris
    with pytest.raises(ValueError, match="KNeighborsClassifier.fit takes none"):
        BaggedClassifier(KNeighborsClassifier()).fit(X, y, sample_weight=np.ones(150))


# -- calibration --------------------------------------------------------------------------------


def test_calibration_finds_the_temperature_of_least_held_out_loss(iris):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 12))
    y = (X[:, 0] + rng.normal(size=200) > 0).astype(int)
    copies = np.hstack([X] * 4)  # naive Bayes counts each column: overconfident
    plain = BaggedClassifier(GaussianNB(), 4, random_state=0).fit(copies, y)
    warm = BaggedClassifier(GaussianNB(), 4, calibrate=True, random_state=0).fit(copies, y)
    assert warm.temperature_ > 1.5
    assert warm.oof_score_ > plain.oof_score_
    logits = np.log(np.maximum(plain.oof_prediction_, 1e-300))

    def loss(t):
        p = np.exp(logits / t)
        return log_loss(y, p / p.sum(axis=1, keepdims=True))

    assert -warm.oof_score_ == pytest.approx(loss(warm.temperature_), rel=1e-6)
    assert loss(warm.temperature_) <= min(loss(0.99 * warm.temperature_),
                                          loss(1.01 * warm.temperature_))  # fmt: skip
    members = np.stack([m.predict_proba(copies) for m in warm.estimators_])
    powers = members ** (1 / warm.temperature_)
    expected = (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(warm.predict_proba(copies), expected)
    np.testing.assert_allclose(warm.predict_uncertainty(copies).mean, expected)


# -- inputs -------------------------------------------------------------------------------------


def test_frames_with_categories_and_gaps(mixed_frame):
    frame, y = mixed_frame
    model = BaggedClassifier(MLPClassifier(**SMALL), 3, random_state=0).fit(frame, y)
    assert model.feature_names_in_.tolist() == list(frame.columns)
    assert model.predict_proba(frame).shape == (240, 2)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"age": "years"}))
    plain = frame[["age", "income"]].to_numpy()
    model.fit(plain, y)
    assert not hasattr(model, "feature_names_in_")


def test_sparse_rows_in_any_format(blobs):
    sparse = pytest.importorskip("scipy.sparse")
    X, y = blobs
    dense = BaggedClassifier(LogisticRegression(), 2, random_state=0).fit(X, y)
    for kind in (sparse.csr_array, sparse.coo_matrix):
        model = BaggedClassifier(LogisticRegression(), 2, random_state=0).fit(kind(X), y)
        np.testing.assert_allclose(model.predict_proba(kind(X)), dense.predict_proba(X), rtol=1e-4)


def test_a_member_without_probabilities_is_refused(blobs):
    with pytest.raises(TypeError, match="LinearSVC has no predict_proba"):
        BaggedClassifier(LinearSVC(), 2).fit(*blobs)


def test_seeds_differ_by_member_and_agree_by_run(blobs):
    X, y = blobs
    pipe = make_pipeline(SimpleImputer(), RandomForestClassifier(3, max_depth=2))
    first = BaggedClassifier(pipe, 3, random_state=4).fit(X, y)
    again = clone(first).fit(X, y)
    assert (first.predict_proba(X) == again.predict_proba(X)).all()
    seeds = {m[-1].random_state for m in first.estimators_}
    assert len(seeds) == 3


# -- networks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [MLPClassifier, RealMLPClassifier])
def test_networks_are_trained_side_by_side_on_their_own_folds(network, iris):
    X, y = iris
    model = BaggedClassifier(network(**SMALL), 3, random_state=0).fit(X, y)
    encoders = {id(m.encoder_) for m in model.estimators_}
    assert len(encoders) == 1
    assert all("val_loss" in m.history_ for m in model.estimators_)
    assert model.oof_score_ > -1.1
    refit = clone(model).fit(X, y)
    assert (refit.oof_prediction_ == model.oof_prediction_).all()


def test_the_held_out_fold_picks_the_epoch_of_each_network():
    X, y = load_diabetes(return_X_y=True)
    settings = {**SMALL, "epochs": 12, "learning_rate": 0.3, "n_iter_no_change": 12}
    model = BaggedRegressor(MLPRegressor(**settings), 3, random_state=0).fit(X, y)
    for member in model.estimators_:
        assert member.best_epoch_ < 12
        assert "val_loss" in member.history_


def test_members_of_another_kind_do_not_get_validation_rows(iris):
    X, y = iris
    frame = pd.DataFrame(X)
    frame.columns = list("abcd")
    model = BaggedClassifier(GaussianNB(), 2, random_state=0).fit(frame, y)
    assert model.estimators_[0].feature_names_in_.tolist() == list("abcd")


# -- interruption -------------------------------------------------------------------------------


class Interrupted(GaussianNB):
    """Stops as Ctrl-C does, in the third fit."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        Interrupted.fits += 1
        if Interrupted.fits == 3:
            raise KeyboardInterrupt
        return super().fit(X, y, sample_weight)


def test_an_interrupted_fit_leaves_the_object_as_it_was(iris):
    X, y = iris
    Interrupted.fits = 0
    model = BaggedClassifier(Interrupted(), 4, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "estimators_")
    model.fit(X, y)
    before = model.predict_proba(X)
    Interrupted.fits = 0
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:90], y[:90])
    assert (model.predict_proba(X) == before).all()
    assert model.oof_prediction_.shape == (150, 3)


def interrupting_scorer(model, X, y):
    raise KeyboardInterrupt


def test_interrupted_networks_side_by_side_interrupt_the_ensemble(blobs):
    network = MLPClassifier(**SMALL, scoring=interrupting_scorer)
    assert stack_key(network) is not None
    model = BaggedClassifier(network, 3, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*blobs)
    assert not hasattr(model, "estimators_")


def test_an_interrupted_network_interrupts_the_ensemble(blobs):
    import keras

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    model = BaggedClassifier(MLPClassifier(**SMALL, callbacks=Stop), 2, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*blobs)
    assert not hasattr(model, "estimators_")
