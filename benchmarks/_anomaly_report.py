"""The report of ``anomaly.py``: from lines of results to Markdown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from _anomaly_methods import BASELINE, LABELLED, METHODS, TWINS, UNTRAINED, chosen_methods
from _anomaly_run import KEY
from _anomaly_sets import DEVELOPMENT, HELD_OUT, N_LABELLED, PROTOCOLS, SETS, TEST_SHARE
from _report_parts import (
    bold_ours,
    chosen_fits,
    failure_section,
    machine_sentence,
    shared_fits,
)
from _runner import read_lines
from _tabular_statistics import TIE, complete, duel, holm, mean_interval, ranks, ratio
from _timing import table

SCORES = {"auroc": "AUROC", "aupr": "AUPR"}
# The first fit of a process compiles, so it is told apart.
SECONDS = {
    "first_fit": "first fit",
    "later_fit": "later fits",
    "score_ms": "score",
}
APART = (UNTRAINED, LABELLED)


@dataclass
class Compared:
    """One protocol: means over the seeds that all methods finished on a set.

    Attributes
    ----------
    means : dict of str to DataFrame
        For each score and each kind of seconds a table, sets in rows, methods in columns.
    seeds : dict of str to int
        Shared seeds of each set.
    dropped : list of str
        Sentences on methods and sets that take no part.
    """

    protocol: str
    means: dict[str, pd.DataFrame]
    seeds: dict[str, int]
    dropped: list[str]

    def ranked(self) -> list[str]:
        """Return the methods that compete."""
        return [m for m in self.means["auroc"] if m not in APART]

    def ours(self) -> list[str]:
        """Return ours among them."""
        return [m for m in self.ranked() if METHODS[m].ours]


def compare(fits: pd.DataFrame, protocol: str, share: float) -> Compared | None:
    """Average the fits of a protocol by set; None without a set that two methods finished."""
    kept, seeds, dropped = [], {}, []
    for name in SETS:
        of_set = fits[(fits["protocol"] == protocol) & (fits["set"] == name)]
        parts, shared = shared_fits(of_set, share, ["seed"])
        left = [m for m in dict.fromkeys(of_set["method"]) if m not in parts]
        if left:
            dropped.append(f"{name}: without {', '.join(left)} (too few finished seeds)")
        if len(parts) > 1 and len(shared):
            seeds[name] = shared["seed"].nunique()
            kept.append(shared)
    if not kept:
        return None
    kept = pd.concat(kept)
    kept["score_ms"] = 1e6 * kept["score_cpu"] / kept["n_test"]
    kept["first_fit"] = kept["fit_cpu"].where(kept["fit_of_process"] == 0)
    kept["later_fit"] = kept["fit_cpu"].where(kept["fit_of_process"] > 0)
    methods = list(dict.fromkeys(fits["method"]))
    means = {}
    for value in (*SCORES, *SECONDS):
        wide = kept.pivot_table(index="set", columns="method", values=value, sort=False)
        means[value] = wide.reindex(columns=[m for m in methods if m in wide])
    full = complete(means["auroc"], share)
    left = [m for m in means["auroc"] if m not in full]
    if left:
        dropped.append(f"results on too few sets: {', '.join(left)}")
    out = [n for n in means["auroc"].index if n not in full.index]
    if out:
        dropped.append(f"sets that not all methods finished: {', '.join(out)}")
    means = {k: t.reindex(index=full.index, columns=full.columns) for k, t in means.items()}
    return Compared(protocol, means, {n: seeds[n] for n in full.index}, dropped)


def _name(method: str) -> str:
    return bold_ours(method, METHODS)


def _spread(values, digits: int = 3, sign: str = "") -> str:
    """Return a mean and its interval for a cell."""
    shown = [f"{v:{sign}.{digits}f}" for v in mean_interval(values)]
    return shown[0] if shown[1] == "nan" else f"{shown[0]} ({shown[1]} to {shown[2]})"


def _seconds(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3g}"


def _p(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2g}"


# -- sections of a protocol ----------------------------------------------------------------------


def mean_section(compared: Compared) -> list[str]:
    """Return mean scores with intervals, mean ranks and seconds of each method."""
    rank = {s: ranks(1 - compared.means[s][compared.ranked()]).mean() for s in SCORES}
    order = compared.means["auroc"].mean().sort_values(ascending=False).index
    rows = []
    for method in order:
        if method == LABELLED:
            continue
        cells = [_spread(compared.means[s][method]) for s in SCORES]
        cells += [f"{rank[s][method]:.2f}" if method in rank[s] else "-" for s in SCORES]
        cells += [_seconds(compared.means[s][method].mean()) for s in SECONDS]
        rows.append([_name(method), *cells])
    columns = ["method", "AUROC", "AUPR", "rank by AUROC", "rank by AUPR", "first fit CPU s",
               "later fit CPU s", "score CPU ms per 1000 rows"]  # fmt: skip
    return [table(columns, rows), "", *best_sentences(compared)]


def best_sentences(compared: Compared) -> list[str]:
    """Return how the best of ours stands to the peer that is to be beaten."""
    peer, ours = BASELINE[compared.protocol], compared.ours()
    if peer not in compared.ranked() or not ours:
        return []
    said = []
    for score, title in SCORES.items():
        mean = compared.means[score].mean()
        best = mean[ours].idxmax()
        said.append(f"{title}: {best} {mean[best]:.3f}, {peer} {mean[peer]:.3f}")
    return [f"The best of ours by the mean (the best of {len(ours)}, so a little flattered) and "
            f"{peer}: {'; '.join(said)}.", ""]  # fmt: skip


def parts_section(compared: Compared) -> list[str]:
    """Return mean scores on the sets our defaults were chosen on, and on the others."""
    parts = {"development": DEVELOPMENT, "held out": HELD_OUT}
    have = {t: [n for n in names if n in compared.seeds] for t, names in parts.items()}
    rows = []
    for method in compared.means["auroc"]:
        cells = [f"{compared.means[s].loc[names, method].mean():.3f}" if names else "-"
                 for names in have.values() for s in SCORES]  # fmt: skip
        rows.append([_name(method), *cells])
    columns = ["method", *(f"{title}, {SCORES[s]}" for title in parts for s in SCORES)]
    text = ", ".join(f"{len(names)} {title}" for title, names in have.items())
    return [f"Means over the sets by what they were used for ({text}):", "",
            table(columns, rows), ""]  # fmt: skip


def _duels(compared: Compared, pairs: list[tuple[str, str]]) -> list[list]:
    """Return the cells of pairs: for each score win/tie/loss, mean difference and p by Holm."""
    rows = [[_name(a), _name(b)] for a, b in pairs]
    for score in SCORES:
        values = compared.means[score]
        found = [duel(values, a, b) for a, b in pairs]
        corrected = holm(pd.Series([f.p_value for f in found], dtype=float))
        for row, pair, of_pair, p in zip(rows, pairs, found, corrected, strict=True):
            difference = _spread((values[pair[0]] - values[pair[1]]).dropna(), sign="+")
            row += [f"{of_pair.win}/{of_pair.tie}/{of_pair.loss}", difference, _p(p)]
    return rows


_DUEL_COLUMNS = [c for title in SCORES.values()
                 for c in (f"{title} win/tie/loss", "mean difference", "p (Holm)")]  # fmt: skip


def baseline_section(compared: Compared) -> list[str]:
    """Return each of ours against the peer that is to be beaten."""
    peer = BASELINE[compared.protocol]
    pairs = [(m, peer) for m in compared.ours()] if peer in compared.ranked() else []
    if not pairs:
        return []
    columns = ["ours", "against", *_DUEL_COLUMNS]
    return [f"### Against {peer}", "", table(columns, _duels(compared, pairs)), ""]


def twin_section(compared: Compared) -> list[str]:
    """Return ours against PyOD's of the same name, and Deep SVDD against itself untrained."""
    pairs = [*TWINS.items(), ("deep_svdd", UNTRAINED)]
    have = compared.means["auroc"].columns
    pairs = [(a, b) for a, b in pairs if a in have and b in have]
    if not pairs:
        return []
    rows = _duels(compared, pairs)
    for row, (ours, peer) in zip(rows, pairs, strict=True):
        row += ["-"] * len(SECONDS) if peer == UNTRAINED else [
            _ratio(compared.means[s][ours], compared.means[s][peer]) for s in SECONDS
        ]  # fmt: skip
    columns = ["ours", "against", *_DUEL_COLUMNS,
               *(f"CPU time ours / its, {title}" for title in SECONDS.values())]  # fmt: skip
    title = "### Against PyOD's of the same name, and the untrained network"
    return [title, "", table(columns, rows), ""]


