"""Bars, dots with intervals, histograms: one row of the figure for each name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from appliednn.audit._base import Figure
from appliednn.audit.report._format import format_interval, format_number
from appliednn.audit.report._plot import (
    WIDTH,
    Plot,
    fill,
    legend_rows,
    num,
    padded_range,
    shorten,
    text_width,
)
from appliednn.core.statistics import Estimate

ROW = 24
MAX_ROWS = 40


def bar_chart(
    title: str,
    labels: Sequence[object],
    values: Sequence[float | None],
    *,
    intervals: Sequence[tuple[float, float] | None] | None = None,
    x_label: str = "",
    reference: float | None = None,
    alt: str = "",
) -> Figure:
    """Draw level bars from zero, the value written at the right.

    Parameters
    ----------
    title : str
        What the figure shows.
    labels : sequence of shape (n,)
        Names of the bars; beyond 40 bars the rest is left out and counted.
    values : sequence of float or None of shape (n,)
        None is written as *not estimable*.
    intervals : sequence of (low, high) or None, optional
        Interval of each value.
    x_label : str
        What the length of a bar is, with the unit.
    reference : float, optional
        A dashed upright line.
    alt : str
        The figure in words; by default every value.

    Returns
    -------
    Figure

    Examples
    --------
    >>> bar_chart("Importance", ["age", "sex"], [0.4, 0.1]).alt
    'Bar chart, Importance. age: 0.400; sex: 0.100.'
    """
    rows = [
        _row(name, value, None if intervals is None else intervals[i])
        for i, (name, value) in enumerate(zip(labels, values, strict=True))
    ]
    ends = [0.0] if reference is None else [0.0, reference]
    plot, shown = _rows_area(rows, ends, x_label, "" if len(rows) <= MAX_ROWS else "more")
    zero = plot.x(0)
    for i, (_, estimate) in enumerate(shown):
        if estimate.value is not None:
            x, y = plot.x(estimate.value), _level(plot, i)
            plot.add(
                f'<rect x="{num(min(zero, x))}" y="{num(y - 7)}" width="{num(abs(x - zero))}" '
                f'height="14" rx="1.5" {fill(0)} fill-opacity=".82"/>'
            )
            _grey_whisker(plot, estimate, y)
    plot.rule(zero, plot.y0, zero, plot.y1, opacity=0.45)
    _upright(plot, reference)
    return plot.figure(title, alt or _describe("Bar chart", title, rows))


def interval_chart(
    title: str,
    rows: Mapping[object, Estimate] | Sequence[tuple[object, Estimate]],
    *,
    x_label: str = "",
    zero: float | None = None,
    x_range: tuple[float, float] | None = None,
    alt: str = "",
) -> Figure:
    """Draw a dot with its interval for each name, n written at the right.

    Parameters
    ----------
    title : str
        What the figure shows.
    rows : mapping or sequence of (label, Estimate)
        What is not estimable keeps its row and says so; beyond 40 rows the rest is left out.
    x_label : str
        What is measured, with the unit.
    zero : float, optional
        A dashed upright line at the value that means "no difference".
    x_range : tuple of float, optional
        Data at the edges.
    alt : str
        The figure in words; by default every estimate.

    Returns
    -------
    Figure

    Examples
    --------
    >>> rows = {"women": Estimate("TPR", 0.7, (0.62, 0.77), 140)}
    >>> interval_chart("Recall by sex", rows).alt
    'Interval chart, Recall by sex. women: 0.700 (0.620 to 0.770), n = 140.'
    """
    pairs = list(rows.items()) if isinstance(rows, Mapping) else list(rows)
    plot, shown = _rows_area(pairs, [] if zero is None else [zero], x_label, "n", x_range)
    for i, (_, estimate) in enumerate(shown):
        if estimate.value is not None:
            y = _level(plot, i)
            if estimate.ci is not None and np.all(np.isfinite(estimate.ci)):
                plot.whisker(plot.x(estimate.ci[0]), plot.x(estimate.ci[1]), y)
            plot.dot(plot.x(estimate.value), y, 0, 4)
    _upright(plot, zero)
    return plot.figure(title, alt or _describe("Interval chart", title, pairs, counts=True))


def histogram(
    title: str,
    series: Mapping[str, Sequence[float]] | Sequence[float],
    x_label: str = "",
    *,
    bins: int | Sequence[float] = 20,
    reference: float | None = None,
    alt: str = "",
) -> Figure:
    """Draw the share of values per bin, one outline a series (counts alone leave the data).

    Parameters
    ----------
    title : str
        What the figure shows.
    series : mapping of str to values, or values
        NaN and infinity are left out.
    x_label : str
        What is measured, with the unit.
    bins : int or sequence of float
        Number of bins of equal width, or their edges.
    reference : float, optional
        A dashed upright line (a threshold).
    alt : str
        The figure in words; by default n and median of each series.

    Returns
    -------
    Figure
    """
    named = series if isinstance(series, Mapping) else {"all rows": series}
    values = {k: _finite(v) for k, v in named.items()}
    together = np.concatenate(list(values.values())) if values else np.zeros(0)
    edges = np.histogram_bin_edges(together, bins=bins) if len(together) else np.array([0.0, 1.0])
    shares = {k: np.histogram(v, edges)[0] / max(len(v), 1) for k, v in values.items()}
    top = max((float(s.max(initial=0)) for s in shares.values()), default=1.0)
    rows = legend_rows(list(values)) if len(values) > 1 else 0
    margin = 28 + rows * 16
    x_range = (float(edges[0]), float(edges[-1]))
    plot = Plot(210 + margin, x_range, (0, top * 1.06 or 1), top=margin)
    if rows:
        plot.legend(list(values), 14)
    plot.x_axis(x_label, grid=False)
    plot.y_axis("share of rows")
    for k, share in enumerate(shares.values()):
        outline = [
            (plot.x(edges[i + side]), plot.y(share[i]))
            for i in range(len(share))
            for side in (0, 1)
        ]
        floor = [(plot.x1, plot.y0), (plot.x0, plot.y0)]
        plot.area(outline + floor, k)
        plot.path(outline, k, width=1.6)
    _upright(plot, reference)
    return plot.figure(title, alt or _describe_values(title, values))


def _row(name: object, value, ci) -> tuple[object, Estimate]:
    """Return a bar as a labelled estimate (n is not shown for bars)."""
    missing = value is None or not np.isfinite(value)
    return name, Estimate(str(name), None if missing else float(value), ci, 0)


def _rows_area(rows, ends, x_label, right, x_range=None):
    """Return the plotting area with labels and the right column, and the rows shown."""
    shown = rows[:MAX_ROWS]
    numbers = [v for _, e in shown if e.value is not None for v in (e.value, *(e.ci or ()))]
    x_range = x_range or padded_range([*numbers, *ends])
    names = [str(name) for name, _ in shown]
    left = 16 + min(max((text_width(n) for n in names), default=0), WIDTH * 0.36)
    column = [_beside(e, right) for _, e in shown]
    right_margin = 14 + max((text_width(c) for c in column if c != "not estimable"), default=0)
    top = 22 if right == "n" else 8
    more = len(rows) - len(shown)
    bottom = (40 if x_label else 24) + (18 if more else 0)
    height = top + ROW * len(shown) + bottom
    plot = Plot(height, x_range, (0, 1), left=left, right=right_margin, top=top, bottom=bottom)
    plot.x_axis(x_label)
    for i, ((_, estimate), name) in enumerate(zip(shown, names, strict=True)):
        y = _level(plot, i) + 4
        plot.text(left - 8, y, shorten(name, left - 12), anchor="end")
        if estimate.value is None:
            plot.text(plot.x0 + 6, y, "not estimable", soft=True)
        else:
            plot.text(WIDTH - 2, y, column[i], anchor="end", soft=True)
    if right == "n":
        plot.text(WIDTH - 2, 13, "n", anchor="end", soft=True)
    if more:
        plot.text(4, height - 4, f"and {more} more, not drawn", soft=True)
    return plot, shown


def _beside(estimate: Estimate, right: str) -> str:
    """Return what stands at the right of a row."""
    if estimate.value is None:
        return "not estimable"
    return format_number(int(estimate.n)) if right == "n" else format_number(estimate.value)


def _level(plot: Plot, i: int) -> float:
    """Return the middle of row ``i``."""
    return plot.y1 + ROW * (i + 0.5)


def _grey_whisker(plot: Plot, estimate: Estimate, y: float) -> None:
    """Draw an interval over a bar in the colour of the text."""
    if estimate.ci is not None and np.all(np.isfinite(estimate.ci)):
        plot.rule(plot.x(estimate.ci[0]), y, plot.x(estimate.ci[1]), y, opacity=0.8, width=1.5)


def _upright(plot: Plot, value: float | None) -> None:
    """Draw a dashed upright line at a data value."""
    if value is not None:
        plot.rule(plot.x(value), plot.y0, plot.x(value), plot.y1, opacity=0.6, dash="4 4")


def _finite(values: Sequence[float]) -> np.ndarray:
    """Return the finite values as floats."""
    array = np.asarray(values, dtype=float).ravel()
    return array[np.isfinite(array)]


def _describe(kind: str, title: str, rows, counts: bool = False) -> str:
    """Say every value, its interval and n."""
    said = []
    for name, estimate in rows[:MAX_ROWS]:
        if estimate.value is None:
            said.append(f"{name}: not estimable")
            continue
        text = f"{name}: {format_number(estimate.value)}"
        text += f" ({format_interval(estimate.ci)})" if estimate.ci is not None else ""
        said.append(text + (f", n = {format_number(int(estimate.n))}" if counts else ""))
    return f"{kind}, {title}. " + "; ".join(said) + "."


def _describe_values(title: str, values: Mapping[str, np.ndarray]) -> str:
    """Say n and median of each series."""
    said = [
        f"{name}: n = {format_number(len(v))}, median {format_number(float(np.median(v)))}"
        for name, v in values.items()
        if len(v)
    ]
    return f"Histogram, {title}. " + "; ".join(said) + "."
