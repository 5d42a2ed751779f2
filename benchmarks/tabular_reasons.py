"""Where a default of ours falls behind the best: how sure that is, and what closes the gap.

    python benchmarks/tabular_reasons.py run FILE --rows 2000 --out TRIED [--methods ...]
    python benchmarks/tabular_reasons.py report FILE --rows 2000 --tried TRIED

``FILE`` holds results of ``tabular.py``. On each set where a default of ours is more than 5 %
(normalised) behind the best default, ``run`` repeats the first folds with one thing changed, and
``report`` prints which share of the gap each change closes:

``members``
    Four networks averaged (``n_ensemble=4``; TabM: four fits): less spread by first weights,
    order of the batches and held-out rows.
``bins``
    Each number also as one of eight quantile bins: steps and thresholds, which trees cut at once
    and a smooth network has to learn.
``both``
    Bins, four networks.
``scaling``
    TabM with numbers scaled as RealMLP scales them, by median and quartiles, instead of by
    quantiles to a normal distribution.
``rows``
    The best default trained on four fifths of the rows, the share that is left to a network that
    holds out a fifth to choose its epoch.
``stumps``
    CatBoost with trees of one split, which know thresholds but no interactions. Where it loses
    the lead too, interactions are a likely part of it.
``realmlp``
    For the perceptron and RealMLP's simple preset: RealMLP's default, from ``FILE``.
``budget``
    ``AutoTabular*`` with ten times its budget (at most 150 s), instead of the others.

Above 100 % the changed model beats the best default; below zero the change did harm. ``p`` is the
paired test of the two defaults over all folds (:func:`_tabular_twins.corrected_t_test`). The best
default is the best of many on these folds, which flatters it: a high p says that the gap may be
the luck of these folds, a low one does not prove it.
"""

from __future__ import annotations

import argparse
import inspect
import os
from pathlib import Path

import numpy as np
import pandas as pd
from _report_parts import chosen_fits
from _runner import ONE_THREAD, Results, read_lines
from _tabular_methods import METHODS, NUMBERS, catboost, chosen_methods, our_class
from _tabular_report import BEHIND, VIEWS, compare
from _tabular_run import KEY, scores
from _tabular_sets import folds, load
from _tabular_statistics import normalised_scores
from _tabular_twins import corrected_t_test
from _timing import table
from sklearn.model_selection import train_test_split

_BINS = 8
_MEMBERS = 4
_BUDGET_TIMES, _BUDGET_MOST = 10, 150.0
_SEED = 0
_NETWORK_CHANGES = {"members": (_MEMBERS, False), "bins": (1, True), "both": (_MEMBERS, True)}
# Peers that train on all rows they are given.
_WITHOUT_HOLDOUT = {"catboost", "xgboost", "lightgbm", "hist_gb", "sklearn_mlp"}
_TREES = _WITHOUT_HOLDOUT - {"sklearn_mlp"}
# Networks that lack RealMLP's number embeddings, first weights fitted to the data and dropout.
_PLAINER = {"mlp", "realmlp_s"}
_CLOSES = 0.5
# The folds tried have to show so much of the gap over all folds.
_PART_OF_GAP = 0.33
_UNSURE = 0.05


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


def behind(files: list[Path], rows: int, methods: list[str]) -> pd.DataFrame:
    """Return the cases: a default of ours more than 5 % behind on a set.

    ``gap`` is normalised, ``difference`` that of the losses; ``part`` is the share of the
    difference that the folds tried show, for :func:`report` to fill in.
    """
    options = argparse.Namespace(files=files, rows=rows, methods=["all"])
    fits = chosen_fits(list(read_lines(files)), options, KEY, chosen_methods)
    comparison = compare(fits, list(dict.fromkeys(fits["method"])), 0.5)
    found = []
    for view in (VIEWS[0], VIEWS[2]):
        losses = comparison.losses(view)
        defaults = [m for m in losses if not METHODS[m].needs_budget]
        normal = normalised_scores(losses)
        for method in [m for m in methods if m in losses]:
            for name, gap in (normal[defaults].max(axis=1) - normal[method]).items():
                if gap > BEHIND:
                    best = losses.loc[name, defaults].idxmin()
                    p = _p_value(comparison.fits, name, method, best, view[2])
                    difference = losses.loc[name, method] - losses.loc[name, best]
                    found.append((name, method, view[2], gap, best, p, difference, 1.0))
    columns = ["set", "method", "score", "gap", "best", "p", "difference", "part"]
    return pd.DataFrame(found, columns=columns)


