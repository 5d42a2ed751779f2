"""The report of ``anomaly_series.py``: from lines of results to Markdown."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from _anomaly_series_methods import (
    BASELINE,
    DEVIATIONS,
    METHODS,
    MOST_WINDOWS,
    PCA_VARIANCE,
    chosen_methods,
)
from _anomaly_series_run import KEY
from _anomaly_series_sets import DEVELOPMENT, PROTOCOLS
from _runner import fits_by_key, read_lines
from _tabular_statistics import TIE, complete, critical_difference, duel, friedman, ranks, ratio
from _timing import table

from appliednn.core.statistics import bootstrap_interval, holm

SCORES = {
    "vus_pr": "VUS-PR",
    "vus_roc": "VUS-ROC",
    "pr_auc": "PR AUC",
    "roc_auc": "ROC AUC",
    "affiliation_f": "affiliation F",
}
MAIN = "vus_pr"
N_BOOT = 2000


def _bold(method: str) -> str:
    return f"**{method}**" if METHODS[method].ours else method


def _by_series(fits: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return means over seeds, series in rows and methods in columns."""
    wide = fits.pivot_table(index="series", columns="method", values=column, sort=False)
    return wide[[m for m in METHODS if m in wide]]


class View:
    """Fits of one protocol on some series, those that all methods taking part finished."""

    def __init__(self, fits: pd.DataFrame, share: float):
        done = fits[fits["status"] == "ok"]
        # ``complete`` counts results alone, so any score does.
        kept = complete(_by_series(done, MAIN), share) if len(done) else pd.DataFrame()
        self.series, self.methods = list(kept.index), list(kept.columns)
        inside = done["series"].isin(self.series) & done["method"].isin(self.methods)
        self.fits = done[inside]

    def of(self, column: str) -> pd.DataFrame:
        """Return the table of a column."""
        return _by_series(self.fits, column)

    def mean(self, column: str, method: str) -> str:
        """Return a mean over series with its bootstrap interval."""
        values = self.of(column)[method].to_numpy()
        low, high = bootstrap_interval(np.mean, values, n_boot=N_BOOT)
        return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def score_section(view: View) -> list[str]:
    """Return means, ranks and seconds of each method, the best VUS-PR first."""
    main = view.of(MAIN)
    rank = ranks(-main).mean()
    seconds = view.of("fit_cpu") + view.of("score_cpu")
    rows = []
    for method in main.mean().sort_values(ascending=False).index:
        cells = [f"{view.of(score)[method].mean():.3f}" for score in SCORES if score != MAIN]
        rows.append([_bold(method), view.mean(MAIN, method), f"{rank[method]:.2f}", *cells,
                     f"{view.of('flagged')[method].mean():.1%}",
                     f"{seconds[method].mean():.3g}"])  # fmt: skip
    statistic, p_value = friedman(-main)
    lines = [f"{len(view.series)} series that all {len(view.methods)} methods finished."]
    if not np.isnan(p_value):
        gap = critical_difference(len(view.methods), len(view.series))
        lines[0] += (
            f" Friedman chi2 {statistic:.1f}, p = {p_value:.2g}; critical difference of mean "
            f"ranks (Nemenyi, 5 %) {gap:.2f}."
        )
    columns = ["method", SCORES[MAIN], "mean rank",
               *(v for k, v in SCORES.items() if k != MAIN), "flagged", "CPU s"]  # fmt: skip
    return [*lines, "", table(columns, rows), ""]


def duel_section(view: View) -> list[str]:
    """Return each method's VUS-PR against the windowed PCA's."""
    if BASELINE not in view.methods:
        return []
    main = view.of(MAIN)
    others = [m for m in view.methods if m != BASELINE]
    found = {m: duel(main, m, BASELINE) for m in others}
    adjusted = dict(zip(others, holm([found[m].p_value for m in others]), strict=True))
    seconds = view.of("fit_cpu") + view.of("score_cpu")
    rows = []
    for method in sorted(others, key=lambda m: -found[m].mean_difference):
        one = found[method]
        gap = (main[method] - main[BASELINE]).to_numpy()
        low, high = bootstrap_interval(np.mean, gap, n_boot=N_BOOT)
        times, fewest, most, _ = ratio(seconds[method], seconds[BASELINE])
        rows.append([_bold(method), f"{one.mean_difference:+.3f} ({low:+.3f} to {high:+.3f})",
                     f"{one.win}/{one.tie}/{one.loss}", f"{one.p_value:.2g}",
                     f"{adjusted[method]:.2g}",
                     f"{times:.3g} ({fewest:.3g} to {most:.3g})"])  # fmt: skip
    columns = ["method", "VUS-PR, difference", "win/tie/loss", "p", "p, Holm", "CPU, times"]
    title = f"#### Against {BASELINE}"
    return [title, "", table(columns, rows), ""]


def folder_section(view: View) -> list[str]:
    """Return mean VUS-PR by folder of NAB; the best in bold."""
    main = view.of(MAIN)
    groups = main.groupby(lambda name: name.split("/")[0], sort=False)
    rows = []
    for folder, part in groups:
        means = part.mean().round(3)
        shown = [f"**{v:.3f}**" if v == means.max() else f"{v:.3f}" for v in means]
        rows.append([folder, len(part), *shown])
    return ["#### VUS-PR by folder", "", table(["folder", "series", *main.columns], rows), ""]


