"""The data sets of ``tabular.py``: where they lie, what is dropped and why, rows, folds.

A set is a file ``<root>/<folder>/<name>.csv.gz``; the environment variable
``APPLIEDNN_BENCH_DATA`` names the root (default: ``../shared/data`` beside the repository).
:data:`SETS` is the one table of what is done to each before any method sees it;
:data:`LEFT_OUT` says why others are not there.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from _options import chosen
from sklearn.model_selection import KFold, StratifiedKFold

N_FOLDS = 5
# Every class has at least this many rows in each test fold (see merge_rare_classes).
ROWS_OF_A_CLASS_IN_A_FOLD = 5


@dataclass(frozen=True)
class TableSet:
    """One table: its target and what is done to it.

    Parameters
    ----------
    folder, task, target, source : str
        Folder of the file; "classification" or "regression"; the target's column; its origin.
    drop : dict of str to str
        Columns that no method may see, each with the reason.
    nominal : tuple of str
        Columns of integer codes without an order, handed over as categories.
    zero_is_missing : tuple of str
        Columns in which 0 stands for a missing number.
    missing_word : str or None
        The text that stands for a missing category.
    core : bool
        Belongs to the sets that ``--sets core`` runs.
    """

    folder: str
    task: str
    target: str
    source: str
    drop: dict[str, str]
    nominal: tuple[str, ...] = ()
    zero_is_missing: tuple[str, ...] = ()
    missing_word: str | None = None
    core: bool = True


def _classes(target: str, source: str, drop=None, folder="classification", **more) -> TableSet:
    return TableSet(folder, "classification", target, source, drop or {}, **more)


def _number(target: str, source: str, drop=None, **more) -> TableSet:
    return TableSet("regression", "regression", target, source, drop or {}, **more)


_UCI = "treforevans/uci_datasets, its folds not used"
_OWN_CASE = "names the case, says nothing of the next one"

SETS: dict[str, TableSet] = {
    "attrition": _classes("Attrition", "modeldata::attrition (simulated by IBM)"),
    "cardiotocography": _classes("NSP", "UCI cardiotocography, its 21 official features"),
    "caravan": _classes("Purchase", "ISLR::Caravan", nominal=("MOSTYPE", "MOSHOOFD"), core=False),
    "credit_data": _classes("Status", "modeldata::credit_data"),
    "hpc_data": _classes("class", "modeldata::hpc_data", core=False),
    "mlb_dna": _classes("Class", "mlbench::DNA", core=False),
    "mlb_shuttle": _classes("Class", "mlbench::Shuttle", core=False),
    "mlb_vowel": _classes("Class", "mlbench::Vowel", {"V1": "the speaker: " + _OWN_CASE}),
    "mlc_churn": _classes("churn", "modeldata::mlc_churn"),
    "pima_diabetes": _classes(
        "diabetes",
        "Pima Indians diabetes",
        zero_is_missing=("glucose", "bp", "skin", "insulin", "bmi"),
    ),
    "satellite": _classes("Class", "UCI Statlog Landsat satellite"),
    "spambase": _classes("type", "UCI spambase (kernlab::spam)"),
    "titanic": _classes(
        "Survived",
        "Titanic passengers",
        {
            "PassengerId": _OWN_CASE,
            "Name": _OWN_CASE,
            "Ticket": _OWN_CASE,
            "Cabin": "147 cabins of 204 known ones: nearly a name",
        },
        nominal=("Embarked",),
        core=False,
    ),
    "wine_quality_class": _classes("quality", "UCI wine quality, red and white; 7 grades"),
    "bank_marketing": _classes(
        "deposit",
        "UCI bank marketing (bank-full)",
        {"duration": "of the call that ends in the answer: leaks the target"},
        folder="fairness",
        missing_word="unknown",
    ),
    "communities_crime": _classes(
        "class",
        "UCI communities and crime (tailequy/fairness_dataset)",
        {
            "ViolentCrimesPerPop": "the number whose threshold is the target",
            "state": "marked not predictive by its authors",
            "communityname": "a name",
            "fold": "the official split",
            "Black": "derived from racepctblack",
        },
        folder="fairness",
    ),
    "compas": _classes(
        "two_year_recid",
        "propublica/compas-analysis, ProPublica's filter",
        {
            "decile_score": "the output of another model",
            "score_text": "the output of another model",
        },
        folder="fairness",
    ),
    "credit_card_clients": _classes(
        "default payment",
        "UCI default of credit card clients (Taiwan)",
        folder="fairness",
        nominal=("SEX", "EDUCATION", "MARRIAGE"),
    ),
    "german_credit": _classes(
        "credit_risk",
        "UCI Statlog German credit",
        {"sex": "derived from personal_status_sex"},
        folder="fairness",
    ),
    "student_por": _classes(
        "class",
        "UCI student performance, Portuguese (tailequy/fairness_dataset)",
        {
            "G1": "first grade of the year: nearly the target",
            "G2": "second grade of the year: nearly the target",
        },
        folder="fairness",
    ),
    "mammography": _classes("y", "OpenML 310", folder="imbalanced"),
    "abalone": _number("rings", "UCI abalone"),
    "ames": _number("Sale_Price", "modeldata::ames"),
    "bike_hourly": _number(
        "cnt",
        "UCI bike sharing, hourly",
        {"dteday": "the day itself; season, month, weekday and hour stay. In a random split it "
                   "would give a test hour the rest of its day"},
        nominal=("weathersit",),
    ),
    "concrete": _number("strength", "UCI concrete compressive strength"),
    "deliveries": _number("time_to_delivery", "modeldata::deliveries", core=False),
    "diamonds": _number("price", "ggplot2::diamonds"),
    "energy_heating": _number(
        "Heating Load",
        "UCI energy efficiency",
        {"Cooling Load": "the second target"},
        nominal=("Orientation", "Glazing Area Distribution"),
    ),
    "uci_airfoil": _number("y", _UCI),
    "uci_elevators": _number("y", _UCI),
    "uci_parkinsons": _number("y", _UCI, {"x0": "number of the patient: " + _OWN_CASE}),
    "uci_pumadyn32nm": _number("y", _UCI, core=False),
    "uci_skillcraft": _number("y", _UCI),
    "uci_sml": _number("y", _UCI, core=False),
}  # fmt: skip

LEFT_OUT = {
    "hepatitis, mlb_glass, penguins, ricci": "under 400 rows: a test fold has 24 to 69",
    "house_prices": "the houses of ames once more",
    "diamond_gia": "diamonds once more, fewer features",
    "isl_default": "simulated from a logistic model of three features",
    "mushroom": "every method makes no error",
    "poker_100k": "a rule without noise over nominal cards; 4 of 8 classes nearly empty",
}


@dataclass(frozen=True)
class Table:
    """A loaded set: features (n, d), target (n,), its task and its class labels."""

    name: str
    X: pd.DataFrame
    y: np.ndarray
    task: str
    classes: tuple[str, ...]


def data_root() -> Path:
    """Return the folder of the data sets."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("APPLIEDNN_BENCH_DATA", beside)).resolve()


