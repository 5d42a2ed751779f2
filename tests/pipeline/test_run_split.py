"""Splits: shares, strata, groups, time."""

import numpy as np
import pandas as pd
import pytest

from appliednn.core.errors import UsageError
from appliednn.pipeline._sensitive import MISSING, sensitive_frame
from appliednn.pipeline._split import split_rows


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 400
    return pd.DataFrame(
        {
            "y": np.where(rng.uniform(size=n) < 0.2, "bad", "good"),
            "price": rng.lognormal(size=n),
            "home": rng.integers(0, 60, n),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, n), "D"),
        }
    )


def split(frame, kind, target="y", classification=True, seed=0, **more):
    return split_rows(
        frame,
        target,
        {"type": kind, "test_size": 0.25, **more},
        classification=classification,
        seed=seed,
    )


@pytest.mark.parametrize("kind", ["random", "stratified"])
def test_every_row_is_on_one_side_and_the_seed_decides(frame, kind):
    train, test = split(frame, kind)
    assert len(test) == 100
    assert sorted([*train, *test]) == list(range(400))
    assert split(frame, kind)[1].tolist() == test.tolist()
    assert split(frame, kind, seed=1)[1].tolist() != test.tolist()


def test_strata_keep_class_shares_and_deciles(frame):
    train, test = split(frame, "stratified")
    share = (frame["y"] == "bad").mean()
    assert (frame["y"].iloc[test] == "bad").mean() == pytest.approx(share, abs=0.01)
    train, test = split(frame, "stratified", "price", classification=False)
    edges = frame["price"].quantile(np.linspace(0, 1, 11)).to_numpy()
    counts, _ = np.histogram(frame["price"].iloc[test], edges)
    assert counts.min() >= 9 and counts.max() <= 11


def test_groups_stay_together(frame):
    train, test = split(frame, "grouped", column="home")
    assert not set(frame["home"].iloc[train]) & set(frame["home"].iloc[test])
    assert len(test) / 400 == pytest.approx(0.25, abs=0.03)
    two = frame.assign(home=np.arange(400) < 390)
    train, test = split(two, "grouped", column="home")
    assert {len(train), len(test)} == {390, 10}


def test_time_takes_the_latest_rows_and_tears_no_moment_apart(frame):
    train, test = split(frame, "time", column="day")
    assert frame["day"].iloc[train].max() < frame["day"].iloc[test].min()
    assert frame["day"].iloc[train].is_monotonic_increasing
    assert len(test) >= 100
    as_text = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d"))
    assert split(as_text, "time", column="day")[1].tolist() == test.tolist()
    years = frame.assign(day=frame["day"].dt.day_of_year)
    assert split(years, "time", column="day")[1].tolist() == test.tolist()


def test_dates_in_other_ways_are_read_where_they_mean_one_day(frame):
    _, test = split(frame, "time", column="day")
    american = frame.assign(day=frame["day"].dt.strftime("%m/%d/%Y %H:%M"))
    assert split(american, "time", column="day")[1].tolist() == test.tolist()
    german = frame.assign(day=frame["day"].dt.strftime("%d.%m.%Y"))
    assert split(german, "time", column="day")[1].tolist() == test.tolist()
    doubtful = frame.assign(day=np.where(np.arange(400) < 200, "03/04/2024", "05/01/2024"))
    with pytest.raises(UsageError, match="can be read in two ways"):
        split(doubtful, "time", column="day")


@pytest.mark.parametrize(
    ("change", "kind", "more", "message"),
    [
        ({}, "grouped", {"column": "hom"}, "there is no column 'hom'"),
        ({"home": 1}, "grouped", {"column": "home"}, "one group only"),
        ({"day": None}, "time", {"column": "day"}, "is missing in 400 rows"),
        ({"day": "soon"}, "time", {"column": "day"}, "neither numbers nor dates"),
        ({"day": 7}, "time", {"column": "day"}, "too few moments"),
        ({"y": ["one"] + ["two"] * 399}, "stratified", {}, "the smallest class has 1"),
        ({}, "random", {"test_size": 0.9999}, "too few rows to train on"),
    ],
)
def test_says_what_is_wrong(frame, change, kind, more, message):
    with pytest.raises(UsageError, match=message):
        split(frame.assign(**change), kind, **more)


def test_sensitive_numbers_are_binned_and_missing_is_a_group():
    frame = pd.DataFrame(
        {
            "age": [18, 25, 39.5, 60, None],
            "sex": ["f", "m", None, "f", "m"],
            "kids": [0, 1, 2, 1, 0.0],
        }
    )
    made = sensitive_frame(
        frame, [("age", [25, 40, 60]), ("sex", None), ("kids", None)], np.arange(5)
    )
    assert made["age"].tolist() == ["below 25", "25 to 40", "25 to 40", "60 and above", MISSING]
    assert made["sex"].tolist() == ["f", "m", MISSING, "f", "m"]
    assert made["kids"].tolist() == ["0", "1", "2", "1", "0"]


def test_sensitive_number_without_bins_is_cut_at_training_quartiles():
    frame = pd.DataFrame({"income": np.arange(100.0)})
    train = np.arange(41)  # quartiles 10, 20, 30
    made = sensitive_frame(frame, [("income", None)], train)["income"]
    assert made.value_counts().to_dict() == {
        "below 10": 10,
        "10 to 20": 10,
        "20 to 30": 10,
        "30 and above": 70,
    }
