"""Where RealMLP falls behind the best default: what closes the gap.

    python benchmarks/tabular_reasons.py benchmarks/tabular_results/rows2000.jsonl --rows 2000
        [--least 0.05] [--folds 2] [--sets ...]

For each set on which the default is more than ``--least`` (normalised) behind, changes are tried
on the same folds, and the share of the gap to the best default that each closes is printed:

``members``
    Four networks averaged (``n_ensemble=4``): less spread by first weights, order of the batches
    and held-out rows.
``bins``
    Each number also as one of eight quantile bins: steps and thresholds, which trees cut at once
    and a smooth network has to learn.
``both``
    Bins, four networks.

Above 100 % the changed network beats the best default; below zero the change did harm. The last
column is the loss of CatBoost with trees of one split, which know thresholds but no interactions:
where it falls back too, interactions are a likely part of the trees' lead.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from _tabular_methods import METHODS, NUMBERS, catboost, our_class
from _tabular_report import VIEWS, chosen_fits, compare
from _tabular_run import read_lines, scores
from _tabular_sets import folds, load
from _tabular_statistics import normalised_scores
from _timing import machine, table

_BINS = 8
_MEMBERS = 4
_VARIANTS = {
    "realmlp": (1, False),
    "members": (_MEMBERS, False),
    "bins": (1, True),
    "both": (_MEMBERS, True),
}


def with_bins(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables with each number also as a category: its quantile bin in ``train``."""
    parts = [train.copy(), test.copy()]
    for name in NUMBERS(train):
        shares = np.linspace(0, 1, _BINS + 1)[1:-1]
        edges = np.unique(train[name].dropna().quantile(shares))
        for part in parts:
            place = np.searchsorted(edges, part[name].to_numpy(dtype=float), side="right")
            labels = np.where(part[name].isna(), None, place.astype(str))
            part[f"bin of {name}"] = pd.Categorical(labels, categories=map(str, range(_BINS)))
    return parts[0], parts[1]


def behind(files: list[Path], rows: int, least: float) -> pd.DataFrame:
    """Return set, score, RealMLP's loss there and the best default's name and loss."""
    options = argparse.Namespace(files=files, rows=rows, methods=["all"])
    fits = chosen_fits(list(read_lines(files)), options)
    comparison = compare(fits, list(dict.fromkeys(fits["method"])), 1.0)
    found = []
    for view in (VIEWS[0], VIEWS[2]):
        losses = comparison.losses(view)
        losses = losses[[m for m in losses if not METHODS[m].needs_budget]]
        gaps = normalised_scores(losses)
        for name, gap in (gaps.max(axis=1) - gaps["realmlp"]).items():
            if gap > least:
                best = losses.loc[name].idxmin()
                found.append((name, view[2], gap, best))
    return pd.DataFrame(found, columns=["set", "score", "gap", "best"])


def loss(table_set, split, score: str, seed: int, members: int, bins: bool) -> float:
    """Return the loss of a changed RealMLP on one fold."""
    train, test = split
    X, X_test = table_set.X.iloc[train], table_set.X.iloc[test]
    if bins:
        X, X_test = with_bins(X, X_test)
    model = our_class("RealMLP", table_set.task)(n_ensemble=members, random_state=seed)
    return _score(model.fit(X, table_set.y[train]), X_test, table_set, test, score)


def stump_loss(table_set, split, score: str, seed: int) -> float:
    """Return the loss of CatBoost with trees of depth 1."""
    train, test = split
    X, X_test = (table_set.X.iloc[rows].reset_index(drop=True) for rows in split)
    model = catboost(X, table_set.y[train], table_set.task, seed, depth=1)
    return _score(model, X_test, table_set, test, score)


def _score(model, X_test, table_set, test, score: str) -> float:
    classify = table_set.task == "classification"
    predicted = model.predict_proba(X_test) if classify else model.predict(X_test)
    return scores(table_set, table_set.y[test], predicted)[score]


def main() -> None:
    """Try the changes on every set and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--least", type=float, default=0.05)
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--sets", nargs="*", default=None)
    arguments = parser.parse_args()
    lines = [r for r in read_lines(arguments.files) if r.get("status") == "ok"]
    known = {(r["set"], r["method"], r["seed"], r["fold"]): r["scores"] for r in lines}
    rows = []
    for case in behind(arguments.files, arguments.rows, arguments.least).itertuples():
        if arguments.sets and case.set not in arguments.sets:
            continue
        data = load(case.set, arguments.rows)
        splits = folds(data, 0)[: arguments.folds]
        best = np.mean(
            [known[case.set, case.best, 0, i][case.score] for i in range(arguments.folds)]
        )
        found = {
            name: np.mean([loss(data, s, case.score, 0, *change) for s in splits])
            for name, change in _VARIANTS.items()
        }
        gap = found["realmlp"] - best
        closed = [f"{100 * (found['realmlp'] - found[v]) / gap:.0f} %" for v in list(found)[1:]]
        stumps = np.mean([stump_loss(data, s, case.score, 0) for s in splits])
        rows.append([case.set, case.score, f"{found['realmlp']:.4g}", case.best, f"{best:.4g}",
                     *closed, f"{stumps:.4g}"])  # fmt: skip
        print(*rows[-1], flush=True)
    print(machine())
    print(table(["set", "score", "RealMLP", "best default", "its loss", "members close",
                 "bins close", "both close", "CatBoost, depth 1"], rows))  # fmt: skip


if __name__ == "__main__":
    main()