def chosen_sets(words: list[str]) -> list[str]:
    """Return names of sets for names, "core", "all", "classification" or "regression".

    >>> chosen_sets(["uci_sml", "regression"])[:3]
    ['uci_sml', 'abalone', 'ames']
    """
    groups = {
        "all": list(SETS),
        "core": [n for n, s in SETS.items() if s.core],
        "classification": [n for n, s in SETS.items() if s.core and s.task == "classification"],
        "regression": [n for n, s in SETS.items() if s.core and s.task == "regression"],
    }
    return chosen("--sets", words, groups)


def load(name: str, rows: int) -> Table:
    """Read a set, treat it as :data:`SETS` says and keep at most ``rows`` of its rows.

    Numbers become float64, everything else the pandas dtype ``category``; both may hold missing
    values. Class labels become 0 to K - 1. Column names keep letters, digits and ``_`` only,
    because LightGBM and XGBoost refuse others.
    """
    what = SETS[name]
    path = data_root() / what.folder / f"{name}.csv.gz"
    if not path.exists():
        raise SystemExit(
            f"{path} is not there; set APPLIEDNN_BENCH_DATA to the folder that holds "
            f"{what.folder}/{name}.csv.gz (source: {what.source})"
        )
    frame = pd.read_csv(path)
    frame = frame.drop(columns=list(what.drop))
    for column in what.zero_is_missing:
        frame[column] = frame[column].astype(float).replace(0.0, np.nan)
    target = frame.pop(what.target)
    for column in frame:
        if column in what.nominal or not pd.api.types.is_numeric_dtype(frame[column]):
            known = frame[column].notna() & (frame[column] != what.missing_word)
            frame[column] = frame[column].astype(str).where(known).astype("category")
        else:
            frame[column] = frame[column].astype(float)
    frame.columns = [re.sub(r"\W+", "_", str(c)).strip("_") for c in frame.columns]
    return _sampled(name, frame, target.to_numpy(), what.task, rows)


