"""Line and reliability charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from appliednn.audit._base import Figure
from appliednn.audit.report._format import format_number
from appliednn.audit.report._plot import Plot, legend_rows, padded_range

MAX_POINTS = 120


def line_chart(
    title: str,
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    x_label: str = "",
    y_label: str = "",
    *,
    bands: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]] | None = None,
    reference: Literal["diagonal"] | float | None = None,
    points: Mapping[str, tuple[float, float]] | None = None,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    markers: bool = False,
    alt: str = "",
) -> Figure:
    """Draw one line a series.

    Parameters
    ----------
    title : str
        What the figure shows.
    series : mapping of str to (x, y)
        Points with NaN are left out; more than 120 points are thinned evenly along x.
    x_label, y_label : str
        Axis labels, with the unit.
    bands : mapping of str to (x, low, high), optional
        Interval of the series of that name.
    reference : "diagonal" or float, optional
        A dashed diagonal, or a dashed level line at this y.
    points : mapping of str to (x, y), optional
        Single places to mark, each with its name beside it.
    x_range, y_range : tuple of float, optional
        Data at the edges; by default all that is drawn, with air above and below.
    markers : bool
        A dot on each point (for a few measured levels).
    alt : str
        The figure in words; by default start and end of each line.

    Returns
    -------
    Figure

    Examples
    --------
    >>> line_chart("Loss", {"train": ([0, 1], [0.7, 0.3])}, "epoch").alt
    'Line chart, Loss. train: from 0.700 at 0 to 0.300 at 1.'
    """
    lines = {name: _clean(*xy) for name, xy in series.items()}
    areas = {name: _clean(*band) for name, band in (bands or {}).items()}
    points = dict(points or {})
    xs = [v for line in lines.values() for v in line[0]] + [p[0] for p in points.values()]
    ys = [v for part in (*lines.values(), *areas.values()) for column in part[1:] for v in column]
    ys += [p[1] for p in points.values()]
    if isinstance(reference, (int, float)):
        ys.append(float(reference))
    x_range = x_range or padded_range(xs, 0.0)
    plot = _area(x_range, y_range or padded_range(ys), list(lines), y_label)
    plot.x_axis(x_label)
    plot.y_axis(y_label)
    _reference(plot, reference)
    for k, name in enumerate(lines):
        if name in areas:
            _band(plot, areas[name], k)
    for k, (x, y) in enumerate(lines.values()):
        places = [(plot.x(a), plot.y(b)) for a, b in zip(x, y, strict=True)]
        plot.path(places, k)
        if markers:
            for place in places:
                plot.dot(*place, k, 3)
    _mark(plot, points, len(lines))
    return plot.figure(title, alt or _describe(title, lines, points))


def reliability_chart(
    title: str,
    predicted: Sequence[float],
    observed: Sequence[float],
    counts: Sequence[int],
    *,
    intervals: Sequence[tuple[float, float]] | None = None,
    x_label: str = "mean predicted probability",
    y_label: str = "observed share",
    alt: str = "",
) -> Figure:
    """Draw predicted against observed per bin, with intervals and the rows per bin below.

    Parameters
    ----------
    title : str
        What the figure shows.
    predicted, observed : sequence of float of shape (n_bins,)
        Mean prediction and observed share of each bin; NaN for an empty bin.
    counts : sequence of int of shape (n_bins,)
        Rows in each bin.
    intervals : sequence of (low, high), optional
        Interval of each observed share.
    x_label, y_label : str
        Axis labels.
    alt : str
        The figure in words; by default bins, rows and the widest gap.

    Returns
    -------
    Figure
    """
    p, o, n = (np.asarray(v, dtype=float) for v in (predicted, observed, counts))
    plot = Plot(330, (0, 1), (0, 1), top=24, bottom=84)
    plot.x_axis(grid=True)
    plot.y_axis(y_label)
    _reference(plot, "diagonal")
    order = [i for i in np.argsort(p) if np.isfinite(p[i]) and np.isfinite(o[i])]
    plot.path([(plot.x(p[i]), plot.y(o[i])) for i in order], 0, width=1.4)
    for i in order:
        if intervals is not None and np.all(np.isfinite(intervals[i])):
            low, high = (plot.y(v) for v in intervals[i])
            plot.path([(plot.x(p[i]), low), (plot.x(p[i]), high)], 0, width=1.4)
        plot.dot(plot.x(p[i]), plot.y(o[i]), 0)
    most = max(float(n.max(initial=0)), 1.0)
    for i in order:
        height = 30 * n[i] / most
        plot.add(
            f'<rect class="f6" x="{plot.x(p[i]) - 3:.1f}" y="{310 - height:.1f}" width="6" '
            f'height="{height:.1f}" fill="#6b7684" fill-opacity=".7"/>'
        )
    plot.rule(plot.x0, 310, plot.x1, 310, opacity=0.45)
    plot.text(plot.x0 - 6, 308, "rows", anchor="end", soft=True)
    plot.text((plot.x0 + plot.x1) / 2, 326, x_label, anchor="middle")
    if not alt:
        gap = max((abs(o[i] - p[i]) for i in order), default=0.0)
        alt = (
            f"Reliability diagram, {title}. {len(order)} bins with {format_number(int(n.sum()))} "
            f"rows; the widest gap between predicted and observed is {format_number(gap)}."
        )
    return plot.figure(title, alt)


def _area(x_range, y_range, names: list[str], y_label: str) -> Plot:
    """Return a plotting area with the legend above it."""
    rows = legend_rows(names) if len(names) > 1 else 0
    top = 12 + rows * 16 + (16 if y_label else 0)
    plot = Plot(230 + top, x_range, y_range, top=top)
    if rows:
        plot.legend(names, 14)
    return plot


def _clean(*columns: Sequence[float]) -> list[list[float]]:
    """Return columns without NaN rows, thinned to :data:`MAX_POINTS`."""
    table = np.column_stack([np.asarray(c, dtype=float) for c in columns])
    table = table[np.isfinite(table).all(axis=1)]
    if len(table) > MAX_POINTS:
        keep = np.unique(np.linspace(0, len(table) - 1, MAX_POINTS).round().astype(int))
        table = table[keep]
    return [table[:, j].tolist() for j in range(table.shape[1])]


def _reference(plot: Plot, reference) -> None:
    """Draw the dashed diagonal or level line."""
    if reference == "diagonal":
        low = max(plot.x_range[0], plot.y_range[0])
        high = min(plot.x_range[1], plot.y_range[1])
        places = (plot.x(low), plot.y(low), plot.x(high), plot.y(high))
        plot.rule(*places, opacity=0.55, dash="4 4")
    elif reference is not None:
        y = plot.y(float(reference))
        plot.rule(plot.x0, y, plot.x1, y, opacity=0.55, dash="4 4")


def _band(plot: Plot, band: list[list[float]], k: int) -> None:
    """Fill the interval of a series."""
    x, low, high = band
    upper = [(plot.x(a), plot.y(b)) for a, b in zip(x, high, strict=True)]
    lower = [(plot.x(a), plot.y(b)) for a, b in zip(x, low, strict=True)]
    if upper:
        plot.area(upper + lower[::-1], k)


def _mark(plot: Plot, points: Mapping[str, tuple[float, float]], first: int) -> None:
    """Mark single places, the name on the side where there is room, moved down if taken."""
    taken: list[float] = []
    for k, (name, (a, b)) in enumerate(points.items()):
        x, y = plot.x(a), plot.y(b)
        plot.dot(x, y, first + k, 4.5)
        level = min(max(y + 4, plot.y1 + 10), plot.y0 - 4)
        while any(abs(level - other) < 14 for other in taken):
            level += 14
        taken.append(level)
        right = x < (plot.x0 + plot.x1) / 2
        plot.text(x + (9 if right else -9), level, name, anchor="start" if right else "end")


def _describe(title: str, lines: Mapping[str, list], points: Mapping) -> str:
    """Say where each line starts and ends."""
    said = [
        f"{name}: from {format_number(y[0])} at {_place_name(x[0])} to "
        f"{format_number(y[-1])} at {_place_name(x[-1])}"
        for name, (x, y) in lines.items()
        if x
    ]
    said += [
        f"{name} at {format_number(float(a))}, {format_number(float(b))}"
        for name, (a, b) in points.items()
    ]
    return f"Line chart, {title}. " + "; ".join(said) + "."


def _place_name(x: float) -> str:
    """Return a place on the axis; an epoch is a whole number."""
    return format_number(int(x) if x == int(x) else x)
