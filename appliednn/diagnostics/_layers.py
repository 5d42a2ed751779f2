"""Layers: gradient norms, units that never answer, units that are stuck at their ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.diagnostics._training import Remark

# Ends of activations that saturate.
_ENDS = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
_NEAR_END, _MOST_ROWS = 0.01, 0.95
# Architectures whose activation is no parameter.
_FIXED = {"tabm": "relu", "resnet": "relu", "ft_transformer": "relu"}
# Ratio of the largest to the smallest gradient norm of two layers.
_FAR_APART = 1000.0
_FEW, _MANY = 0.2, 0.5


@dataclass(frozen=True)
class UnitHealth:
    """The units of one hidden layer on a sample of rows.

    Attributes
    ----------
    layer : str
        Name of the activation layer.
    activation : str
        Its function; empty when the architecture does not say.
    width : int
        Number of units (channels).
    dead : int
        Units whose output is zero on every row of the sample.
    saturated : int or None
        Units within 1 % of an end on 95 % of the rows; None where the function has no ends.
    n_rows : int
        Size of the sample.
    """

    layer: str
    activation: str
    width: int
    dead: int
    saturated: int | None
    n_rows: int

    @property
    def dead_share(self) -> float:
        """Share of the units that are dead."""
        return self.dead / self.width


@dataclass(frozen=True)
class LayerHealth:
    """A network's layers.

    Attributes
    ----------
    units : tuple of UnitHealth
        Hidden activations in their order.
    gradients : dict of str to float
        L2 norm of the mean loss's gradient with respect to each kernel, first layer first, for
        the fitted weights; empty without labels.
    gradients_at_start : dict of str to float
        The same for freshly drawn weights.
    remarks : tuple of Remark
    """

    units: tuple[UnitHealth, ...]
    gradients: dict[str, float]
    gradients_at_start: dict[str, float]
    remarks: tuple[Remark, ...]


def layer_health(network: Any, Z: np.ndarray, y: np.ndarray | None, *, seed: int = 0):
    """Return the health of each layer of a network.

    Parameters
    ----------
    network : Network
        Fitted (``estimator.network_``).
    Z : ndarray of shape (n, n_inputs), float32
        Encoded rows, a thousand are enough.
    y : ndarray of shape (n, ...) or None
        Encoded target; None leaves the gradients out.
    seed : int
        Seed of the fresh weights that the gradients at the start are measured on.

    Returns
    -------
    LayerHealth
    """
    functions = activations_of(network.architecture)
    usual = _FIXED.get(network.architecture.name, "")
    units = tuple(
        unit_health(layer, outputs, functions.get(layer, usual))
        for layer, outputs in network.layer_outputs(Z).items()
    )
    now, start = {}, {}
    if y is not None:
        now = dict(network.weight_gradient_norms(Z, y))
        start = dict(network.randomized(seed).weight_gradient_norms(Z, y))
    remarks = [r for r in (_gradient_remark(now, start), *map(_unit_remark, units)) if r]
    return LayerHealth(units, now, start, tuple(remarks))


def unit_health(layer: str, outputs: np.ndarray, activation: str = "") -> UnitHealth:
    """Count a layer's dead and saturated units.

    Parameters
    ----------
    layer : str
        Name.
    outputs : ndarray of shape (n, ..., width)
        What the layer gives for a sample of rows.
    activation : str
        Name of its function; decides whether there are ends to be stuck at.

    Examples
    --------
    >>> outputs = np.array([[0.0, 2.0], [0.0, 0.0]])
    >>> unit_health("activation_0", outputs, "relu").dead
    1
    """
    n_rows, width = len(outputs), outputs.shape[-1]
    flat = np.asarray(outputs, dtype=float).reshape(-1, width)
    dead = int(np.all(flat == 0.0, axis=0).sum())
    saturated = None
    if activation in _ENDS:
        low, high = _ENDS[activation]
        near = _NEAR_END * (high - low)
        stuck = (flat <= low + near) | (flat >= high - near)
        saturated = int((stuck.mean(axis=0) >= _MOST_ROWS).sum())
    return UnitHealth(layer, activation, width, dead, saturated, n_rows)


def activations_of(architecture: Any) -> dict[str, str]:
    """Return the activation function of each layer by its name, as far as the description says.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> params = {"activation": "relu", "hidden_layer_sizes": [8, 4]}
    >>> activations_of(SimpleNamespace(name="mlp", params=params))
    {'activation_0': 'relu', 'activation_1': 'relu'}
    """
    params = architecture.params
    if "hidden_layer_sizes" in params and "activation" in params:
        n_layers = len(params["hidden_layer_sizes"])
        return {f"activation_{i}": str(params["activation"]) for i in range(n_layers)}
    config = params.get("config")
    return {} if not isinstance(config, str) else dict(_named(json.loads(config)))


def _named(node: Any) -> Iterator[tuple[str, str]]:
    """Yield (layer name, activation) from a Keras configuration."""
    if isinstance(node, list):
        for item in node:
            yield from _named(item)
    if not isinstance(node, dict):
        return
    config = node.get("config")
    if isinstance(config, dict) and "name" in config:
        function = config.get("activation")
        if isinstance(function, dict):
            function = function.get("config") or function.get("class_name")
        if isinstance(function, str):
            yield str(config["name"]), function
        elif node.get("class_name") == "ReLU":
            yield str(config["name"]), "relu"
    for value in node.values():
        yield from _named(value)


def _gradient_remark(now: dict[str, float], start: dict[str, float]) -> Remark | None:
    """Say whether gradients vanish or explode on their way to the first layer."""
    lost = [name for name, norm in now.items() if not np.isfinite(norm)]
    if lost:
        return Remark(
            "exploding",
            "high",
            "Gradients are not finite",
            f"The gradient of {', '.join(lost)} is not a finite number on the fitted weights.",
            "Lower the learning rate, clip by global norm, and look for huge feature values.",
        )
    if len(start) < 2:
        return None
    names = list(start)
    first, last = start[names[0]], start[names[-1]]
    if not (np.isfinite(first) and np.isfinite(last)) or first > _FAR_APART * max(last, 1e-30):
        kind, title = "exploding", "Gradients explode towards the first layer"
    elif last > _FAR_APART * max(first, 1e-30):
        kind, title = "vanishing", "Gradients vanish towards the first layer"
    else:
        return None
    return Remark(
        kind,
        "medium",
        title,
        f"On freshly drawn weights the gradient norm is {first:.2g} in {names[0]} and {last:.2g} "
        f"in {names[-1]}.",
        "Use residual connections, layer normalisation or another initialiser.",
    )


def _unit_remark(units: UnitHealth) -> Remark | None:
    """Say when many units of a layer are dead or saturated."""
    worst = max((units.dead, "dead"), (units.saturated or 0, "saturated"))
    count, kind = worst
    if count / units.width <= _FEW:
        return None
    meaning, outcome = {
        "dead": ("give zero on every one of", "they carry nothing and learn nothing"),
        "saturated": (
            "sit at an end of their range on nearly all of",
            "their gradient is next to zero, so they hardly learn",
        ),
    }[kind]
    return Remark(
        kind,
        "medium" if count / units.width > _MANY else "low",
        f"Many {kind} units in {units.layer}",
        f"{count} of {units.width} units of {units.layer} {meaning} {units.n_rows} rows: "
        f"{outcome}.",
        "Lower the learning rate, use leaky ReLU or GELU, or normalise between layers.",
    )
