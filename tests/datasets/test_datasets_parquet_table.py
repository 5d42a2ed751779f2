"""A Parquet file read in blocks gives the rows of the whole file, in any order."""

import numpy as np
import pandas as pd
import pytest

from appliednn import MLPClassifier
from appliednn.datasets import ParquetTable
from appliednn.tabular import fit_side_by_side


@pytest.fixture
def stored(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=500), "b": rng.choice(["x", "y", None], 500)})
    frame.loc[::7, "a"] = np.nan
    frame["y"] = (frame["a"].fillna(0) > 0).astype(int)
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=90)
    return ParquetTable(tmp_path / "t.parquet"), frame


def test_blocks_together_are_the_file(stored):
    table, frame = stored
    pd.testing.assert_frame_equal(table.frame(), frame, check_dtype=False)
    assert table.shape == (500, 3)


def test_rows_come_in_the_order_they_were_asked_for(stored):
    table, frame = stored
    rows = np.random.default_rng(1).permutation(500)[:123]
    part = table[rows][np.arange(100, 20, -1)]
    expected = frame.iloc[rows].iloc[np.arange(100, 20, -1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.frame(), expected, check_dtype=False)


def test_a_column_that_is_not_there_is_named(stored):
    with pytest.raises(ValueError, match="no columns \\['z'\\]"):
        stored[0].drop("z")


def test_training_from_the_file_equals_training_from_memory(stored):
    table, frame = stored
    settings = {"hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0}
    from_file = MLPClassifier(**settings).fit(table.drop("y"), table.column("y"))
    in_memory = MLPClassifier(**settings).fit(frame.drop(columns="y"), frame["y"].to_numpy())
    X = frame.drop(columns="y")
    assert (from_file.predict_proba(X) == in_memory.predict_proba(X)).all()
    assert (from_file.predict_proba(table.drop("y")) == from_file.predict_proba(X)).all()


def test_estimators_side_by_side_train_from_the_file(stored):
    table, frame = stored
    X, y = frame.drop(columns="y"), frame["y"].to_numpy()
    settings = {"hidden_layer_sizes": (8,), "epochs": 2}
    from_file = [MLPClassifier(**settings, random_state=i) for i in range(2)]
    in_memory = [MLPClassifier(**settings, random_state=i) for i in range(2)]
    fit_side_by_side(from_file, table.drop("y"), y)
    fit_side_by_side(in_memory, X, y)
    for one, other in zip(from_file, in_memory, strict=True):
        assert (one.predict_proba(X) == other.predict_proba(X)).all()
