import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets as sk_datasets

from appliednn import datasets
from appliednn.core.errors import IntegrityError, UsageError
from appliednn.datasets import _files
from appliednn.datasets._registry import DATASETS

DATA = Path(__file__).resolve().parents[2] / "data"
PACKAGED = Path(datasets.__file__).parent / "files"


@pytest.mark.parametrize("record", datasets.list(), ids=lambda r: r["name"])
def test_registry_states_what_the_frame_holds(record):
    bunch = datasets.load(record["name"])
    assert bunch.data.shape == (record["rows"], record["features"])
    assert int(bunch.data.isna().any().sum()) == record["missing"]
    assert bunch.target.name == bunch.target_name == record["target"]
    assert bunch.task == record["task"]
    assert set(bunch.sensitive) <= set(bunch.data.columns)
    assert bunch.frame.shape == (record["rows"], record["features"] + 1)
    assert len(bunch.card) > 200 and bunch.licence and bunch.source
    labels = set(bunch.target.unique())
    assert bunch.positive is None or (bunch.positive in labels and len(labels) == 2)


def test_credit_has_the_counts_of_its_source():
    # modeldata's documentation and the upstream file: 4 454 loans, 1 254 of them bad.
    credit = datasets.load("credit")
    assert credit.target.value_counts().to_dict() == {"good": 3200, "bad": 1254}
    missing = credit.data.isna().sum()
    assert missing[missing > 0].to_dict() == {
        "Home": 6, "Marital": 1, "Job": 2, "Income": 381, "Assets": 47, "Debt": 18,
    }  # fmt: skip
    assert int(credit.data.isna().any(axis=1).sum()) == 415


def test_ames_has_the_mean_price_of_its_paper_and_no_missing_level():
    ames = datasets.load("ames")
    # De Cock (2011): the mean price of all 2 930 sales is 180 796 dollars.
    assert round(ames.target.mean()) == 180_796
    assert (ames.data["Mas_Vnr_Type"] == "No_Veneer").sum() == 1775
    assert (ames.data["Misc_Feature"] == "No_Feature").sum() == 2824
    assert int((ames.data["Lot_Frontage"] == 0).sum()) == 490
    # What the card warns of: no reader's list of words for missing hits a level.
    assert not pd.read_csv(DATA / "ames.csv").isna().any().any()


def test_anomalies_are_where_their_sources_put_them():
    # The repository counts 4 913 blocks of text; the archive's name of the series says that
    # training ends at 1200 and that the anomaly goes from 4187 to before 4199.
    blocks = datasets.load("page_blocks")
    assert blocks.target.value_counts().to_dict() == {0: 4913, 1: 329 + 115 + 87 + 28}
    area = blocks.data["height"] * blocks.data["length"]
    assert (area == blocks.data["area"]).all()
    series = datasets.load("bleeding")
    assert np.flatnonzero(series.target).tolist() == list(range(4187, 4199))


@pytest.mark.parametrize("name", [n for n, i in DATASETS.items() if i.sha256])
def test_shipped_file_is_registered_linked_and_has_a_card(name):
    content = (DATA / f"{name}.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == DATASETS[name].sha256
    assert b"\r" not in content
    for file in (f"{name}.csv", f"{name}.md"):
        link = PACKAGED / file
        if link.is_symlink():  # a checkout without support for links builds no wheel
            assert link.resolve() == (DATA / file).resolve()
    card = (DATA / f"{name}.md").read_text(encoding="utf-8")
    columns = datasets.load(name).frame.columns
    assert [c for c in columns if f"`{c}`" not in card] == []
    assert "Licence" in card and "Traps" in card


def test_every_file_in_data_is_registered():
    assert {p.stem for p in DATA.glob("*.csv")} == {n for n, i in DATASETS.items() if i.sha256}


def test_scikit_learn_sets_keep_their_values_and_name_their_classes():
    theirs = sk_datasets.load_breast_cancer()
    ours = datasets.load("breast_cancer", as_frame=False)
    np.testing.assert_array_equal(ours.data, theirs.data)
    np.testing.assert_array_equal(ours.target == "malignant", theirs.target == 0)
    np.testing.assert_array_equal(
        datasets.load("diabetes").target, sk_datasets.load_diabetes().target
    )


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(UsageError, match=r"'Credits'; did you mean 'credit'\?"):
        datasets.load("Credits")
    with pytest.raises(UsageError, match="known: ames, bleeding, breast_cancer, credit"):
        datasets.load(7)


def test_changed_file_is_refused(tmp_path, monkeypatch):
    shutil.copytree(DATA, tmp_path / "data")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(_files, "_CHECKOUT", tmp_path)
    assert len(datasets.load("credit").frame) == 4454
    file = tmp_path / "data" / "credit.csv"
    file.write_bytes(file.read_bytes().replace(b"good,9,rent", b"bad,9,rent", 1))
    with pytest.raises(IntegrityError, match="not the file that was shipped"):
        datasets.load("credit")
    file.unlink()
    monkeypatch.setattr(_files, "_PACKAGED", tmp_path / "files")
    with pytest.raises(UsageError, match="install appliednn again"):
        datasets.load("credit")


def test_installed_package_reads_its_own_files(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "_CHECKOUT", tmp_path)  # no pyproject.toml there
    shutil.copytree(DATA, tmp_path / "files")
    monkeypatch.setattr(_files, "_PACKAGED", tmp_path / "files")
    assert _files.path_of("ames.csv") == tmp_path / "files" / "ames.csv"


def test_import_and_list_load_no_library():
    code = (
        "import sys; from appliednn import datasets; datasets.list(); "
        "print([m for m in ('numpy', 'pandas', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
