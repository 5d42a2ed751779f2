"""Arrays as one safetensors member, its declared shapes checked before anything is allocated."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from appliednn.core.errors import IntegrityError

_DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16",
    "U32": "uint32", "I32": "int32", "U64": "uint64", "I64": "int64",
    "F16": "float16", "F32": "float32", "F64": "float64",
}  # fmt: skip
_HEADER_LIMIT = 32 * 2**20


def dump_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return a safetensors file of the arrays.

    Examples
    --------
    >>> load_arrays(dump_arrays({"w": np.eye(2, dtype="float32")}))["w"].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    from safetensors.numpy import save

    plain = {}
    for name, array in arrays.items():
        array = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
        plain[name] = array
    return save(plain)


def load_arrays(data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file, each in memory of its own.

    Raises
    ------
    IntegrityError
        If a declared shape does not multiply out to the bytes that are there, or the file is
        damaged. Checked on the header alone, before any array exists.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    check_header(data)
    try:
        loaded = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise IntegrityError(f"the arrays of the model cannot be read: {error}") from error
    return {name: np.array(array) for name, array in loaded.items()}


def check_header(data: bytes) -> None:
    """Refuse a header whose arrays are not exactly the bytes that follow it."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_HEADER_LIMIT, len(data) - 8):
        raise IntegrityError("the arrays of the model have a header longer than the file.")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise IntegrityError(
            f"the arrays of the model have no readable header: {error}"
        ) from error
    if not isinstance(header, dict):
        raise IntegrityError("the arrays of the model have a header that is no table.")
    room = len(data) - 8 - length
    total = 0
    for name, entry in header.items():
        if name != "__metadata__":
            total += _check_entry(name, entry, room)
    if total != room:
        raise IntegrityError(
            f"the arrays of the model declare {total} bytes and {room} are there."
        )


def _check_entry(name: str, entry: Any, room: int) -> int:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise IntegrityError(f"array {name!r} is not described as a safetensors array.")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if entry["dtype"] not in _DTYPES:
        raise IntegrityError(f"array {name!r} has dtype {entry['dtype']!r}, which no model uses.")
    if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2:
        raise IntegrityError(f"array {name!r} has a malformed shape or place.")
    needed = math.prod(shape) * np.dtype(_DTYPES[entry["dtype"]]).itemsize
    start, stop = offsets
    if needed != stop - start or stop > room:
        raise IntegrityError(
            f"array {name!r} declares the shape {shape}, which needs {needed} bytes, and "
            f"{max(0, min(stop, room) - start)} are there; nothing was allocated."
        )
    return needed


def _naturals(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)
