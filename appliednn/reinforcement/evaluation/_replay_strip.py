"""What stands below the picture of an episode: the return so far, and the actions."""

from __future__ import annotations

import numpy as np

from appliednn.reinforcement.evaluation.scenes._motion import (
    HEIGHT,
    WIDTH,
    Moving,
    fill,
    number,
    points,
    stroke,
)

_LEFT, _RIGHT = 92.0, WIDTH - 64.0
_ACTIONS: dict[str, tuple[str, ...]] = {
    "CartPoleEnv": ("left", "right"),
    "MountainCarEnv": ("left", "none", "right"),
    "AcrobotEnv": ("back", "none", "ahead"),
    "GridWorld": ("up", "right", "down", "left"),
    "Catch": ("left", "stay", "right"),
    "Continuous_MountainCarEnv": ("force",),
    "PendulumEnv": ("torque",),
    "RobotArm": ("shoulder", "elbow"),
}
_MOST = 6  # discrete actions, or components of a continuous one, that are drawn


def strip(env, rewards: np.ndarray, actions: np.ndarray | None, frames: np.ndarray):
    """Return what stands still, what moves, and the height of the whole picture."""
    kind = type(env.unwrapped).__name__
    if kind == "TradingEnv":  # its own picture shows both
        return "", [], HEIGHT
    sums = np.concatenate([[0.0], np.cumsum(rewards)])
    x = np.linspace(_LEFT, _RIGHT, len(sums))
    top, bottom = HEIGHT + 12.0, HEIGHT + 44.0
    y = bottom - (sums - sums.min()) / max(np.ptp(sums), 1e-9) * (bottom - top)
    out = _label(12, bottom - 12, "return") + f'<path d="{points(x, y)}" {stroke(0)}/>'
    out += _label(_RIGHT + 10, y[-1] + 4, f"{sums[-1]:.4g}")
    height, lowest = bottom + 14, bottom + 2
    if actions is not None and _drawable(env, actions):
        out += _actions(env, kind, actions[: len(rewards)], height)
        height, lowest = height + 34, height + 15
    now = np.minimum(frames, len(sums) - 1)
    cursor = (
        f'<path d="M0 {number(top - 4)}V{number(lowest)}" stroke="currentColor" '
        'stroke-opacity=".45" stroke-width="1.2" fill="none"/>'
    )
    line = Moving("translate", np.stack([x[now], np.zeros(len(now))], axis=1), [cursor])
    dot = f'<circle r="3.6" {fill(0)}/>'
    return out, [line, Moving("translate", np.stack([x[now], y[now]], axis=1), [dot])], height


def _label(x: float, y: float, text: str, colour: str = 'fill="currentColor"') -> str:
    return f'<text x="{number(x)}" y="{number(y)}" font-size="11" {colour}>{text}</text>'


def _drawable(env, actions: np.ndarray) -> bool:
    if actions.ndim == 1:
        return int(env.action_space.n) <= _MOST if hasattr(env.action_space, "n") else False
    return actions.shape[1] <= _MOST and np.issubdtype(actions.dtype, np.floating)


def _actions(env, kind: str, actions: np.ndarray, top: float) -> str:
    x = np.linspace(_LEFT, _RIGHT, len(actions) + 1)
    if actions.ndim == 1:
        n = int(env.action_space.n)
        names = _ACTIONS.get(kind, tuple(map(str, range(n))))
        return _label(12, top + 11, "action") + _bars(x, actions, names, top)
    names = _ACTIONS.get(kind, tuple(map(str, range(actions.shape[1]))))
    low, high = env.action_space.low, env.action_space.high
    low = np.where(np.isfinite(low), low, actions.min(axis=0))
    high = np.where(np.isfinite(high), high, actions.max(axis=0))
    share = (actions - low) / np.maximum(high - low, 1e-9)
    out = _label(12, top + 11, "action")
    for k, name in enumerate(names[: actions.shape[1]]):
        y = np.repeat(top + 20 - 22 * share[:, k], 2)
        out += f'<path d="{points(np.repeat(x, 2)[1:-1], y)}" {stroke(k, 1.5)}/>'
        out += _label(_RIGHT + 10, top + 2 + 13 * k, name, fill(k))
    return out


def _bars(x: np.ndarray, actions: np.ndarray, names: tuple[str, ...], top: float) -> str:
    """Draw when each action was taken, as one path of bars for each."""
    out, place = "", _LEFT
    for k, name in enumerate(names):
        taken = np.concatenate([[0], (actions == k).astype(int), [0]])
        runs = np.flatnonzero(np.diff(taken)).reshape(-1, 2)
        bars = "".join(
            f"M{number(x[a])} {number(top + 2)}H{number(x[b])}v11H{number(x[a])}z" for a, b in runs
        )
        out += f'<path d="{bars}" {fill(k)}/>' if bars else ""
        out += f'<rect x="{number(place)}" y="{number(top + 19)}" width="8" height="8" {fill(k)}/>'
        out += _label(place + 12, top + 27, name)
        place += 30 + 6.2 * len(name)
    return out
