"""Bad input: every reason at once, no folder left behind."""

import errno
import os

import numpy as np
import pandas as pd
import pytest
from run_toys import CONFIG, fewer_checks, toy_frame, write_toy

from appliednn.core.errors import UsageError
from appliednn.pipeline._prepare import prepare, target_values
from appliednn.pipeline._run_folder import atomic_path, writing_to
from appliednn.pipeline._runner import run
from appliednn.pipeline._train import positive_index
from appliednn.pipeline.config import ConfigError, load_config


def prepared(path, *overrides):
    loaded = load_config(path, overrides)
    return prepare(loaded.config, loaded.base_dir)


def parquet(folder, frame, *overrides):
    """Return a config on a Parquet file: its columns are first seen when it is read."""
    frame.to_parquet(folder / "toy.parquet")
    path = write_toy(folder)
    return load_config(path, ["data.source={type: parquet, path: toy.parquet}", *overrides])


def test_all_unknown_columns_are_named_at_once(tmp_path):
    frame = toy_frame().rename(columns={"age": "Age", "sex": "gender", "id": "number"})
    loaded = parquet(tmp_path, frame, "data.positive=maybe")
    with pytest.raises(UsageError) as error:
        run(loaded)
    text = str(error.value)
    assert "data.drop.0: there is no column 'id'" in text
    assert "data.sensitive.0: there is no column 'age'; did you mean 'Age'?" in text
    assert "data.sensitive.1: there is no column 'sex'" in text
    assert "data.positive: no row has the label 'maybe'" in text
    assert error.value.exit_code == 2
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"late": "yes"}, "late"),
        ({"late": None}, "late"),
        ({"drop": ["late"]}, "late"),
        ({"rows": 3}, "row"),
    ],
    ids=["one class", "no target", "target not there", "too few rows"],
)
def test_unusable_targets(tmp_path, change, message):
    frame = toy_frame()
    frame = frame.drop(columns=change.pop("drop", [])).head(change.pop("rows", 400))
    loaded = parquet(tmp_path, frame.assign(**change))
    with pytest.raises(UsageError, match=message):
        run(loaded)
    assert not (tmp_path / "reports").exists()


def test_unreadable_parquet(tmp_path):
    loaded = parquet(tmp_path, toy_frame())
    (tmp_path / "toy.parquet").write_bytes(b"PAR1 and then nonsense")
    with pytest.raises(UsageError, match=r"toy\.parquet"):
        run(loaded)


def test_packed_csv_is_read_and_a_damaged_one_refused(tmp_path):
    path = write_toy(tmp_path)
    plain = prepared(path)
    toy_frame().to_csv(tmp_path / "toy.csv.gz", index=False)
    packed = prepared(path, "data.source.path=toy.csv.gz")
    assert packed.sha256 == plain.sha256
    content = (tmp_path / "toy.csv.gz").read_bytes()
    (tmp_path / "toy.csv.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(UsageError, match=r"toy\.csv\.gz cannot be read"):
        prepared(path, "data.source.path=toy.csv.gz")


def test_bins_need_numbers(tmp_path):
    loaded = parquet(tmp_path, toy_frame().assign(age="old"))
    with pytest.raises(UsageError, match="'age' has bins and holds no numbers"):
        run(loaded)


def test_a_sampler_that_cannot_work_is_found_before_training(tmp_path):
    path = write_toy(tmp_path)
    with pytest.raises(UsageError) as error:
        prepared(path, "imbalance={type: sampler, name: SMOTE}", "missing={type: model}")
    assert "SMOTE cannot work with missing values (income)" in str(error.value)
    assert "use SMOTENC" in str(error.value)
    prepared(path, "imbalance={type: sampler, name: SMOTENC}")


def test_two_class_sections_are_refused_for_three(tmp_path):
    frame = toy_frame()
    frame["late"] = np.resize(["yes", "no", "never"], len(frame))
    with pytest.raises(UsageError, match="data.positive, threshold: cost: only for two classes"):
        run(load_config(write_toy(tmp_path, frame=frame)))


def test_rows_without_target_and_empty_columns_are_left_out(tmp_path):
    frame = toy_frame()
    frame.loc[:9, "late"] = None
    frame["empty"] = np.nan
    data = prepared(write_toy(tmp_path, frame=frame))
    assert len(data.y) == 310
    assert list(data.X.columns) == ["age", "sex", "income", "job"]
    assert any("empty" in warning for warning in data.warnings)


def test_dropped_columns_are_still_audited(tmp_path):
    data = prepared(write_toy(tmp_path), "data.drop=[id, sex]")
    assert "sex" not in data.X.columns
    assert data.sensitive["sex"].tolist() == data.frame["sex"].tolist()


def test_split_columns_are_no_features(tmp_path):
    data = prepared(write_toy(tmp_path), "split={type: grouped, column: id}", "data.drop=[]")
    assert "id" not in data.X.columns
    assert not set(data.groups[data.train]) & set(data.groups[data.test])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pd.Series([1, 0, 1], dtype="Int64"), [1, 0, 1]),
        (pd.Series([1.0, 0.0]), [1, 0]),
        (pd.Series([True, False], dtype="boolean"), [True, False]),
        (pd.Series(["a", 1, True], dtype=object), ["a", "1", "True"]),
        (pd.Series(["ä", "b"], dtype="category"), ["ä", "b"]),
    ],
)
def test_labels_become_plain_numpy(given, expected):
    made = target_values(given, classification=True)
    assert made.dtype != object
    assert made.tolist() == expected


