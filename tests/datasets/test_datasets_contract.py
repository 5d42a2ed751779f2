import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from appliednn.core.errors import DataContractError, IntegrityError, UsageError
from appliednn.datasets import DataContract, load, raise_for
from appliednn.datasets._chance import chance


@pytest.fixture(scope="module")
def credit():
    return load("credit").frame


@pytest.fixture(scope="module")
def contract(credit):
    return DataContract.learn(credit.iloc[:3000], "Status")


@pytest.fixture
def later(credit):
    return credit.iloc[3000:].reset_index(drop=True)


def broken(contract, frame, **options):
    return {
        (v.column, v.rule): v.n_rows
        for v in contract.check(frame, **options)
        if v.level == "violation"
    }


def test_chance_is_fishers_exact_test():
    for new, n_new, seen, n_seen in [(3, 20, 1, 60), (1, 1, 0, 9), (0, 5, 2, 5), (7, 7, 0, 70)]:
        table = [[new, n_new - new], [seen, n_seen - seen]]
        assert chance(new, n_new, seen, n_seen) == pytest.approx(
            fisher_exact(table, alternative="greater").pvalue
        )


def test_rows_like_the_training_rows_keep_it(contract, later):
    assert broken(contract, later) == {}
    assert broken(contract, later.drop(columns="Status")) == {}
    assert broken(contract, later[later.columns[::-1]]) == {}


def test_every_violation_is_listed_at_once_with_row_counts(contract, later):
    bad = later.drop(columns="Debt").rename(columns={"Amount": "Amounts"})
    bad.loc[:9, "Age"] = 999
    bad.loc[5:6, "Seniority"] = -3
    bad.loc[:19, "Home"] = ["castle"] * 12 + ["boat"] * 8
    bad.loc[:399, "Expenses"] = np.nan
    bad["Price"] = bad["Price"].astype(str) + " EUR"
    found = broken(contract, bad)
    assert found == {
        ("Debt", "missing_column"): 1454,
        ("Amount", "missing_column"): 1454,
        ("Age", "range"): 10,
        ("Seniority", "range"): 2,
        ("Home", "categories"): 20,
        ("Expenses", "missing"): 400,
        ("Price", "kind"): 1454,
    }
    with pytest.raises(DataContractError) as caught:
        raise_for(contract.check(bad), "scores.csv")
    text = str(caught.value)
    assert text.startswith("scores.csv break the data contract in 7 places:")
    assert all(f"  {column}: " in text for column, _ in found)
    assert "was it renamed to 'Amounts'" in text
    assert "'castle', 'boat' [categories, 20 rows]" in text
    assert caught.value.exit_code == 3 and len(caught.value.violations) >= 7


def test_messages_hold_no_rows(contract, later):
    later["Home"] = [f"name{i}" for i in range(len(later))]
    later["Records"] = "x" * 500
    for violation in contract.check(later):
        assert len(violation.examples) <= 3
        assert len(violation.message) < 300
        json.dumps(violation.to_dict())


def test_target_is_asked_for_only_where_it_is_needed(contract, later):
    rows = later.drop(columns="Status")
    assert broken(contract, rows, require_target=True) == {("Status", "missing_column"): 1454}
    later.loc[0, "Status"] = "Bad"
    assert broken(contract, later) == {("Status", "categories"): 1}


def test_unexpected_column_and_empty_table(contract, later):
    (found,) = contract.check(later.assign(note=1))
    assert (found.column, found.rule, found.level) == ("note", "unexpected_column", "warning")
    raise_for([found])
    assert broken(contract, later.iloc[:0]) == {("", "rows"): 0}


def test_single_rows_do_not_cry_wolf(contract, later):
    # 415 of 4 454 rows have a missing value, and one row is 100 % of its table.
    incomplete = later[later.isna().any(axis=1)]
    assert len(incomplete) > 100
    alarms = [broken(contract, incomplete.iloc[[i]]) for i in range(len(incomplete))]
    # The single loan of all 4 454 without Marital: none of the 3 000 before lacked it.
    assert [a for a in alarms if a] == [{("Marital", "missing"): 1}]
    never_missing = later.iloc[[0]].assign(Age=np.nan)
    assert broken(contract, never_missing) == {("Age", "missing"): 1}


