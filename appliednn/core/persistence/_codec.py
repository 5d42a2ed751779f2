"""Values to JSON and back: exact for tuples, NaN, NumPy scalars, labels, small dataclasses."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from appliednn.core.errors import IntegrityError, UsageError
from appliednn.core.persistence import _registry

_PLAIN_KINDS = "biuf"  # array kinds that safetensors holds
_SCALARS = {"bool", "float16", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


class Encoder:
    """Turn values into JSON; arrays and estimators go to the given sinks.

    Parameters
    ----------
    put_array : callable
        Takes a name and an array of numbers, returns the key it is stored under.
    put_child : callable
        Takes an estimator and where it was met, returns its node number, or None if the object
        is none that can be saved.
    """

    def __init__(
        self,
        put_array: Callable[[str, np.ndarray], str],
        put_child: Callable[[Any, str], int | None],
    ) -> None:
        self._put_array = put_array
        self._put_child = put_child

    def encode(self, value: Any, where: str) -> Any:
        """Return JSON for one value.

        Raises
        ------
        UsageError
            If it cannot be saved; ``where`` says which it is.
        """
        if value is None or isinstance(value, bool | int | str) and type(value) in _EXACT:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"$float": repr(value)}
        if type(value) is list:
            return [self.encode(v, f"{where}[{i}]") for i, v in enumerate(value)]
        if type(value) is tuple:
            return {"$tuple": [self.encode(v, f"{where}[{i}]") for i, v in enumerate(value)]}
        if type(value) is dict:
            return self._encode_dict(value, where)
        if isinstance(value, np.generic | np.ndarray | np.dtype):
            return self._encode_numpy(value, where)
        return self._encode_object(value, where)

    def _encode_dict(self, value: dict, where: str) -> Any:
        if all(type(k) is str and not k.startswith("$") for k in value):
            return {k: self.encode(v, f"{where}[{k!r}]") for k, v in value.items()}
        pairs = [
            [self.encode(k, f"a key of {where}"), self.encode(v, f"{where}[{k!r}]")]
            for k, v in value.items()
        ]
        return {"$dict": pairs}

    def _encode_numpy(self, value: Any, where: str) -> Any:
        if isinstance(value, np.dtype):
            if value.name in _SCALARS:
                return {"$dtype": value.name}
            raise _unsaveable(value, where)
        if value.dtype.kind in _PLAIN_KINDS and value.dtype.name in _SCALARS:
            if isinstance(value, np.generic):
                return {"$number": [value.dtype.name, self.encode(value.item(), where)]}
            if type(value) is np.ndarray:
                return {"$array": self._put_array(where, value)}
        if isinstance(value, np.str_):
            return {"$text": str(value)}
        if type(value) is np.ndarray and value.dtype.kind in "UO":
            items = [self.encode(v, f"{where}[{i}]") for i, v in enumerate(value.ravel().tolist())]
            return {"$labels": [value.dtype.str, list(value.shape), items]}
        raise _unsaveable(value, where)

    def _encode_object(self, value: Any, where: str) -> Any:
        name = _registry.name_of(type(value))
        if name is not None and _is_value_class(type(value)):
            fields = {
                f.name: self.encode(getattr(value, f.name), f"{where}.{f.name}")
                for f in dataclasses.fields(value)
                if f.init
            }
            return {"$value": [name, fields]}
        node = self._put_child(value, where)
        if node is None:
            raise _unsaveable(value, where)
        return {"$child": node}


_EXACT = (bool, int, str)


def _is_value_class(cls: type) -> bool:
    return dataclasses.is_dataclass(cls) and not hasattr(cls, "__ann_restore__")


def _unsaveable(value: Any, where: str) -> UsageError:
    hint = "model files hold numbers, text, arrays of these and estimators"
    if isinstance(value, np.random.RandomState | np.random.Generator):
        hint = "pass random_state as an int"
    elif callable(value):
        hint = "a function cannot be saved without code; use a name instead where there is one"
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    return UsageError(f"{where} is a {kind} and cannot be saved: {hint}.")


class Decoder:
    """Turn JSON back into values.

    Parameters
    ----------
    get_array : callable
        Takes a key, returns the array.
    get_child : callable
        Takes a node number, returns the estimator built from it.
    """

    def __init__(
        self, get_array: Callable[[str], np.ndarray], get_child: Callable[[int], Any]
    ) -> None:
        self._tags: dict[str, Callable[[Any], Any]] = {
            "$array": get_array,
            "$child": get_child,
            "$float": _float,
            "$tuple": lambda body: tuple(self.decode(v) for v in body),
            "$dict": lambda body: {self.decode(k): self.decode(v) for k, v in body},
            "$dtype": _dtype,
            "$number": lambda body: _dtype(body[0]).type(self.decode(body[1])),
            "$text": lambda body: np.str_(body),
            "$labels": self._labels,
            "$value": self._value,
        }

    def decode(self, data: Any) -> Any:
        """Return the value of one piece of JSON.

        Raises
        ------
        IntegrityError
            If it is no value this package writes.
        """
        if isinstance(data, list):
            return [self.decode(v) for v in data]
        if not isinstance(data, dict):
            return data
        if not any(key.startswith("$") for key in data):
            return {key: self.decode(v) for key, v in data.items()}
        tag, body = next(iter(data.items()))
        if len(data) != 1 or tag not in self._tags:
            raise IntegrityError(f"the manifest holds a value of an unknown kind {tag!r}.")
        try:
            return self._tags[tag](body)
        except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
            if isinstance(error, IntegrityError):
                raise
            raise IntegrityError(f"the manifest holds a malformed {tag!r}: {error}") from error

    def _labels(self, body: Any) -> np.ndarray:
        dtype, shape, items = body
        if not isinstance(dtype, str) or np.dtype(dtype).kind not in "UO":
            raise IntegrityError(f"the manifest holds labels of dtype {dtype!r}.")
        size = math.prod(shape)
        if size != len(items) or any(type(s) is not int or s < 0 for s in shape):
            raise IntegrityError(f"the manifest declares {shape} labels and holds {len(items)}.")
        width = max((len(v) for v in items if isinstance(v, str)), default=1)
        # the text's own width, not the declared one, which could be any number
        flat = np.empty(size, dtype=object if np.dtype(dtype).kind == "O" else f"<U{width or 1}")
        for i, item in enumerate(items):
            flat[i] = self.decode(item)
        return flat.reshape(shape)

    def _value(self, body: Any) -> Any:
        name, fields = body
        cls = _registry.class_of(name)
        if not _is_value_class(cls):
            raise IntegrityError(f"the manifest holds {name!r} where a plain value belongs.")
        return cls(**{key: self.decode(v) for key, v in fields.items()})


def _float(body: Any) -> float:
    if body not in ("nan", "inf", "-inf"):
        raise IntegrityError(f"the manifest holds a malformed number {body!r}.")
    return float(body)


def _dtype(name: Any) -> np.dtype:
    if name not in _SCALARS:
        raise IntegrityError(f"the manifest holds a dtype {name!r} that no model uses.")
    return np.dtype(name)
