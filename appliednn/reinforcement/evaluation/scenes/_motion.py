"""Shapes that move by SVG's own animation, without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

WIDTH = 480
HEIGHT = 236  # of the scene; what was earned and done stands below it
# As in the report, whose style sheet gives the classes a light and a dark tone.
COLOURS = ("#2467b3", "#bf5a13", "#10775f", "#8d4ca5", "#8a6c0c", "#626d7a")


@dataclass
class Moving:
    """A group whose transform takes one value per frame.

    Attributes
    ----------
    kind : {"translate", "rotate", "scale"}
        Which transform.
    values : ndarray of shape (n_frames,) or (n_frames, 2)
        Pixels, degrees or factors.
    children : sequence of str or Moving
        What it carries.
    jumps : bool
        Whether a value holds until the next frame, instead of gliding to it.
    """

    kind: str
    values: np.ndarray
    children: Sequence[str | Moving | Shown]
    jumps: bool = False


@dataclass
class Shown:
    """A group that is there in some frames only.

    Attributes
    ----------
    frames : ndarray of shape (n_frames,), bool
        When it is there.
    children : sequence of str or Moving
        What it holds.
    """

    frames: np.ndarray
    children: Sequence[str | Moving | Shown]


@dataclass
class Scene:
    """A picture of an episode.

    Attributes
    ----------
    backdrop : str
        What does not move.
    actors : list of Moving
        What does.
    summary : str
        One sentence on what is to be seen, for those who do not see it.
    poses : int
        Frames that stand for the episode when nothing may move.
    """

    backdrop: str
    actors: list[Moving | Shown]
    summary: str
    poses: int = field(default=6)


def number(value: float) -> str:
    """Write a number in as few characters as a picture needs.

    Examples
    --------
    >>> number(12.04), number(-0.04), number(3.25)
    ('12', '0', '3.2')
    """
    text = f"{float(value):.1f}".removesuffix(".0")
    return "0" if text in ("-0", "0") else text


def points(x: np.ndarray, y: np.ndarray) -> str:
    """Write a path through points."""
    pairs = (f"{number(a)} {number(b)}" for a, b in zip(x, y, strict=True))
    return "M" + "L".join(pairs)


def fill(k: int) -> str:
    """Return the attributes that fill with colour ``k``."""
    return f'class="f{k % 6 + 1}" fill="{COLOURS[k % 6]}"'


def stroke(k: int, width: float = 2) -> str:
    """Return the attributes of a line in colour ``k``."""
    return (
        f'class="k{k % 6 + 1}" stroke="{COLOURS[k % 6]}" stroke-width="{number(width)}" '
        'fill="none" stroke-linecap="round" stroke-linejoin="round"'
    )


def moving_markup(node: str | Moving | Shown, seconds: float) -> str:
    """Return a shape as it plays, over and over."""
    if isinstance(node, str):
        return node
    inside = "".join(moving_markup(child, seconds) for child in node.children)
    clock = f'dur="{number(seconds)}s" repeatCount="indefinite"'
    if isinstance(node, Shown):
        if node.frames.all():
            return f"<g>{inside}</g>"
        values, times = _changes(np.where(node.frames, "visible", "hidden"))
        return (
            f'<g visibility="{values[0]}"><animate attributeName="visibility" calcMode="discrete" '
            f'values="{";".join(values)}" keyTimes="{";".join(times)}" {clock}/>{inside}</g>'
        )
    written = _written(node.values)
    if len(set(written)) == 1:
        return f'<g transform="{node.kind}({written[0]})">{inside}</g>'
    mode = ' calcMode="discrete"' if node.jumps else ""
    return (
        f'<g transform="{node.kind}({written[0]})"><animateTransform attributeName="transform" '
        f'type="{node.kind}"{mode} values="{";".join(written)}" {clock}/>{inside}</g>'
    )


def still_markup(node: str | Moving | Shown, frame: int) -> str:
    """Return a shape as it is in one frame."""
    if isinstance(node, str):
        return node
    if isinstance(node, Shown) and not node.frames[frame]:
        return ""
    inside = "".join(still_markup(child, frame) for child in node.children)
    if isinstance(node, Shown):
        return inside
    value = _written(node.values[frame : frame + 1])[0]
    return f'<g transform="{node.kind}({value})">{inside}</g>'


def _written(values: np.ndarray) -> list[str]:
    values = np.asarray(values, float)
    rows = values.reshape(len(values), -1)
    return [" ".join(number(part) for part in row) for row in rows]


def _changes(values: np.ndarray) -> tuple[list[str], list[str]]:
    """Return the values at which something changes, and when, as shares of the time."""
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    times = [f"{start / len(values):.4f}".rstrip("0").rstrip(".") for start in starts]
    return values[starts].tolist(), times