def test_missing_share_needs_margin_and_chance():
    train = pd.DataFrame({"x": [1.0] * 900 + [2.0] * 100, "y": [1.0, np.nan] * 500})
    contract = DataContract.learn(train)
    new = pd.DataFrame({"x": [1.0, 2.0] * 5000, "y": [1.0, np.nan] * 5000})
    assert broken(contract, new) == {}
    new.loc[: 10_000 * 0.009 - 1, "x"] = np.nan  # 0.9 %: far beyond chance, within the margin
    assert broken(contract, new) == {}
    new.loc[: 10_000 * 0.02 - 1, "x"] = np.nan
    assert broken(contract, new) == {("x", "missing"): 200}
    some = new.iloc[-20:].assign(y=[np.nan] * 14 + [1.0] * 6)  # 70 % of 20: p = 0.06
    assert broken(contract, some) == {}
    assert fisher_exact([[14, 6], [500, 500]], alternative="greater").pvalue > 0.001


def test_range_margins_and_sign():
    train = pd.DataFrame({"x": np.linspace(10, 20, 200), "z": np.linspace(-10, 10, 200)})
    contract = DataContract.learn(train)

    def levels(**values):
        return [v.level for v in contract.check(pd.DataFrame({"x": 15, "z": 0} | values, [0]))]

    assert levels(x=25.0) == [] and levels(x=26.0) == ["warning"]
    assert levels(x=30.0) == ["warning"] and levels(x=30.1) == ["violation"]
    assert levels(x=4.0) == ["warning"] and levels(x=-0.1) == ["violation"]
    assert levels(z=-30.0) == ["warning"] and levels(z=-30.1) == ["violation"]
    assert levels(x=np.inf) == ["violation"]
    strict = DataContract.learn(train, range_margin=0.1)
    assert broken(strict, pd.DataFrame({"x": [21.1], "z": [0]})) == {("x", "range"): 1}


def test_table_with_rare_categories_expects_others():
    base = {"flag": ["y", "n"] * 500}
    many = pd.DataFrame({**base, "c": ["a"] * 960 + ["b"] * 38 + ["c", "d"]})
    few = pd.DataFrame({**base, "c": ["a"] * 900 + ["b"] * 100})
    new = pd.DataFrame({"flag": ["y", "n"] * 200, "c": ["a"] * 399 + ["z"]})
    assert broken(DataContract.learn(few), new) == {("c", "categories"): 1}
    (found,) = DataContract.learn(many).check(new)
    assert found.level == "warning" and found.n_rows == 1 and "'z'" in found.message
    # Six rows of 400, and none of 1 000 in training: (400/1400)^6 is below 0.001.
    assert broken(DataContract.learn(many), new.assign(c=["a"] * 394 + ["z"] * 6)) == {
        ("c", "categories"): 6
    }
    # A column whose every category has hundreds of rows is complete all the same.
    assert (
        broken(DataContract.learn(many), new.assign(flag="maybe", c="a"))["flag", "categories"]
        == 400
    )


def test_identifiers_and_long_lists_are_exempt_and_say_so():
    n = 400
    train = pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(n)],
            "city": [f"c{i % 60}" for i in range(n)],
            "x": range(n),
        }
    )
    contract = DataContract.learn(train)
    exempt = {rule.name: rule.exempt for rule in contract.columns}
    assert "60 categories, more than 50" in exempt["city"]
    assert exempt["id"] and not exempt["x"]
    assert "r7" not in json.dumps(contract.to_dict())
    assert contract.check(pd.DataFrame({"id": ["new"], "city": ["new"], "x": [3]})) == []


