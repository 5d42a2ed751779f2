"""Scenes of gymnasium's classic control problems."""

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

_FAINT = 'stroke="currentColor" stroke-opacity=".35" fill="none"'


def cart_pole(observations, actions, env) -> Scene:
    """Draw a pole on a cart, and the push that it gets."""
    scale, ground = 88.0, 178.0
    x, angle = observations[:, 0], np.degrees(observations[:, 2])
    edges = "".join(
        f'<path d="M{number(WIDTH / 2 + side * 2.4 * scale)} {number(ground - 34)}v50" {_FAINT} '
        'stroke-dasharray="3 4"/>'
        for side in (-1, 1)
    )
    rail = f'<path d="M12 {number(ground + 17)}H{WIDTH - 12}" {_FAINT} stroke-width="1.5"/>'
    pole = Moving(
        "rotate",
        angle,
        [f'<path d="M0 0V-112" {stroke(1, 9)}/>', '<circle r="3.2" fill="#fff" opacity=".9"/>'],
    )
    wheels = "".join(
        f'<circle cx="{side * 20}" cy="12" r="5" fill="currentColor" opacity=".75"/>'
        for side in (-1, 1)
    )
    cart = f'<rect x="-34" y="-16" width="68" height="26" rx="6" {fill(0)}/>'
    children = [wheels, cart, *_push(actions), Moving("translate", _spot(x, 0, -14), [pole])]
    place = np.stack([WIDTH / 2 + scale * x, np.full_like(x, ground)], axis=1)
    return Scene(edges + rail, [Moving("translate", place, children)], "A pole on a cart.")


def _spot(like: np.ndarray, x: float, y: float) -> np.ndarray:
    return np.tile((float(x), float(y)), (len(like), 1))


def _push(actions) -> list[Shown]:
    """Return an arrow on the side to which the cart is pushed."""
    if actions is None or actions.ndim != 1:
        return []
    arrows = ("M-46 -3h-14m5 -5l-5 5l5 5", "M46 -3h14m-5 -5l5 5l-5 5")
    return [
        Shown(actions == action, [f'<path d="{arrow}" {stroke(0, 2.6)}/>'])
        for action, arrow in enumerate(arrows)
    ]


def mountain_car(observations, actions, env) -> Scene:
    """Draw a car in a valley, with the goal on the right slope."""

    def across(x):
        return 26 + (x + 1.2) / 1.8 * (WIDTH - 52)

    def up(x):
        return 214 - (np.sin(3 * x) * 0.45 + 0.55) * 150

    grid = np.linspace(-1.2, 0.6, 80)
    hill = points(across(grid), up(grid))
    x = observations[:, 0]
    run, rise = (WIDTH - 52) / 1.8, -np.cos(3 * x) * 3 * 0.45 * 150
    slope = np.degrees(np.arctan2(rise, run))
    goal = float(getattr(env, "goal_position", 0.5))
    flag = (
        f'<path d="M{number(across(goal))} {number(up(goal))}v-36" {_FAINT} stroke-width="2"/>'
        f'<path d="M{number(across(goal))} {number(up(goal) - 36)}l20 7l-20 7z" {fill(2)}/>'
    )
    ground = (
        f'<path d="{hill}V{HEIGHT}H26z" fill="currentColor" opacity=".06"/>'
        f'<path d="{hill}" {_FAINT} stroke-width="2"/>'
    )
    car = (
        f'<path d="M-19 -6q0 -7 7 -7h3q3 -8 9 -8t9 8h3q7 0 7 7z" {fill(0)}/>'
        '<circle cx="-11" cy="-5" r="5" fill="currentColor"/>'
        '<circle cx="11" cy="-5" r="5" fill="currentColor"/>'
    )
    place = np.stack([across(x), up(x)], axis=1)
    body = Moving("translate", place, [Moving("rotate", slope, [car])])
    return Scene(ground + flag, [body], "A car in a valley, a flag on the right slope.", poses=10)


def pendulum(observations, actions, env) -> Scene:
    """Draw a rod that is to stand on its pivot."""
    angle = np.unwrap(np.arctan2(observations[:, 1], observations[:, 0]))
    middle, height, length = WIDTH / 2, HEIGHT / 2, 92
    ring = (
        f'<circle cx="{number(middle)}" cy="{number(height)}" r="{length}" {_FAINT} '
        f'stroke-dasharray="2 6"/><path d="M{number(middle)} {number(height - length - 7)}v14" '
        f"{stroke(2, 3)}/>"
    )
    rod = f'<path d="M0 0V-{length - 6}" {stroke(0, 13)}/>'
    pivot = '<circle r="4" fill="#fff" opacity=".9"/>'
    turning = Moving("rotate", -np.degrees(angle), [rod, pivot])
    place = Moving("translate", _spot(angle, middle, height), [turning])
    return Scene(ring, [place], "A rod on a pivot; it is to stand upright.", poses=8)


def acrobot(observations, actions, env) -> Scene:
    """Draw two links that swing up to a line."""
    first = np.unwrap(np.arctan2(observations[:, 1], observations[:, 0]))
    second = np.unwrap(np.arctan2(observations[:, 3], observations[:, 2]))
    middle, height, length = WIDTH / 2, 118, 55
    line = (
        f'<path d="M40 {height - length}H{WIDTH - 40}" {stroke(2, 2)} stroke-dasharray="5 5"/>'
        f'<circle cx="{number(middle)}" cy="{height}" r="7" {_FAINT}/>'
    )
    lower = Moving("rotate", -np.degrees(second), [f'<path d="M0 0V{length}" {stroke(1, 10)}/>'])
    upper = Moving(
        "rotate",
        -np.degrees(first),
        [
            f'<path d="M0 0V{length}" {stroke(0, 10)}/>',
            Moving("translate", _spot(first, 0, length), [lower, '<circle r="3" fill="#fff"/>']),
            '<circle r="3" fill="#fff"/>',
        ],
    )
    place = Moving("translate", _spot(first, middle, height), [upper])
    return Scene(line, [place], "Two links; the free end is to swing above the line.", poses=8)
