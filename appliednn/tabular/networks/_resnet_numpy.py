"""The residual network in NumPy: predictions for few rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._members import aggregate_raw

_EPSILON = 1e-5  # of the batch normalisations


def resnet_names(params: dict) -> list[str]:
    """Return ``layer/variable`` of every weight, in the order the Keras model has them."""
    norm = ("gamma", "beta", "moving_mean", "moving_variance")
    dense, drop = ("kernel", "bias"), ("counter", "seed", "rate")
    layers = [("categories", ("table",))] if params["cardinalities"] else []
    layers.append(("input", dense))
    for i in range(params["n_blocks"]):
        layers += [(f"normalization_{i}", norm), (f"dense_{i}_0", dense)]
        layers += [(f"dropout_{i}", drop)] if params["dropout"] else []
        layers.append((f"dense_{i}_1", dense))
        layers += [(f"dropout_{i}_residual", drop)] if params["dropout"] else []
    layers += [("normalization", norm), ("output", dense)]
    return [f"{layer}/{variable}" for layer, variables in layers for variable in variables]


def numpy_resnet(params: dict, weights: Sequence[np.ndarray]) -> Callable | None:
    """Return ``f(Z) -> raw`` for one network or an aggregated stack, otherwise None."""
    k = params["members"]
    if k and not params["aggregate"]:
        return None
    named = dict(zip(resnet_names(params), weights, strict=True))

    def linear(name: str, x: np.ndarray) -> np.ndarray:
        return x @ named[f"{name}/kernel"] + named[f"{name}/bias"]

    def normalize(name: str, x: np.ndarray) -> np.ndarray:
        gamma, beta, mean, variance = (
            named[f"{name}/{v}"] for v in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) * (gamma / np.sqrt(variance + _EPSILON)) + beta

    def forward(Z: np.ndarray) -> np.ndarray:
        x = _with_categories(params, named, np.asarray(Z))
        x = linear("input", x)
        for i in range(params["n_blocks"]):
            z = linear(f"dense_{i}_0", normalize(f"normalization_{i}", x))
            x = x + linear(f"dense_{i}_1", np.maximum(z, 0.0, out=z))
        x = linear("output", np.maximum(normalize("normalization", x), 0.0))
        return aggregate_raw(x, params["kind"]) if k else x

    return forward


def _with_categories(params: dict, named: dict, Z: np.ndarray) -> np.ndarray:
    """Return rows (members first, where there are any) with codes replaced by vectors."""
    codes, k = params["cardinalities"], params["members"]
    if codes:
        starts = np.cumsum([0, *codes[:-1]]).astype(int)
        places = Z[:, -len(codes) :].astype(int) + starts
        table = named["categories/table"]  # (total, width) or (members, total, width)
        vectors = np.take(table, places, axis=-2)
        vectors = vectors.reshape(*vectors.shape[:-2], -1)
        others = Z[:, : -len(codes)]
        if k:
            others = np.broadcast_to(others, (k, *others.shape))
        return np.concatenate([others, vectors], axis=-1)
    return Z[None] if k else Z