def seed_section(view: View) -> list[str]:
    """Return how far the mean VUS-PR of a method moves with its seed."""
    rows = []
    for method in view.methods:
        of_method = view.fits[view.fits["method"] == method]
        counts = of_method.groupby("seed")["series"].nunique()
        whole = counts.index[counts == len(view.series)]
        if len(whole) < 2:
            continue
        means = of_method[of_method["seed"].isin(whole)].groupby("seed")[MAIN].mean()
        rows.append([_bold(method), len(whole), f"{means.mean():.3f}", f"{means.std():.4f}",
                     f"{means.min():.3f} to {means.max():.3f}"])  # fmt: skip
    if not rows:
        return []
    columns = ["method", "seeds", "mean VUS-PR", "deviation over seeds", "range"]
    return ["#### Seeds", "", table(columns, rows), ""]


def failure_section(fits: pd.DataFrame) -> list[str]:
    """Return finished fits, timeouts and errors of each method."""
    rows = []
    for method in [m for m in METHODS if m in set(fits["method"])]:
        of_method = fits[fits["method"] == method]
        bad = of_method[of_method["status"] != "ok"]
        kinds = Counter(f"{r['error']} on {r['series']}" for _, r in bad.iterrows())
        said = ", ".join(f"{k} x{n}" for k, n in kinds.most_common(8)) or "-"
        code = ", ".join(dict.fromkeys(of_method["code"])) if METHODS[method].ours else "-"
        counts = of_method["status"].value_counts()
        rows.append([_bold(method), *(int(counts.get(s, 0)) for s in ("ok", "timeout", "failed")),
                     said, code])  # fmt: skip
    columns = ["method", "finished", "timeouts", "failed", "which", "commits"]
    return ["## Fits", "", table(columns, rows), ""]


def introduction(lines: list[dict], fits: pd.DataFrame) -> list[str]:
    """Return over what the report was computed, and how to read it."""
    machine = next((r["machine"] for r in reversed(lines) if "machine" in r), {})
    packages = ", ".join(f"{k} {v}" for k, v in machine.get("versions", {}).items() if v)
    return [
        "# Anomalies in series: ours beside the peers",
        "",
        f"`python benchmarks/anomaly_series.py report`: NAB, {fits['series'].nunique()} series "
        "with a labelled window, defaults of every method, seeds "
        f"{sorted(map(int, set(fits['seed'])))} where a method draws anything. One thread.",
        "",
        f"{machine.get('cpus', '?')} CPU, Python {machine.get('python', '?')}; {packages}.",
        "",
        "Scores are means over seeds, then over series, with 95 % bootstrap intervals over "
        "series. The largest buffer of VUS is a series' period by TSB-AD's rule (125 points "
        "without one). Affiliation F judges a method's own `predict`; it can reach 2/3 without "
        "skill. Peers read windows as long as those of our windowed PCA, scaled but not "
        f"normalised one by one (that was worse), at most {MOST_WINDOWS} of them in training; "
        "a point's score is the mean over its windows, and it is flagged if more than half of "
        "them are, by the library's own threshold; "
        f"`knn`, `pca_reconstruction` ({PCA_VARIANCE:.0%} of the variance) and "
        f"`moving_z` flag what is {DEVIATIONS:g} deviations out. CPU seconds: fit and score of "
        "one series, what must be compiled included. Differences are tested by the two-sided "
        f"Wilcoxon signed-rank test over series; within {TIE} is a tie.",
        "",
    ]


def chosen_fits(lines: list[dict], options) -> pd.DataFrame:
    """Return the last line of each fit of the chosen methods."""
    fits = pd.DataFrame(list(fits_by_key(lines, KEY).values()))
    if fits.empty:
        raise SystemExit("no results in " + ", ".join(map(str, options.files)))
    fits = fits[fits["method"].isin(chosen_methods(options.methods))].reset_index(drop=True)
    for column in ("scores", "error"):  # absent where no fit ended so
        fits[column] = fits.get(column, pd.Series(None, fits.index, dtype=object))
    return fits.join(pd.DataFrame([s if isinstance(s, dict) else {} for s in fits["scores"]]))


def report(options) -> None:
    """Write the report of the files."""
    lines = list(read_lines(options.files))
    fits = chosen_fits(lines, options)
    parts = introduction(lines, fits)
    held_out = ~fits["series"].isin(DEVELOPMENT)
    for protocol, what in PROTOCOLS.items():
        of_protocol = fits["protocol"] == protocol
        parts += [f"## Protocol {protocol}", "", what[0].upper() + what[1:] + ".", ""]
        for title, rows in (
            ("All series", of_protocol),
            ("Series on which no default was chosen", of_protocol & held_out),
        ):
            view = View(fits[rows], options.share)
            parts += [f"### {title}", ""]
            if len(view.series) < 2 or len(view.methods) < 2:
                parts += ["Too few results to compare.", ""]
                continue
            parts += score_section(view) + duel_section(view)
            if rows is of_protocol:
                parts += folder_section(view) + seed_section(view)
    text = "\n".join(parts + failure_section(fits))
    if options.out:
        options.out.write_text(text + "\n")
    else:
        print(text)
