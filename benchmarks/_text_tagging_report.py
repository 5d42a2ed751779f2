"""The report of ``text_tagging.py``: from lines of results to Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from _report_parts import bold_ours, chosen_fits, failure_section, machine_sentence
from _runner import read_lines
from _text_tagging_methods import BASELINES, METHODS, chosen_methods
from _text_tagging_run import KEY
from _text_tagging_sets import SETS
from _timing import table

N_BOOT = 2000


def f1_of(counts: np.ndarray) -> np.ndarray:
    """Return F1 of summed counts (..., 3): right, found, there."""
    return 2 * counts[..., 0] / np.maximum(1, counts[..., 1] + counts[..., 2])


def draws(fits: pd.DataFrame) -> np.ndarray:
    """Return mean F1 over the fits on resampled blocks of test sentences, (n_boot,)."""
    blocks = np.array(fits["blocks"].tolist())
    rng = np.random.default_rng(0)
    rows = rng.integers(0, blocks.shape[1], (N_BOOT, blocks.shape[1]))
    return np.mean([f1_of(of_fit[rows].sum(axis=1)) for of_fit in blocks], axis=0)


def interval(values: np.ndarray, shown: str) -> str:
    """Return a 95 % interval for a cell."""
    low, high = 100 * np.quantile(values, [0.025, 0.975])
    return f"{low:{shown}} to {high:{shown}}"


def set_section(name: str, fits: pd.DataFrame) -> list[str]:
    """Return F1, its difference from the CRFs' and seconds of each method on a set."""
    done = fits[fits["status"] == "ok"]
    if done.empty:
        return [f"## {name}", "", "No fit was finished.", ""]
    by_method = dict(iter(done.groupby("method", sort=False)))
    drawn = {method: draws(of) for method, of in by_method.items()}
    rows = []
    for method, of in sorted(by_method.items(), key=lambda item: -item[1]["f1"].mean()):
        cells = [
            bold_ours(method, METHODS),
            len(of),
            f"{100 * of['f1'].mean():.2f} ({interval(drawn[method], '.1f')})",
            f"{100 * of['f1'].min():.1f} to {100 * of['f1'].max():.1f}",
            f"{100 * of['precision'].mean():.1f}",
            f"{100 * of['recall'].mean():.1f}",
        ]
        for baseline in BASELINES:
            if baseline not in by_method or baseline == method:
                cells.append("-")
                continue
            gap = 100 * (of["f1"].mean() - by_method[baseline]["f1"].mean())
            cells.append(f"{gap:+.2f} ({interval(drawn[method] - drawn[baseline], '+.1f')})")
        cells += [f"{of['fit_cpu'].mean():.1f}", f"{of['score_cpu'].mean():.1f}"]
        rows.append(cells)
    columns = ["method", "seeds", "F1", "seeds' range", "precision", "recall",
               *(f"against {b}" for b in BASELINES), "fit, CPU s", "tag, CPU s"]  # fmt: skip
    sizes = f"{done['n_train'].max():.0f} training and {done['n_test'].max():.0f} test sentences"
    return [f"## {name}", "", f"{SETS[name].source}; here {sizes}.", "", table(columns, rows), ""]


def report(options) -> None:
    """Write the report of the files."""
    lines = list(read_lines(options.files))
    fits = chosen_fits(lines, options, KEY, chosen_methods)
    parts = [
        "# Named entities: our taggers beside CRFs on hand-made features",
        "",
        "`python benchmarks/text_tagging.py report`: F1 of entities as conlleval counts it, in "
        "per cent, means over seeds; 95 % bootstrap intervals over test sentences, paired for "
        "differences. Defaults of every method, trained on the training part alone. One thread; "
        "the first compilation is inside the seconds of a fit.",
        "",
        machine_sentence(lines),
        "",
    ]
    for name in [n for n in SETS if n in set(fits["set"])]:
        parts += set_section(name, fits[fits["set"] == name])
    text = "\n".join(parts + failure_section(fits, METHODS))
    if options.out:
        options.out.write_text(text + "\n")
    else:
        print(text)
