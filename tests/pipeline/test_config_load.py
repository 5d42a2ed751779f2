import os
import pickle
import textwrap

import pytest

from appliednn.core.errors import UsageError
from appliednn.pipeline.config import ConfigError, load_config

GOOD = """\
version: 1
name: credit
task: classification
data:
  source: {type: dataset, name: credit}
  target: Status
  positive: bad
  sensitive:
    - {column: Age, bins: [25, 40, 60]}
    - Marital
model:
  type: MLPClassifier
  hidden_layer_sizes: [64, 64]
  epochs: 50
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="run.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def problems_of(path, overrides=(), env=None):
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides, {} if env is None else env)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return caught.value.problems


def brief(problems):
    return [(p.line, p.column, p.path, p.suggestion) for p in problems]


def test_a_good_config_loads_with_defaults(write):
    loaded = load_config(write(GOOD))
    config = loaded.config
    assert config.model.parameters() == {"hidden_layer_sizes": (64, 64), "epochs": 50}
    assert [s.column for s in config.data.sensitive] == ["Age", "Marital"]
    assert config.data.sensitive[0].bins == [25, 40, 60]
    assert (config.split.type, config.split.test_size) == ("stratified", 0.25)
    assert config.calibration.type == "none"
    assert loaded.text == GOOD
    assert loaded.base_dir == loaded.path.parent
    assert loaded.resolved["model"]["batch_size"] == 128
    assert loaded.resolved["data"]["sensitive"][1] == {"column": "Marital", "bins": None}


def test_the_resolved_config_loads_again_to_the_same(write, tmp_path):
    import io

    from ruamel.yaml import YAML

    loaded = load_config(write(GOOD))
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(loaded.resolved, stream)
    again = load_config(write(stream.getvalue(), "again.yaml"))
    assert again.resolved == loaded.resolved
    assert again.config == loaded.config


def test_the_default_split_of_a_regression_is_random(write):
    text = GOOD.replace("classification", "regression").replace("MLPClassifier", "MLPRegressor")
    assert load_config(write(text.replace("  positive: bad\n", ""))).config.split.type == "random"


def test_every_problem_comes_at_once_sorted_with_place_and_suggestion(write):
    text = textwrap.dedent("""\
        version: 1
        name: credit
        task: clasification
        data:
          source: {type: csvv, path: x.csv}
          target: Status
          sensitive: [Age, {column: Marital, bin: [3]}]
        modell:
          type: MLPClassifier
        split: {type: random, test_size: 2}
        search: {type: random, scoring: rocauc, space: {l2: {low: 1}}}
        """)
    found = problems_of(write(text))
    assert brief(found) == [
        (3, 7, "task", "classification"),
        (5, 18, "data.source.type", "csv"),
        (7, 38, "data.sensitive.1.bin", "bins"),
        (8, 1, "modell", "model"),
        (10, 34, "split.test_size", None),
        (11, 33, "search.scoring", "roc_auc"),
        (11, 53, "search.space.l2", None),
    ]
    assert str(found[3]).endswith(":8:1: modell: unknown key (did you mean 'model'?)")


@pytest.mark.parametrize(
    ("line", "path", "suggestion", "words"),
    [
        ("  epoch: 5", "model.epoch", "epochs", "unknown key of MLPClassifier"),
        ("  optimizer: adamm", "model.optimizer", "adam", "a known optimiser"),
        ("  activation: gellu", "model.activation", "gelu", "a known activation"),
        ("  schedule: cosin", "model.schedule", "cosine", "'cosine'"),
        ("  epochs: 1.5", "model.epochs", None, "a whole number, got 1.5"),
        ("  epochs: '50'", "model.epochs", None, "a whole number, got '50'"),
        ("  epochs: 0", "model.epochs", None, "at least 1, got 0"),
        ("  dropout: 1.0", "model.dropout", None, "below 1, got 1.0"),
        ("  dropout: .nan", "model.dropout", None, "finite"),
        ("  shuffle: no", "model.shuffle", "false", "true or false, got 'no'"),
        ("  early_stopping: 3", "model.early_stopping", None, "'auto' or true or false, got 3"),
        ("  loss_params: 64", "model.loss_params", None, "a mapping, got 64"),
        ("  class_weight: {bad: -1}", "model.class_weight.bad", None, "at least 0, got -1"),
        ("  clip_norm: true", "model.clip_norm", None, "a number, got true"),
    ],
)
def test_a_wrong_value_says_what_was_expected(write, line, path, suggestion, words):
    text = GOOD.replace("  epochs: 50\n", "") + line + "\n"
    (problem,) = problems_of(write(text))
    assert (problem.line, problem.path, problem.suggestion) == (14, path, suggestion)
    assert words in problem.message


def test_lists_point_at_the_item(write):
    text = GOOD.replace("[64, 64]", "[64, many, 1.5]")
    assert brief(problems_of(write(text))) == [
        (13, 28, "model.hidden_layer_sizes.1", None),
        (13, 34, "model.hidden_layer_sizes.2", None),
    ]


def test_a_missing_key_is_placed_at_its_section(write):
    text = GOOD.replace("  target: Status\n", "").replace("  type: MLPClassifier\n", "")
    found = problems_of(write(text))
    assert brief(found) == [(4, 1, "data.target", None), (10, 1, "model.type", None)]
    assert "one of MLPClassifier, MLPRegressor" in found[1].message


def test_an_import_path_is_no_model(write):
    for name in ("os.system", "sklearn.svm.SVC", "appliednn.tabular.MLPClassifier"):
        (problem,) = problems_of(write(GOOD.replace("MLPClassifier", name)))
        assert problem.path == "model.type"
        assert "expected one of MLPClassifier" in problem.message


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "is empty"),
        (b"# only a comment\n", 1, "is empty"),
        (b"- a\n- b\n", 1, "not a mapping"),
        (b"just text\n", 1, "not a mapping"),
        (b"version: 1\nname: caf\xe9\n", 2, "UTF-8"),
        (b"PK\x03\x04\x00\x00", 1, "control character"),
        (b"a: 1\n" * 300_000, 0, "larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_config_is_refused(write, content, line, words):
    (problem,) = problems_of(write(content))
    assert problem.line == line
    assert words in problem.message


def test_a_missing_file_a_folder_and_a_forbidden_file_are_refused(write, tmp_path):
    path = write(GOOD)
    (problem,) = problems_of(tmp_path / "run.yml")
    assert "no such file" in problem.message
    assert str(path) in problem.message
    (problem,) = problems_of(tmp_path)
    assert "a folder was given" in problem.message
    if os.geteuid():
        path.chmod(0)
        (problem,) = problems_of(path)
        assert "cannot be read" in problem.message


def test_a_byte_order_mark_and_windows_line_ends_are_read(write):
    text = "\ufeff" + GOOD.replace("\n", "\r\n")
    assert load_config(write(text)).config == load_config(write(GOOD)).config
    (problem,) = problems_of(write(text.replace("epochs", "epoch")))
    assert (problem.line, problem.column) == (14, 3)


def test_overrides_set_values_read_as_yaml(write):
    loaded = load_config(
        write(GOOD),
        [
            "model.epochs=5",
            "model.hidden_layer_sizes=[8, 8]",
            "data.sensitive.0.bins=[30]",
            "calibration.type=isotonic",
            "search={type: none}",
            "report.title=a=b",
        ],
    )
    config = loaded.config
    assert (config.model.epochs, config.model.hidden_layer_sizes) == (5, [8, 8])
    assert config.data.sensitive[0].bins == [30]
    assert config.calibration.type == "isotonic"
    assert config.report.title == "a=b"
    assert loaded.resolved["model"]["epochs"] == 5
    assert loaded.overrides[0] == "model.epochs=5"


def test_an_override_cannot_reach_into_an_empty_list(write):
    (problem,) = problems_of(write(GOOD + "gates: []\n"), ["gates.0.threshold=1"])
    assert "gates is an empty list" in problem.message


def test_an_override_finds_a_label_that_is_a_number(write):
    text = GOOD + "imbalance: {type: class_weight, weights: {0: 1, 1: 2}}\n"
    loaded = load_config(write(text), ["imbalance.weights.1=5"])
    assert loaded.config.imbalance.weights == {0: 1, 1: 5}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.epoch=5", "model.epoch: unknown key of MLPClassifier (did you mean 'epochs'?)"),
        ("model.epochs=many", "expected a whole number, got 'many'"),
        ("model.epochs", "expected key=value"),
        ("=5", "expected key=value"),
        ("model..epochs=5", "expected key=value"),
        ("model.epochs=[1", "not YAML"),
        ("name.first=x", "name is a single value"),
        ("data.sensitive.7.bins=[1]", "data.sensitive holds 2; expected a position from 0 to 1"),
        ("calibration.typ=isotonic", "unknown key (did you mean 'type'?)"),
        ("modl.epochs=5", "modl: unknown key (did you mean 'model'?)"),
        ("seed=&a 5", "anchors are not allowed"),
    ],
)
def test_a_wrong_override_is_named(write, override, words):
    (problem,) = problems_of(write(GOOD), [override])
    assert problem.file == f"-s {override}"
    assert problem.line == 0
    assert words in str(problem)


def test_overrides_are_listed_after_the_problems_of_the_file(write):
    found = problems_of(write(GOOD.replace("epochs", "epoch")), ["seed=-1"])
    assert [p.line for p in found] == [14, 0]


def test_the_environment_fills_text_and_is_not_kept(write):
    text = GOOD.replace(
        "{type: dataset, name: credit}",
        '{type: sql, url: "postgresql://me:${env:PW}@${env:HOST:localhost}/db", query: select 1}',
    ).replace("- Marital", "- ${env:COLUMN}")
    env = {"PW": "s3cret", "COLUMN": "Marital"}
    loaded = load_config(write(text), env=env)
    assert loaded.config.data.source.url == "postgresql://me:s3cret@localhost/db"
    assert loaded.config.data.sensitive[1].column == "Marital"
    kept = loaded.resolved["data"]
    assert kept["source"]["url"] == "postgresql://me:${env:PW}@${env:HOST:localhost}/db"
    assert kept["sensitive"][1]["column"] == "${env:COLUMN}"
    for shown in (repr(loaded), str(loaded.resolved), loaded.text):
        assert "s3cret" not in shown


def test_a_secret_is_in_no_message(write):
    text = GOOD.replace("name: credit\ntask", "name: ${env:PW}\ntask").replace(
        "epochs: 50", "epochs: ${env:PW}"
    )
    found = problems_of(write(text), env={"PW": "s3 cret"})
    assert [p.path for p in found] == ["name", "model.epochs"]
    assert "s3 cret" not in "\n".join(map(str, found))
    assert "${env:PW}" in found[1].message


def test_a_variable_that_is_not_set_is_a_problem_with_its_place(write):
    text = GOOD.replace("target: Status", "target: ${env:TARGT}").replace(
        "positive: bad", "positive: ${HOME}"
    )
    found = problems_of(write(text), env={"TARGET": "Status"})
    assert brief(found) == [(6, 11, "data.target", "TARGET"), (7, 13, "data.positive", None)]
    assert "TARGT is not set" in found[0].message
    assert "expected ${env:NAME}" in found[1].message


def test_a_config_error_survives_pickling_and_ends_with_exit_code_two(write):
    with pytest.raises(UsageError) as caught:
        load_config(write(GOOD.replace("epochs", "epoch")), env={})
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert again.exit_code == 2