def test_a_failed_run_says_so_and_can_go_on(tmp_path, monkeypatch):
    fewer_checks(monkeypatch)
    path = write_toy(tmp_path, CONFIG.replace("fraction: 0.25", "fraction: 0.01"))
    loaded = load_config(path, ["calibration={type: isotonic, fraction: 0.005}"])
    with pytest.raises(UsageError):
        run(loaded)
    (folder,) = (tmp_path / "reports").glob("toy-*")
    assert (folder / "STATUS").read_text().startswith("failed: ")
    assert os.path.exists(folder / "contract.json")


@pytest.mark.parametrize("positive", ["1", "1.0", "'1'"])
def test_a_label_is_found_however_it_is_written(tmp_path, positive):
    """Missing labels make a column of whole numbers one of floats."""
    frame = toy_frame()
    label = (frame["late"] == "yes").astype(float).mask(np.arange(len(frame)) % 9 == 0)
    path = write_toy(tmp_path, frame=frame.assign(late=label))
    data = prepared(path, f"data.positive={positive}")
    classes = np.unique(data.y)
    assert classes.tolist() == [0, 1]
    config = load_config(path, [f"data.positive={positive}"]).config
    assert positive_index(config, classes) == 1


def test_infinite_features_are_named_at_once(tmp_path):
    frame = toy_frame()
    frame.loc[3, "income"] = np.inf
    frame["wealth"] = np.where(np.arange(len(frame)) < 2, -np.inf, 1.0)
    with pytest.raises(UsageError) as error:
        prepared(write_toy(tmp_path, frame=frame))
    text = str(error.value)
    assert "the feature 'income' is infinite in 1 row: correct" in text
    assert "the feature 'wealth' is infinite in 2 rows" in text
    prepared(tmp_path / "toy.yaml", "data.drop=[id, income, wealth]")


def test_a_full_disk_is_said_and_the_run_goes_on_later(tmp_path, monkeypatch):
    fewer_checks(monkeypatch)
    loaded = load_config(write_toy(tmp_path), ["search={type: none}"])
    replace, full = os.replace, [True]

    def no_space(source, target):
        if full[0] and str(target).endswith("metrics.json"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(source, target)

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(UsageError, match=r"cannot be written to \(No space left on device\)"):
        run(loaded)
    (folder,) = (tmp_path / "reports").glob("toy-*")
    assert (folder / "STATUS").read_text().startswith("failed")
    assert not [p for p in folder.rglob("*") if p.name.startswith(".")]
    full[0] = False
    assert run(loaded, resume=folder).exit_code == 0


def test_predictions_that_cannot_be_written_are_said(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(UsageError, match=r"p.csv cannot be written to .*; choose another --out"),
        writing_to(tmp_path / "file" / "p.csv", "choose another --out"),
        atomic_path(tmp_path / "file" / "p.csv"),
    ):
        raise AssertionError("entered")
    with pytest.raises(OSError, match="broken pipe"), writing_to(tmp_path, ""):
        raise OSError(errno.EPIPE, "broken pipe")  # not about the place: left as it is


def test_a_file_of_another_kind_is_named(tmp_path):
    toy_frame().to_parquet(tmp_path / "toy.parquet")
    toy_frame().to_feather(tmp_path / "toy.arrow")
    path = write_toy(tmp_path)
    for name in ("parquet", "arrow"):
        with pytest.raises(UsageError, match=f"no CSV file; set the source to type: {name}"):
            prepared(path, f"data.source.path=toy.{name}")


def test_a_link_to_nothing_and_a_wrong_separator_are_said(tmp_path):
    path = write_toy(tmp_path)
    (tmp_path / "link.csv").symlink_to("gone.csv")
    with pytest.raises(ConfigError, match=r"link.csv is a link to gone.csv, which is not there"):
        load_config(path, ["data.source.path=link.csv"])
    with pytest.raises(ConfigError, match=r"'late': with the separator ';' they have one column"):
        load_config(path, ["data.source.separator=;"])
