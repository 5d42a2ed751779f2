"""Parts of the automatic choice: trees as arrays, means of categories, folds, time."""

import dataclasses
import sys

import numpy as np
import pytest

from appliednn.core.errors import IntegrityError
from appliednn.search._boosted_trees import BoostedTrees
from appliednn.search._boosting import Part, fit_lightgbm
from appliednn.search._candidates import Candidate
from appliednn.search._course import Course
from appliednn.search._deadline import Deadline
from appliednn.search._portfolio import make_portfolio, may_log, more_candidates
from appliednn.search._target_means import TargetMeans
from appliednn.search._task import Task, make_folds
from appliednn.search._views import EncodedRows, TableViews


def parts(kind, n=300):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(n, 4)).astype(np.float32)
    y = Z[:, 0] + Z[:, 1] ** 2 + 0.3 * rng.normal(size=n)
    if kind != "regression":
        y = np.digitize(y, [0.5] if kind == "binary" else [0.0, 1.0])
    cut = 2 * n // 3
    w = np.ones(n)
    return Part(Z[:cut], y[:cut], w[:cut]), Part(Z[cut:], y[cut:], w[cut:])


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def trees(request):
    kind = request.param
    train, held = parts(kind)
    settings = {"num_leaves": 6, "learning_rate": 0.1, "linear_tree": kind == "regression"}
    model = fit_lightgbm(
        kind, {"binary": 2, "multiclass": 3}.get(kind, 0), train, held, settings, 0
    )
    return model, held


def test_trees_as_arrays_answer_as_lightgbm_does(trees):
    model, held = trees
    restored = BoostedTrees.__ann_restore__(model.__ann_state__())
    assert restored.answer(held.Z) == pytest.approx(model.answer(held.Z), abs=1e-12)


def test_boosting_learns_and_stops_by_held_out_rows(trees):
    model, held = trees
    answer = model.answer(held.Z)
    if model.kind == "regression":
        assert np.mean((answer - held.y) ** 2) < 0.4 * held.y.var()
        return
    assert answer.sum(axis=1) == pytest.approx(np.ones(len(answer)))
    assert np.mean(answer.argmax(axis=1) == held.y) > 0.7
    assert len(model.__ann_state__().arrays["sizes"]) < 4000


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("left", lambda a: a * 0),  # a child that is no later node: a circle
        ("right", lambda a: a + 10**6),
        ("feature", lambda a: a + 4),
        ("sizes", lambda a: a + 1),
        ("n_terms", lambda a: a + 1),
        ("value", lambda a: a[:-1]),
        ("threshold", lambda a: a.astype(np.float32)),
    ],
)
def test_trees_of_a_file_with_foreign_indices_are_refused(trees, name, change):
    state = trees[0].__ann_state__()
    state.arrays[name] = change(state.arrays[name])
    with pytest.raises(IntegrityError, match="nothing was built"):
        BoostedTrees.__ann_restore__(state)


def test_boosting_without_time_grows_ten_trees():
    train, held = parts("regression")
    model = fit_lightgbm("regression", 0, train, held, {}, 0, seconds=0.0)
    assert len(model.__ann_state__().arrays["sizes"]) == 10


def test_means_of_categories_are_pulled_towards_the_overall_mean():
    codes = np.array([1] * 30 + [2] * 10)
    Z = np.column_stack([np.zeros(40), codes])
    y = (codes == 2).astype(float)[:, None]
    found, _ = TargetMeans.learn(Z, [4], y, np.ones(40), np.random.default_rng(0))
    mean = 0.25
    expected = [mean, 10 * mean / 40, (10 + 10 * mean) / 20, mean]  # ten rows of prior
    assert found.means[0][:, 0] == pytest.approx(expected)
    assert found.transform(Z)[0].tolist() == pytest.approx([0.0, expected[1]])


def test_a_training_row_does_not_see_its_own_target():
    rng = np.random.default_rng(0)
    codes = np.arange(1, 201)  # every category has one row
    y = rng.integers(0, 2, (200, 1)).astype(float)
    _, rows = TargetMeans.learn(codes[:, None] * 1.0, [201], y, np.ones(200), rng)
    assert abs(np.corrcoef(rows[:, 0], y[:, 0])[0, 1]) < 0.2


