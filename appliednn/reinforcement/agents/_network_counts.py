"""How many numbers the agents' networks store, without building them.

A model file whose weights are of another size is refused before anything is allocated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def _stack(width: int, hidden: Sequence[int], n_outputs: int) -> int:
    """Count dense layers over ``width`` inputs."""
    widths = [width, *hidden, n_outputs]
    return sum(a * b + b for a, b in zip(widths[:-1], widths[1:], strict=True))


def _state(shape: Sequence[int]) -> tuple[int, int]:
    """Return the width of what a dense layer reads of an observation, and the body's numbers."""
    if len(shape) != 3:
        return math.prod(shape), 0
    height, width, channels = shape
    if min(height, width) >= 36:
        convolutions, out = [(32, 8, 4), (64, 4, 2), (64, 3, 1)], 512
    else:
        convolutions, out = [(16, 3, 1), (32, 3, 2)], 128
    total = 0
    for filters, kernel, stride in convolutions:
        total += kernel * kernel * channels * filters + filters
        reach = kernel - 1 if out == 512 else 0
        height, width = ((n - reach - 1) // stride + 1 for n in (height, width))
        channels = filters
    return out, total + (height * width * channels) * out + out


def count_q_network(params: dict) -> int:
    """Return the numbers of a network of action values and its target.

    Examples
    --------
    >>> count_q_network({"observation_shape": [4], "n_actions": 2, "hidden_layer_sizes": [8],
    ...                  "dueling": False})
    116
    """
    width, body = _state(params["observation_shape"])
    hidden, n = list(params["hidden_layer_sizes"]), params["n_actions"]
    if not params.get("dueling"):
        return 2 * (body + _stack(width, hidden, n))
    shared, last = hidden[:-1], hidden[-1:]
    trunk = _stack(width, shared[:-1], shared[-1]) if shared else 0
    before = shared[-1] if shared else width
    return 2 * (body + trunk + _stack(before, last, 1) + _stack(before, last, n))


def _actors_and_critics(params: dict, n_outputs: int) -> tuple[int, int]:
    """Return the numbers of one actor and of all critics."""
    width, body = _state(params["observation_shape"])
    hidden, n = list(params["hidden_layer_sizes"]), params["n_actions"]
    actor = body + _stack(width, hidden, n_outputs)
    return actor, body + params.get("n_critics", 2) * _stack(width + n, hidden, 1)


def count_deterministic(params: dict) -> int:
    """Return the numbers of actor and critics that act without chance, and of their targets."""
    return 2 * sum(_actors_and_critics(params, params["n_actions"]))


def count_squashed(params: dict) -> int:
    """Return the numbers of a soft actor, critics, their targets and the temperature."""
    actor, critics = _actors_and_critics(params, 2 * params["n_actions"])
    return actor + 2 * critics + 1


def count_actor_critic(params: dict) -> int:
    """Return the numbers of policy, value and, of a Gaussian, deviations.

    Examples
    --------
    >>> count_actor_critic({"observation_shape": [4], "kind": "categorical", "sizes": [2],
    ...                     "hidden_layer_sizes": [8]})
    107
    """
    width, body = _state(params["observation_shape"])
    hidden, n = list(params["hidden_layer_sizes"]), sum(params["sizes"])
    deviations = n if params["kind"] == "gaussian" else 0
    return body + _stack(width, hidden, n) + _stack(width, hidden, 1) + deviations


def count_recurrent_actor_critic(params: dict) -> int:
    """Return the numbers of body, memory, policy and value, and the two of the memory's seed."""
    width, body = _state(params["observation_shape"])
    hidden, n, units = (
        list(params["hidden_layer_sizes"]),
        sum(params["sizes"]),
        params["lstm_units"],
    )
    if not body:
        *before, last = hidden
        body, width = _stack(width, before, last), last
    memory = 4 * units * (width + units + 1) + 2
    deviations = n if params["kind"] == "gaussian" else 0
    return body + memory + _stack(units, [], n) + _stack(units, [], 1) + deviations
