"""How probable a count among new rows is, were they drawn like the training rows."""

from __future__ import annotations


def chance(new: int, n_new: int, seen: int, n_seen: int) -> float:
    """Return the probability that at least ``new`` of all such rows fall among the new rows.

    Of ``n_seen + n_new`` exchangeable rows, ``seen + new`` have a mark; the number of marked rows
    among the ``n_new`` is hypergeometric (Fisher's exact test, one-sided). It needs no model of
    the data, holds for one row as for a million, and for a mark never seen in training.

    Source: R. A. Fisher, Journal of the Royal Statistical Society 98 (1935) 39-82.

    Examples
    --------
    >>> round(chance(1, 1, 0, 999), 4)    # one new row has what none of 999 had
    0.001
    >>> round(chance(1, 1, 100, 900), 3)  # one new row has what each ninth had
    0.112
    """
    from scipy.stats import hypergeom

    return float(hypergeom.sf(new - 1, n_seen + n_new, seen + new, n_new))