def _ratio(ours: pd.Series, peer: pd.Series) -> str:
    middle, low, high, n = ratio(ours, peer)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})" if n else "-"


def labelled_section(compared: Compared) -> list[str]:
    """Return what a few labels bring, beside the network without them and the peer to beat."""
    if LABELLED not in compared.means["auroc"]:
        return []
    beside = [m for m in ("deep_svdd", BASELINE[compared.protocol]) if m in compared.ranked()]
    rows = [[_name(m), *(_spread(compared.means[s][m]) for s in SCORES)]
            for m in (LABELLED, *beside)]  # fmt: skip
    duels = _duels(compared, [(LABELLED, m) for m in beside])
    text = f"{LABELLED} is told {N_LABELLED} anomalies (or all, if fewer) of the training part."
    lines = [f"### With {N_LABELLED} labels", "", text, "",
             table(["method", *SCORES.values()], rows), ""]  # fmt: skip
    return lines + ([table(["ours", "against", *_DUEL_COLUMNS], duels), ""] if beside else [])


def set_section(compared: Compared) -> list[str]:
    """Return the mean AUROC by set and method; the best of a set is bold."""
    values = compared.means["auroc"]
    rows = []
    for name, of_set in values.iterrows():
        best = of_set[compared.ranked()].max()
        cells = [f"**{v:.3f}**" if v == best else f"{v:.3f}" for v in of_set]
        title = f"{name} (held out)" if name in HELD_OUT else name
        rows.append([title, compared.seeds[name], *cells])
    return ["### AUROC by set", "", table(["set", "seeds", *values.columns], rows), ""]


