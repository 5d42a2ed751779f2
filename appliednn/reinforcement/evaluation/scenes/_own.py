"""Scenes of this package's own environments."""

from __future__ import annotations

import numpy as np

from appliednn.reinforcement.evaluation.scenes._motion import (
    HEIGHT,
    WIDTH,
    Moving,
    Scene,
    fill,
    number,
    points,
    stroke,
)

_FAINT = 'stroke="currentColor" stroke-opacity=".35" fill="none"'


def grid_world(observations, actions, env) -> Scene:
    """Draw cells with walls and hazards, and who walks there."""
    rows, columns = env.shape
    side = min((WIDTH - 24) / columns, (HEIGHT - 16) / rows)
    left, top = (WIDTH - side * columns) / 2, (HEIGHT - side * rows) / 2
    cells = "".join(
        _cell(mark, left + side * column, top + side * row, side)
        for (row, column), mark in np.ndenumerate(env.cells)
    )
    row, column = np.divmod(observations.argmax(axis=1), columns)
    x, y = left + side * (column + 0.5), top + side * (row + 0.5)
    trail = f'<path d="{points(x, y)}" {stroke(0, 2)} opacity=".4"/>'
    walker = f'<circle r="{number(side * 0.27)}" {fill(0)} stroke="#fff" stroke-width="2"/>'
    actor = Moving("translate", np.stack([x, y], axis=1), [walker])
    return Scene(cells + trail, [actor], "A map of cells, hazards hatched, goal marked.", poses=2)


def _cell(mark: str, x: float, y: float, side: float) -> str:
    inner, size = f'x="{number(x + 1)}" y="{number(y + 1)}"', number(side - 2)
    box = f'<rect {inner} width="{size}" height="{size}" rx="4"'
    if mark == "#":
        return f'{box} fill="currentColor" opacity=".62"/>'
    plain = f'{box} fill="currentColor" opacity=".06"/>'
    if mark == "~":
        wave = side / 4
        lines = "".join(
            f'<path d="M{number(x + wave * 0.8)} {number(y + side * part)}'
            f"q{number(wave * 0.6)} {number(-wave * 0.9)} {number(wave * 1.2)} 0"
            f't{number(wave * 1.2)} 0" {stroke(1, 2.4)}/>'
            for part in (0.36, 0.54, 0.72)
        )
        return f'{box} {fill(1)} fill-opacity=".16"/>{lines}'
    if mark == "G":
        pole_x, foot = number(x + side * 0.36), number(y + side * 0.8)
        return (
            f'{box} {fill(2)} fill-opacity=".18"/>'
            f'<path d="M{pole_x} {foot}v{number(-side * 0.6)}" {stroke(2, 2.5)}/>'
            f'<path d="M{pole_x} {number(y + side * 0.2)}l{number(side * 0.36)} '
            f'{number(side * 0.14)}l{number(-side * 0.36)} {number(side * 0.14)}z" {fill(2)}/>'
        )
    return plain


def robot_arm(observations, actions, env) -> Scene:
    """Draw an arm of two links seen from above, with its target and the way of its tip."""
    scale, middle, height = 108.0, WIDTH / 2, HEIGHT / 2
    first = np.unwrap(np.arctan2(observations[:, 1], observations[:, 0]))
    second = np.unwrap(np.arctan2(observations[:, 3], observations[:, 2]))
    target = middle + scale * observations[0, 6], height - scale * observations[0, 7]
    tip = observations[:, 6:8] - observations[:, 8:10]
    half = scale / 2
    backdrop = (
        f'<circle cx="{number(middle)}" cy="{number(height)}" r="{number(scale)}" '
        'fill="currentColor" opacity=".05"/>'
        f'<path d="{points(middle + scale * tip[:, 0], height - scale * tip[:, 1])}" '
        f'{stroke(1, 1.6)} opacity=".45"/>'
        f'<g transform="translate({number(target[0])} {number(target[1])})">'
        f'<circle r="9" {stroke(2, 2.5)}/><path d="M-14 0h9m10 0h9M0 -14v9m0 10v9" '
        f"{stroke(2, 2)}/></g>"
    )
    fore = Moving(
        "rotate",
        -np.degrees(second),
        [f'<path d="M0 0H{number(half)}" {stroke(1, 9)}/>', _joint(5), _hand(half)],
    )
    elbow = Moving("translate", np.tile((half, 0.0), (len(first), 1)), [fore])
    upper = Moving(
        "rotate",
        -np.degrees(first),
        [f'<path d="M0 0H{number(half)}" {stroke(0, 13)}/>', elbow, _joint(7)],
    )
    place = Moving("translate", np.tile((middle, height), (len(first), 1)), [upper])
    return Scene(backdrop, [place], "An arm of two links reaches for a target.", poses=5)


def _joint(radius: float) -> str:
    return (
        f'<circle r="{number(radius)}" fill="#fff" stroke="currentColor" stroke-opacity=".7" '
        'stroke-width="2"/>'
    )


def _hand(x: float) -> str:
    return f'<circle cx="{number(x)}" r="4.5" fill="currentColor"/>'


