"""Scenes for any environment: its observations as curves, or as coarse grey pictures."""

from __future__ import annotations

import numpy as np

from appliednn.reinforcement.evaluation.scenes._motion import (
    HEIGHT,
    WIDTH,
    Moving,
    Scene,
    Shown,
    fill,
    number,
    points,
    stroke,
)

_ROWS, _POINTS = 7, 400  # curves that fit, and points that make one
_PICTURES, _PIXELS, _GREYS = 24, 24, 5


def curves(observations: np.ndarray, frames: np.ndarray) -> Scene:
    """Draw each component of the observation over all steps; of many, those that vary most."""
    names, values = _series(observations.reshape(len(observations), -1).astype(float))
    left, right, top = 92.0, WIDTH - 64.0, 8.0
    row = (HEIGHT - 16) / len(names)
    x = np.linspace(left, right, len(values))
    drawn = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).astype(int))
    parts = []
    for place, (name, series) in enumerate(zip(names, values.T, strict=True)):
        base, height = top + row * (place + 1) - 4, row - 10
        y = base - (series - series.min()) / max(np.ptp(series), 1e-9) * height
        parts.append(
            f'<text x="12" y="{number(base - height / 2 + 4)}" font-size="11" '
            f'fill="currentColor">{name}</text>'
            f'<path d="{points(x[drawn], y[drawn])}" {stroke(place)}/>'
        )
    cursor = (
        f'<path d="M0 {number(top)}V{HEIGHT - 8}" stroke="currentColor" stroke-opacity=".5" '
        'stroke-width="1.5" fill="none"/>'
    )
    line = Moving("translate", np.stack([x, np.zeros_like(x)], axis=1)[frames], [cursor])
    shown = "the state" if names == ["state"] else f"{len(names)} observed numbers"
    summary = f"A curve of {shown} over time, each in its own range."
    return Scene("".join(parts), [line], summary, poses=1)


def _series(values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return names and columns of what is drawn; an indicator of a state is one series."""
    ones, others = (values == 1).sum(axis=1), ((values != 0) & (values != 1)).any()
    if values.shape[1] > 2 and (ones == 1).all() and not others:
        return ["state"], values.argmax(axis=1)[:, None].astype(float)
    spread = values.std(axis=0) / np.maximum(np.abs(values).max(axis=0), 1e-9)
    chosen = np.sort(np.argsort(-spread, kind="stable")[:_ROWS])
    return [f"observation {component}" for component in chosen], values[:, chosen]


def pictures(observations: np.ndarray) -> Scene:
    """Draw image observations, coarsened to a few pixels and greys."""
    grey = observations.astype(float).mean(axis=-1)
    step = int(np.ceil(max(grey.shape[1:]) / _PIXELS))
    coarse = grey[:, ::step, ::step]
    levels = np.rint(coarse / 255 * _GREYS).astype(int)
    shown = np.unique(np.linspace(0, len(levels) - 1, min(_PICTURES, len(levels))).astype(int))
    when = shown[np.searchsorted(shown, np.arange(len(levels)), side="right") - 1]
    side = (HEIGHT - 16) / max(levels.shape[1:])
    left = (WIDTH - side * levels.shape[2]) / 2
    frame = (
        f'<rect x="{number(left)}" y="8" width="{number(side * levels.shape[2])}" '
        f'height="{number(side * levels.shape[1])}" fill="currentColor" opacity=".06"/>'
    )
    actors = [Shown(when == k, [_tiles(levels[k], left, 8.0, side)]) for k in shown]
    return Scene(frame, actors, "What was seen, in coarse pixels.", poses=1)


def _tiles(levels: np.ndarray, left: float, top: float, side: float) -> str:
    """Draw a picture as runs of pixels of one grey, a path for each grey."""
    out = []
    for level in range(1, _GREYS + 1):
        runs = []
        for row, line in enumerate(levels == level):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(int), [0]])))
            for start, stop in edges.reshape(-1, 2):
                x, y = number(left + side * start), number(top + side * row)
                width, height = number(side * (stop - start)), number(side)
                runs.append(f"M{x} {y}h{width}v{height}h-{width}z")
        if runs:
            out.append(f'<path d="{"".join(runs)}" opacity="{level / _GREYS:.1f}" {fill(0)}/>')
    return "".join(out)
