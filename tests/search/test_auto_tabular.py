"""The automatic choice: what it returns, what it tells, odd tables, files, interrupts."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, make_multilabel_classification
from sklearn.metrics import log_loss, root_mean_squared_error

import appliednn
import appliednn.search._course as course_module
from appliednn.search import AutoTabularClassifier, AutoTabularRegressor
from appliednn.search._boosting import has_lightgbm

TREES = ["boosting", "linear"]
FEW = {"max_candidates": 3, "n_bags": 3, "random_state": 0}


@pytest.fixture(scope="module")
def fitted(mixed_frame):
    X, y = mixed_frame
    return AutoTabularClassifier(600, models=TREES, **FEW).fit(X, y)


def test_a_table_as_it_is_gives_probabilities_of_its_labels(fitted, mixed_frame):
    X, y = mixed_frame
    proba = fitted.predict_proba(X)
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert proba.sum(axis=1) == pytest.approx(np.ones(len(X)))
    assert (fitted.predict(X) == fitted.classes_[proba.argmax(axis=1)]).all()
    assert log_loss(y, fitted.oof_prediction_, labels=["no", "yes"]) < 0.45


def test_the_score_of_held_out_rows_is_that_of_the_predictions_told(fitted, mixed_frame):
    _, y = mixed_frame
    assert fitted.oof_score_ == pytest.approx(-log_loss(y, fitted.oof_prediction_))
    # The mean is chosen on these rows: it is no worse than any candidate before calibration.
    best = max(row["score"] for row in fitted.report_ if row["score"] is not None)
    assert fitted.oof_score_ >= best - 1e-9


def test_the_report_is_a_table_and_the_summary_says_what_was_chosen(fitted):
    table = pd.DataFrame(fitted.report_)
    assert set(table["state"]) == {"trained"} and len(table) == 3
    assert table["weight"].sum() == pytest.approx(1.0)
    assert table["score"].is_monotonic_decreasing
    chosen = table.sort_values("weight").iloc[-1]
    assert f"Chosen: {chosen['candidate']} ({chosen['weight']:.0%})" in fitted.summary()
    assert "3 candidates were trained" in fitted.summary()
    assert sorted(fitted.weights_) == pytest.approx(sorted(w for w in table["weight"] if w > 0))


def test_the_temperature_is_the_best_one_for_held_out_rows(fitted, mixed_frame):
    _, y = mixed_frame
    task = fitted._task_of(y, np.ones(len(y)))
    told = task.tempered(fitted.oof_prediction_, 1.0)
    for factor in (0.9, 1.1):  # of one member tempering the mean is tempering the member
        if len(fitted.weights_) == 1:
            assert task.loss(task.tempered(told, factor)) >= task.loss(told) - 1e-9
    assert 0.2 <= fitted.temperature_ <= 5.0


def test_uncertainty_adds_up_and_its_mean_is_the_prediction(fitted, mixed_frame):
    X, _ = mixed_frame
    found = fitted.predict_uncertainty(X)
    assert found.mean == pytest.approx(fitted.predict_proba(X))
    assert found.total == pytest.approx(found.aleatoric + found.epistemic)
    assert (found.std > 0).any()


def test_files_and_pickles_predict_the_same(fitted, mixed_frame, tmp_path):
    X, _ = mixed_frame
    expected = fitted.predict_proba(X)
    fitted.save(tmp_path / "auto.ann")
    loaded = appliednn.load(tmp_path / "auto.ann")
    assert loaded.predict_proba(X) == pytest.approx(expected, abs=1e-12)
    assert loaded.report_ == fitted.report_ and loaded.summary() == fitted.summary()
    assert (pickle.loads(pickle.dumps(fitted)).predict_proba(X) == expected).all()


def test_two_fits_with_time_to_spare_agree(mixed_frame):
    X, y = mixed_frame
    first, second = (
        AutoTabularClassifier(600, models=["boosting"], **FEW).fit(X, y) for _ in range(2)
    )
    assert (first.predict_proba(X) == second.predict_proba(X)).all()


def test_networks_are_trained_on_all_folds_and_saved(blobs, tmp_path):
    X, y = blobs
    auto = AutoTabularClassifier(600, models=["mlp"], max_candidates=1, n_bags=2, random_state=0)
    auto.fit(X, y)
    assert [len(models) for models in auto.members_] == [2]
    assert auto.score(X, y) > 0.85
    auto.save(tmp_path / "auto.ann")
    loaded = appliednn.load(tmp_path / "auto.ann")
    assert (loaded.predict_proba(X) == auto.predict_proba(X)).all()


def test_regression_is_told_in_the_targets_units():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    auto = AutoTabularRegressor(600, models=TREES, **FEW).fit(X, y)
    assert -auto.oof_score_ == pytest.approx(root_mean_squared_error(y, auto.oof_prediction_))
    assert 50 < -auto.oof_score_ < 58  # ridge regression with 5 folds has 54.8
    found = auto.predict_uncertainty(X)
    assert found.mean == pytest.approx(auto.predict(X)) and (found.std > 0).all()


def test_a_skewed_positive_target_is_tried_on_its_logarithm():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = np.exp(X @ [1.0, -0.5, 0.2] + rng.normal(0, 0.1, 300))
    auto = AutoTabularRegressor(600, models=["linear"], n_bags=3, random_state=0).fit(X, y)
    scores = {row["candidate"]: row["score"] for row in auto.report_}
    assert scores["linear, of the logarithm"] > scores["linear"] / 2
    assert auto.weights_[0] > 0.5 and auto.members_[0][0].log_offset == 0.0
    assert root_mean_squared_error(y, auto.predict(X)) < 0.5 * y.std()


def test_missing_values_unknown_categories_and_many_levels_are_taken():
    rng = np.random.default_rng(0)
    n = 200
    city = rng.integers(0, 60, n)
    X = pd.DataFrame({"x": rng.normal(size=n), "city": [f"c{i}" for i in city]})
    y = (city % 2) + (rng.random(n) < 0.1)
    X.loc[::7, "x"] = np.nan
    X.loc[::11, "city"] = None
    auto = AutoTabularClassifier(600, models=["boosting"], **FEW).fit(X, np.minimum(y, 1))
    odd = pd.DataFrame({"x": [np.nan, 0.0], "city": ["nowhere", None]})
    assert np.isfinite(auto.predict_proba(odd)).all()


def test_several_classes_one_of_them_with_two_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    y[:2] = 3
    auto = AutoTabularClassifier(600, models=TREES, **FEW).fit(X, y)
    assert auto.predict_proba(X).shape == (120, 4)
    assert auto.score(X, y) > 0.8


def test_a_class_with_one_row_is_never_held_out():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(int)
    y[5] = 2
    auto = AutoTabularClassifier(600, models=["linear"], **FEW).fit(X, y)
    assert np.isnan(auto.oof_prediction_).all(axis=1).nonzero()[0].tolist() == [5]
    assert auto.predict_proba(X).shape == (60, 3)


def test_several_labels_and_several_outputs():
    X, Y = make_multilabel_classification(150, n_features=6, n_classes=3, random_state=0)
    Y[:, 2] = 1  # a label that never changes
    labels = AutoTabularClassifier(600, models=TREES, **FEW).fit(X, Y)
    proba = labels.predict_proba(X)
    assert proba.shape == (150, 3) and proba[:, 2].min() > 0.99
    assert (labels.predict(X) == (proba > 0.5)).all()
    numbers = AutoTabularRegressor(600, models=TREES, **FEW).fit(X, X[:, :2] * [1.0, 100.0])
    assert numbers.predict(X).shape == (150, 2) and numbers.score(X, X[:, :2] * [1, 100]) > 0.8


def test_class_weights_equal_row_weights(blobs):
    X, y = blobs
    make = {"models": ["linear"], **FEW}
    by_class = AutoTabularClassifier(600, class_weight={0: 1.0, 1: 3.0}, **make).fit(X, y)
    by_row = AutoTabularClassifier(600, **make).fit(X, y, sample_weight=1.0 + 2.0 * y)
    assert by_class.predict_proba(X) == pytest.approx(by_row.predict_proba(X), abs=1e-9)
    plain = AutoTabularClassifier(600, **make).fit(X, y)
    assert by_class.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.05


def test_the_mean_is_chosen_for_the_score_asked_for(blobs):
    X, y = blobs
    auto = AutoTabularClassifier(600, models=TREES, scoring="roc_auc", **FEW).fit(X, y)
    from sklearn.metrics import roc_auc_score

    # The shares are chosen before calibration, which moves the order of rows only a little.
    assert auto.oof_score_ == pytest.approx(roc_auc_score(y, auto.oof_prediction_[:, 1]))
    best = max(row["score"] for row in auto.report_)
    assert auto.oof_score_ > best - 0.005
    assert "roc_auc" in auto.summary()


def test_without_lightgbm_scikit_learns_boosting_is_used(blobs, monkeypatch, tmp_path):
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, y = blobs
    monkeypatch.setattr("appliednn.search._fit_fold.has_lightgbm", lambda: False)
    auto = AutoTabularClassifier(
        600, models=["boosting"], max_candidates=1, n_bags=2, random_state=0
    ).fit(X, y)
    parts = [model.parts[0] for model in auto.members_[0]]
    assert all(isinstance(part, HistGradientBoostingClassifier) for part in parts)
    auto.save(tmp_path / "auto.ann")
    loaded = appliednn.load(tmp_path / "auto.ann")
    assert (loaded.predict_proba(X) == auto.predict_proba(X)).all()


def test_a_budget_of_nothing_still_finishes_one_candidate(blobs):
    X, y = blobs
    auto = AutoTabularClassifier(1e-6, models=["boosting", "linear"], random_state=0).fit(X, y)
    states = [row["state"] for row in auto.report_]
    assert states.count("trained") == 1
    assert all(state.startswith("no time") for state in states[1:])
    assert "did not fit into the time" in auto.summary()


def test_an_interrupt_keeps_what_was_trained(blobs, monkeypatch):
    X, y = blobs
    real, calls = course_module.fit_fold, []

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) == 4:  # in the second candidate, which has folds 3 to 5
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(course_module, "fit_fold", interrupted)
    auto = AutoTabularClassifier(600, models=["boosting"], **{**FEW, "n_bags": 2}).fit(X, y)
    assert auto.interrupted_ and "interrupted" in auto.summary()
    assert [row["state"] for row in auto.report_] == ["trained", "interrupted"]
    assert auto.score(X, y) > 0.85


def test_a_candidate_that_diverges_is_left_out_and_named(blobs, monkeypatch):
    real = course_module.fit_fold

    def diverges(candidate, *args):
        if candidate.model == "linear":
            raise FloatingPointError("training diverged")
        return real(candidate, *args)

    monkeypatch.setattr(course_module, "fit_fold", diverges)
    auto = AutoTabularClassifier(600, models=TREES, **FEW).fit(*blobs)
    states = {row["model"]: row["state"] for row in auto.report_}
    assert states == {"boosting": "trained", "linear": "failed: training diverged"}
    assert "linear failed: training diverged." in auto.summary()
    with pytest.raises(FloatingPointError, match="diverged"):
        AutoTabularClassifier(600, models=["linear"]).fit(*blobs)


def test_an_interrupt_before_that_leaves_it_unfitted(blobs, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(course_module, "fit_fold", interrupted)
    auto = AutoTabularClassifier(600, models=["linear"])
    with pytest.raises(KeyboardInterrupt):
        auto.fit(*blobs)
    assert not auto.__sklearn_is_fitted__()


def test_wrong_models_are_named(blobs):
    with pytest.raises(ValueError, match="expected 'auto' or a list of one or more of boosting"):
        AutoTabularClassifier(models=["catboost"]).fit(*blobs)


def test_class_weights_of_several_labels_are_refused():
    X, Y = make_multilabel_classification(30, n_features=4, n_classes=2, random_state=0)
    with pytest.raises(ValueError, match="weigh rows by sample_weight"):
        AutoTabularClassifier(class_weight="balanced").fit(X, Y)


def test_lightgbm_is_there_in_tests():
    assert has_lightgbm()
