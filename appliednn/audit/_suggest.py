"""Did you mean ...: the closest of the names that exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Return ``"; did you mean 'x'?"``, or the known names when none is close.

    Examples
    --------
    >>> did_you_mean("roc_acu", ["roc_auc", "ece"])
    "; did you mean 'roc_auc'?"
    >>> did_you_mean("zzz", ["roc_auc", "ece"])
    '; known: ece, roc_auc'
    """
    names = sorted({str(k) for k in known})
    close = difflib.get_close_matches(str(name), names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = ", ".join(names[:40]) or "none"
    return f"; known: {shown}" + (", ..." if len(names) > 40 else "")
