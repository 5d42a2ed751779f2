"""Search spaces: the grammar, its draws against closed forms, and the published spaces."""

import json
from importlib.resources import files

import numpy as np
import pytest
from scipy import stats

import appliednn.tabular
from appliednn.core.errors import UsageError
from appliednn.search import SearchSpace, published_space
from appliednn.search._space import draw, read_space

SPACES = sorted(files("appliednn.search").joinpath("spaces").iterdir(), key=lambda p: p.name)


def drawn(entry, n=4000, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([draw(entry, rng) for _ in range(n)])


@pytest.mark.parametrize(
    ("entry", "distribution"),
    [
        ({"uniform": [-1.0, 3.0]}, stats.uniform(-1.0, 4.0)),
        ({"log_uniform": [0.01, 50.0]}, stats.loguniform(0.01, 50.0)),
    ],
)
def test_floats_follow_their_distribution(entry, distribution):
    values = drawn(entry)
    quantiles = np.linspace(0.05, 0.95, 10)
    # In probability, a quantile of n draws is off by sqrt(q (1 - q) / n): 0.008 here.
    assert distribution.cdf(np.quantile(values, quantiles)) == pytest.approx(quantiles, abs=0.03)
    low, high = distribution.support()
    assert low <= values.min() and values.max() <= high


def test_one_minus_mirrors_a_distribution():
    values = 1.0 - drawn({"one_minus": {"log_uniform": [0.005, 0.05]}})
    expected = stats.loguniform(0.005, 0.05).ppf([0.25, 0.5, 0.75])
    assert np.quantile(values, [0.25, 0.5, 0.75]) == pytest.approx(expected, rel=0.06)


def test_integers_include_both_ends_and_keep_to_their_steps():
    values, counts = np.unique(drawn({"integer": [64, 128], "step": 16}), return_counts=True)
    assert values.tolist() == [64, 80, 96, 112, 128]
    assert counts / counts.sum() == pytest.approx(np.full(5, 0.2), abs=0.03)


def test_floor_of_a_distribution_has_its_probabilities():
    values = drawn({"floor": {"log_uniform": [4.0, 33.0]}, "plus": -1})
    assert (values.min(), values.max()) == (3, 31)
    assert np.mean(values == 3) == pytest.approx(np.log(5 / 4) / np.log(33 / 4), abs=0.02)


def test_a_choice_takes_values_and_distributions_by_weight():
    values = drawn({"choice": [0.0, {"uniform": [1.0, 2.0]}], "weights": [1, 3]})
    assert np.mean(values == 0.0) == pytest.approx(0.25, abs=0.03)
    assert ((values == 0.0) | ((values >= 1.0) & (values <= 2.0))).all()


def test_a_list_is_a_choice_and_a_list_in_it_a_value():
    space = SearchSpace({"sizes": [[8], [16, 16]], "drop": 0.5, "name": {"value": {"a": 1}}})
    found = space.sample_many(50, np.random.default_rng(0))
    assert sorted(map(len, (one["sizes"] for one in found))) == [1, 2]
    assert {one["drop"] for one in found} == {0.5}
    assert found[0]["name"] == {"a": 1}


def test_repeat_draws_once_and_scaled_reads_what_was_drawn():
    space = SearchSpace(
        {
            "sizes": {"repeat": {"choice": [8, 16]}, "times": {"integer": [2, 3]}},
            "width": {"integer": [10, 20]},
            "hidden": {"scaled": "width", "by": {"choice": [2, 4]}},
        }
    )
    found = space.sample_many(40, np.random.default_rng(0))
    assert all(len(set(one["sizes"])) == 1 and len(one["sizes"]) in (2, 3) for one in found)
    assert {one["hidden"] / one["width"] for one in found} == {2.0, 4.0}


def test_a_block_comes_as_a_whole_with_its_probability():
    space = SearchSpace(
        {"x": {"uniform": [0, 1]}},
        blocks=[{"probability": 0.5, "parameters": {"a": [1, 2], "b": 3}}],
    )
    found = space.sample_many(1000, np.random.default_rng(0))
    with_block = [one for one in found if "a" in one]
    assert all(one["b"] == 3 for one in with_block)
    assert len(with_block) / len(found) == pytest.approx(0.5, abs=0.05)


def test_scipy_distributions_are_taken_and_seeded():
    space = SearchSpace({"alpha": stats.loguniform(1e-3, 1.0)})
    first, again = (space.sample(np.random.default_rng(4)) for _ in range(2))
    assert first == again and 1e-3 <= first["alpha"] <= 1.0


def test_no_candidate_comes_twice():
    found = SearchSpace({"a": [1, 2], "b": [3, 4]}).sample_many(10, np.random.default_rng(0))
    assert len(found) == 4
    assert len({tuple(sorted(one.items())) for one in found}) == 4


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"a": {"unifrom": [0, 1]}}, "a: .* is no distribution"),
        ({"a": {"uniform": [1, 0]}}, "a: uniform needs"),
        ({"a": {"log_uniform": [0, 1]}}, "above 0 for log_uniform"),
        ({"a": {"integer": [0.5, 1]}}, "whole numbers"),
        ({"a": {"choice": []}}, "one option or more"),
        ({"a": {"choice": [1, 2], "weights": [1]}}, "one number >= 0 for each option"),
        ({"a": {"choice": [{"uniform": [1]}]}}, r"a\[0\]: uniform"),
        ({"a": {"repeat": 3}}, "repeat needs times"),
        ({"a": {"scaled": "b", "by": 2}}, "not drawn before"),
        ({"a": {"uniform": [0, 1], "step": 2}}, "is no distribution"),
    ],
)
def test_what_is_no_space_is_named(parameters, said):
    with pytest.raises(UsageError, match=said):
        SearchSpace(parameters)


