"""Tuning: scikit-learn's results, the ensemble, halving, time, early ends, odd ends."""

import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_diabetes, make_multilabel_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import appliednn
import appliednn.search._trials as trials_module
from appliednn.core.errors import UsageError
from appliednn.search import TabularSearchCV
from appliednn.search._halving import make_bracket, part_of_rows, set_epochs
from appliednn.search._median_stop import MedianStop
from appliednn.tabular import MLPClassifier, MLPRegressor, RealMLPClassifier

C = {"C": {"log_uniform": [1e-3, 10.0]}}
TREE = {"max_depth": {"integer": [1, 8]}, "min_samples_leaf": {"integer": [1, 40]}}
TINY = {"hidden_layer_sizes": (8,), "epochs": 3, "verbose": False}


@pytest.fixture(scope="module")
def tuned(blobs):
    X, y = blobs
    labels = np.where(y == 1, "yes", "no")
    search = TabularSearchCV(DecisionTreeClassifier(), TREE, n_candidates=8, cv=3, random_state=0)
    return search.fit(X, labels), X, labels


def test_results_are_those_of_scikit_learns_search_on_the_same_settings(blobs):
    X, y = blobs
    cv = StratifiedKFold(3, shuffle=True, random_state=1)
    ours = TabularSearchCV(
        LogisticRegression(), {"C": [0.01, 1.0]}, cv=cv, scoring="neg_log_loss", random_state=0
    ).fit(X, y)
    theirs = GridSearchCV(
        LogisticRegression(), {"C": [0.01, 1.0]}, cv=cv, scoring="neg_log_loss"
    ).fit(X, y)
    order = np.argsort([p["C"] for p in ours.cv_results_["params"]])
    for name in ("split0_test_score", "mean_test_score", "std_test_score", "rank_test_score"):
        assert ours.cv_results_[name][order] == pytest.approx(theirs.cv_results_[name])
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == pytest.approx(theirs.best_score_)
    assert ours.best_estimator_.coef_ == pytest.approx(theirs.best_estimator_.coef_)
    assert ours.n_splits_ == theirs.n_splits_ == 3
    assert ours.cv_results_["params"][ours.best_index_] == ours.best_params_


def test_the_default_score_is_the_log_loss_of_a_stratified_holdout(blobs):
    X, y = blobs
    search = TabularSearchCV(LogisticRegression(), C, n_candidates=2, random_state=0).fit(X, y)
    assert search.n_splits_ == 1
    assert -0.5 < search.best_score_ < -0.1
    assert search.scorer_(search.best_estimator_, X, y) == pytest.approx(
        -log_loss(y, search.best_estimator_.predict_proba(X))
    )


def test_the_ensemble_predicts_where_it_is_better_and_says_so(tuned):
    search, X, labels = tuned
    assert search.ensemble_score_ > search.best_score_
    assert search.uses_ensemble_ and "predicts" in search.report_[-1]
    assert search.ensemble_weights_.sum() == pytest.approx(1.0)
    assert search.predict_proba(X) == pytest.approx(search.ensemble_.predict_proba(X))
    assert search.classes_.tolist() == ["no", "yes"]
    assert search.predict_uncertainty(X[:5]).mean == pytest.approx(search.predict_proba(X[:5]))
    assert search.score(X, labels) == np.mean(search.predict(X) == labels)


def test_the_mean_of_the_members_is_the_mean_by_their_shares(tuned):
    search, X, _ = tuned
    shares = np.repeat(search.ensemble_weights_[search.ensemble_weights_ > 0] / 3, 3)
    by_hand = sum(
        w * model.predict_proba(X)
        for w, model in zip(shares, search.ensemble_.estimators_, strict=True)
    )
    assert search.predict_proba(X) == pytest.approx(by_hand)


def test_without_an_ensemble_the_best_candidate_predicts(blobs):
    X, y = blobs
    search = TabularSearchCV(
        DecisionTreeClassifier(), TREE, n_candidates=4, ensemble=False, random_state=0
    ).fit(X, y)
    assert search.ensemble_ is None and not search.uses_ensemble_
    assert (search.predict_proba(X) == search.best_estimator_.predict_proba(X)).all()
    assert search.refit_time_ > 0


def test_networks_of_one_shape_are_tuned_side_by_side(blobs, tmp_path):
    X, y = blobs
    space = {"learning_rate": {"log_uniform": [1e-3, 1e-1]}}
    search = TabularSearchCV(MLPClassifier(**TINY), space, n_candidates=3, cv=2, random_state=0)
    search.fit(X, y)
    models = search.ensemble_.estimators_
    assert len({id(model.encoder_) for model in models}) == 1  # one program, one encoder
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    assert search.best_estimator_.learning_rate == search.best_params_["learning_rate"]
    expected = search.predict_proba(X)
    search.save(tmp_path / "search.ann")
    loaded = appliednn.load(tmp_path / "search.ann")
    assert loaded.predict_proba(X) == pytest.approx(expected, abs=1e-6)
    assert (pickle.loads(pickle.dumps(search)).predict_proba(X) == expected).all()