def catch(observations, actions, env) -> Scene:
    """Draw a falling block and the bar below it."""
    pictures = observations[..., -1] > 0
    size = pictures.shape[1]
    side = (HEIGHT - 16) / size
    left, top = (WIDTH - side * size) / 2, 8.0
    block = pictures[:, :-1].reshape(len(pictures), -1)
    # After the last catch the block lies in the bar's row, where it cannot be told from it.
    row, column = np.divmod(block.argmax(axis=1), size)
    row = np.where(block.any(axis=1), row, size - 1)
    bar = pictures[:, -1].argmax(axis=1)
    frame = (
        f'<rect x="{number(left)}" y="{number(top)}" width="{number(side * size)}" '
        f'height="{number(side * size)}" rx="6" fill="currentColor" opacity=".06"/>'
    )
    square = f'<rect width="{number(side)}" height="{number(side)}" rx="3" {fill(1)}/>'
    paddle = f'<rect width="{number(3 * side)}" height="{number(side)}" rx="4" {fill(0)}/>'
    last = np.full(len(bar), top + side * (size - 1))
    actors = [
        Moving(
            "translate", np.stack([left + side * column, top + side * row], axis=1), [square], True
        ),
        Moving("translate", np.stack([left + side * bar, last], axis=1), [paddle], True),
    ]
    return Scene(frame, actors, "A block falls and a bar moves below it.", poses=1)


def trading(observations, env, rewards, frames) -> Scene:
    """Draw prices, the wealth that was made of them, and the shares that were held."""
    n_assets = env.n_assets
    moves = observations[:, -2 * n_assets : -n_assets].astype(float) / 100
    moves[0] = 0.0
    prices = np.cumsum(moves, axis=0).mean(axis=1)  # of an even mixture, as a logarithm
    wealth = np.concatenate([[0.0], np.cumsum(rewards)])[: len(prices)]
    low, high = min(prices.min(), wealth.min()), max(prices.max(), wealth.max())
    top, bottom, left, right = 14.0, 164.0, 12.0, WIDTH - 86.0
    x = np.linspace(left, right, len(prices))

    def up(value):
        return bottom - (value - low) / max(high - low, 1e-9) * (bottom - top)

    start = float(up(0.0))
    backdrop = (
        f'<path d="M{number(left)} {number(start)}H{number(right)}" {_FAINT} '
        'stroke-dasharray="2 5"/>'
        f'<path d="{points(x, up(prices))}" {stroke(5, 1.8)}/>'
        f'<path d="{points(x, up(wealth))}" {stroke(0, 2.4)}/>'
        + _labels(right, up(prices)[-1], prices[-1], up(wealth)[-1], wealth[-1])
        + _holdings(x, observations[:, -n_assets:], bottom + 14, 44)
    )
    cursor = f'<path d="M0 {number(top)}V{number(bottom + 62)}" {_FAINT} stroke-width="1.5"/>'
    dots = [
        Moving(
            "translate", np.stack([x, up(values)], axis=1)[frames], [f'<circle r="4" {fill(k)}/>']
        )
        for k, values in ((5, prices), (0, wealth))
    ]
    line = Moving("translate", np.stack([x, np.zeros_like(x)], axis=1)[frames], [cursor])
    of_prices, of_wealth = np.expm1(prices[-1]), np.expm1(wealth[-1])
    summary = f"Prices changed by {of_prices:+.1%}, the wealth by {of_wealth:+.1%}."
    return Scene(backdrop, [line, *dots], summary, poses=1)


def _labels(x: float, price_y: float, price: float, wealth_y: float, wealth: float) -> str:
    price_y, wealth_y = max(price_y, 14.0), max(wealth_y, 14.0)
    if abs(price_y - wealth_y) < 26:
        middle, sign = (price_y + wealth_y) / 2, 1 if price_y >= wealth_y else -1
        middle = max(middle, 27.0)
        price_y, wealth_y = middle + 13 * sign, middle - 13 * sign
    rows = ((price_y, "prices", price, 5), (wealth_y, "wealth", wealth, 0))
    return "".join(
        f'<text x="{number(x + 9)}" y="{number(y)}" font-size="11" {fill(k)}>{name}</text>'
        f'<text x="{number(x + 9)}" y="{number(y + 12)}" font-size="11" {fill(k)}>'
        f"{np.expm1(change):+.1%}</text>"
        for y, name, change, k in rows
    )


def _holdings(x: np.ndarray, shares: np.ndarray, top: float, height: float) -> str:
    """Draw the total share held, above the line if long and below it if short."""
    total, zero = shares.sum(axis=1), top + height / 2
    # A share holds from its trade to the next one, which the next observation shows.
    steps_x, steps_y = np.repeat(x, 2)[1:-1], np.repeat(total[1:], 2)
    out = f'<path d="M{number(x[0])} {number(zero)}H{number(x[-1])}" {_FAINT}/>'
    for k, part in ((2, np.clip(steps_y, 0, None)), (1, np.clip(steps_y, None, 0))):
        outline = points(steps_x, zero - np.clip(part, -1, 1) * height / 2)
        out += (
            f'<path d="{outline}L{number(x[-1])} {number(zero)}L{number(x[0])} {number(zero)}z" '
            f'{fill(k)} fill-opacity=".55"/>'
        )
    for k, name, y in ((2, "long", zero - 6), (1, "short", zero + 14)):
        out += f'<text x="{number(x[-1] + 9)}" y="{number(y)}" font-size="11" {fill(k)}>{name}'
        out += "</text>"
    return out
