"""Numbers as a reader takes them: three figures, a true minus sign, thousands set apart."""

from __future__ import annotations

import math
from numbers import Integral, Real

from appliednn.core.statistics import Estimate

MINUS = "\u2212"
THIN = "\u202f"
_SUPERSCRIPT = str.maketrans(
    "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)


def format_number(value: float | int | None, decimals: int | None = None) -> str:
    """Return ``value`` as text.

    Parameters
    ----------
    value : float, int or None
        None and NaN become a dash.
    decimals : int, optional
        Digits after the point; by default as many as give three significant figures.

    Examples
    --------
    >>> [format_number(v) for v in (0.91234, 12, 24.51, None)]
    ['0.912', '12', '24.5', '–']
    >>> format_number(-0.00004)
    '−4×10⁻⁵'
    """
    if value is None or (isinstance(value, Real) and math.isnan(value)):
        return "\u2013"
    if math.isinf(value):
        return "\u221e" if value > 0 else f"{MINUS}\u221e"
    value = value.item() if hasattr(value, "item") else value
    if decimals is None and isinstance(value, Integral):
        text = f"{int(value):,}"
    elif decimals is not None:
        text = f"{value:,.{decimals}f}"
    else:
        text = _three_figures(float(value))
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]
    return text.replace("-", MINUS).replace(",", THIN)


def _three_figures(value: float) -> str:
    """Return three significant figures, but never fewer than the whole part."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.0001 or size >= 1e9:
        mantissa, exponent = f"{value:.1e}".split("e")
        mantissa = mantissa.removesuffix(".0")
        return f"{mantissa}\u00d710{str(int(exponent)).translate(_SUPERSCRIPT)}"
    if size < 1:
        # Two figures at least, three decimals at least.
        return f"{value:.3f}" if size >= 0.01 else f"{value:.{4 if size >= 0.001 else 5}f}"
    if size >= 10 and value == int(value):
        return f"{value:,.0f}"
    digits = max(0, 2 - int(math.floor(math.log10(size))))
    return f"{value:,.{digits}f}"


def shared_decimals(*values: float | None) -> int | None:
    """Return the decimals in which numbers that stand together are shown, by the largest.

    Examples
    --------
    >>> shared_decimals(0.0018, 0.00049, 0.0065), shared_decimals(0.7, 1.44)
    (4, 2)
    """
    sizes = [abs(float(v)) for v in values if v is not None and math.isfinite(v)]
    most = max(sizes, default=0.0)
    if most < 0.0001 or most >= 1e9:
        return None
    if most < 0.01:
        return 4 if most >= 0.001 else 5
    return 3 if most <= 1 else max(0, 2 - math.floor(math.log10(most)))


def format_interval(ci: tuple[float, float] | None, decimals: int | None = None) -> str:
    """Return ``low to high``, or an empty string for an exact number.

    Examples
    --------
    >>> format_interval((0.71, 0.842))
    '0.710 to 0.842'
    """
    if ci is None:
        return ""
    low, high = (float(v) for v in ci)
    decimals = shared_decimals(low, high) if decimals is None else decimals
    return f"{format_number(low, decimals)} to {format_number(high, decimals)}"


def estimate_texts(estimate: Estimate, decimals: int | None = None) -> tuple[str, str]:
    """Return value and interval of an estimate that has a value, in the same decimals."""
    if decimals is None:
        decimals = shared_decimals(estimate.value, *(estimate.ci or ()))
        if estimate.ci is None and float(estimate.value).is_integer():
            return format_number(int(estimate.value)), ""
    return format_number(float(estimate.value), decimals), format_interval(estimate.ci, decimals)


def format_estimate(estimate: Estimate) -> str:
    """Return an estimate on one line: value, interval, n, or why there is none.

    Examples
    --------
    >>> format_estimate(Estimate("accuracy", 0.91, (0.88, 0.94), 400))
    '0.910 (0.880 to 0.940; n = 400)'
    """
    if estimate.value is None:
        return f"not estimable: {estimate.reason or 'no reason given'}"
    value, interval = estimate_texts(estimate)
    inside = f"{interval}; n = " if interval else "n = "
    return f"{value} ({inside}{format_number(int(estimate.n))})"
