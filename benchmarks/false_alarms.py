"""How often the audit cries wolf: random splits of data without a defect, default gates.

Run ``python benchmarks/false_alarms.py``; it prints a markdown table. Each split trains a sound
model anew and audits it. Finished splits are kept in ``--state`` (JSON lines), so that an
interrupted run goes on from there.

Sets of anomalies (``clusters``, ``correlated``, ``page_blocks``) are audited with an isolation
forest, every other split without its labels.

Sets of texts (``words``, ``reviews``) are audited with logistic regression on TF-IDF of words; the
audit explains and attacks few texts, to save time.

Two counts: splits whose verdict is FAIL under the default gates, and splits with a finding of
high or medium severity. On real data a finding may be true; on the synthetic sets, where the model
is of the kind that made the data, each one is a false alarm.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ANOMALIES = ("clusters", "correlated", "page_blocks")
TEXTS = ("words", "reviews")
SETS = (
    "breast_cancer",
    "credit",
    "synthetic",
    "synthetic_3",
    "synthetic_regression",
    *ANOMALIES,
    *TEXTS,
)
CHECKS = ("data", "performance", "baselines", "calibration", "threshold", "slices")
DETECTOR_CHECKS = ("data", "detection")
TEXT_CHECKS = ("text", "performance", "baselines", "calibration", "threshold", "slices")
FEW_TEXTS = {"max_explained": 15, "n_samples": 60, "max_rows": 200, "max_attacked": 30}


def synthetic(name: str, seed: int):
    """Return features and a target that a (generalised) linear model describes exactly."""
    rng = np.random.default_rng([seed, 7])
    X = pd.DataFrame(rng.normal(size=(1200, 6)), columns=[f"x{j}" for j in range(6)])
    X["group"] = rng.choice(["a", "b", "c", "d"], 1200)
    line = X["x0"] - 0.7 * X["x1"] + 0.5 * X["x2"] + 0.6 * (X["group"] == "a")
    if name == "synthetic_regression":
        return X, (line + rng.normal(size=1200)).to_numpy()
    if name == "synthetic":
        return X, np.where(rng.random(1200) < 1 / (1 + np.exp(-line)), "yes", "no")
    odds = np.exp(np.column_stack([np.zeros(1200), line, X["x3"] - line / 2]))
    share = np.cumsum(odds / odds.sum(1, keepdims=True), axis=1)
    return X, np.array(["a", "b", "c"])[(rng.random((1200, 1)) > share).sum(1)]


def anomalies(name: str, seed: int):
    """Return 1 200 rows in six dimensions, of which about 5 % are anomalies, and which."""
    rng = np.random.default_rng([seed, 11])
    y = (rng.random(1200) < 0.05).astype(int)
    if name == "clusters":
        centres = 6 * rng.normal(size=(4, 6))
        X = centres[rng.integers(0, 4, 1200)] + rng.normal(size=(1200, 6))
        X[y == 1] = rng.uniform(X.min(axis=0) - 3, X.max(axis=0) + 3, size=(y.sum(), 6))
    else:
        X = rng.normal(size=(1200, 6)) @ rng.normal(size=(6, 6))
        X[y == 1] += 3 * X.std(axis=0) * rng.normal(size=(y.sum(), 6))
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(6)]), y


def words(seed: int):
    """Return 1 200 texts whose class is drawn by log odds that add up over their words."""
    rng = np.random.default_rng([seed, 13])
    common = "the of to and is in it a that for on was with as this are you i".split()  # noqa: SIM905
    rare = [a + b + c for a in "bdfgklmnprst" for b in ("oro", "ina", "este") for c in "smnlrtd"]
    known = np.array([*common, *rare])
    share = 1 / np.arange(2, len(known) + 2)
    weight = np.where(np.arange(len(known)) < len(common), 0.0, rng.normal(0, 0.7, len(known)))
    texts, odds = [], []
    for _ in range(1200):
        drawn = rng.choice(len(known), int(rng.integers(8, 40)), p=share / share.sum())
        texts.append(" ".join(known[drawn]))
        odds.append(weight[drawn].sum())
    y = np.where(rng.random(1200) < 1 / (1 + np.exp(-np.array(odds))), "yes", "no")
    return pd.Series(texts), y


def split_reviews(seed: int):
    """Return train and test texts and labels, whole reviews on one side."""
    from appliednn.datasets import load

    frame = load("reviews").frame
    cut = GroupShuffleSplit(1, test_size=0.25, random_state=seed)
    train, test = next(cut.split(frame, groups=frame["review"]))
    parts = (frame["text"].iloc[train], frame["text"].iloc[test])
    return *parts, *(frame["tone"].to_numpy()[rows] for rows in (train, test))


def split(name: str, seed: int):
    """Return train and test features and targets of one split."""
    if name == "reviews":
        return split_reviews(seed)
    if name == "words":
        X, y = words(seed)
    elif name.startswith("synthetic"):
        X, y = synthetic(name, seed)
    elif name in ("clusters", "correlated"):
        X, y = anomalies(name, seed)
    else:
        from appliednn.datasets import load

        bunch = load(name)
        X, y = bunch.data, np.asarray(bunch.target)
    strata = None if name == "synthetic_regression" else y
    return train_test_split(X, y, test_size=0.25, random_state=seed, stratify=strata)


def model_for(X: pd.DataFrame, classify: bool):
    """Return a linear model on scaled numbers and one-hot categories, gaps filled and marked."""
    text = make_column_selector(dtype_include=["object", "str", "category", "bool"])
    numbers = make_column_selector(dtype_include="number")
    encode = make_column_transformer(
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), text),
    )
    return make_pipeline(
        encode, LogisticRegression(max_iter=500) if classify else LinearRegression()
    )


def audited(name: str, seed: int) -> dict:
    """Return the verdict, the gates' states and the findings of one split."""
    from appliednn.audit import audit

    X, X_test, y, y_test = split(name, seed)
    how = {"X_train": X, "random_state": seed, "progress": False}
    if name in ANOMALIES:
        model = IsolationForest(random_state=seed).fit(X)
        labels = None if seed % 2 else y_test
        report = audit(model, X_test, labels, checks=list(DETECTOR_CHECKS), **how)
    elif name in TEXTS:
        model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=3)).fit(X, y)
        how |= {"y_train": y, "options": {"text": FEW_TEXTS}}
        report = audit(model, X_test, y_test, checks=list(TEXT_CHECKS), **how)
    else:
        model = model_for(X, name != "synthetic_regression").fit(X, y)
        report = audit(model, X_test, y_test, y_train=y, checks=list(CHECKS), **how)
    return {
        "set": name,
        "seed": seed,
        "verdict": str(report.verdict),
        "gates": {g.gate.metric: g.status for g in report.gates},
        "findings": [f.id for f in report.findings if f.severity in ("high", "medium")],
        "broken": [n.id for n in report.not_checked if n.failed],
    }