def _sampled(name: str, frame: pd.DataFrame, target: np.ndarray, task: str, rows: int) -> Table:
    """Return the table of a stratified sample, rare classes merged."""
    classify = task == "classification"
    strata = target.astype(str) if classify else pd.qcut(target, 10, duplicates="drop").codes
    keep = stratified_sample(strata, rows, seed=0)
    X, y = frame.iloc[keep].reset_index(drop=True), target[keep]
    if not classify:
        return Table(name, X, y.astype(float), task, ())
    labels = merge_rare_classes(y.astype(str))
    known = labels != ""
    classes, codes = np.unique(labels[known], return_inverse=True)
    return Table(name, X[known].reset_index(drop=True), codes, task, tuple(map(str, classes)))


def stratified_sample(strata: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """Return sorted positions of ``rows`` rows, each stratum in proportion.

    >>> drawn = stratified_sample(np.repeat([0, 1], [90, 30]), 40, seed=0)
    >>> len(drawn), int((drawn < 90).sum())
    (40, 30)
    """
    n = len(strata)
    if rows >= n:
        return np.arange(n)
    values, counts = np.unique(strata, return_counts=True)
    share = counts * rows / n
    take = np.floor(share).astype(int)
    take[np.argsort(take - share, kind="stable")[: rows - take.sum()]] += 1
    rng = np.random.default_rng(seed)
    drawn = [
        rng.choice(np.flatnonzero(strata == value), k, replace=False)
        for value, k in zip(values, take, strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def merge_rare_classes(labels: np.ndarray) -> np.ndarray:
    """Return labels with rare ones merged to "rare"; rows to leave out have the label "".

    A class is rare if it has fewer than 5 rows for each of the 5 folds. The rare classes become
    one; if that is still too small, its rows are left out. So each fold holds every class, and
    each method sees the same.

    >>> from collections import Counter
    >>> Counter(map(str, merge_rare_classes(np.repeat(["a", "b", "c"], [90, 24, 3]))))
    Counter({'a': 90, 'rare': 27})
    >>> Counter(map(str, merge_rare_classes(np.repeat(["a", "b"], [90, 24]))))
    Counter({'a': 90, '': 24})
    """
    least = N_FOLDS * ROWS_OF_A_CLASS_IN_A_FOLD
    values, counts = np.unique(labels, return_counts=True)
    rare = np.isin(labels, values[counts < least])
    merged = labels.astype(object)
    merged[rare] = "rare" if rare.sum() >= least else ""
    return merged.astype(str)


def folds(table: Table, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (train, test) positions of the 5 folds of a seed, the same for every method."""
    kind = StratifiedKFold if table.task == "classification" else KFold
    splitter = kind(N_FOLDS, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(table.y)), table.y))
