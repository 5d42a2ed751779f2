"""The report of ``text.py``: scores by set and method, and each method beside the SVC."""

from __future__ import annotations

import numpy as np
from _report_parts import bold_ours, chosen_fits, failure_section, machine_sentence
from _runner import read_lines
from _text_methods import METHODS, chosen_methods
from _text_run import KEY
from _text_sets import SETS
from _timing import table

_PEER = "TF-IDF + LinearSVC"


def report(options) -> None:
    """Print the report, or write it to a file."""
    lines = list(read_lines(options.files))
    fits = chosen_fits(lines, options, KEY, chosen_methods)
    done = fits[fits["status"] == "ok"]
    done = done.assign(network_counts=done.get("network_counts"))  # older lines do not say
    parts = ["# Texts: classification", "", machine_sentence(lines), ""]
    for score, title in (("macro_f1", "Macro F1"), ("accuracy", "Accuracy")):
        parts += [f"## {title}, percent: mean over seeds, and their standard deviation", ""]
        parts += [_scores(done, score), ""]
    parts += ["## Accuracy beside the SVC on the same splits, percentage points", ""]
    parts += ["With the 95 % bootstrap interval of the mean over seeds.", "", _beside(done), ""]
    parts += ["## Processor seconds of a fit, median over seeds", "", _seconds(done), ""]
    parts += ["## Fits of ours in which the network counts beside the linear model", ""]
    parts += [_counts(done), "", *failure_section(fits, METHODS)]
    text = "\n".join(parts)
    if options.out is None:
        print(text)
    else:
        options.out.write_text(text, encoding="utf-8")


def _by_set(done, cell) -> str:
    sets = [name for name in SETS if name in set(done["set"])]
    rows = []
    for method, of_method in done.groupby("method", sort=False):
        cells = []
        for name in sets:
            here = of_method[of_method["set"] == name]
            cells.append(cell(here) if len(here) else "-")
        rows.append([bold_ours(method, METHODS), *cells])
    return table(["method", *sets], rows)


def _scores(done, score: str) -> str:
    def cell(here) -> str:
        values = 100 * here[score].to_numpy(float)
        spread = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
        return f"{values.mean():.1f}{spread} (n={len(values)})"

    return _by_set(done, cell)


def _seconds(done) -> str:
    return _by_set(done, lambda here: f"{here['fit_cpu'].median():.1f}")


def _counts(done) -> str:
    known = done[done["network_counts"].notna()]
    return _by_set(known, lambda here: f"{int(here['network_counts'].sum())} of {len(here)}")


def _beside(done) -> str:
    svc = done[done["method"] == _PEER].set_index(["set", "seed"])["accuracy"]

    def cell(here) -> str:
        both = here.set_index(["set", "seed"])["accuracy"].to_frame("own").join(svc, how="inner")
        gaps = 100 * (both["own"] - both["accuracy"]).to_numpy(float)
        if len(gaps) == 0:
            return "-"
        draws = np.random.default_rng(0).choice(gaps, (2000, len(gaps))).mean(axis=1)
        low, high = np.quantile(draws, [0.025, 0.975])
        return f"{gaps.mean():+.2f} [{low:+.2f}, {high:+.2f}]"

    return _by_set(done[done["method"] != _PEER], cell)