def table(rows: list[dict]) -> str:
    """Return the counts by data set as markdown."""
    lines = [
        "| data set | splits | FAIL | INCONCLUSIVE | with a high or medium finding | which |",
        "|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(r["set"] for r in rows):
        of = [r for r in rows if r["set"] == name]
        verdicts = Counter(r["verdict"] for r in of)
        found = Counter(i for r in of for i in dict.fromkeys(r["findings"]))
        which = ", ".join(f"{i} {n}x" for i, n in found.most_common(6))
        alarmed = sum(bool(r["findings"]) for r in of)
        lines.append(
            f"| {name} | {len(of)} | {verdicts['FAIL']} | {verdicts['INCONCLUSIVE']} | "
            f"{alarmed} | {which} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument("--state", type=Path, default=Path("reports/false_alarms.jsonl"))
    given = parser.parse_args()
    given.state.parent.mkdir(parents=True, exist_ok=True)
    lines = given.state.read_text().splitlines() if given.state.exists() else []
    # A run that was cut off may have left half a line.
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    done = {(r["set"], r["seed"]) for r in rows}
    with given.state.open("a") as state:
        if lines and not lines[-1].endswith("}"):
            state.write("\n")
        for name in given.sets:
            for seed in range(given.splits):
                if (name, seed) in done:
                    continue
                rows.append(audited(name, seed))
                state.write(json.dumps(rows[-1]) + "\n")
                state.flush()
    chosen = [r for r in rows if r["set"] in given.sets and r["seed"] < given.splits]
    print(table(sorted(chosen, key=lambda r: given.sets.index(r["set"]))))


if __name__ == "__main__":
    main()
