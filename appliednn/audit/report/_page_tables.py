"""Table cells: estimates with interval and n, numbers to the right, texts to the left."""

from __future__ import annotations

import math
from numbers import Integral, Number

from appliednn.audit.report._format import estimate_texts, format_number
from appliednn.core.statistics import Estimate

MAX_ROWS = 60


def table_view(title: str, columns: list[str], rows: list[list], note: str) -> dict:
    """Return a table as the template shows it.

    The first column heads its row. Other columns of numbers and estimates stand to the right; an
    n that a whole column shares stands in its head. Rows beyond 60 are left out and counted.
    """
    shown = rows[:MAX_ROWS]
    by_column = [[row[j] for row in shown] for j in range(len(columns))]
    numeric = [j > 0 and _is_numeric(values) for j, values in enumerate(by_column)]
    shared = [_shared_n(values) for values in by_column]
    decimals = [_decimals(values) for values in by_column]
    cells = [
        [_cell(v, numeric[j], j, shared[j], decimals[j]) for j, v in enumerate(row)]
        for row in shown
    ]
    if len(rows) > MAX_ROWS:
        note = f"{note} The first {MAX_ROWS} of {len(rows)} rows.".strip()
    heads = [
        {
            "name": str(c),
            "numeric": numeric[j],
            "n": "" if not shared[j] else format_number(shared[j]),
        }
        for j, c in enumerate(columns)
    ]
    # Few columns leave room for value and interval on one line; many need small print.
    fit = "roomy" if len(heads) <= 5 else "dense" if len(heads) >= 7 else ""
    return {
        "title": title,
        "note": note,
        "columns": heads,
        "rows": cells,
        "fit": fit,
    }


def _is_numeric(values: list) -> bool:
    """Whether a column holds numbers or estimates (and at least one)."""
    present = [v for v in values if v is not None]
    return bool(present) and all(
        isinstance(v, (Number, Estimate)) and not isinstance(v, bool) for v in present
    )


def _shared_n(values: list) -> int:
    """Return the n that all estimates of a column rest on, or 0."""
    counts = {int(v.n) for v in values if isinstance(v, Estimate)}
    n_estimates = sum(isinstance(v, Estimate) for v in values)
    return counts.pop() if len(counts) == 1 and n_estimates > 1 else 0


def _decimals(values: list) -> int | None:
    """Return the decimals of a column, or None where each cell is to find its own.

    Plain numbers are shown as they are, up to three decimals; estimates that are shares alike.
    """
    if any(isinstance(v, Estimate) for v in values):
        numbers = [x for v in values for x in _numbers(v)]
        return 3 if numbers and 0.01 <= max(map(abs, numbers)) <= 1 else None
    floats = [float(v) for v in values if isinstance(v, float) and math.isfinite(v)]
    return next((d for d in range(4) if floats and all(round(v, d) == v for v in floats)), None)


def _numbers(value) -> list[float]:
    """Return the numbers that a cell shows."""
    if isinstance(value, Estimate):
        return [x for x in (value.value, *(value.ci or ())) if x is not None and math.isfinite(x)]
    return [float(value)] if isinstance(value, float) and math.isfinite(value) else []


def _cell(value, numeric: bool, column: int, shared_n: int, decimals: int | None) -> dict:
    """Return one cell."""
    cell = {"text": "", "ci": "", "n": "", "why": "", "numeric": numeric, "scope": column == 0}
    if isinstance(value, Estimate):
        if value.value is None:
            cell.update(text="not estimable", why=value.reason)
        else:
            cell["text"], cell["ci"] = estimate_texts(value, decimals)
            cell["n"] = "" if shared_n or not value.n else format_number(int(value.n))
    elif value is None:
        cell["text"] = "\u2013"
    elif isinstance(value, bool):
        cell["text"] = "yes" if value else "no"
    elif isinstance(value, Integral):
        cell["text"] = format_number(value)
    elif isinstance(value, Number):
        cell["text"] = format_number(float(value), decimals)
    else:
        cell["text"] = str(value)
    return cell
