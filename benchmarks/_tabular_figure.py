"""The critical-difference diagram of ``tabular.py``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from _tabular_statistics import cliques

OURS, PEER, BAR = "#0b5394", "#444444", "#b45f06"
LINE = 0.34  # inches between two labels


def rank_diagram(
    mean_ranks: pd.Series, difference: float, title: str, ours: set[str], path: Path
) -> None:
    """Draw mean ranks on an axis, the best on the left; bars join what is not told apart.

    The diagram of Demsar (2006), figure 1. The SVG is the same for the same numbers.
    """
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "tabular", "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    ordered = mean_ranks.sort_values()
    n, left = len(ordered), (len(ordered) + 1) // 2
    bars = cliques(ordered, difference)
    low, high = 1.0, float(n)
    depth = 0.5 + 0.22 * len(bars)
    figure, axes = plt.subplots(figsize=(9, 1.1 + 0.2 * len(bars) + LINE * left))
    axes.set_axis_off()
    axes.plot([low, high], [0, 0], color="black", lw=1)
    for tick in range(1, n + 1):
        axes.plot([tick, tick], [0, 0.12], color="black", lw=1)
        axes.text(tick, 0.22, str(tick), ha="center", va="bottom", fontsize=9)
    margin = 0.04 * (high - low)
    for place, (name, rank) in enumerate(ordered.items()):
        on_left = place < left
        row = place if on_left else n - 1 - place
        y = -depth - row * 0.5
        edge = low - margin if on_left else high + margin
        color = OURS if name in ours else PEER
        axes.plot([rank, rank, edge], [0, y, y], color=color, lw=1)
        align, space = ("right", -0.1) if on_left else ("left", 0.1)
        axes.text(
            edge + space, y, f"{name} ({rank:.2f})", ha=align, va="center", color=color,
            fontweight="bold" if name in ours else "normal", fontsize=9,
        )  # fmt: skip
    for place, (first, last) in enumerate(bars):
        y = -0.25 - 0.22 * place
        axes.plot([ordered[first] - 0.04, ordered[last] + 0.04], [y, y], color=BAR, lw=3)
    axes.plot([low, low + difference], [0.95, 0.95], color=BAR, lw=2)
    axes.text(low, 1.02, f"critical difference {difference:.2f}", va="bottom", fontsize=9)
    axes.set_title(title, fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