def _p_value(fits: pd.DataFrame, name: str, method: str, best: str, score: str) -> float:
    of_set = fits[fits["set"] == name]
    wide = of_set.pivot_table(index=["seed", "fold"], columns="method", values=score)
    share = float((of_set["n_test"] / of_set["n_train"]).mean())
    return corrected_t_test((wide[method] - wide[best]).to_numpy(), share)


# -- trying changes ----------------------------------------------------------------------------


def changed_loss(change: str, case, data, split, known: dict) -> float:
    """Return the loss of one fold with one thing changed."""
    train, test = split
    X, X_test = (data.X.iloc[rows].reset_index(drop=True) for rows in split)
    y = data.y[train]
    if change in _NETWORK_CHANGES:
        members, bins = _NETWORK_CHANGES[change]
        X, X_test = with_bins(X, X_test) if bins else (X, X_test)
        method = METHODS[case.method]
        model = _averaged(method, data.task, members, X, y)
    elif change == "scaling":
        model = METHODS["tabm_robust"].fit(X, y, data.task, _SEED, None)
    elif change == "stumps":
        model = catboost(X, y, data.task, _SEED, depth=1)
    elif change == "rows":
        strata = y if data.task == "classification" else None
        kept, _ = train_test_split(
            np.arange(len(y)), test_size=0.2, random_state=_SEED, stratify=strata
        )
        part = X.iloc[kept].reset_index(drop=True)
        model = METHODS[case.best].fit(part, y[kept], data.task, _SEED, None)
    else:
        budget = min(_BUDGET_TIMES * known["budget"], _BUDGET_MOST)
        model = METHODS[case.method].fit(X, y, data.task, _SEED, budget)
    classify = data.task == "classification"
    predicted = model.predict_proba(X_test) if classify else model.predict(X_test)
    return scores(data, data.y[test], predicted)[case.score]


class _Mean:
    """Models that answer with the mean of their answers."""

    def __init__(self, models: list) -> None:
        self.models = models

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the mean prediction, (n,)."""
        return np.mean([np.ravel(model.predict(X)) for model in self.models], axis=0)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the mean probabilities, (n, K)."""
        return np.mean([model.predict_proba(X) for model in self.models], axis=0)


def _averaged(method, task: str, members: int, X: pd.DataFrame, y: np.ndarray):
    """Return a network of several members, or as many fits where it cannot have members."""
    made = our_class(method.estimator, task)
    if "n_ensemble" in inspect.signature(made).parameters:
        return made(**method.parameters, n_ensemble=members, random_state=_SEED).fit(X, y)
    seeds = range(_SEED, _SEED + members)
    return _Mean([made(**method.parameters, random_state=s).fit(X, y) for s in seeds])


def changes_of(case) -> list[str]:
    """Return the changes to try on a case."""
    if METHODS[case.method].needs_budget:
        return ["budget"]
    own = list(_NETWORK_CHANGES)
    if case.method == "tabm":
        own = [*(c for c in own if c != "both"), "scaling"]
    return own + ["rows"] * (case.best in _WITHOUT_HOLDOUT) + ["stumps"]


def run(options) -> None:
    """Try what is not yet in the file."""
    results = Results(options.out)
    lines = list(read_lines(options.files))
    known = {_key(r): r for r in lines if r.get("rows") == options.rows}
    for case in behind(options.files, options.rows, options.methods).itertuples():
        if options.sets and case.set not in options.sets:
            continue
        data = load(case.set, options.rows)
        for fold, split in enumerate(folds(data, _SEED)[: options.folds]):
            for change in changes_of(case):
                place = {"set": case.set, "method": case.method, "change": change, "fold": fold}
                place |= {"best": case.best} if change == "rows" else {}
                if place in _tried([options.out], with_loss=False):
                    continue
                had = known[case.set, case.method, _SEED, fold]
                loss = changed_loss(change, case, data, split, had)
                results.append(place | {"loss": loss})
                print(
                    *place.values(),
                    f"{loss:.4g} (was {had['scores'][case.score]:.4g})",
                    flush=True,
                )


def _key(record: dict) -> tuple:
    return tuple(record.get(k) for k in ("set", "method", "seed", "fold"))


