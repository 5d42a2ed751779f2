"""Parts of the reports of the benchmarks on sets: from lines of results to fits and sections.

``methods`` is a benchmark's table of methods by name; each says with ``ours`` whose it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from _runner import fits_by_key
from _timing import table


def bold_ours(method: str, methods: dict) -> str:
    """Return the name for a cell, ours in bold."""
    return f"**{method}**" if methods[method].ours else method


def chosen_fits(
    lines: list[dict],
    options,
    key: tuple[str, ...],
    chosen_methods: Callable[[list[str]], list[str]],
) -> pd.DataFrame:
    """Return the last line of each fit of the chosen methods, of one number of rows."""
    fits = pd.DataFrame(list(fits_by_key(lines, key).values()))
    if fits.empty:
        raise SystemExit("no results in " + ", ".join(map(str, options.files)))
    rows = options.rows or fits["rows"].max()
    wanted = [m for m in chosen_methods(options.methods) if m in set(fits["method"])]
    fits = fits[(fits["rows"] == rows) & fits["method"].isin(wanted)].reset_index(drop=True)
    if fits.empty:
        raise SystemExit(f"no results with --rows {rows} of these methods")
    of_method = fits["method"].map(wanted.index)
    fits = fits.iloc[np.argsort(of_method, kind="stable")].reset_index(drop=True)
    for column in ("scores", "budget", "error"):  # absent where no fit ended so
        fits[column] = fits.get(column, pd.Series(None, fits.index, dtype=object))
    return fits.join(pd.DataFrame([s if isinstance(s, dict) else {} for s in fits["scores"]]))


def shared_fits(
    of_set: pd.DataFrame, share: float, by: list[str]
) -> tuple[list[str], pd.DataFrame]:
    """Return the methods that take part in a set and their fits on the splits all of them have.

    A method takes part if it finished ``share`` of the splits that the fullest method finished;
    the columns ``by`` name a split.
    """
    done = of_set[of_set["status"] == "ok"]
    if done.empty:
        return [], done
    counts = done.groupby("method").size()
    parts = list(counts.index[counts >= share * counts.max()])
    done = done[done["method"].isin(parts)]
    sizes = done.groupby(by)["method"].transform("nunique")
    return parts, done[sizes == len(parts)]


def machine_sentence(lines: list[dict]) -> str:
    """Return the processors and packages of the last run."""
    machine = next((r["machine"] for r in reversed(lines) if "machine" in r), {})
    packages = ", ".join(f"{k} {v}" for k, v in machine.get("versions", {}).items() if v)
    return f"{machine.get('cpus', '?')} CPU, Python {machine.get('python', '?')}; {packages}."


def failure_section(fits: pd.DataFrame, methods: dict) -> list[str]:
    """Return finished fits, timeouts and errors of each method."""
    rows = []
    for method, of_method in fits.groupby("method", sort=False):
        bad = of_method[of_method["status"] != "ok"]
        kinds = Counter(f"{r['error']} on {r['set']}" for _, r in bad.iterrows())
        said = ", ".join(f"{k} x{n}" for k, n in kinds.most_common(8)) or "-"
        code = ", ".join(dict.fromkeys(of_method["code"])) if methods[method].ours else "-"
        counts = of_method["status"].value_counts()
        rows.append([bold_ours(method, methods),
                     *(int(counts.get(s, 0)) for s in ("ok", "timeout", "failed")),
                     said, code])  # fmt: skip
    columns = ["method", "finished", "timeouts", "failed", "which", "commits"]
    return ["## Fits", "", table(columns, rows), ""]
