"""Configs with a task on text: what they take, and what they refuse and where."""

import json

import pytest

from appliednn.pipeline.config import ConfigError, json_schema, load_config
from appliednn.pipeline.config._metrics import known_metrics
from appliednn.pipeline.config._template import write_template
from appliednn.pipeline.registry import ESTIMATORS, estimator

TEXT = """\
version: 1
name: t
task: text-classification
data:
  source: {type: dataset, name: reviews}
  text: text
  target: tone
model: {type: TextClassifier}
"""
NUMBERS = (
    TEXT.replace("-classification", "-regression")
    .replace("TextClassifier", "TextRegressor")
    .replace("tone", "rating")
)


@pytest.fixture
def load(tmp_path):
    def load(text, *overrides):
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return load_config(path, overrides, {}).config

    return load


@pytest.fixture
def one(load):
    def one(text, *overrides):
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides)
        assert len(caught.value.problems) == 1, str(caught.value)
        return caught.value.problems[0]

    return one


def test_what_is_predicted_and_what_is_read_are_told_apart(load):
    config = load(TEXT)
    assert (config.kind, config.reads, config.split.type) == (
        "classification", "text", "stratified",
    )  # fmt: skip
    config = load(NUMBERS)
    assert (config.kind, config.reads, config.split.type) == ("regression", "text", "random")


@pytest.mark.parametrize("name", [n for n, e in ESTIMATORS.items() if e.tasks[0][:5] == "text-"])
def test_every_model_of_texts_can_be_named_and_takes_strings(load, name):
    from appliednn.audit._reads import takes_strings

    text = TEXT if name.endswith("Classifier") else NUMBERS
    assert load(text).model.type == name
    assert takes_strings(estimator(name).load()())


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (("  text: text\n", ""), "data.text", "is required"),
        (("  text: text\n", "  text: tone\n"), "data.text", "is the target"),
        (("  text: text", "  text: text\n  drop: [rating]"), "data.drop", "no other; expected []"),
        (("model:", "missing: {type: simple}\nmodel:"), "missing", "empty one"),
        (("model:", "baselines: [DummyClassifier]\nmodel:"), "baselines", "TF-IDF"),
        (
            ("model:", "imbalance: {type: class_weight, weights: balanced}\nmodel:"),
            "imbalance",
            "class_weight of the model",
        ),
        (("model:", "robustness: {eps: [0.1]}\nmodel:"), "robustness.eps", "leave it out"),
        (
            (
                "model:",
                "gates: [{metric: permutation_importance, op: '>=', threshold: 0}]\nmodel:",
            ),
            "gates.0.metric",
            "is for classification",
        ),
    ],
)
def test_what_makes_no_sense_of_texts_is_refused_where_it_stands(one, change, place, said):
    problem = one(TEXT.replace(*change))
    assert problem.path == place and said in problem.message
    assert problem.line > 0


def test_a_model_of_tables_is_refused_and_the_one_of_texts_named(one):
    problem = one(TEXT.replace("TextClassifier", "MLPClassifier"))
    assert problem.suggestion == "TextClassifier"
    problem = one(TEXT.replace("TextClassifier", "TextRegressor"))
    assert problem.suggestion == "TextClassifier"


def test_a_task_on_tables_takes_no_text_column(one):
    problem = one(TEXT.replace("text-classification", "classification").replace("TextC", "MLPC"))
    assert "is for tasks on text" in problem.message


def test_a_column_that_a_csv_lacks_is_named_with_the_nearest(one, tmp_path):
    (tmp_path / "r.csv").write_text("body,tone\nhello,a\n")
    csv = TEXT.replace("{type: dataset, name: reviews}", "{type: csv, path: r.csv}")
    problem = one(csv.replace("text: text", "text: bodi"))
    assert problem.suggestion == "body" and problem.path == "data.text"


def test_gates_know_the_metrics_of_texts(load):
    gates = "gates:\n" + "".join(
        f"  - {{metric: '{m}', op: '>=', threshold: 0}}\n"
        for m in ("roc_auc_vs_tfidf", "accuracy_spoiled[typos 0.1]", "identity_change_rate[names]")
    )
    assert len(load(TEXT + gates).gates) == 3
    assert "near_duplicate_share_train_test" in known_metrics("text-regression")
    assert "max_single_word_auc" not in known_metrics("text-regression")


def test_the_schema_asks_texts_for_a_target_too():
    schema = json_schema()
    assert "text-classification" in json.dumps(schema["properties"]["task"])
    assert "text-regression" in schema["else"]["if"]["properties"]["task"]["enum"]


@pytest.mark.parametrize(
    ("task", "target", "model"),
    [
        ("text-classification", "tone", "TextClassifier"),
        ("text-regression", "rating", "TextRegressor"),
    ],
)
def test_init_writes_a_config_of_texts_that_is_valid(tmp_path, task, target, model):
    path, notes = write_template("reviews", out=tmp_path / "c.yaml", task=task, target=target)
    config = load_config(path).config
    assert (config.task, config.data.text, config.data.target) == (task, "text", target)
    assert config.model.type == model
    assert "text: text" in notes
