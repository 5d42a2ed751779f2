"""Stretches of a series with an anomaly of known size and length put into each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext

MOST_POINTS = 20_000
SIZES = (1, 2, 3, 5)
_MOST_STRETCHES = 200
_FEWEST = 10
ANOMALY_LENGTH = 20


def injected_stretches(
    context: AuditContext, points: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield for each kind: its name, scores untouched and injected, flagged after and before.

    Every second stretch gets its anomaly, in one channel, so that what goes before and after it
    is as it was, then every other; a stretch counts by its highest score.

    Parameters
    ----------
    context : AuditContext
    points : ndarray of int, shape (n,)
        Neighbouring time points of the test series.
    rng : Generator
    """
    X = context.X_test.iloc[points].reset_index(drop=True)
    reference = context.X_test if context.X_train is None else context.X_train
    known = None if context.y_test is None else context.y_test[points] == 1
    starts, length, reach = _stretches(context, len(X), known)
    values = X.to_numpy(dtype=np.float64, na_value=np.nan)
    spread = np.nanstd(reference.to_numpy(dtype=np.float64, na_value=np.nan), axis=0)
    varying = np.flatnonzero(spread > 0)
    if not len(varying):
        raise NotApplicable("every channel is constant, so that no size can be said of a change")
    channel = rng.choice(varying, len(starts))
    sign = rng.choice([-1.0, 1.0], len(starts))
    untouched = _highest(context.anomaly_score(X), starts, reach)
    before = _highest(context.calls(X), starts, reach)
    for kind in _kinds():
        scores, calls = np.empty_like(untouched), np.empty_like(before)
        for turn in (starts // reach % 2 == 0, starts // reach % 2 == 1):
            moved = values.copy()
            for start, c, s in zip(starts[turn], channel[turn], sign[turn], strict=True):
                _put(moved[start : start + length, c], kind, s * spread[c])
            rows = pd.DataFrame(moved, columns=X.columns)
            scores[turn] = _highest(context.anomaly_score(rows), starts[turn], reach)
            calls[turn] = _highest(context.calls(rows), starts[turn], reach)
        yield kind, untouched, scores, calls, before


def _kinds() -> list[str]:
    sizes = [f"{what}{size} sd" for what in ("", "level shift ") for size in SIZES]
    return [*sizes, "frozen"]


def _put(stretch: np.ndarray, kind: str, unit: float) -> None:
    """Put an anomaly into a channel's stretch, in place; ``unit`` is a signed spread."""
    if kind == "frozen":
        stretch[:] = stretch[0]
        return
    size = float(kind.split()[-2])
    middle = len(stretch) // 2
    place = slice(None) if kind.startswith("level") else slice(middle, middle + 1)
    stretch[place] += size * unit


def _stretches(
    context: AuditContext, n: int, known: np.ndarray | None
) -> tuple[np.ndarray, int, int]:
    """Return where stretches start, how long an anomaly lasts and how far it reaches.

    Stretches that hold a known anomaly already are left out where enough others remain.
    """
    found = context.inner("window_")
    window = int(found.window_) if found is not None else ANOMALY_LENGTH
    length = min(ANOMALY_LENGTH, max(2, window))
    # Scores that are averaged over time carry an anomaly further.
    reach = length + window + int(getattr(found, "smoothing_", 1)) - 1
    starts = np.arange(reach, n - reach + 1, reach)[:_MOST_STRETCHES]
    if known is not None and len(starts):
        free = ~_highest(known, starts - window, window + reach)
        starts = starts[free] if free.sum() >= _FEWEST else starts
    if len(starts) < _FEWEST:
        raise NotApplicable(
            f"the test series has {n} time points; {(_FEWEST + 1) * reach} are needed for "
            f"{_FEWEST} stretches over which an anomaly can change the scores"
        )
    return starts, length, reach


def _highest(scores: np.ndarray, starts: np.ndarray, reach: int) -> np.ndarray:
    """Return the highest value from each start on, as far as an anomaly reaches."""
    return scores[starts[:, None] + np.arange(reach)].max(axis=1)
