"""Stretches of a series with an anomaly of known size and length put into each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext

MOST_POINTS = 20_000
SIZES = (1, 3, 5)
_MOST_STRETCHES = 200
_FEWEST = 10
_LENGTH = 20


def injected_stretches(
    context: AuditContext, X: pd.DataFrame, reference: pd.DataFrame, rng: np.random.Generator
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield for each kind: its name, scores untouched and injected, which are flagged.

    Every second stretch gets its anomaly, in one channel, so that what goes before and after it
    is as it was; a stretch counts by its highest score.
    """
    starts, length, reach = _stretches(context, len(X))
    values = X.to_numpy(dtype=np.float64, na_value=np.nan)
    spread = np.nanstd(reference.to_numpy(dtype=np.float64, na_value=np.nan), axis=0)
    channel = rng.integers(0, X.shape[1], len(starts))
    sign = rng.choice([-1.0, 1.0], len(starts))
    untouched = _highest(context.anomaly_score(X), starts, reach)
    for kind in _kinds():
        moved = values.copy()
        for start, c, s in zip(starts, channel, sign, strict=True):
            _put(moved[start : start + length, c], kind, s * spread[c])
        rows = pd.DataFrame(moved, columns=X.columns)
        scores = _highest(context.anomaly_score(rows), starts, reach)
        calls = np.asarray(context.predict(rows)).reshape(-1) == -1
        yield kind, untouched, scores, _highest(calls, starts, reach)


def _kinds() -> list[str]:
    sizes = [f"{what} {size} sd" for what in ("spike", "level shift") for size in SIZES]
    return [*sizes, "frozen"]


def _put(stretch: np.ndarray, kind: str, unit: float) -> None:
    """Put an anomaly into a channel's stretch, in place; ``unit`` is a signed spread."""
    if kind == "frozen":
        stretch[:] = stretch[0]
        return
    what, size = kind.removesuffix(" sd").rsplit(" ", 1)
    place = slice(len(stretch) // 2, len(stretch) // 2 + 1) if what == "spike" else slice(None)
    stretch[place] += float(size) * unit


def _stretches(context: AuditContext, n: int) -> tuple[np.ndarray, int, int]:
    """Return where stretches start, how long an anomaly lasts and how far it reaches."""
    found = context.inner("window_")
    window = int(found.window_) if found is not None else _LENGTH
    length = min(_LENGTH, max(2, window))
    reach = length + window
    starts = np.arange(window, n - reach, 2 * reach)[:_MOST_STRETCHES]
    if len(starts) < _FEWEST:
        raise NotApplicable(
            f"the test series has {n} time points; {(2 * _FEWEST + 1) * reach} are needed for "
            f"{_FEWEST} stretches of {length} with untouched time between them"
        )
    return starts, length, reach


def _highest(scores: np.ndarray, starts: np.ndarray, reach: int) -> np.ndarray:
    """Return the highest value from each start on, as far as an anomaly reaches."""
    return scores[starts[:, None] + np.arange(reach)].max(axis=1)
