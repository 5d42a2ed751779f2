"""The names of BERT's arrays in a folder, and of the same weights in the model here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core.errors import IntegrityError

_TABLES = {
    "word/embeddings": ("embeddings.word_embeddings.weight", "vocabulary"),
    "position/embeddings": ("embeddings.position_embeddings.weight", "positions"),
    "type/embeddings": ("embeddings.token_type_embeddings.weight", "types"),
}
# Parts of a layer: name here, name in the folder, width read, width given.
_DENSE = (
    ("mix", "attention.output.dense", "width", "width"),
    ("wide", "intermediate.dense", "width", "inner"),
    ("narrow", "output.dense", "inner", "width"),
)
_NORMS = (("norm", "attention.output.LayerNorm"), ("norm_wide", "output.LayerNorm"))
_QKV = ("query", "key", "value")


def named_weights(
    architecture: Architecture, weights: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Return a network's weights by the names of its variables; counters and rates left out."""
    variables = backend.sequence_functions(architecture).model.variables
    pairs = zip(variables, weights, strict=True)
    return {v.path: np.asarray(w) for v, w in pairs if np.ndim(w) > 0}


def folder_weights(
    tensors: Mapping[str, np.ndarray], sizes: Mapping[str, Any], path: Path
) -> dict[str, np.ndarray]:
    """Return the arrays of a folder under the names of the model's variables.

    Raises
    ------
    IntegrityError
        If an array is missing, has another shape than ``sizes`` say, or is not finite.
    """
    take = _Taker(tensors, path)
    width = sizes["width"]
    out = {own: take(name, (sizes[rows], width)) for own, (name, rows) in _TABLES.items()}
    take.norm(out, "norm", "embeddings.LayerNorm", width)
    for i in range(sizes["layers"]):
        place = f"encoder.layer.{i}."
        parts = [f"{place}attention.self.{part}" for part in _QKV]
        kernels = [take(f"{part}.weight", (width, width)).T for part in parts]
        out[f"layer_{i}_qkv/kernel"] = np.concatenate(kernels, axis=1)
        biases = [take(f"{part}.bias", (width,)) for part in parts]
        out[f"layer_{i}_qkv/bias"] = np.concatenate(biases)
        for own, name, read, given in _DENSE:
            kernel = take(f"{place}{name}.weight", (sizes[given], sizes[read]))
            out[f"layer_{i}_{own}/kernel"] = np.ascontiguousarray(kernel.T)
            out[f"layer_{i}_{own}/bias"] = take(f"{place}{name}.bias", (sizes[given],))
        for own, name in _NORMS:
            take.norm(out, f"layer_{i}_{own}", place + name, width)
    return out


class _Taker:
    """Gives arrays by name, whatever prefix the file has, and checks them."""

    def __init__(self, tensors: Mapping[str, np.ndarray], path: Path) -> None:
        self._tensors, self._path = tensors, path
        self._prefix = "bert." if any(name.startswith("bert.") for name in tensors) else ""

    def __call__(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        array = self._tensors.get(self._prefix + name)
        if array is None:
            raise IntegrityError(
                f"{self._path} holds no array of floats {self._prefix + name!r} of shape {shape}; "
                f"its arrays: {', '.join(sorted(self._tensors)[:5]) or 'none'} ..."
            )
        if array.shape != shape:
            raise IntegrityError(
                f"{self._path}: {name} has the shape {array.shape}; config.json asks for {shape}"
            )
        if not np.isfinite(array).all():
            raise IntegrityError(f"{self._path}: {name} holds numbers that are not finite")
        return array

    def norm(self, out: dict, own: str, name: str, width: int) -> None:
        """Take a layer normalisation; the oldest files call its arrays gamma and beta."""
        old = f"{self._prefix}{name}.gamma" in self._tensors
        scale, shift = ("gamma", "beta") if old else ("weight", "bias")
        out[f"{own}/gamma"] = self(f"{name}.{scale}", (width,))
        out[f"{own}/beta"] = self(f"{name}.{shift}", (width,))


def tensors_of(weights: Mapping[str, np.ndarray], layers: int) -> dict[str, np.ndarray]:
    """Return weights of the model under the names they have in a folder."""
    out = {name: weights[own] for own, (name, _) in _TABLES.items()}
    out["embeddings.LayerNorm.weight"] = weights["norm/gamma"]
    out["embeddings.LayerNorm.bias"] = weights["norm/beta"]
    for i in range(layers):
        place, own_place = f"encoder.layer.{i}.", f"layer_{i}_"
        kernels = np.split(weights[f"{own_place}qkv/kernel"], 3, axis=1)
        biases = np.split(weights[f"{own_place}qkv/bias"], 3)
        for part, kernel, bias in zip(_QKV, kernels, biases, strict=True):
            out[f"{place}attention.self.{part}.weight"] = kernel.T
            out[f"{place}attention.self.{part}.bias"] = bias
        for own, name, _, _ in _DENSE:
            out[f"{place}{name}.weight"] = weights[f"{own_place}{own}/kernel"].T
            out[f"{place}{name}.bias"] = weights[f"{own_place}{own}/bias"]
        for own, name in _NORMS:
            out[f"{place}{name}.weight"] = weights[f"{own_place}{own}/gamma"]
            out[f"{place}{name}.bias"] = weights[f"{own_place}{own}/beta"]
    return out
