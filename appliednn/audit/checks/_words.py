"""Numbers inside sentences."""

from __future__ import annotations

from collections.abc import Sequence

from appliednn.audit.report.svg import format_interval, format_number
from appliednn.core.statistics import Estimate


def said(estimate: Estimate) -> str:
    """Return a number with its interval and n in words.

    Examples
    --------
    >>> said(Estimate("AUC", 0.91, (0.88, 0.94), 400))
    '0.910 (95 % interval 0.880 to 0.940, n = 400)'
    """
    if estimate.value is None:
        return f"not estimable ({estimate.reason})"
    inside = f"n = {estimate.n}"
    if estimate.ci is not None:
        inside = f"{100 * estimate.level:g} % interval {format_interval(estimate.ci)}, {inside}"
    return f"{format_number(estimate.value)} ({inside})"


def percent(share: float) -> str:
    """Return a share as a percentage of two or three figures.

    Examples
    --------
    >>> percent(0.1234), percent(1.0), percent(0.004)
    ('12.3 %', '100 %', '0.4 %')
    """
    return f"{round(100 * share, 1):g} %"


def listed(names: Sequence[object], most: int = 5) -> str:
    """Return the first names and how many more there are.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    shown = ", ".join(str(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def shorten(name: object, width: int = 40) -> str:
    """Return a name that fits into a table.

    Examples
    --------
    >>> shorten("x" * 50, 5)
    'xxxx…'
    """
    text = str(name)
    return text if len(text) <= width else text[: width - 1] + "…"