def test_a_published_space_begins_with_the_estimator_as_it_is(blobs):
    X, y = blobs
    model = RealMLPClassifier(epochs=1, verbose=False)
    search = TabularSearchCV(model, n_candidates=1, refit=False, random_state=0).fit(X, y)
    assert search.best_params_ == {}
    assert search.best_estimator_.epochs == 1
    with pytest.raises(UsageError, match="was published for Ridge"):
        TabularSearchCV(Ridge()).fit(X, y)


def test_halving_gives_the_best_third_three_times_the_epochs(blobs):
    X, y = blobs
    space = {"learning_rate": {"log_uniform": [1e-4, 1e-1]}}
    model = MLPRegressor((4,), epochs=24, early_stopping=True, n_iter_no_change=100)
    search = TabularSearchCV(
        model.set_params(verbose=False),
        space,
        n_candidates=4,
        strategy="halving",
        stop_poor=False,
        refit=False,
        random_state=0,
    ).fit(X, y.astype(float))
    results = search.cv_results_
    assert results["n_resources"].tolist() == [8, 8, 8, 8, 24, 24]
    assert results["iter"].tolist() == [0, 0, 0, 0, 1, 1]
    first = results["mean_test_score"][:4]
    kept = [p["learning_rate"] for p in results["params"][4:]]
    best = [results["params"][i]["learning_rate"] for i in np.argsort(-first)[:2]]
    assert kept == best
    assert search.best_index_ >= 4 and search.best_estimator_.n_epochs_ == 24
    assert (results["rank_test_score"][4:] <= 2).all()
    assert (results["rank_test_score"][:4] > 2).all()


def test_halving_gives_other_estimators_rows():
    X, y = load_diabetes(return_X_y=True)
    search = TabularSearchCV(
        Ridge(),
        {"alpha": stats.loguniform(1e-3, 10)},
        n_candidates=9,
        strategy="halving",
        random_state=0,
    ).fit(X, y)
    assert search.cv_results_["n_resources"].tolist() == [118] * 9 + [353] * 3


def test_brackets_and_shares_of_rows():
    assert [(r.n_candidates, r.fraction) for r in make_bracket(9, 900, 100)] == [
        (9, pytest.approx(1 / 9)),
        (3, pytest.approx(1 / 3)),
        (1, 1.0),
    ]
    assert len(make_bracket(9, 299, 100)) == 1  # a third would be too little
    strata = np.array([0] * 90 + [1] * 9 + [2])
    rows = part_of_rows(np.arange(100), 1 / 3, strata, np.random.default_rng(0))
    assert np.bincount(strata[rows]).tolist() == pytest.approx([30, 4, 1], abs=1)
    assert set_epochs(model := MLPClassifier(epochs=100), 1 / 3) == model.epochs == 33


def test_the_median_rule_ends_what_is_worse_than_the_others_were():
    stop = MedianStop(grace=2)
    for level in (0.5, 0.6, 0.7, 0.8, 0.9):
        stop.finished([0.0, level, level - 0.2, level])
    # Means of the best so far, after epochs 0 to 3, for the median course: 0, .35, .467, .525
    assert not stop.is_poor(1, 0.0)
    assert stop.is_poor(2, 0.466) and not stop.is_poor(2, 0.467)
    assert stop.is_poor(9, 0.52) and not stop.is_poor(9, 0.53)
    watch = stop.watch(2)
    assert watch(2, np.array([0.1, 0.9])).tolist() == [True, False]
    assert watch(3, np.array([0.9, 0.9])).tolist() == [True, False]  # ended is ended
    watch.close()
    assert stop.n_stopped_ == 1 and len(stop._means) == 6


def test_the_median_rule_counts_networks_in_the_same_program():
    watch = MedianStop(grace=1).watch(5)
    scores = np.array([0.1, 0.5, 0.6, 0.7, 0.8])
    assert not watch(0, scores).any()
    assert watch(1, scores).tolist() == [True, True, False, False, False]
    assert not MedianStop(grace=1).watch(4)(1, scores[:4]).any()  # too few to judge by