def _tried(files: list[Path], with_loss: bool = True) -> list[dict]:
    found = [r for r in read_lines(files) if "change" in r]
    return found if with_loss else [{k: v for k, v in r.items() if k != "loss"} for r in found]


# -- the report --------------------------------------------------------------------------------


def reading(case, closed: dict[str, float]) -> str:
    """Return what the figures of a case say, by fixed rules.

    >>> from types import SimpleNamespace as Case
    >>> reading(Case(p=0.3, best="tabm", part=0.9), {"members": 0.7})
    'may be the luck of these folds (p 0.3); spread of one network'
    >>> reading(Case(p=0.01, best="catboost", part=1.0), {"members": 0.2, "stumps": 0.1})
    'interactions of thresholds: single splits lose 90 % of the lead'
    """
    if case.part < _PART_OF_GAP:  # shares of a small gap say nothing
        luck = f"may be the luck of these folds (p {case.p:.2g}); " if case.p > _UNSURE else ""
        return f"{luck}the folds tried show {100 * max(0.0, case.part):.0f} % of the gap"
    words = {
        "members": "spread of one network",
        "bins": "steps in single features",
        "both": "steps in single features and spread",
        "rows": "the rows held out",
        "budget": "the budget",
        "scaling": "numbers scaled by quantiles",
        "realmlp": "what RealMLP's td preset adds",
    }
    parts = [f"may be the luck of these folds (p {case.p:.2g})"] if case.p > _UNSURE else []
    found = [c for c, share in closed.items() if share >= _CLOSES and c in words]
    if {"members", "bins"} & set(found):
        found = [c for c in found if c != "both"]
    parts += [words[c] for c in found]
    if not found and "stumps" in closed and case.best in _TREES:
        # Where ours is at 0 and the best default at 1, boosted single splits are at this share.
        if closed["stumps"] <= _CLOSES:
            lost = 100 * min(1.0, 1 - closed["stumps"])
            parts.append(
                f"interactions of thresholds: single splits lose {lost:.0f} % of the lead"
            )
        else:
            parts.append("steps in single features: boosted single splits keep the lead")
    return "; ".join(parts) or "none found"


def report(options) -> None:
    """Print a table for each method."""
    known = {_key(r): r for r in read_lines(options.files) if r.get("rows") == options.rows}
    tried = pd.DataFrame(
        _tried(options.tried), columns=["set", "method", "change", "fold", "best", "loss"]
    )
    found = behind(options.files, options.rows, options.methods)
    for method in [m for m in options.methods if m in set(found["method"])]:
        rows = []
        for case in found[found["method"] == method].itertuples():
            of_case = tried[(tried["set"] == case.set) & (tried["method"] == method)]
            of_case = of_case[of_case["best"].fillna(case.best) == case.best]
            n = 1 + of_case["fold"].max() if len(of_case) else 0
            ours, best, real = (
                np.mean(
                    [known[case.set, m, _SEED, i]["scores"][case.score] for i in range(n)]
                    or np.nan
                )
                for m in (method, case.best, "realmlp")
            )
            losses = of_case.groupby("change")["loss"].mean()
            closed = {c: (ours - loss) / (ours - best) for c, loss in losses.items()}
            closed = {c: closed[c] for c in changes_of(case) if c in closed}
            if "rows" in closed:  # the best default came nearer to ours, not ours to it
                closed["rows"] = (losses["rows"] - best) / (ours - best)
            if n and method in _PLAINER:
                closed["realmlp"] = (ours - real) / (ours - best)
            shown = [f"{c} {100 * share:.0f} %" for c, share in closed.items()]
            case = case._replace(part=(ours - best) / case.difference if n else 1.0)
            rows.append([case.set, case.best, f"{case.gap:.3f}", f"{case.p:.2g}",
                         ", ".join(shown) or "-", reading(case, closed)])  # fmt: skip
        head = ["set", "best default", "behind (normalised)", "p", "closes of the gap", "reading"]
        print(f"#### {method}\n\n{table(head, rows)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("run", "report"))
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--methods", nargs="+", default=["ours"])
    parser.add_argument("--sets", nargs="*", default=None)
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tried", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    os.environ.update(ONE_THREAD)
    options.methods = chosen_methods(options.methods)
    (run if options.verb == "run" else report)(options)


if __name__ == "__main__":
    main()
