import re
from xml.etree import ElementTree

import numpy as np
import pytest

from appliednn.audit.report._format import format_interval, format_number
from appliednn.audit.report._plot import (
    PALETTE,
    WIDTH,
    nice_ticks,
    padded_range,
    text_width,
    tick_labels,
)
from appliednn.audit.report.svg import (
    bar_chart,
    heatmap,
    histogram,
    interval_chart,
    line_chart,
    reliability_chart,
)
from appliednn.core.statistics import Estimate, not_estimable

RNG = np.random.default_rng(0)
GRID = np.linspace(0, 1, 500)
ROWS = {
    "women <b>": Estimate("TPR", 0.7, (0.62, 0.77), 1400),
    "men": Estimate("TPR", 0.75, None, 12),
    "other": not_estimable("TPR", 0, "no positives"),
}
FIGURES = {
    "line": line_chart(
        "ROC & more",
        {"a long name of a model " * 2: (GRID, GRID**0.3), "linear": (GRID, GRID)},
        "false positive rate",
        "true positive rate",
        bands={"linear": (GRID, GRID - 0.1, GRID + 0.1)},
        reference="diagonal",
        points={"threshold": (0.2, 0.6), "best": (0.21, 0.62)},
    ),
    "reliability": reliability_chart(
        "Reliability",
        [0.1, 0.5, np.nan],
        [0.2, 0.4, np.nan],
        [10, 20, 0],
        intervals=[(0.1, 0.3), (0.3, 0.5), (np.nan, np.nan)],
    ),
    "bar": bar_chart(
        "Importance",
        ["x" * 90, "größe", "c"],
        [0.3, -0.1, None],
        intervals=[(0.2, 0.4), None, None],
        x_label="loss",
        reference=0.1,
    ),
    "interval": interval_chart("Recall", ROWS, x_label="recall", zero=0.0),
    "histogram": histogram("Scores", {"a": RNG.normal(size=300), "b": [1.0, np.nan]}, "score"),
    "heat": heatmap("Confusion", ["no", "yes"], ["no", "yes"], np.array([[50, 3], [4, 20]])),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_small_valid_and_described(name):
    figure = FIGURES[name]
    root = ElementTree.fromstring(figure.svg)
    space = "{http://www.w3.org/2000/svg}"
    assert len(figure.svg) < 15_000
    assert root.get("role") == "img"
    assert root[0].tag == f"{space}title" and root[0].text == figure.title
    assert root[1].tag == f"{space}desc" and root[1].text == figure.alt
    assert len(figure.alt) > 20
    assert "nan" not in figure.svg.lower().replace("nance", "")


def _boxes(svg):
    """Return the box of each text, from its place, its anchor and an estimate of its width."""
    for e in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        size = float(e.get("font-size", 11.5))
        width = text_width(e.text, size)
        shift = {"start": 0, "middle": width / 2, "end": width}[e.get("text-anchor", "start")]
        x, y = float(e.get("x")) - shift, float(e.get("y"))
        yield x, x + width, y - size * 0.75, y + size * 0.2, e.text


@pytest.mark.parametrize("name", FIGURES)
def test_no_two_texts_of_a_figure_overlap_and_none_leaves_it(name):
    boxes = list(_boxes(FIGURES[name].svg))
    height = float(re.search(r'viewBox="0 0 \d+ ([\d.]+)"', FIGURES[name].svg)[1])
    for i, (l1, r1, t1, b1, text) in enumerate(boxes):
        assert l1 >= -1 and r1 <= WIDTH + 1 and t1 >= -1 and b1 <= height + 1, text
        for l2, r2, t2, b2, other in boxes[i + 1 :]:
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1, (text, other)


@pytest.mark.parametrize("name", FIGURES)
def test_every_place_lies_within_the_figure(name):
    for part in re.findall(r' d="([^"]+)"', FIGURES[name].svg):
        for x, _ in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", part):
            assert -1 <= float(x) <= WIDTH + 1


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(a, b):
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", PALETTE)
@pytest.mark.parametrize("page", ["#ffffff", "#1a1e24"])
def test_series_colours_stand_out_on_light_and_dark_pages(colour, page):
    assert _contrast(colour, page) >= 3


def test_values_are_drawn_where_the_axis_says():
    figure = line_chart("t", {"a": ([0, 10], [0, 1])}, x_range=(0, 10), y_range=(0, 1))
    path = re.search(r'class="k1" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"', figure.svg)
    x0, y0, x1, y1 = map(float, path.groups())
    ticks = {
        t: float(x)
        for x, t in re.findall(r'<text x="([\d.]+)" y="[\d.]+"[^>]*>(\d+)<', figure.svg)
        if t in ("0", "10")
    }
    assert (x0, x1) == (ticks["0"], ticks["10"]) or abs(x1 - ticks["10"]) <= 8
    assert y0 > y1


def test_a_curve_of_many_rows_is_thinned():
    x = np.linspace(0, 1, 20_000)
    figure = line_chart("t", {"a": (x, x**2)})
    assert figure.svg.count("L") < 200


def test_undefined_values_are_written_not_drawn_as_zero():
    assert "not estimable" in FIGURES["interval"].svg
    assert "other: not estimable" in FIGURES["interval"].alt
    assert "c: not estimable" in FIGURES["bar"].alt


def test_many_rows_are_cut_and_counted():
    figure = bar_chart("t", [f"feature {i}" for i in range(100)], RNG.random(100))
    assert "and 60 more, not drawn" in figure.svg


def test_empty_input_still_gives_a_figure():
    for figure in (
        line_chart("t", {}),
        line_chart("t", {"a": ([np.nan], [np.nan])}),
        bar_chart("t", [], []),
        interval_chart("t", {}),
        histogram("t", {"a": []}),
        reliability_chart("t", [], [], []),
        heatmap("t", [], [], np.zeros((0, 0))),
    ):
        ElementTree.fromstring(figure.svg)


def test_ticks_are_round_and_cover_the_range():
    for low, high in [(0, 1), (-3, 7), (0.001, 0.0019), (1e5, 9e5), (0, 59)]:
        ticks = nice_ticks(low, high)
        assert 3 <= len(ticks) <= 7
        assert low - 1e-9 <= ticks[0] and ticks[-1] <= high + 1e-9
        labels = tick_labels(ticks)
        assert len(set(labels)) == len(labels)
    assert padded_range([]) == (0.0, 1.0)
    assert padded_range([0.0, 1.0])[0] == 0.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.123"),
        (-0.5, "\u22120.500"),
        (1.0, "1.00"),
        (12.0, "12"),
        (12.345, "12.3"),
        (1234567, "1\u202f234\u202f567"),
        (1e12, "1\u00d710\u00b9\u00b2"),
        (float("nan"), "\u2013"),
        (float("inf"), "\u221e"),
        (np.float64(0.25), "0.250"),
        (np.int64(3), "3"),
        (-0.0, "0"),
        (0.00234, "0.0023"),
        (0.00049, "0.00049"),
    ],
)
def test_numbers_read_well(value, text):
    assert format_number(value) == text


def test_intervals_read_well():
    assert format_interval((-0.1, 0.2)) == "\u22120.100 to 0.200"
    assert format_interval(None) == ""
