"""The plotting area of an inline SVG: scales, ticks, grid, text that never overlaps.

Colours are given twice: as attributes, so that a figure stands alone, and as classes ``k1`` to
``k6``, which the report's style sheet sets for light and dark pages. Text, axes and grid take the
colour of the surrounding text.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from html import escape

from appliednn.audit._base import Figure
from appliednn.audit.report._format import format_number

WIDTH = 440
FONT = 11.5
#: Told apart with any colour vision; each has at least 3:1 against white and near-black.
PALETTE = ("#2f74c0", "#c8641e", "#168a70", "#9a5bb0", "#9a7a14", "#6b7684")
DASHES = ("", "6 3", "2 2.5", "8 3 2 3", "1 3", "10 4")


def text_width(text: str, size: float = FONT) -> float:
    """Return an estimate of a text's width in SVG units (wide scripts count double)."""
    units = sum(1.02 if unicodedata.east_asian_width(c) in "WF" else 0.57 for c in text)
    return units * size


def shorten(text: object, width: float, size: float = FONT) -> str:
    """Cut a text to a width with an ellipsis.

    Examples
    --------
    >>> shorten("a rather long label", 60)
    'a rather…'
    """
    text = " ".join(str(text).split())
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "\u2026", size) > width:
        text = text[:-1]
    return text.rstrip() + "\u2026"


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round tick values within ``[low, high]``.

    Examples
    --------
    >>> [round(t, 1) for t in nice_ticks(0, 1)]
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    raw = span / count
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(m * scale for m in (1, 2, 5, 10) if m * scale >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Return labels with as many decimals as the step needs."""
    if len(ticks) < 2:
        return [format_number(t) for t in ticks]
    step = abs(ticks[1] - ticks[0])
    if step < 1e-4 or step >= 1e7:
        return [format_number(float(t)) for t in ticks]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [format_number(float(t), decimals) for t in ticks]


def padded_range(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """Return the range of the finite values with some air; ``(0, 1)`` where there are none."""
    finite = [float(v) for v in values if v is not None and math.isfinite(v)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if low == high:
        half = abs(low) * 0.1 or 0.5
        return low - half, high + half
    pad = (high - low) * share
    # Air below zero would suggest that negative values exist.
    return (0.0 if 0 <= low < pad else low - pad), high + pad


def num(value: float) -> str:
    """Return a coordinate with one decimal and no trailing zero."""
    return f"{value:.1f}".removesuffix(".0")


class Plot:
    """A plotting area with linear scales that collects SVG elements.

    Parameters
    ----------
    height : float
        Height of the figure; the width is :data:`WIDTH`.
    x_range, y_range : tuple of float
        Data at the edges of the area.
    left, right, top, bottom : float
        Margins around the area.
    """

    def __init__(
        self,
        height: float,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        *,
        left: float = 46,
        right: float = 12,
        top: float = 10,
        bottom: float = 40,
    ) -> None:
        self.height = height
        self.x_range, self.y_range = x_range, y_range
        self.x0, self.x1 = left, WIDTH - right
        self.y0, self.y1 = height - bottom, top
        self.parts: list[str] = []

    def x(self, value: float) -> float:
        """Return the horizontal place of a data value, kept inside the area."""
        return _place(value, self.x_range, self.x0, self.x1)

    def y(self, value: float) -> float:
        """Return the vertical place of a data value, kept inside the area."""
        return _place(value, self.y_range, self.y0, self.y1)

    def add(self, element: str) -> None:
        """Append a finished element."""
        self.parts.append(element)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "start",
        size: float = FONT,
        soft: bool = False,
        strong: bool = False,
    ) -> None:
        """Write a text; ``soft`` ones recede."""
        more = f' font-size="{num(size)}"' if size != FONT else ""
        more += ' opacity=".78"' if soft else ""
        more += ' font-weight="600"' if strong else ""
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.add(f'<text x="{num(x)}" y="{num(y)}"{where}{more}>{escape(text)}</text>')

    def rule(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        opacity: float = 0.14,
        dash: str = "",
        width: float = 1,
    ) -> None:
        """Draw a straight line in the colour of the text."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(
            f'<path d="M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}" stroke="currentColor" '
            f'stroke-opacity="{opacity}" stroke-width="{num(width)}"{dashed}/>'
        )

    def x_axis(self, label: str = "", *, grid: bool = True, ticks: list[float] | None = None):
        """Draw ticks and the label below; ticks whose labels would touch are thinned."""
        ticks = nice_ticks(*self.x_range, 6) if ticks is None else ticks
        labels = tick_labels(ticks)
        last_end = -math.inf
        for tick, name in zip(ticks, labels, strict=True):
            x, half = self.x(tick), text_width(name) / 2
            if grid:
                self.rule(x, self.y0, x, self.y1)
            centre = min(max(x, half), WIDTH - half)
            if centre - half > last_end + 6:
                self.text(centre, self.y0 + 15, name, anchor="middle", soft=True)
                last_end = centre + half
        self.rule(self.x0, self.y0, self.x1, self.y0, opacity=0.45)
        if label:
            middle = (self.x0 + self.x1) / 2
            shown = shorten(label, self.x1 - self.x0)
            self.text(middle, self.y0 + 32, shown, anchor="middle")

    def y_axis(self, label: str = ""):
        """Draw ticks and grid lines; the label stands above the axis, where it reads level."""
        ticks = nice_ticks(*self.y_range, 6)
        for tick, name in zip(ticks, tick_labels(ticks), strict=True):
            y = self.y(tick)
            self.rule(self.x0, y, self.x1, y)
            self.text(self.x0 - 6, y + 4, name, anchor="end", soft=True)
        if label:
            self.text(4, self.y1 - 9, shorten(label, WIDTH - 8))

    def legend(self, names: Sequence[str], y: float, *, lines: bool = True) -> None:
        """Write the names of the series with their mark, from ``legend_rows`` lines up."""
        for row, items in enumerate(_legend_layout(names)):
            for k, x, name in items:
                base = y + row * 16
                if lines:
                    self.path([(x, base - 4), (x + 18, base - 4)], k)
                else:
                    self.add(
                        f'<rect x="{num(x)}" y="{num(base - 9)}" width="12" height="9" {fill(k)}/>'
                    )
                self.text(x + 23, base, name)

    def path(self, points: Sequence[tuple[float, float]], k: int, *, width: float = 2) -> None:
        """Draw a line through places (not data) in series colour ``k`` (0-based)."""
        if points:
            dash = DASHES[k % len(DASHES)]
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            self.add(
                f'<path class="k{k % 6 + 1}" d="{_trace(points)}" fill="none" '
                f'stroke="{PALETTE[k % 6]}" stroke-width="{num(width)}" '
                f'stroke-linejoin="round"{dashed}/>'
            )

    def area(self, points: Sequence[tuple[float, float]], k: int) -> None:
        """Fill a closed outline lightly in series colour ``k``."""
        self.add(f'<path d="{_trace(points)}Z" {fill(k)} fill-opacity=".16"/>')

    def dot(self, x: float, y: float, k: int = 0, radius: float = 3.6) -> None:
        """Draw a dot at a place."""
        self.add(f'<circle cx="{num(x)}" cy="{num(y)}" r="{num(radius)}" {fill(k)}/>')

    def whisker(self, x1: float, x2: float, y: float, k: int = 0) -> None:
        """Draw a level interval with caps."""
        self.add(
            f'<path class="k{k % 6 + 1}" d="M{num(x1)} {num(y)}L{num(x2)} {num(y)}M{num(x1)} '
            f'{num(y - 3.5)}v7M{num(x2)} {num(y - 3.5)}v7" fill="none" '
            f'stroke="{PALETTE[k % 6]}" stroke-width="1.6"/>'
        )

    def figure(self, title: str, alt: str) -> Figure:
        """Return the finished figure."""
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" '
            f'viewBox="0 0 {WIDTH} {num(self.height)}" font-size="{FONT}" '
            f'font-family="system-ui,sans-serif" fill="currentColor">'
            f"<title>{escape(title)}</title><desc>{escape(alt)}</desc>"
            + "".join(self.parts)
            + "</svg>"
        )
        return Figure(title=title, svg=svg, alt=alt)


