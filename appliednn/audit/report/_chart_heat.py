"""A heat map with its numbers written in the cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.audit._base import Figure
from appliednn.audit.report._format import format_number
from appliednn.audit.report._plot import WIDTH, Plot, fill, num, shorten, text_width

CELL_HEIGHT = 30


def heatmap(
    title: str,
    rows: Sequence[object],
    columns: Sequence[object],
    values,
    *,
    x_label: str = "",
    y_label: str = "",
    decimals: int | None = None,
    shade=None,
    alt: str = "",
) -> Figure:
    """Draw a table of numbers whose shade grows with their size.

    Negative numbers are shaded in a second colour; the number itself stands in the cell, in the
    colour of the text, so that nothing is said by shade alone.

    Parameters
    ----------
    title : str
        What the figure shows.
    rows, columns : sequence
        Names; beyond 24 of either the rest is left out.
    values : array-like of shape (n_rows, n_columns)
        NaN is drawn as an empty cell.
    x_label, y_label : str
        What columns and rows are.
    decimals : int, optional
        Digits after the point; integers are shown whole.
    shade : array-like of shape (n_rows, n_columns), optional
        Decides the shade instead of ``values`` (row shares of a confusion matrix).
    alt : str
        The figure in words; by default its largest cell.

    Returns
    -------
    Figure

    Examples
    --------
    >>> heatmap("Confusion", ["no", "yes"], ["no", "yes"], [[50, 3], [4, 20]]).alt
    'Heat map, Confusion, 2 by 2. Largest: no, no with 50.'
    """
    table = np.asarray(values)
    if table.dtype.kind not in "iu":
        table = table.astype(float)
    table = table[:24, :24]
    names = [str(r) for r in rows][:24]
    heads = [str(c) for c in columns][:24]
    tint = np.abs(table if shade is None else np.asarray(shade, dtype=float)[:24, :24])
    most = float(np.nanmax(tint)) if tint.size and np.isfinite(tint).any() else 1.0
    plot = _area(names, x_label, y_label)
    width = (plot.x1 - plot.x0) / max(len(heads), 1)
    _heads(plot, heads, width)
    for i, name in enumerate(names):
        y = plot.y1 + i * CELL_HEIGHT
        plot.text(plot.x0 - 8, y + 19, shorten(name, plot.x0 - 14), anchor="end")
        for j in range(len(heads)):
            depth = 0.0 if not np.isfinite(tint[i, j]) else float(tint[i, j]) / (most or 1.0)
            _cell(plot, plot.x0 + j * width, y, width, table[i, j], depth, decimals)
    return plot.figure(title, alt or _describe(title, names, heads, table))


def _area(names: list[str], x_label: str, y_label: str) -> Plot:
    """Return the area with room for the names, and the labels of both sides."""
    left = 20 + min(max((text_width(n) for n in names), default=0), WIDTH * 0.34)
    left = max(left, text_width(y_label) + 14 if y_label else 0)
    top = 26 + (18 if x_label else 0)
    height = top + CELL_HEIGHT * len(names) + 6
    plot = Plot(height, (0, 1), (0, 1), left=left, right=4, top=top, bottom=6)
    if x_label:
        plot.text((plot.x0 + plot.x1) / 2, 13, x_label, anchor="middle", soft=True)
    if y_label:
        plot.text(plot.x0 - 8, plot.y1 - 8, y_label, anchor="end", soft=True)
    return plot


def _heads(plot: Plot, heads: list[str], width: float) -> None:
    """Write the column names, cut to their column (numbered when a column is too narrow)."""
    for j, head in enumerate(heads):
        text = shorten(head, width - 4)
        middle = plot.x0 + (j + 0.5) * width
        text = text if text == head or len(text) > 1 else str(j + 1)
        plot.text(middle, plot.y1 - 8, text, anchor="middle")


def _cell(plot: Plot, x: float, y: float, width: float, value, depth: float, decimals) -> None:
    """Draw one cell with its number."""
    k = 1 if value < 0 else 0
    opacity = num(100 * (0.04 + 0.46 * depth))
    plot.add(
        f'<rect x="{num(x + 1)}" y="{num(y + 1)}" width="{num(width - 2)}" '
        f'height="{CELL_HEIGHT - 2}" rx="2" {fill(k)} fill-opacity="{opacity}%"/>'
    )
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float) and not np.isfinite(number):
        return
    text = format_number(number, None if isinstance(number, int) else decimals)
    if text_width(text) <= width - 4:
        plot.text(x + width / 2, y + 19, text, anchor="middle")


def _describe(title: str, names: list[str], heads: list[str], table: np.ndarray) -> str:
    """Say the size and the largest cell."""
    said = f"Heat map, {title}, {len(names)} by {len(heads)}."
    if table.size and np.isfinite(table).any():
        i, j = np.unravel_index(np.nanargmax(table), table.shape)
        said += f" Largest: {names[i]}, {heads[j]} with {format_number(table[i, j].item())}."
    return said