# -- the whole ---------------------------------------------------------------------------------


def load_sentence(fits: pd.DataFrame) -> str:
    """Return how busy the machine was: seconds of a busy one are longer."""
    ours = fits["method"].map(lambda method: METHODS[method].ours)
    parts = {"ours": fits.loc[ours, "load"], "the peers": fits.loc[~ours, "load"]}
    said = [f"{v.median():.1f} ({title})" for title, v in parts.items() if len(v)]
    return f" Median load average during the fits: {', '.join(said)}."


def introduction(fits: pd.DataFrame, lines: list[dict], parts: list[Compared]) -> list[str]:
    """Return over what the report was computed, and how to read it."""
    rows, seeds = int(fits["rows"].iloc[0]), sorted(map(int, set(fits["seed"])))
    text = [
        "# Anomalies in tables: ours beside the peers",
        "",
        f"`python benchmarks/anomaly.py report`: {fits['set'].nunique()} sets of ADBench, at most "
        f"{rows} rows each (a stratified sample), seeds {seeds}, defaults everywhere. A "
        f"stratified {100 * (1 - TEST_SHARE):.0f}/{100 * TEST_SHARE:.0f} split, the same for "
        "every method; scored on the test part. Ours read the rows as they are; the peers read "
        "them scaled to [0, 1] by the training part. One thread for each library.",
        "",
        machine_sentence(lines) + load_sentence(fits),
        "",
        "Of a set, the mean over the seeds that all methods finished counts; intervals are 95 % "
        f"bootstrap intervals over sets. Win/tie/loss counts sets, differences up to {TIE} tie; p "
        "is of the two-sided Wilcoxon signed-rank test over sets, corrected by Holm for the rows "
        "of its table. A process makes all fits of a method on a set; what is compiled (ours, and "
        "PyOD's through Numba) is compiled in its first, which is of the contaminated protocol. "
        "Ratios of seconds are geometric means over sets. "
        f"{UNTRAINED} is our network with its first weights, the same rows and centre.",
        "",
    ]
    dropped = [f"- {part.protocol}: {said}" for part in parts for said in part.dropped]
    return text + ([*dropped, ""] if dropped else [])


def protocol_section(compared: Compared) -> list[str]:
    """Return all of one protocol."""
    spread = sorted(set(compared.seeds.values()))
    shown = f"{spread[0]}" if len(spread) == 1 else f"{spread[0]} to {spread[-1]}"
    title = f"## {compared.protocol.capitalize()}: {PROTOCOLS[compared.protocol]}"
    lines = [title, "", f"{len(compared.seeds)} sets, seeds of each: {shown}.", ""]
    sections = (mean_section, parts_section, baseline_section, twin_section, labelled_section,
                set_section)  # fmt: skip
    return lines + [line for section in sections for line in section(compared)]


def report(options) -> None:
    """Write the report of the files."""
    lines = list(read_lines(options.files))
    fits = chosen_fits(lines, options, KEY, chosen_methods)
    found = [compare(fits, protocol, options.share) for protocol in PROTOCOLS]
    parts = [part for part in found if part is not None]
    if not parts:
        raise SystemExit("no set on which two of the methods finished the same seed")
    text = introduction(fits, lines, parts)
    for part in parts:
        text += protocol_section(part)
    written = "\n".join([*text, *failure_section(fits, METHODS)])
    if options.out:
        options.out.write_text(written + "\n")
    else:
        print(written)