def test_poor_networks_end_early_alone_and_in_a_program(blobs):
    X, y = blobs
    rates = {"learning_rate": {"choice": [0.03, 1e-6], "weights": [0.7, 0.3]}}
    model = MLPClassifier((8,), epochs=12, n_iter_no_change=50, verbose=False)
    for batch in ({}, {"schedule": "plateau"}):  # a plateau schedule is trained alone
        search = TabularSearchCV(
            model.set_params(**batch),
            {**rates, "random_state": {"integer": [0, 10**6]}},
            n_candidates=20,
            refit=False,
            random_state=3,
        ).fit(X, y)
        assert search.n_stopped_ >= 1
        assert search.best_params_["learning_rate"] == 0.03
        assert search.best_estimator_.callbacks is None
        assert "ended early" in " ".join(search.report_)


def test_time_that_is_over_ends_the_search_with_what_it_has(blobs):
    X, y = blobs
    search = TabularSearchCV(
        DecisionTreeClassifier(), TREE, n_candidates=8, max_seconds=1e-6, random_state=0
    ).fit(X, y)
    assert len(search.cv_results_["params"]) == 1
    assert "No time was left" in " ".join(search.report_)
    assert search.refit_time_ is None and search.predict(X).shape == (300,)


def test_networks_get_the_time_that_is_left_and_forget_it(blobs):
    X, y = blobs
    model = MLPClassifier((8,), epochs=10**6, n_iter_no_change=10**6, verbose=False)
    search = TabularSearchCV(
        model, {"learning_rate": [1e-3]}, max_seconds=3.0, random_state=0
    ).fit(X, y)
    assert search.best_estimator_.stop_reason_ == "max_seconds"
    assert search.best_estimator_.max_seconds is None


def test_an_interrupt_keeps_what_was_done(blobs, monkeypatch):
    X, y = blobs
    real, calls = trials_module.Trainer._fit, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, *args)

    monkeypatch.setattr(trials_module.Trainer, "_fit", interrupted)
    search = TabularSearchCV(DecisionTreeClassifier(), TREE, random_state=0).fit(X, y)
    assert len(search.cv_results_["params"]) == 2
    assert "interrupted" in " ".join(search.report_)
    calls[:] = [1, 1]
    with pytest.raises(KeyboardInterrupt):
        TabularSearchCV(DecisionTreeClassifier(), TREE, random_state=0).fit(X, y)


def test_a_candidate_that_fails_is_last_and_named(blobs):
    X, y = blobs
    search = TabularSearchCV(
        LogisticRegression(), {"C": [1.0, -1.0]}, refit=False, random_state=0
    ).fit(X, y)
    worst = int(np.argmax(search.cv_results_["rank_test_score"]))
    assert search.cv_results_["params"][worst] == {"C": -1.0}
    assert np.isnan(search.cv_results_["mean_test_score"][worst])
    assert any("failed" in line for line in search.report_)
    with pytest.raises(ValueError, match="'C' parameter"):
        TabularSearchCV(LogisticRegression(), {"C": [-1.0]}).fit(X, y)


def test_pipelines_weights_and_groups_reach_the_estimator(blobs):
    X, y = blobs
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    search = TabularSearchCV(
        pipe, {"logisticregression__C": [0.1, 1.0]}, scoring="accuracy", random_state=0
    )
    w = np.where(y == 1, 5.0, 1.0)
    weighted = search.fit(X, y, sample_weight=w).predict_proba(X)[:, 1].mean()
    plain = search.fit(X, y).predict_proba(X)[:, 1].mean()
    assert weighted > plain + 0.05
    from sklearn.model_selection import GroupKFold

    grouped = search.set_params(cv=GroupKFold(3)).fit(X, y, groups=np.arange(300) % 3)
    assert grouped.n_splits_ == 3


def test_several_labels_are_tuned():
    X, Y = make_multilabel_classification(120, n_features=5, n_classes=3, random_state=0)
    space = {"learning_rate": [0.01, 0.03]}
    search = TabularSearchCV(MLPClassifier(**TINY), space, random_state=0).fit(X, Y)
    assert search.predict_proba(X).shape == (120, 3)
    assert search.predict(X).shape == (120, 3)


def test_it_works_inside_scikit_learns_cross_validation(blobs):
    X, y = blobs
    search = TabularSearchCV(LogisticRegression(), C, n_candidates=2, random_state=0)
    assert cross_val_score(search, X, y, cv=2).min() > 0.8


def test_a_seed_makes_the_search_repeatable(blobs):
    X, y = blobs
    first, second = (
        TabularSearchCV(DecisionTreeClassifier(), TREE, n_candidates=4, random_state=7).fit(X, y)
        for _ in range(2)
    )
    assert first.cv_results_["params"] == second.cv_results_["params"]
    assert (first.predict_proba(X) == second.predict_proba(X)).all()
