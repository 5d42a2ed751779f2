import numpy as np
import pandas as pd
import pytest

from appliednn.core.errors import UsageError
from appliednn.datasets import check_usable, load, raise_unusable


def table(n=40, **columns):
    rng = np.random.default_rng(0)
    base = {"x": rng.normal(size=n), "c": rng.choice(["u", "v"], n), "y": ["no", "yes"] * (n // 2)}
    return pd.DataFrame({**base, **columns})


def rules(frame, target="y", task="classification", **options):
    return {(p.level, p.rule, p.column) for p in check_usable(frame, target, task, **options)}


@pytest.mark.parametrize("name", ["credit", "ames", "iris"])
def test_shipped_sets_are_usable(name):
    bunch = load(name)
    assert rules(bunch.frame, bunch.target_name, bunch.task) == set()


def test_digits_have_constant_corners():
    digits = load("digits")
    found = check_usable(digits.frame, "digit", "classification")
    constant = {c for c in digits.data if digits.data[c].std() == 0}
    assert {p.column for p in found} == constant and len(constant) == 3
    raise_unusable(found)


def test_everything_is_found_at_once():
    bad = table(y=["no"] * 30 + [None] * 10, empty=np.nan, still=7)
    assert rules(bad) == {
        ("fatal", "classes", "y"),
        ("warning", "target_missing", "y"),
        ("warning", "empty_feature", "empty"),
        ("warning", "constant_feature", "still"),
    }
    assert all(p.column in p.message for p in check_usable(bad, "y", "classification"))
    with pytest.raises(UsageError, match=r"(?s)loans cannot be learned.*'y' has one class only"):
        raise_unusable(check_usable(bad, "y", "classification"), "loans")


def test_target_that_is_not_there():
    (found,) = check_usable(table().rename(columns={"y": "Status"}), "status", "classification")
    assert found.fatal and "did you mean 'Status'" in found.message


def test_target_missing_throughout_and_feature_known_only_without_it():
    assert ("fatal", "target_missing", "y") in rules(table(y=None))
    half = table(y=["no", "yes"] * 10 + [None] * 20, late=[None] * 20 + [1.0, 2.0] * 10)
    assert rules(half) == {
        ("warning", "target_missing", "y"),
        ("warning", "empty_feature", "late"),
    }


def test_rows_and_features():
    assert ("fatal", "rows", "") in rules(table().iloc[:0])
    assert rules(table(10)) == {("fatal", "rows", "y")}
    assert rules(table(10), min_rows=10) == set()
    assert ("fatal", "features", "") in rules(table()[["y"]])
    assert ("fatal", "features", "") in rules(table(x=1.0, c=None))
    assert ("fatal", "columns", "x") in rules(table().rename(columns={"c": "x"}))
    gaps = table(c=["seen", None] * 20)
    assert rules(gaps) == set()


def test_lists_are_no_feature():
    lists = table(v=[[1, 2]] * 40)
    assert rules(lists) == {("fatal", "features", "v")}
    assert rules(lists, "v") == {("fatal", "target", "v")}


def test_class_of_one_row():
    rare = table(y=["no", "yes"] * 19 + ["no", "maybe"])
    assert rules(rare) == {("fatal", "rare_class", "y")}
    assert rules(rare, stratified=False) == {("warning", "rare_class", "y")}


def test_quantity_taken_for_classes():
    found = rules(table(200, y=np.arange(200) // 2))
    assert found == {("warning", "classes", "y")}


def test_regression_targets():
    x = np.arange(40.0)
    assert rules(table(y=x), task="regression") == set()
    assert rules(table(), task="regression") == {("fatal", "target", "y")}
    assert rules(table(y=3.5), task="regression") == {("fatal", "target", "y")}
    assert rules(table(y=np.where(x > 38, np.inf, x)), task="regression") == {
        ("fatal", "target", "y")
    }


def test_unknown_task():
    with pytest.raises(UsageError, match="did you mean 'regression'"):
        check_usable(table(), "y", "regresion")
