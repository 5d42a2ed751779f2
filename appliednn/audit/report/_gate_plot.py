"""A gate's interval against its threshold, the size of a line of text."""

from __future__ import annotations

import math

from markupsafe import Markup

from appliednn.audit._gates import GateResult
from appliednn.audit.report._plot import num

_WIDTH, _HEIGHT = 128, 24
_COLOURS = {"PASS": "pass", "FAIL": "fail", "INCONCLUSIVE": "open"}


def gate_plot(result: GateResult) -> Markup:
    """Return the plot, hidden from screen readers: its numbers stand beside it.

    The wrong side of the threshold is shaded; an estimate that does not exist draws nothing.
    """
    estimate = result.estimate
    if estimate is None or estimate.value is None or not math.isfinite(estimate.value):
        return Markup("")
    low, high = estimate.ci or (estimate.value, estimate.value)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Markup("")
    threshold = float(result.gate.threshold)
    start, end = min(low, threshold), max(high, threshold)
    pad = (end - start) * 0.15 or abs(end) * 0.1 or 1.0
    start, end = start - pad, end + pad

    def x(value: float) -> float:
        return 4 + (value - start) / (end - start) * (_WIDTH - 8)

    edge = x(threshold)
    wrong = (0, edge) if result.gate.op == ">=" else (edge, _WIDTH)
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true" class="mini '
        f'{_COLOURS[result.status]}"><rect x="{num(wrong[0])}" y="2" '
        f'width="{num(wrong[1] - wrong[0])}" height="20" class="wrong"/>'
        f'<path d="M{num(edge)} 1v22" class="edge"/>'
        f'<path d="M{num(x(low))} 12H{num(x(high))}M{num(x(low))} 8v8M{num(x(high))} 8v8" '
        f'class="span"/><circle cx="{num(x(estimate.value))}" cy="12" r="3.6"/></svg>'
    )
