"""A fitted network that reads dicts of arrays: numbers and a description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core.errors import IntegrityError


class SequenceNetwork:
    """A network with its weights, as plain arrays: picklable, thread-safe.

    Parameters
    ----------
    architecture : Architecture
        How the network is built, and by what names its functions are called.
    weights : sequence of ndarray
        One array for each variable of the model, in its order.
    """

    def __init__(self, architecture: Architecture, weights: Sequence[np.ndarray]) -> None:
        self.architecture = architecture
        self.weights = [np.asarray(w) for w in weights]
        self._tensors: list | None = None

    @classmethod
    def fresh(cls, architecture: Architecture, seed: int) -> SequenceNetwork:
        """Return a network with weights drawn from a seed."""
        functions = backend.sequence_functions(architecture)
        return cls(architecture, functions.initial_weights(seed))

    @property
    def n_parameters(self) -> int:
        """Number of numbers in the weights (counters and seeds left out)."""
        return sum(w.size for w in self.weights if w.dtype.kind == "f" and w.ndim > 0)

    def call(self, purpose: str, batch: Mapping[str, np.ndarray]) -> Any:
        """Return what one of the network's functions says of a batch.

        Parameters
        ----------
        purpose : str
            Name of the function.
        batch : mapping of str to ndarray
            What it reads.

        Returns
        -------
        ndarray, or a tuple or dict of them
        """
        functions = self._functions()
        return functions.call(purpose, self._tensors, batch)

    def gradient(self, purpose: str, batch: Mapping[str, np.ndarray], wrt: str) -> np.ndarray:
        """Return the gradient of a function's sum with respect to the batch's array ``wrt``."""
        functions = self._functions()
        return functions.gradient(purpose, self._tensors, batch, wrt)

    def part(self, name: str) -> list[np.ndarray]:
        """Return the weights of one of the model's named sub-models or layers."""
        positions = backend.sequence_functions(self.architecture).positions(name)
        return [self.weights[i] for i in positions]

    def _functions(self):
        functions = backend.sequence_functions(self.architecture)
        if self._tensors is None:
            self._tensors = functions.constants(self.weights)
        return functions

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_tensors": None}

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        arrays = {f"weight_{i:04d}": w for i, w in enumerate(self.weights)}
        return AnnState(params={"architecture": self.architecture}, arrays=arrays)

    @classmethod
    def __ann_restore__(cls, state) -> SequenceNetwork:
        """Return the network of a model file; the architecture comes from the registry.

        Raises
        ------
        IntegrityError
            If the weights are not those of the architecture.
        """
        architecture = state.params["architecture"]
        architecture.check()
        if not architecture.has_functions:
            raise IntegrityError(f"the file names {architecture.name!r}, no network of functions")
        weights = [state.arrays[name] for name in sorted(state.arrays)]
        count, stored = architecture.numpy_function("count"), sum(w.size for w in weights)
        if count is not None and count(architecture.params) != stored:
            raise IntegrityError(  # before anything of the size that the file claims exists
                f"the file describes a network of {count(architecture.params)} numbers and holds "
                f"{stored}; it was changed or written by another version"
            )
        model = backend.sequence_functions(architecture).model
        expected = [tuple(v.shape) for v in model.variables]
        if [w.shape for w in weights] != expected:
            raise IntegrityError(
                f"the weights in the file do not fit its network {architecture.name!r}; it was "
                "changed or written by another version"
            )
        return cls(architecture, weights)