def test_a_block_without_probability_is_refused():
    with pytest.raises(UsageError, match=r"blocks\[0\]"):
        SearchSpace({}, blocks=[{"parameters": {"a": 1}}])


@pytest.mark.parametrize("path", SPACES, ids=lambda p: p.name)
def test_published_spaces_name_parameters_that_the_estimators_have(path):
    data = read_space(path.read_text(encoding="utf-8"), path.name)
    assert data == json.loads(path.read_text(encoding="utf-8"))
    for name in data["estimators"]:
        estimator = getattr(appliednn.tabular, name)()
        space = published_space(estimator)
        rng = np.random.default_rng(0)
        for params in space.sample_many(20, rng):
            estimator.set_params(**params)
            estimator._validate_params()


def test_realmlps_space_has_the_published_bounds():
    space = published_space(appliednn.tabular.RealMLPClassifier())
    found = space.sample_many(400, np.random.default_rng(0))
    rates = np.array([one["learning_rate"] for one in found])
    assert 0.02 <= rates.min() < 0.022 and 0.27 < rates.max() <= 0.3
    assert {len(one["hidden_layer_sizes"]) for one in found} == {2, 3, 4}
    assert {one["hidden_layer_sizes"][0] for one in found} == {256, 384, 512}
    assert min(one["beta_2"] for one in found) >= 0.95
    assert max(one["beta_2"] for one in found) <= 0.995
    smoothed = np.mean([one["label_smoothing"] > 0 for one in found])
    assert smoothed == pytest.approx(0.5, abs=0.08)
    assert np.mean(["epochs" in one for one in found]) == pytest.approx(0.5, abs=0.08)
    regressor = published_space(appliednn.tabular.RealMLPRegressor())
    assert "label_smoothing" not in regressor.parameters


def test_an_estimator_without_a_published_space_is_told_which_have_one():
    from sklearn.linear_model import Ridge

    with pytest.raises(UsageError, match="no search space was published for Ridge.*RealMLP"):
        published_space(Ridge())


def test_a_space_file_with_an_unknown_part_is_refused():
    with pytest.raises(UsageError, match=r"x\.json: typo"):
        read_space('{"source": "", "estimators": [], "parameters": {}, "typo": 1}', "x.json")
