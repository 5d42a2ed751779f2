import json

import pytest

from appliednn.core.errors import UsageError
from appliednn.pipeline.registry import (
    ESTIMATORS,
    SAMPLERS,
    estimator,
    names,
    numbers,
    parameters,
    sampler,
)
from appliednn.pipeline.registry._generate import collect
from appliednn.pipeline.registry._tables import tables


def test_the_table_is_what_the_installed_libraries_say():
    found = json.loads(json.dumps(collect()))
    assert found == tables(), "run: python -m appliednn.pipeline.registry._generate"


@pytest.mark.parametrize("name", [n for n, e in ESTIMATORS.items() if "sklearn" in e.module])
def test_estimators_do_the_tasks_they_are_listed_for(name):
    from sklearn.base import is_classifier, is_regressor

    model = estimator(name).load()()
    assert is_classifier(model) == ("classification" in ESTIMATORS[name].tasks)
    assert is_regressor(model) == ("regression" in ESTIMATORS[name].tasks)


@pytest.mark.parametrize("name", [n for n, e in ESTIMATORS.items() if "sklearn" in e.module])
def test_defaults_of_the_table_are_those_of_scikit_learn(name):
    given = estimator(name).load()().get_params()
    table = parameters(name)
    assert {k: table[k]["default"] for k in table} == {k: given[k] for k in table}
    left_out = set(given) - set(table)
    run_sets = {"novelty", "algorithm", "leaf_size"} if name == "LocalOutlierFactor" else set()
    assert left_out <= {"penalty"} | run_sets  # deprecated; what the run sets by itself


def test_every_sampler_loads_and_resamples_in_name():
    for name, entry in SAMPLERS.items():
        assert callable(entry.load().fit_resample), name


def test_parameters_that_take_only_objects_are_left_out():
    assert "smote" not in parameters("SMOTEENN")
    assert "svm_estimator" not in parameters("SVMSMOTE")
    assert parameters("SMOTENC")["categorical_features"]["required"]


@pytest.mark.parametrize(
    ("lookup", "wrong", "right"),
    [
        (estimator, "MLPClasifier", "MLPClassifier"),
        (estimator, "randomforestclassifier", "RandomForestClassifier"),
        (sampler, "SMOTNC", "SMOTENC"),
    ],
)
def test_an_unknown_name_is_refused_with_a_suggestion(lookup, wrong, right):
    with pytest.raises(UsageError, match=f"did you mean '{right}'"):
        lookup(wrong)


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        ESTIMATORS["Evil"] = ESTIMATORS["Ridge"]


def test_names_and_numbers_of_the_network():
    assert {"relu", "gelu", "swish", "leaky_relu"} <= set(names("activations"))
    assert {"Adam", "AdamW", "Lion", "SGD"} <= set(names("optimizers"))
    assert "Optimizer" not in names("optimizers")
    assert "momentum" in numbers("optimizer_params", "sgd")
    assert numbers("loss_params", "huber") == ("delta",)
    assert numbers("loss_params", "unknown") is None
