"""Our estimators inside scikit-learn's: taken out before skops sees them, put back after."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_MARK = "\x00appliednn-node:"
_MARK_OF = re.compile(re.escape(_MARK) + r"(\d+)")


def take_out(obj: Any, find_node: Callable[[Any], int | None]) -> tuple[Any, list[int]]:
    """Return a copy of ``obj`` with our estimators replaced by marks, and their node numbers.

    Samplers of imbalanced-learn become unfitted: prediction does not use them.

    Parameters
    ----------
    obj : object
        A scikit-learn estimator or a container of them; not changed.
    find_node : callable
        Takes any object, returns its node number if it is one of ours, else None.
    """
    nodes: dict[int, int] = {}
    memo: dict[int, Any] = {}
    keep: list[Any] = []  # ids in memo stay valid as long as their objects live

    def swap(value: Any) -> Any:
        if isinstance(value, str | int | float | type(None)):
            return value
        if id(value) not in memo:
            memo[id(value)] = value  # a circle comes back to the original
            keep.append(value)
            memo[id(value)] = replace(value)
        return memo[id(value)]

    def replace(value: Any) -> Any:
        node = find_node(value)
        if node is not None:
            nodes[node] = node
            return f"{_MARK}{node}"
        if _is_sampler(value):
            from sklearn.base import clone

            value = clone(value)  # what it learned served training only, trees of rows among it
        return _rebuilt(value, swap)

    return swap(obj), list(nodes)


def _is_sampler(value: Any) -> bool:
    cls = type(value)
    own = cls.__module__.startswith("imblearn.") and hasattr(cls, "fit_resample")
    return own and not hasattr(value, "steps")


def _rebuilt(value: Any, swap: Callable[[Any], Any]) -> Any:
    """Return ``value`` with its parts swapped; itself if none changed."""
    if isinstance(value, dict):
        parts = {key: swap(v) for key, v in value.items()}
        if all(parts[key] is v for key, v in value.items()):
            return value
        return type(value)(**parts) if type(value).__name__ == "Bunch" else parts
    if type(value) in (list, tuple):
        items = [swap(v) for v in value]
        same = all(a is b for a, b in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if isinstance(value, np.ndarray) and value.dtype.hasobject and value.dtype.names is None:
        items = [swap(v) for v in value.ravel()]
        if all(a is b for a, b in zip(items, value.ravel(), strict=True)):
            return value
        out = np.empty(value.size, dtype=object)
        out[:] = items
        return out.reshape(value.shape)
    if type(value).__module__.startswith(("sklearn.", "imblearn.")) and hasattr(value, "__dict__"):
        return _rebuilt_object(value, swap)
    return value


def _rebuilt_object(value: Any, swap: Callable[[Any], Any]) -> Any:
    attributes = vars(value)
    swapped = {name: swap(v) for name, v in attributes.items()}
    if all(swapped[name] is v for name, v in attributes.items()):
        return value
    copy = object.__new__(type(value))
    copy.__dict__.update(swapped)
    return copy


def put_back(obj: Any, nodes: Sequence[int], built: Callable[[int], Any]) -> Any:
    """Replace the marks of these nodes in a loaded object by what was built for them."""
    if not nodes:
        return obj

    def find(value: Any) -> Any:
        match = _MARK_OF.fullmatch(value) if isinstance(value, str) else None
        if match and int(match[1]) in nodes:
            return built(int(match[1]))
        return None

    memo: dict[int, Any] = {}

    def swap(value: Any) -> Any:
        found = find(value)
        if found is not None:
            return found
        if isinstance(value, str | int | float | type(None)):
            return value
        if id(value) not in memo:
            memo[id(value)] = value
            memo[id(value)] = _rebuilt(value, swap)
        return memo[id(value)]

    return swap(obj)