def fill(k: int) -> str:
    """Return the attributes that fill with series colour ``k``."""
    return f'class="f{k % 6 + 1}" fill="{PALETTE[k % 6]}"'


def legend_rows(names: Sequence[str]) -> int:
    """Return how many lines the legend takes."""
    return len(_legend_layout(names))


def _legend_layout(names: Sequence[str]) -> list[list[tuple[int, float, str]]]:
    """Return, by line, (series, x, name) so that no two names touch."""
    rows: list[list[tuple[int, float, str]]] = [[]]
    x = 4.0
    for k, name in enumerate(names):
        name = shorten(name, WIDTH - 60)
        width = 23 + text_width(name) + 16
        if x + width > WIDTH and rows[-1]:
            rows.append([])
            x = 4.0
        rows[-1].append((k, x, name))
        x += width
    return rows


def _place(value: float, data: tuple[float, float], start: float, end: float) -> float:
    """Map a data value to a place, clipped to the area."""
    low, high = data
    share = 0.5 if high == low else (float(value) - low) / (high - low)
    return start + min(max(share, 0.0), 1.0) * (end - start)


def _trace(points: Sequence[tuple[float, float]]) -> str:
    """Return path data through places."""
    return "M" + "L".join(f"{num(x)} {num(y)}" for x, y in points)
