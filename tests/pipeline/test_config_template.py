import gzip
import json

import pytest
from ruamel.yaml import YAML

from appliednn.cli import main
from appliednn.core.errors import UsageError
from appliednn.pipeline.config import load_config
from appliednn.pipeline.config._template import scalar, write_template

LOANS = """\
loan id,Age,sex,"in come: yearly",grade
1,30,m,1.5,good
2,40,f,2.5,bad
3,50,f,,good
"""


@pytest.fixture
def loans(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my loans.csv"
    path.write_text(LOANS)
    return path


def test_a_template_is_valid_and_reads_the_data(loans):
    path, notes = write_template(str(loans), target="grade")
    config = load_config(path).config
    assert path.name == "my-loans.yaml"
    assert (config.task, config.data.target, config.data.positive) == (
        "classification",
        "grade",
        "bad",
    )
    assert config.data.drop == ["loan id"]
    assert [s.column for s in config.data.sensitive] == ["Age", "sex"]
    assert config.model.type == "RealMLPClassifier"
    assert notes == ["task: classification", "drop: loan id (they only tell rows apart)"]


def test_a_packed_file_is_read_and_its_columns_checked(loans):
    packed = loans.with_name("loans.csv.gz")
    packed.write_bytes(gzip.compress(LOANS.encode()))
    path, _ = write_template("loans.csv.gz", target="grade")
    assert path.name == "loans.yaml"
    assert load_config(path).config.data.target == "grade"
    with pytest.raises(UsageError, match="did you mean 'grade'"):
        load_config(path, ["data.target=grades"])


def test_the_path_to_the_data_starts_at_the_config(loans, tmp_path):
    path, _ = write_template(str(loans), out=tmp_path / "deep" / "run.yaml", target="grade")
    assert load_config(path).config.data.source.path == "../my loans.csv"


@pytest.mark.parametrize(
    ("column", "values", "task"),
    [
        ("price", [1.5, 2.5, 3.5], "regression"),
        ("price", list(range(30)), "regression"),
        ("label", [0, 1, 2, 1], "classification"),
        ("label", [0.0, 1.0, 1.0], "classification"),
        ("label", ["a", "b", "a"], "classification"),
        ("label", ["true", "false", "true"], "classification"),
    ],
)
def test_the_task_follows_from_the_target(tmp_path, monkeypatch, column, values, task):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i},{v}\n" for i, v in enumerate(values))
    (tmp_path / "d.csv").write_text(f"x,{column}\n{rows}")
    path, notes = write_template("d.csv")
    config = load_config(path).config
    assert (config.task, config.data.target) == (task, column)
    assert "a guess" in notes[0]


def test_columns_that_only_tell_rows_apart_are_dropped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{i},{i},{i / 7},name {i},{'ab'[i % 2]},{i % 3}" for i in range(60)]
    (tmp_path / "d.csv").write_text("PassengerId,Fare,Weight,Name,Deck,y\n" + "\n".join(rows))
    path, _ = write_template("d.csv")
    assert load_config(path).config.data.drop == ["PassengerId", "Name"]


def test_a_shipped_data_set_brings_what_is_known_of_it(tmp_path):
    path, _ = write_template("credit", out=tmp_path / "c.yaml")
    config = load_config(path).config
    assert (config.data.target, config.data.positive) == ("Status", "bad")
    assert [s.column for s in config.data.sensitive] == ["Age", "Marital"]
    path, _ = write_template("ames", out=tmp_path / "a.yaml")
    assert load_config(path).config.model.type == "RealMLPRegressor"


def test_every_line_of_help_in_a_template_is_a_comment(loans):
    path, _ = write_template(str(loans), target="grade")
    text = path.read_text()
    assert text.count("#") > 10
    assert set(YAML(typ="safe", pure=True).load(text)) >= {"data", "model", "gates", "report"}


def test_an_existing_file_is_kept_unless_forced(loans, capsys):
    assert main(["init", str(loans), "--out", "run.yaml"]) == 0
    loans.with_name("run.yaml").write_text("mine")
    assert main(["init", str(loans), "--out", "run.yaml"]) == 2
    assert "--force" in capsys.readouterr().err
    assert loans.with_name("run.yaml").read_text() == "mine"
    assert main(["init", str(loans), "--out", "run.yaml", "--force"]) == 0
    assert main(["validate", "run.yaml"]) == 0


def test_what_is_not_there_is_refused_with_a_suggestion(loans):
    with pytest.raises(UsageError, match="did you mean 'grade'"):
        write_template(str(loans), target="grad")
    with pytest.raises(UsageError, match="did you mean 'credit'"):
        write_template("credits")
    with pytest.raises(UsageError, match="nope.csv"):
        write_template("nope.csv")
    loans.with_suffix(".xlsx").write_text("x")
    with pytest.raises(UsageError, match="ending in .csv"):
        write_template(str(loans.with_suffix(".xlsx")))


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "no",
        "true",
        "Null",
        "1",
        "1e5",
        "a: b",
        "a #b",
        "ä",
        "[x",
        "- a",
        "a\nb",
        "~",
        " a",
        "",
        "y",
        "0x1",
    ],
)
def test_scalars_come_back_as_they_went(text):
    assert YAML(typ="safe", pure=True).load(f"[{scalar(text)}]") == [text]
    assert json.loads(json.dumps(text)) == text
