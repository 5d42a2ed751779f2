"""The report of ``tabular.py``: from lines of results to Markdown and a diagram."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from _report_parts import (
    bold_ours,
    chosen_fits,
    failure_section,
    machine_sentence,
    shared_fits,
)
from _runner import read_lines
from _tabular_figure import rank_diagram
from _tabular_methods import METHODS, chosen_methods
from _tabular_run import AUTOMATIC_TIMES_CATBOOST, KEY, LEAST_PROBABILITY
from _tabular_sets import SETS
from _tabular_statistics import (
    TIE,
    complete,
    critical_difference,
    duel,
    friedman,
    normalised_scores,
    ranks,
    ratio,
)
from _tabular_twins import twin_section
from _timing import table

BEHIND = 0.05
SIZES = {"up to 2 000 rows": (0, 2000), "2 001 to 10 000 rows": (2000, np.inf)}
# What the ranks are made of: title, task, score, and whether more is better.
VIEWS = (
    ("Classification by log loss", ("classification",), "log_loss", False),
    ("Classification by AUC", ("classification",), "auc", True),
    ("Regression by RMSE", ("regression",), "rmse", False),
)
DETAILS = (*VIEWS, ("Classification by accuracy", ("classification",), "accuracy", True),
           ("Regression by R2", ("regression",), "r2", True))  # fmt: skip


@dataclass
class Comparison:
    """Fits of the compared methods on the folds that they share, averaged by set.

    Attributes
    ----------
    means : dict of str to DataFrame
        For each score and each kind of seconds a table, sets in rows, methods in columns.
    folds : dict of str to int
        Shared folds of each set.
    rows : dict of str to int
        Rows of each set.
    partial : list of str
        Sentences on methods left out of a set.
    fits : DataFrame
        The fits themselves.
    """

    methods: list[str]
    means: dict[str, pd.DataFrame] = field(default_factory=dict)
    folds: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    partial: list[str] = field(default_factory=list)
    fits: pd.DataFrame = field(default_factory=pd.DataFrame)

    def of(self, score: str, tasks: tuple[str, ...]) -> pd.DataFrame:
        """Return the table of a score for the sets of some tasks, without empty methods."""
        chosen = [name for name in self.folds if SETS[name].task in tasks]
        if score not in self.means:
            return pd.DataFrame()
        return self.means[score].reindex(index=chosen).dropna(axis=1, how="all")

    def losses(self, view) -> pd.DataFrame:
        """Return the table of a view as losses: lower is better."""
        _, tasks, score, more = view
        found = self.of(score, tasks)
        return 1 - found if more else found


def compare(fits: pd.DataFrame, methods: list[str], share: float) -> Comparison:
    """Average the fits by set over shared folds."""
    result = Comparison(methods)
    collected = []
    for name in [n for n in SETS if n in set(fits["set"])]:
        of_set = fits[(fits["set"] == name) & fits["method"].isin(methods)]
        parts, kept = shared_fits(of_set, share, ["seed", "fold"])
        tried = [m for m in methods if m in set(of_set["method"])]
        out = [m for m in tried if m not in parts]
        if out:
            result.partial.append(f"{name}: without {', '.join(out)} (too few finished folds)")
        if len(parts) < 2 or kept.empty:
            continue
        result.folds[name] = len(kept[["seed", "fold"]].drop_duplicates())
        result.rows[name] = int((kept["n_train"] + kept["n_test"]).max())
        collected.append(kept)
    if not collected:
        raise SystemExit("no set on which two of the methods finished the same folds")
    kept = result.fits = pd.concat(collected)
    kept["predict_ms"] = 1e6 * kept["predict_cpu"] / kept["n_test"]
    wanted = [d[2] for d in DETAILS] + ["fit_cpu", "fit_seconds", "predict_ms"]
    for score in [w for w in wanted if w in kept]:
        wide = kept.pivot_table(index="set", columns="method", values=score, sort=False)
        result.means[score] = wide.reindex(columns=[m for m in methods if m in wide])
    return result


def _bold(method: str) -> str:
    return bold_ours(method, METHODS)


def _number(value: float, digits: int = 4) -> str:
    if pd.isna(value):
        return "-"
    return f"{value:.{digits}g}" if abs(value) >= 1000 or abs(value) < 1 else f"{value:.4g}"


# -- sections ----------------------------------------------------------------------------------


def rank_section(title: str, losses: pd.DataFrame, share: float) -> list[str]:
    """Return mean rank and normalised score of each method."""
    full = complete(losses, share)
    if full.shape[0] < 1 or full.shape[1] < 2:
        return [f"### {title}", "", "Too few results to compare.", ""]
    normal = normalised_scores(losses)
    mean_rank = ranks(full).mean()
    statistic, p_value = friedman(full)
    rows = []
    for method in mean_rank.sort_values().index:
        wins = int((ranks(full)[method] == 1).sum())
        cells = [f"{mean_rank[method]:.2f}", wins, f"{normal.loc[full.index, method].mean():.3f}"]
        rows.append([_bold(method), *cells, f"{normal[method].mean():.3f}",
                     int(normal[method].notna().sum())])  # fmt: skip
    columns = ["method", "mean rank", "first", "normalised", "normalised, all its sets", "sets"]
    lines = [f"### {title}", "", f"{len(full)} sets that all {full.shape[1]} methods have."]
    left = [m for m in losses if m not in full]
    if left:
        lines[-1] += f" Not ranked, results on too few sets: {', '.join(left)}."
    if not np.isnan(p_value):
        gap = critical_difference(full.shape[1], len(full))
        lines[-1] += (
            f" Friedman chi2 {statistic:.1f}, p = {p_value:.2g};"
            f" critical difference (Nemenyi, 5 %) {gap:.2f}."
        )
    return [*lines, "", table(columns, rows), ""]


def duel_section(title: str, losses: pd.DataFrame) -> list[str]:
    """Return win/tie/loss and the Wilcoxon test of each of ours against each peer."""
    normal = normalised_scores(losses)
    ours = [m for m in losses if METHODS[m].ours]
    peers = [m for m in losses if not METHODS[m].ours]
    rows = []
    for peer in peers:
        cells = [peer]
        for method in ours:
            found = duel(normal, method, peer)
            cells.append(
                f"{found.win}/{found.tie}/{found.loss}, {found.mean_difference:+.3f}, "
                f"p {found.p_value:.2g}"
            )
        rows.append(cells)
    if not ours or not peers:
        return []
    return [f"### {title}", "", table(["against", *map(_bold, ours)], rows), ""]


def behind_section(comparison: Comparison) -> list[str]:
    """Return where a default of ours is more than 5 % (normalised) behind the best default."""
    rows = []
    for view in (VIEWS[0], VIEWS[2]):
        losses = comparison.losses(view)
        if losses.empty:
            continue
        normal = normalised_scores(losses)
        defaults = [m for m in normal if not METHODS[m].needs_budget]
        best = normal[defaults].max(axis=1)
        for method in [m for m in normal if METHODS[m].ours]:
            for name, gap in (best - normal[method]).dropna().items():
                if gap > BEHIND:
                    leader = normal.loc[name, defaults].idxmax()
                    worse = losses.loc[name, method] / losses.loc[name, leader] - 1
                    rows.append([name, _bold(method), view[2], f"{gap:.3f}", leader,
                                 f"{100 * worse:.1f} %"])  # fmt: skip
    columns = [
        "set",
        "default of ours",
        "score",
        "behind (normalised)",
        "best default",
        "worse by",
    ]
    lines = ["## Defaults of ours more than 5 % (normalised) behind the best default", ""]
    rows.sort(key=lambda row: (row[0], row[3]))
    return [*lines, table(columns, rows) if rows else "None.", ""]


def time_section(comparison: Comparison) -> list[str]:
    """Return mean seconds and the ratios ours / peer by size of the set."""
    fit, predict = comparison.means["fit_cpu"], comparison.means["predict_ms"]
    wall = comparison.means["fit_seconds"]
    lines = ["## Seconds", ""]
    for title, (over, up_to) in SIZES.items():
        names = [n for n in fit.index if over < comparison.rows[n] <= up_to]
        if not names:
            continue
        rows = [
            [_bold(m), f"{fit.loc[names, m].mean():.3g}", f"{wall.loc[names, m].mean():.3g}",
             f"{predict.loc[names, m].mean():.3g}", int(fit.loc[names, m].notna().sum())]
            for m in fit if fit.loc[names, m].notna().any()
        ]  # fmt: skip
        columns = ["method", "fit CPU s", "fit wall s", "predict CPU ms per 1000 rows", "sets"]
        lines += [f"### Sets of {title} ({len(names)})", "", table(columns, rows), ""]
        lines += _ratios(fit.loc[names])
    return lines + _budget_sentence(comparison.fits)


def _budget_sentence(fits: pd.DataFrame) -> list[str]:
    """Return how much of its budget AutoTabular took."""
    given = fits[fits["budget"].notna()]
    if given.empty:
        return []
    wall, cpu = given["fit_seconds"] / given["budget"], given["fit_cpu"] / given["budget"]
    return [
        f"autotabular was given {given['budget'].median():.3g} s (median); it took "
        f"{wall.median():.2f} times its budget on the wall (at most {wall.max():.2f}), "
        f"{cpu.median():.2f} times in CPU seconds (at most {cpu.max():.2f}).",
        "",
    ]


def _ratios(fit: pd.DataFrame) -> list[str]:
    """Return the table of fit CPU seconds ours / peer."""
    ours = [m for m in fit if METHODS[m].ours and fit[m].notna().any()]
    peers = [m for m in fit if not METHODS[m].ours and fit[m].notna().any()]
    if not ours or not peers:
        return []
    rows = []
    for peer in peers:
        cells = [peer]
        for method in ours:
            middle, low, high, n = ratio(fit[method], fit[peer])
            both = fit[[method, peer]].dropna().mean()
            cells.append(
                f"{middle:.2f} ({low:.2f} to {high:.2f}), {both[method] / both[peer]:.2f}"
                if n
                else "-"
            )
        rows.append(cells)
    text = (
        "Fit CPU seconds ours / peer: geometric mean over sets (95 % bootstrap interval over "
        "sets), then the ratio of the mean seconds."
    )
    return [text, "", table(["against", *map(_bold, ours)], rows), ""]


def detail_section(comparison: Comparison) -> list[str]:
    """Return the mean of each score by set and method; the best of a set is bold."""
    lines = ["## Set by set", "", "Means over the shared folds; the best in bold.", ""]
    for title, tasks, score, more in DETAILS:
        found = comparison.of(score, tasks)
        if found.empty:
            continue
        rows = []
        for name, values in found.iterrows():
            best = values.max() if more else values.min()
            shown = [f"**{_number(v)}**" if v == best else _number(v) for v in values]
            rows.append([name, comparison.rows[name], comparison.folds[name], *shown])
        lines += [f"### {title}", "", table(["set", "rows", "folds", *found.columns], rows), ""]
    fit = comparison.means["fit_cpu"]
    rows = [[n, comparison.rows[n], *map(_number, values)] for n, values in fit.iterrows()]
    return [*lines, "### Fit CPU seconds", "", table(["set", "rows", *fit.columns], rows), ""]


# -- the whole ---------------------------------------------------------------------------------


def introduction(comparison: Comparison, lines: list[dict], fits: pd.DataFrame) -> list[str]:
    """Return over what the report was computed, and how to read it."""
    tasks = Counter(SETS[n].task for n in comparison.folds)
    spread = sorted(set(comparison.folds.values()))
    n_folds = f"{spread[0]}" if len(spread) == 1 else f"{spread[0]} to {spread[-1]}"
    text = [
        "# Tables: ours beside the peers",
        "",
        f"`python benchmarks/tabular.py report`: {len(comparison.folds)} sets "
        f"({tasks['classification']} classification, {tasks['regression']} regression), at most "
        f"{int(fits['rows'].iloc[0])} rows each, {len(comparison.methods)} methods with their "
        f"defaults, seeds {sorted(map(int, set(fits['seed'])))}; {n_folds} folds a set count, "
        "those that all methods taking part finished. One thread for each library.",
        "",
        machine_sentence(lines),
        "",
        f"Normalised score of a set: (worst - loss) / (worst - best) over the methods that have "
        f"it, 1 the best, 0 the worst. Win/tie/loss counts sets; normalised scores within {TIE} "
        "tie; then the mean difference of normalised scores (positive: ours is better) and the "
        "p-value of the two-sided Wilcoxon signed-rank test over sets, not corrected for the "
        f"number of pairs. Probabilities are clipped at {LEAST_PROBABILITY:g}. The seconds of a "
        "fit are those of one process that makes all folds of a set: compiling is in, importing "
        f"is not. autotabular's budget is {AUTOMATIC_TIMES_CATBOOST} times CatBoost's CPU seconds "
        "on the same rows.",
        "",
    ]
    return text + [f"- {sentence}" for sentence in comparison.partial] + [""]


def _all_losses(comparison: Comparison) -> pd.DataFrame:
    """Return log loss and RMSE of all sets in one table: only ranks within a set are read."""
    parts = [comparison.losses(VIEWS[0]), comparison.losses(VIEWS[2])]
    return pd.concat([p for p in parts if not p.empty])


def report(options) -> None:
    """Write the report of the files."""
    lines = list(read_lines(options.files))
    fits = chosen_fits(lines, options, KEY, chosen_methods)
    methods = list(dict.fromkeys(fits["method"]))
    comparison = compare(fits, methods, options.share)
    everything = _all_losses(comparison)
    parts = introduction(comparison, lines, fits)
    parts += ["## Ranks", ""]
    parts += rank_section("All sets, log loss or RMSE", everything, options.share)
    full = complete(everything, options.share)
    if full.shape[1] > 2 and len(full) > 1:
        gap = critical_difference(full.shape[1], len(full))
        title = f"Mean rank over {len(full)} sets, log loss or RMSE (1 is best)"
        ours = {m for m in full if METHODS[m].ours}
        rank_diagram(ranks(full).mean(), gap, title, ours, options.figure)
        parts += [f"![Critical-difference diagram](../docs/images/{options.figure.name})", ""]
    for view in VIEWS:
        parts += rank_section(view[0], comparison.losses(view), options.share)
    parts += ["## Ours against each peer", ""]
    parts += duel_section("All sets, log loss or RMSE", everything)
    for view in VIEWS:
        parts += duel_section(view[0], comparison.losses(view))
    parts += twin_section(comparison.fits)
    parts += behind_section(comparison) + time_section(comparison)
    parts += detail_section(comparison) + failure_section(fits, METHODS)
    text = "\n".join(parts)
    if options.out:
        options.out.write_text(text + "\n")
    else:
        print(text)
