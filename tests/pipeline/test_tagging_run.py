"""Runs with ``task: tagging``: a table of tokens in, a tag for each row out."""

import json

import numpy as np
import pandas as pd
import pytest

from appliednn.core.errors import DataContractError, UsageError
from appliednn.core.persistence import load
from appliednn.pipeline._audit_file import audit_file
from appliednn.pipeline._predict import predict_file
from appliednn.pipeline._runner import run
from appliednn.pipeline._sentences import gather, rows_of
from appliednn.pipeline._verify import verify_folder
from appliednn.pipeline.config import ConfigError, load_config
from appliednn.pipeline.config._template import write_template
from appliednn.text.tagging import entity_scores

CONFIG = """
version: 1
name: names
task: tagging
seed: 1
data:
  source: {type: csv, path: names.csv}
  sentence: no
  text: token
  target: tag
model: {type: TokenTagger, epochs: 12, learning_rate: 0.02, word_dim: 12, hidden_units: 12}
gates:
  - {metric: entity_f1, op: ">=", threshold: 0.5}
report: {dir: reports}
"""
NAMES = ["Ada", "Grace", "Alan", "Emmy", "Kurt", "Sofia"]
WORDS = "saw met in near yesterday the old quiet and then".split()  # noqa: SIM905


def tokens(n=120, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        words = [str(w) for w in rng.choice(WORDS, 5)]
        words.insert(int(rng.integers(0, 6)), str(rng.choice(NAMES)))
        rows += [(i, w, "B-PER" if w in NAMES else "O") for w in words]
    return pd.DataFrame(rows, columns=["no", "token", "tag"])


def write(folder, config=CONFIG, frame=None):
    (tokens() if frame is None else frame).to_csv(folder / "names.csv", index=False)
    path = folder / "names.yaml"
    path.write_text(config, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    return run(load_config(write(folder))), folder


def test_a_run_on_tokens_splits_sentences_and_passes(done):
    outcome, _ = done
    assert outcome.verdict == "PASS", outcome.lines
    metrics = json.loads((outcome.folder / "metrics.json").read_text())
    assert (metrics["task"], metrics["n_train"], metrics["n_test"]) == ("tagging", 90, 30)
    report = json.loads((outcome.folder / "report.json").read_text())
    assert set(report["sections"]) == {"tagging", "resources"}
    assert verify_folder(outcome.folder).exit_code == 0


def test_each_row_of_a_file_gets_its_tag_in_the_order_of_the_file(done, tmp_path):
    outcome, _ = done
    frame = tokens(20, seed=3)
    mixed = pd.concat([frame[frame["no"] % 2 == 1], frame[frame["no"] % 2 == 0]])
    mixed.drop(columns="tag").to_csv(tmp_path / "new.csv", index=False)
    predict_file(outcome.folder / "model.ann", tmp_path / "new.csv", tmp_path / "p.csv")
    made = pd.read_csv(tmp_path / "p.csv")["prediction"].to_numpy()
    model = load(outcome.folder / "model.ann")
    for number in (0, 1, 7):
        rows = (mixed["no"] == number).to_numpy()
        (tags,) = model.predict([mixed.loc[rows, "token"].tolist()])
        assert made[rows].tolist() == tags


def test_a_saved_tagger_is_audited_on_another_file(done, tmp_path):
    outcome, folder = done
    later = tokens(40, seed=9)
    later.to_csv(tmp_path / "later.csv", index=False)
    found = audit_file(
        outcome.folder / "model.ann", tmp_path / "later.csv", "tag", folder / "names.csv",
        out=tmp_path,
    )  # fmt: skip
    report = json.loads((found.folder / "report.json").read_text())
    ours = report["sections"]["tagging"][0]["estimates"]["entity_f1"]["value"]
    sentences = gather(later, "no", ["token", "tag"])
    given = load(outcome.folder / "model.ann").predict(sentences["token"].tolist())
    assert ours == pytest.approx(entity_scores(sentences["tag"].tolist(), given)["f1"])


def test_a_file_without_its_columns_is_refused(done, tmp_path):
    outcome, _ = done
    tokens(20)[["no", "tag"]].to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataContractError, match="token"):
        predict_file(outcome.folder / "model.ann", tmp_path / "new.csv", tmp_path / "p.csv")


def test_sentences_in_any_order_keep_their_tokens():
    frame = pd.DataFrame({"s": ["b", "a", "b"], "t": ["x", "y", "z"]})
    assert gather(frame, "s", ["t"])["t"].tolist() == [["x", "z"], ["y"]]
    assert rows_of(frame, "s").tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (("  sentence: no\n", ""), "data.sentence", "is required"),
        (("  text: token\n", ""), "data.text", "column of the tokens"),
        (("model:", "split: {type: stratified}\nmodel:"), "split", "many tags"),
        (("model:", "explain: {enabled: false}\nmodel:"), "explain", "leave it out"),
        (("model:", "baselines: [DummyClassifier]\nmodel:"), "baselines", "most frequent tag"),
        (("text: token", "text: token\n  positive: O"), "data.positive", "classification only"),
        (("entity_f1", "roc_auc"), "gates.0.metric", "is for classification"),
        (("sentence: no", "sentence: nr"), "data.sentence", "no column 'nr'"),
    ],
)
def test_what_makes_no_sense_of_tokens_is_refused_where_it_stands(tmp_path, change, place, said):
    path = write(tmp_path, CONFIG.replace(*change))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (problem,) = caught.value.problems
    assert problem.path == place and said in problem.message


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: f.assign(tag=f["tag"].where(f.index > 3)), "is missing in 4 of"),
        (lambda f: f.assign(tag="O"), "one tag only"),
        (lambda f: f[f["no"] < 5], "5 sentences; at least 20"),
    ],
)
def test_tokens_that_cannot_be_learned_from_are_named(tmp_path, spoil, said):
    with pytest.raises(UsageError, match=said):
        run(load_config(write(tmp_path, frame=spoil(tokens(40)))), dry_run=True)


def test_init_finds_the_columns_of_tokens_by_their_names(tmp_path):
    tokens(30).rename(columns={"no": "sentence", "token": "word"}).to_csv(
        tmp_path / "ner.csv", index=False
    )
    path, _ = write_template(
        str(tmp_path / "ner.csv"), out=tmp_path / "c.yaml", task="tagging", target="tag"
    )
    data = load_config(path).config.data
    assert (data.sentence, data.text, data.target) == ("sentence", "word", "tag")
