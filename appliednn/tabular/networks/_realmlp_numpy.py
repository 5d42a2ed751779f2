"""RealMLP in NumPy: predictions for few rows, and the first weights drawn from the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._members import aggregate_raw
from appliednn.core._numpy_forward import ACTIVATIONS

# Rows that the first weights are fitted to.
_INIT_ROWS = 10_000
_BIAS_ROWS = 5


def parameter_names(params: dict) -> list[str]:
    """Return ``layer/variable`` of every weight, in the order the Keras model has them."""
    names = []
    if params["n_numbers"]:
        names += [f"numbers/{v}" for v in ("frequency", "phase", "kernel", "shift")]
    if params["cardinalities"]:
        names.append("categories/table")
    names.append("scale/scale")
    for i in range(len(params["hidden_layer_sizes"])):
        names += [f"dense_{i}/kernel", f"dense_{i}/bias"]
        if params["parametric"]:
            names.append(f"activation_{i}/mix")
        if params["dropout"]:
            names += [f"dropout_{i}/{v}" for v in ("counter", "seed", "rate")]
    names += ["output/kernel", "output/bias"]
    return [*names, "clamp/low", "clamp/high"] if params["clamp"] else names


def count_realmlp(params: dict) -> int:
    """Return how many numbers the network stores, without building it."""
    k, n = max(1, params["members"]), params["n_numbers"]
    hidden, out = params["embedding_hidden"], params["embedding_width"] - 1
    total = n * (2 * hidden + hidden * out + out)
    codes = params["cardinalities"]
    total += sum(codes) * params["category_width"]
    before = params["n_inputs"] + n * out + len(codes) * (params["category_width"] - 1)
    total += before
    for width in params["hidden_layer_sizes"]:
        total += before * width + width + (width if params["parametric"] else 0)
        before = width
    total += before * params["n_outputs"] + params["n_outputs"]
    total += 2 * params["n_outputs"] if params["clamp"] else 0
    dropouts = len(params["hidden_layer_sizes"]) if params["dropout"] else 0
    return k * total + dropouts * (2 + k)


def numpy_realmlp(params: dict, weights: Sequence[np.ndarray]) -> Callable:
    """Return ``f(Z) -> raw`` for an aggregated or a plain network."""
    if params["activation"] not in ACTIVATIONS:
        return None
    named = dict(zip(parameter_names(params), weights, strict=True))

    def forward(Z: np.ndarray) -> np.ndarray:
        x = _features(params, named, Z[None] if params["members"] else Z)
        for i in range(len(params["hidden_layer_sizes"])):
            x = _activate(params, named, i, _linear(named, f"dense_{i}", x))
        x = _linear(named, "output", x)
        if params["clamp"]:
            x = np.clip(x, named["clamp/low"], named["clamp/high"])
        return aggregate_raw(x, params["kind"]) if params["members"] else x

    return forward


def _features(params: dict, named: dict, x: np.ndarray) -> np.ndarray:
    """Return embedded and scaled inputs."""
    n, codes = params["n_numbers"], params["cardinalities"]
    lead = (params["members"],) if params["members"] else ()
    x = np.broadcast_to(x, (*lead, *x.shape[-2:]))
    numbers, rest = x[..., :n], x[..., n:]
    parts = []
    if n:
        angle = np.swapaxes(numbers, -1, -2)[..., None] * named["numbers/frequency"]
        waves = np.cos(np.float32(2 * math.pi) * angle + named["numbers/phase"])
        embedded = waves @ named["numbers/kernel"] + named["numbers/shift"]
        embedded = np.swapaxes(embedded, -2, -3)
        parts += [embedded.reshape(*embedded.shape[:-2], -1), numbers]
    if codes:
        starts = np.cumsum([0, *codes[:-1]])
        index = rest[..., -len(codes) :].astype(int) + starts
        table = named["categories/table"]
        vectors = table[(np.arange(lead[0])[:, None, None], index) if lead else index]
        parts += [rest[..., : -len(codes)], vectors.reshape(*vectors.shape[:-2], -1)]
    else:
        parts.append(rest)
    return np.concatenate(parts, axis=-1) * named["scale/scale"]


def _linear(named: dict, layer: str, x: np.ndarray) -> np.ndarray:
    kernel = named[f"{layer}/kernel"]
    x = x * np.asarray(1.0 / math.sqrt(kernel.shape[-2]), dtype=x.dtype)
    return x @ kernel + named[f"{layer}/bias"]


def _activate(params: dict, named: dict, i: int, x: np.ndarray) -> np.ndarray:
    active = ACTIVATIONS[params["activation"]](x.copy())
    if not params["parametric"]:
        return active
    return x + named[f"activation_{i}/mix"] * (active - x)


def data_driven_weights(
    params: dict, weights: Sequence[np.ndarray], Z: np.ndarray, w: np.ndarray, seed: int
) -> list[np.ndarray]:
    """Return first weights fitted to the inputs of one plain network (Holzmueller et al. 2024).

    Layer by layer, each column of a kernel is divided by the standard deviation of what it gives
    over the training rows (``"std"``), and each unit's bias is minus a random convex combination
    of what five rows give (``"he+5"``), so that its kink lies among the data.

    Parameters
    ----------
    params : dict
        The architecture's.
    weights : sequence of ndarray
        As drawn from standard normals.
    Z : ndarray of shape (n, n_inputs)
        Encoded training rows.
    w : ndarray of shape (n,)
        Their weights.
    seed : int
        Draws the rows and their shares.
    """
    names = parameter_names(params)
    named = dict(zip(names, [np.array(v) for v in weights], strict=True))
    rng = np.random.default_rng(seed)
    Z, w = _some_rows(Z, w, rng)
    shares = w / w.sum()
    x = _features({**params, "members": 0}, named, Z)
    n_hidden = len(params["hidden_layer_sizes"])
    for layer in [*(f"dense_{i}" for i in range(n_hidden)), "output"]:
        _fit_layer(named, layer, x, shares, rng)
        if layer != "output":
            x = _activate(params, named, int(layer[6:]), _linear(named, layer, x))
    return [named[name] for name in names]


def _some_rows(Z, w, rng) -> tuple[np.ndarray, np.ndarray]:
    """Return rows in an order that does not depend on how they were given, at most 10 000."""
    order = np.lexsort(Z.T[::-1])
    if len(order) > _INIT_ROWS:
        order = np.sort(rng.choice(len(order), _INIT_ROWS, replace=False))
    return Z[order], w[order].astype(np.float64)


def _fit_kernel(named: dict, layer: str, x: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Scale a kernel's columns to unit output; return the outputs without bias."""
    kernel = named[f"{layer}/kernel"]
    out = (x.astype(np.float64) / math.sqrt(x.shape[1])) @ kernel
    spread = np.sqrt(shares @ (out - shares @ out) ** 2)
    spread[spread <= 1e-8] = 1.0  # constant inputs: the column stays as drawn
    named[f"{layer}/kernel"] = (kernel / spread).astype(kernel.dtype)
    return out / spread


def _fit_layer(named: dict, layer: str, x: np.ndarray, shares: np.ndarray, rng) -> None:
    out = _fit_kernel(named, layer, x, shares)
    units = out.shape[1]
    picks = np.searchsorted(np.cumsum(shares), rng.random((_BIAS_ROWS, units)) * (1 - 1e-12))
    mix = rng.exponential(size=(_BIAS_ROWS, units))
    mix /= mix.sum(axis=0)
    bias = -(mix * out[np.minimum(picks, len(out) - 1), np.arange(units)]).sum(axis=0)
    named[f"{layer}/bias"] = bias.astype(named[f"{layer}/bias"].dtype)
