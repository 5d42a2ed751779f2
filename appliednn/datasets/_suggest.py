"""Did you mean ...: the closest of the names that exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 20


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Return ``"; did you mean 'x'?"``, or the known names when none is close.

    Examples
    --------
    >>> did_you_mean("status", ["Status", "Age"])
    "; did you mean 'Status'?"
    >>> did_you_mean("zzz", ["Status", "Age"])
    '; known: Age, Status'
    """
    names = sorted({str(k) for k in known})
    folded = {n.casefold(): n for n in reversed(names)}
    close = difflib.get_close_matches(str(name).casefold(), folded, n=1)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    more = ", ..." if len(names) > _SHOWN else ""
    return f"; known: {', '.join(names[:_SHOWN]) or 'none'}{more}"