def test_folds_hold_out_each_row_once_and_keep_every_class_in_training():
    strata = np.array([0] * 50 + [1] * 11 + [2] * 2)
    folds = make_folds(63, 5, strata, np.random.default_rng(0))
    assert sorted(np.concatenate(folds)) == list(range(63))
    for fold in folds:
        assert set(strata[np.setdiff1d(np.arange(63), fold)]) == {0, 1, 2}
        assert np.bincount(strata[fold], minlength=3)[1] in (2, 3)


def test_only_positive_skewed_targets_have_a_logarithm():
    rng = np.random.default_rng(0)
    skewed = np.exp(rng.normal(size=200))
    ones = np.ones(200)
    assert may_log(Task.of_numbers(skewed, ones))
    assert not may_log(Task.of_numbers(rng.normal(size=200), ones))
    assert not may_log(Task.of_numbers(-skewed, ones))
    assert not may_log(Task.of_numbers(np.ones(200), ones))


def test_the_portfolio_keeps_to_the_models_asked_for():
    task = Task.of_labels(np.arange(10) % 2, np.ones(10))
    assert {c.model for c in make_portfolio(task, ["linear", "forest"])} == {"linear", "forest"}
    assert len({c.name for c in make_portfolio(task, "auto")}) == len(make_portfolio(task, "auto"))
    assert list(more_candidates(task, ["linear"], np.random.default_rng(0))) == []


class Clock:
    """Time that passes only when a candidate is trained."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def run_course(costs, budget, monkeypatch):
    clock = Clock()
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 2
    task = Task.of_labels(y, np.ones(60))
    views = TableViews()
    views.learn("mixed", X)
    folds = [(np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30))]

    def fit(candidate, *args):
        from appliednn.search._fit_fold import fit_fold

        clock.now += costs[candidate.name] / 2
        return fit_fold(candidate, *args)

    monkeypatch.setattr("appliednn.search._course.fit_fold", fit)
    course = Course(task, EncodedRows(views, X), folds, Deadline(budget, clock), Task.loss, [1, 2])
    settings = {"penalties": [0.1]}
    course.run([Candidate(name, "linear", settings, "mixed", cost=c) for name, c in costs.items()])
    return course, clock.now


def test_candidates_that_do_not_fit_are_left_out_and_cheaper_ones_follow(monkeypatch):
    course, now = run_course({"a": 4.0, "b": 50.0, "c": 4.0}, 10.0, monkeypatch)
    assert [t.candidate.name for t in course.trained] == ["a", "c"]
    assert [(c.name, why[:7]) for c, why, _ in course.skipped] == [("b", "no time")]
    assert now <= 10.0


def test_a_candidate_dearer_than_expected_ends_after_its_first_fold(monkeypatch):
    # By its cost "b" should take as long as "a"; its first fold shows that it does not.
    clock_costs = {"a": 2.0, "b": 12.0, "c": 1.0}
    monkeypatch.setattr("appliednn.search._course.Course._estimate", lambda self, c: None)
    course, now = run_course(clock_costs, 10.0, monkeypatch)
    assert [t.candidate.name for t in course.trained] == ["a", "c"]
    assert "first of 2 folds" in course.skipped[0][1]
    assert now == 2.0 + 6.0 + 1.0


def test_networks_are_judged_by_those_before_and_wait_for_the_backend(monkeypatch):
    course, _ = run_course({"a": 1.0}, 100.0, monkeypatch)
    network = Candidate("n", "realmlp", {}, "raw", cost=4.0)
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    assert course._needed(network) == pytest.approx(0.6 * 1.5 * 4.0)  # a guess
    monkeypatch.delitem(sys.modules, "tensorflow")
    assert course._needed(network) == pytest.approx(5.0 + 0.6 * 1.5 * 4.0)
    measured = Candidate("m", "mlp", {}, "raw", cost=2.0)
    course.trained.append(dataclasses.replace(course.trained[0], candidate=measured, seconds=3.0))
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    assert course._needed(network) == pytest.approx(0.6 * 1.5 * 4.0)  # 3 s for a cost of 2
    assert course._estimate(Candidate("l", "linear", cost=3.0)) == pytest.approx(3.0)
