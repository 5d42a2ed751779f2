"""Table cells: estimates with interval and n, numbers to the right, texts to the left."""

from __future__ import annotations

from numbers import Number

from appliednn.audit.report._format import format_interval, format_number
from appliednn.core.statistics import Estimate

MAX_ROWS = 60


def table_view(title: str, columns: list[str], rows: list[list], note: str) -> dict:
    """Return a table as the template shows it.

    A column of numbers and estimates stands to the right; the first column heads its row when it
    holds texts. Rows beyond 60 are left out and counted.
    """
    shown = rows[:MAX_ROWS]
    numeric = [_is_numeric([row[j] for row in shown]) for j in range(len(columns))]
    cells = [[_cell(v, numeric[j], j) for j, v in enumerate(row)] for row in shown]
    if len(rows) > MAX_ROWS:
        note = f"{note} The first {MAX_ROWS} of {len(rows)} rows.".strip()
    heads = [{"name": str(c), "numeric": n} for c, n in zip(columns, numeric, strict=True)]
    return {"title": title, "note": note, "columns": heads, "rows": cells}


def _is_numeric(values: list) -> bool:
    """Whether a column holds numbers or estimates (and at least one)."""
    present = [v for v in values if v is not None]
    return bool(present) and all(
        isinstance(v, (Number, Estimate)) and not isinstance(v, bool) for v in present
    )


def _cell(value, numeric: bool, column: int) -> dict:
    """Return one cell."""
    cell = {"text": "", "ci": "", "n": "", "why": "", "numeric": numeric, "scope": False}
    if isinstance(value, Estimate):
        if value.value is None:
            cell.update(text="not estimable", why=value.reason)
        else:
            cell.update(text=format_number(value.value), ci=format_interval(value.ci))
            cell["n"] = format_number(int(value.n)) if value.n else ""
    elif value is None:
        cell["text"] = "\u2013"
    elif isinstance(value, bool):
        cell["text"] = "yes" if value else "no"
    elif isinstance(value, Number):
        cell["text"] = format_number(value)
    else:
        cell["text"] = str(value)
    cell["scope"] = column == 0 and not numeric
    return cell