def test_kinds():
    train = pd.DataFrame(
        {
            "n": [1, 2] * 30,
            "b": [True, False] * 30,
            "code": ["1", "2"] * 30,
            "t": pd.date_range("2020-01-01", periods=60, tz="UTC"),
            "e": [None] * 60,
        }
    )
    contract = DataContract.learn(train)
    same = pd.DataFrame(
        {
            "n": [1.0, np.nan],
            "b": pd.Series([True, None], dtype=object),
            "code": pd.Categorical([1, 2]),
            "t": pd.to_datetime(["2020-01-05", "2031-01-01"]),
            "e": [None, None],
        }
    )
    assert broken(contract, same.iloc[[0]]) == {}
    other = pd.DataFrame(
        {
            "n": pd.Series([1, "two"], dtype=object),
            "b": ["yes", "no"],
            "code": [1, 3],
            "t": ["soon", "later"],
            "e": [1, 2],
        }
    )
    assert broken(contract, other) == {
        ("n", "kind"): 1, ("b", "kind"): 2, ("code", "kind"): 2, ("t", "kind"): 2,
    }  # fmt: skip


def test_dates_are_open_to_the_future():
    train = pd.DataFrame({"t": pd.date_range("2020-01-01", "2020-12-31")})
    contract = DataContract.learn(train)
    assert contract.check(pd.DataFrame({"t": pd.to_datetime(["2035-01-01", "2019-06-01"])})) == []
    old = pd.DataFrame({"t": pd.to_datetime(["1970-01-01", "2020-03-01"])})
    assert broken(contract, old) == {("t", "time"): 1}


def test_column_that_stands_still_is_a_warning(contract, later):
    (found,) = contract.check(later.assign(Time=48))
    assert (found.column, found.rule, found.level) == ("Time", "constant", "warning")
    assert contract.check(later.iloc[:5].assign(Time=48)) == []
    constant = DataContract.learn(pd.DataFrame({"x": [3] * 50}))
    (found,) = constant.check(pd.DataFrame({"x": [3, 9]}))
    assert (found.rule, found.level, found.n_rows) == ("range", "warning", 1)


def test_saved_contract_finds_the_same(contract, later, tmp_path):
    contract.save(tmp_path / "contract.json")
    loaded = DataContract.load(tmp_path / "contract.json")
    assert loaded == contract
    later.loc[:3, "Job"] = "astronaut"
    assert loaded.check(later) == contract.check(later)
    assert [p.name for p in tmp_path.iterdir()] == ["contract.json"]


def test_foreign_or_damaged_contract_is_refused(contract, tmp_path):
    path = tmp_path / "contract.json"
    with pytest.raises(UsageError, match="no data contract at"):
        DataContract.load(path)
    newer = {**contract.to_dict(), "version": 99}
    lacking = {k: v for k, v in contract.to_dict().items() if k != "columns"}
    for text in ("{", "[]", "{}", json.dumps(newer), json.dumps(lacking), "\xff"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(IntegrityError, match="contract"):
            DataContract.load(path)


def test_bad_use_gets_a_sentence(credit):
    with pytest.raises(UsageError, match="has none"):
        DataContract.learn(credit.iloc[:0])
    with pytest.raises(UsageError, match="did you mean 'Status'"):
        DataContract.learn(credit, "status")
    with pytest.raises(UsageError, match="'a' occurs more than once"):
        DataContract.learn(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(UsageError, match="chance of a data contract"):
        DataContract.learn(credit, chance=1.0)


@pytest.mark.parametrize(("name", "n_splits"), [("credit", 40), ("ames", 12)])
def test_random_splits_do_not_cry_wolf(name, n_splits):
    bunch = load(name)
    alarms = 0
    for seed in range(n_splits):
        order = np.random.default_rng(seed).permutation(len(bunch.frame))
        rows = bunch.frame.iloc[order]
        cut = len(rows) // 4
        contract = DataContract.learn(rows.iloc[cut:], bunch.target_name)
        alarms += bool(broken(contract, rows.iloc[:cut]))
    assert alarms <= 0.05 * n_splits
