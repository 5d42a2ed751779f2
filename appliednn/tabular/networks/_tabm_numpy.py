"""TabM in NumPy: predictions for few rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._members import aggregate_raw

_OPEN = 1e30  # bound of a bin that has none on that side


def tabm_names(params: dict) -> list[str]:
    """Return ``layer/variable`` of every weight, in the order the Keras model has them."""
    names = ["categories/embeddings"] if params["cardinalities"] else []
    if params["n_bins"] and params["n_values"]:
        names += [f"values/{v}" for v in ("weight", "bias", "kernel", "edges")]
    names += ["adapter/r"] if params["variant"] == "mini" else []
    own = ("kernel", "r", "s", "bias") if params["variant"] == "tabm" else ("kernel", "bias")
    for i in range(len(params["hidden_layer_sizes"])):
        names += [f"dense_{i}/{v}" for v in own]
        if params["dropout"]:
            names += [f"dropout_{i}/{v}" for v in ("counter", "seed", "rate")]
    return [*names, "output/kernel", "output/bias"]


def numpy_tabm(params: dict, weights: Sequence[np.ndarray]) -> Callable | None:
    """Return ``f(Z) -> raw`` for an aggregated network, or None for one that is not."""
    if not params["aggregate"]:
        return None
    named = dict(zip(tabm_names(params), weights, strict=True))
    embed = _embedding(params, named)
    k = params["members"]

    def forward(Z: np.ndarray) -> np.ndarray:
        x = embed(np.asarray(Z))[None]
        if params["variant"] == "mini":
            x = x * named["adapter/r"]
        for i in range(len(params["hidden_layer_sizes"])):
            x = _dense(params, named, f"dense_{i}", x)
            np.maximum(x, 0.0, out=x)
        raw = np.broadcast_to(x, (k, *x.shape[1:])) @ named["output/kernel"]
        return aggregate_raw(raw + named["output/bias"], params["kind"])

    return forward


def _dense(params: dict, named: dict, name: str, x: np.ndarray) -> np.ndarray:
    """Return one dense layer's outputs (members, rows, units)."""
    kernel, bias = named[f"{name}/kernel"], named[f"{name}/bias"]
    if params["variant"] == "packed":
        return x @ kernel + bias
    if params["variant"] == "tabm":
        x = x * named[f"{name}/r"]
    x = (x.reshape(-1, x.shape[-1]) @ kernel).reshape(*x.shape[:-1], -1)
    if params["variant"] == "tabm":
        x *= named[f"{name}/s"]
    x += bias
    return x


def _embedding(params: dict, named: dict) -> Callable:
    """Return ``f(rows) -> rows`` with categories and numbers as vectors."""
    codes, n = params["cardinalities"], params["n_values"]
    starts = np.cumsum([0, *codes[:-1]]).astype(int)
    bins = None
    if params["n_bins"] and n:
        bins = _bins(named["values/edges"])

    def embed(Z: np.ndarray) -> np.ndarray:
        values, rest = Z[:, :n], Z[:, n : Z.shape[1] - len(codes)]
        parts = [values if bins is None else _vectors(named, bins, values), rest]
        if codes:
            places = Z[:, Z.shape[1] - len(codes) :].astype(int) + starts
            parts.append(named["categories/embeddings"][places].reshape(len(Z), -1))
        return np.concatenate(parts, axis=1)

    return embed


def _bins(edges: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return left edge, slope and bounds of each bin, each (n_values, n_bins)."""
    widths = edges[:, 1:] - edges[:, :-1]
    real = widths > 0
    slope = np.divide(1.0, widths, out=np.zeros_like(widths), where=real)
    last = np.ones_like(real)
    last[:, :-1] = ~real[:, 1:]
    upper = np.where(last, widths.dtype.type(_OPEN), widths.dtype.type(1.0))
    lower = np.zeros_like(widths)
    lower[:, 0] = -_OPEN
    return edges[:, :-1], slope, lower, upper


def _vectors(named: dict, bins: tuple[np.ndarray, ...], values: np.ndarray) -> np.ndarray:
    """Return the numbers' vectors, (rows, n_values * width)."""
    left, slope, lower, upper = bins
    x = values.T[:, :, None]  # (n_values, rows, 1)
    encoded = np.clip((x - left[:, None]) * slope[:, None], lower[:, None], upper[:, None])
    out = x * named["values/weight"] + named["values/bias"] + encoded @ named["values/kernel"]
    return out.transpose(1, 0, 2).reshape(len(values), -1)
