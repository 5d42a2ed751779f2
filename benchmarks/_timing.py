"""Shared by the benchmarks: seconds of a call, a ratio with an interval, a Markdown table."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence

import numpy as np


def seconds(call: Callable[[], object], repeat: int = 1, number: int = 1) -> float:
    """Median over ``repeat`` of the mean seconds of ``number`` calls."""
    values = []
    for _ in range(repeat):
        began = time.perf_counter()
        for _ in range(number):
            call()
        values.append((time.perf_counter() - began) / number)
    return float(np.median(values))


def ratio(ours: Sequence[float], theirs: Sequence[float], n_boot: int = 2000) -> tuple:
    """Median of the ratio ours / theirs, paired by seed, with a 95 % bootstrap interval."""
    pairs = np.asarray(ours) / np.asarray(theirs)
    rng = np.random.default_rng(0)
    draws = np.median(rng.choice(pairs, (n_boot, len(pairs))), axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(np.median(pairs)), float(low), float(high)


def table(columns: Sequence[str], rows: Sequence[Sequence]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """Return processor count, Python and the packages that matter, in one line."""
    import importlib.metadata as metadata
    import os

    names = ("tensorflow", "keras", "scikit-learn", "skorch", "torch", "scikeras")
    found = []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} not installed")
    return f"{os.cpu_count()} CPU, Python {platform.python_version()}, " + ", ".join(found)
