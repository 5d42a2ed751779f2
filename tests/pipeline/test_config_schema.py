import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from sklearn.utils._param_validation import (
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)

from appliednn.core.errors import UsageError
from appliednn.pipeline.config import RunConfig, describe, json_schema
from appliednn.pipeline.config._models import MODELS
from appliednn.pipeline.registry import ESTIMATORS, names
from appliednn.pipeline.registry._own_table import _SPECIAL
from appliednn.search._candidates import MODELS as KINDS_OF_MODELS

CREDIT = Path(__file__).parents[2] / "pipelines" / "credit.yaml"
MINIMAL = {
    "version": 1,
    "name": "a",
    "task": "classification",
    "data": {"source": {"type": "csv", "path": "a.csv"}, "target": "y"},
    "model": {"type": "LogisticRegression"},
}


OURS = [name for name, entry in ESTIMATORS.items() if entry.module.startswith("appliednn")]
# Parameters of an estimator that no config can hold: code.
NOT_IN_A_CONFIG = {"base", "callbacks", "detectors", "env"}  # only objects


@pytest.mark.parametrize("name", OURS)
def test_sections_have_the_parameters_and_defaults_of_our_estimators(name):
    signature = inspect.signature(ESTIMATORS[name].load())
    expected = {k: p.default for k, p in signature.parameters.items() if k not in NOT_IN_A_CONFIG}
    fields = MODELS[name].model_fields
    found = {k: fields[k].default for k in MODELS[name].parameter_names()}
    assert {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()} == expected


@pytest.mark.parametrize("name", OURS)
def test_sections_take_the_options_of_our_estimators(name):
    constraints = ESTIMATORS[name].load()._parameter_constraints
    for key, field in MODELS[name].model_fields.items():
        options = {
            o for c in constraints.get(key, ()) if isinstance(c, StrOptions) for o in c.options
        }
        if key == "scoring" and "anomaly" not in ESTIMATORS[name].tasks:
            assert options | {"loss"} == {"loss", *names("scorers")}
            assert ("loss" in _literals(field.annotation)) == ("loss" in options)
        elif key == "models":
            assert _literals(field.annotation) == {"auto", *KINDS_OF_MODELS}
        elif options:
            assert _literals(field.annotation) == options, key


def _literals(hint):
    found = set()
    for arg in get_args(hint):
        found |= {arg} if isinstance(arg, str) else _literals(arg)
    return found


def test_every_estimator_of_the_registry_has_a_section():
    assert set(MODELS) == set(ESTIMATORS)


def test_written_parameters_build_the_estimator():
    config = RunConfig.model_validate(
        {**MINIMAL, "model": {"type": "HistGradientBoostingClassifier", "max_iter": 7}}
    )
    model = ESTIMATORS[config.model.type].load()(**config.model.parameters())
    assert model.max_iter == 7
    assert config.model.parameters() == {"max_iter": 7}


PROBES = [-1, 0, 1, 2, 300, -0.5, 0.0, 0.5, 1.0, 1.5, True, None, "auto", "nonsense"]
# Python takes more for these than a config should say.
NARROWER = {"random_state", "verbose", "scoring"}
NARROWER_IN_OURS = {"loss", "models", "strategy", *_SPECIAL}


@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_bounds_of_a_section_are_those_of_the_class(name):
    constraints = ESTIMATORS[name].load()._parameter_constraints
    narrower = NARROWER | (NARROWER_IN_OURS if name in OURS else set())
    for key in MODELS[name].parameter_names():
        if key in narrower:
            continue
        for value in PROBES:
            read = _read(MODELS[name], key, value)
            if read is not None:
                assert _taken(constraints[key], read[key]), (key, value)
            elif _taken(constraints[key], value):
                # a boolean is no number in a config, and a number no boolean
                assert isinstance(value, bool) or value in (0, 1), (key, value)


def _read(section, key, value):
    tag = get_args(section.model_fields["type"].annotation)[0]
    try:
        return section.model_validate({"type": tag, key: value}).parameters()
    except ValidationError:
        return None


def _taken(constraints, value):
    try:
        validate_parameter_constraints({"p": constraints}, {"p": value}, "")
    except InvalidParameterError:
        return False
    return True


def test_the_json_schema_is_valid_and_agrees_with_the_models():
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    full = {
        **MINIMAL,
        "data": {**MINIMAL["data"], "sensitive": ["a", {"column": "b", "bins": [1, 2]}]},
        "search": {"type": "random", "space": {"C": {"low": 0.1, "high": 1, "log": True}}},
        "imbalance": {"type": "class_weight", "weights": {"bad": 2}},
        "gates": [{"metric": "roc_auc", "op": ">=", "threshold": 0.7}],
    }
    for good in (MINIMAL, full):
        RunConfig.model_validate(good)
        assert list(validator.iter_errors(good)) == []
    for bad in (
        {**MINIMAL, "extra": 1},
        {**MINIMAL, "task": "clustering"},
        {**MINIMAL, "model": {"type": "os.system"}},
        {**MINIMAL, "model": {"type": "Ridge", "alhpa": 1.0}},
        {**MINIMAL, "split": {"type": "random", "test_size": 1.5}},
        {k: v for k, v in MINIMAL.items() if k != "data"},
    ):
        assert list(validator.iter_errors(bad)), bad


@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_the_json_schema_of_an_estimator_agrees_with_its_model(name):
    (schema,) = [s for s in json_schema()["properties"]["model"]["oneOf"] if s["title"] == name]
    validator = Draft202012Validator(schema)
    assert set(schema["properties"]) == set(MODELS[name].model_fields)
    for key in schema["properties"]:
        for value in (*PROBES, "relu", "balanced", [8, 8], [0], {"a": 1.0}):
            if value in (0.0, 1.0) or (key == "optimizer" and isinstance(value, str)):
                continue  # JSON tells neither 1 from 1.0 nor adam from Adam
            taken = validator.is_valid({"type": name, key: value})
            assert taken == (_read(MODELS[name], key, value) is not None), (key, value)


def test_every_key_has_a_description_for_editors():
    sections = [RunConfig, *(MODELS[name] for name in OURS)]
    nameless = [
        (section.__name__, key)
        for section in sections
        for key, field in section.model_fields.items()
        if key != "type" and not field.description
    ]
    assert nameless == []


def test_a_parameter_that_a_preset_gives_says_its_value():
    lines = describe("model.RealMLPClassifier")
    (dropout,) = [line for line in lines if line.strip().startswith("dropout")]
    assert dropout.endswith("Default: 0.15 (td), 0.0 (td-s).")
    assert lines[0] == "RealMLP for classification: a perceptron with tuned defaults."


def test_reading_a_config_builds_the_model_of_its_estimator_alone():
    code = (
        "from appliednn.pipeline.config import _models, json_schema, load_config; json_schema();"
        f"load_config({str(CREDIT)!r}); print(_models._model.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_describe_lists_keys_types_and_defaults():
    lines = describe("model.MLPClassifier")
    (epochs,) = [line for line in lines if line.strip().startswith("epochs")]
    assert epochs.split()[:5] == ["epochs", "integer", ">=", "1", "100"]
    assert any("DummyRegressor" in line for line in describe("model"))
    assert any("test_size" in line for line in describe("split.time"))


def test_describe_refuses_what_is_not_there():
    with pytest.raises(UsageError, match="did you mean 'calibration'"):
        describe("calibratoin")
    with pytest.raises(UsageError, match="single value"):
        describe("seed")


def test_a_config_cannot_be_changed():
    config = RunConfig.model_validate(MINIMAL)
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 1
