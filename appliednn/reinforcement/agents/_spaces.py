"""Spaces of observations and actions as plain values, which a model file can hold."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from appliednn.core.errors import import_extra


@dataclass(frozen=True)
class SpaceSpec:
    """A space that :func:`~appliednn.reinforcement.envs.make_env` gives, as values.

    Attributes
    ----------
    kind : {"box", "discrete", "multi_discrete"}
        Class of the space.
    shape : tuple of int
        Of one element.
    dtype : str
        Of its numbers.
    low, high : ndarray or None
        Bounds of a box.
    sizes : tuple of int
        Numbers of choices; empty for a box.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    sizes: tuple[int, ...] = ()

    @classmethod
    def of(cls, space) -> SpaceSpec:
        """Return a gymnasium space as values."""
        shape, dtype = tuple(space.shape or ()), str(space.dtype)
        if hasattr(space, "n"):
            return cls("discrete", (), dtype, sizes=(int(space.n),))
        if hasattr(space, "nvec"):
            return cls("multi_discrete", shape, dtype, sizes=tuple(map(int, space.nvec)))
        return cls("box", shape, dtype, np.array(space.low), np.array(space.high))

    def to_gymnasium(self):
        """Return the gymnasium space."""
        spaces = import_extra("gymnasium", "rl").spaces
        if self.kind == "discrete":
            return spaces.Discrete(self.sizes[0])
        if self.kind == "multi_discrete":
            return spaces.MultiDiscrete(self.sizes, dtype=np.dtype(self.dtype))
        dtype = np.dtype(self.dtype)
        low, high = self.low.astype(dtype), self.high.astype(dtype)
        return spaces.Box(low, high, self.shape, dtype)

    @property
    def is_image(self) -> bool:
        """Whether it is an image of bytes, (height, width, channels)."""
        return self.kind == "box" and len(self.shape) == 3 and self.dtype == "uint8"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpaceSpec):
            return NotImplemented
        plain = ("kind", "shape", "dtype", "sizes")
        same = all(getattr(self, name) == getattr(other, name) for name in plain)
        bounds = zip((self.low, self.high), (other.low, other.high), strict=True)
        return same and all(np.array_equal(a, b) for a, b in bounds)

    __hash__ = None

    def encode(self, actions: np.ndarray) -> np.ndarray:
        """Return actions of the space as networks know them: (n, k) of int, or (n, d) floats."""
        actions = np.asarray(actions)
        if self.kind == "box":
            return actions.astype(np.float32, copy=False)
        return actions.reshape(len(actions), -1)

    def decode(self, choices: np.ndarray) -> np.ndarray:
        """Return what :meth:`encode` gave as actions of the space, a box's within its bounds."""
        if self.kind == "box":
            return np.clip(choices, self.low, self.high).astype(self.dtype, copy=False)
        return choices[:, 0] if self.kind == "discrete" else choices


def read_observations(X, space: SpaceSpec) -> tuple[np.ndarray, bool]:
    """Return observations as an array (n, *shape) and whether a single one was given.

    Raises
    ------
    ValueError
        If their shape is not the space's, or a number is missing or infinite.
    """
    array = np.asarray(X)
    if array.dtype.kind == "O":  # such as columns of nullable numbers
        with suppress(TypeError, ValueError):
            array = array.astype(np.float64)
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"observations of type {array.dtype} were given; expected numbers of shape "
            f"{('n', *space.shape)}"
        )
    single = array.shape == space.shape
    if single:
        array = array[None]
    if array.shape[1:] != space.shape or array.ndim != len(space.shape) + 1:
        raise ValueError(
            f"observations of shape {np.shape(X)} were given; expected {space.shape} for one or "
            f"{('n', *space.shape)} for n"
        )
    if not space.is_image:
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError(
                "observations hold numbers that are missing, infinite or too large for float32; "
                "fill or drop those rows"
            )
    return array, single
