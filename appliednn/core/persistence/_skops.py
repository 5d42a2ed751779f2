"""scikit-learn objects as skops bytes; what a member holds is listed before skops sees it."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from typing import Any

import numpy as np

from appliednn.core.errors import IntegrityError, UsageError
from appliednn.core.persistence._indices import check_indices
from appliednn.core.persistence._skops_types import (
    FUNCTIONS,
    LOADERS,
    PARTIAL_OF,
    is_allowed_type,
)

_SCHEMA = "schema.json"
# What a damaged zip or JSON makes the standard library raise.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
)


def dump_object(obj: Any, where: str) -> bytes:
    """Return skops bytes of a scikit-learn object.

    Raises
    ------
    UsageError
        If it holds something that is not on the reviewed list; ``where`` and the types are named.
    """
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    try:
        data = skops.io.dumps(obj)
    except (UnsupportedTypeException, TypeError, RecursionError, ValueError) as error:
        raise UsageError(f"{where} cannot be saved by skops: {error}") from error
    schema = json.loads(zipfile.ZipFile(io.BytesIO(data)).read(_SCHEMA))
    refused = sorted({name for name, allowed in _nodes(schema) if not allowed})
    if refused:
        hint = ""
        if hasattr(obj, "best_estimator_"):
            hint = " Save its best_estimator_ instead."
        raise UsageError(
            f"{where} ({type(obj).__name__}) holds {', '.join(refused)}, which model files do "
            f"not take: only objects on a reviewed list are loaded again.{hint}"
        )
    return data


def load_object(data: bytes, member: str) -> Any:
    """Return the scikit-learn object of a member, after all it declares was checked.

    Raises
    ------
    IntegrityError
        If it names a type or loader that is not on the list, an array's declared shape is not
        its bytes, an array is pickled, a tree points outside itself, or it is damaged.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        schema = _read_members(data, member)
    except BROKEN as error:
        if isinstance(error, IntegrityError):
            raise
        raise IntegrityError(f"{member} is damaged: {error}") from error
    named = _nodes(schema)
    refused = sorted({name for name, allowed in named if not allowed})
    if refused:
        raise IntegrityError(
            f"{member} holds {', '.join(refused)}, which is not on the reviewed list of types "
            f"that may be loaded; nothing of it was built."
        )
    try:
        obj = skops.io.loads(data, trusted=sorted({name for name, _ in named}))
    except (UntrustedTypesFoundException, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"{member} cannot be rebuilt: {error}") from error
    except BROKEN as error:
        raise IntegrityError(f"{member} cannot be rebuilt: {error}") from error
    check_indices(obj, member)
    return obj


def _read_members(data: bytes, member: str) -> Any:
    """Check every inner member against the bytes that are there; return the schema."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        names = [info.filename for info in infos]
        if len(set(names)) != len(names) or _SCHEMA not in names:
            raise IntegrityError(f"{member} is no skops file, or names a part twice.")
        if sum(info.file_size for info in infos) > len(data):
            raise IntegrityError(f"{member} declares more bytes than it has.")
        for info in infos:
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                raise IntegrityError(f"{member} holds a compressed or encrypted part.")
            if info.filename != _SCHEMA:
                if not info.filename.endswith(".npy"):
                    raise IntegrityError(f"{member} holds a foreign part {info.filename!r}.")
                _check_npy(archive.read(info), f"{member}/{info.filename}")
        try:
            return json.loads(archive.read(_SCHEMA))
        except RecursionError as error:
            raise IntegrityError(f"{member} is nested too deeply to be a model.") from error


def _check_npy(data: bytes, where: str) -> None:
    """Refuse a pickled array and one whose declared shape is not its bytes."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise IntegrityError(f"{where} has an array format {version} that no model uses.")
    if dtype.hasobject:
        raise IntegrityError(f"{where} holds a pickled object; nothing was unpickled.")
    needed, there = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if needed != there:
        raise IntegrityError(
            f"{where} declares the shape {shape}, which needs {needed} bytes, and {there} are "
            f"there; nothing was allocated."
        )


def _nodes(schema: Any) -> list[tuple[str, bool]]:
    """Return the name of every node in a skops schema and whether it is on the list."""
    found, stack = [], [schema]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += item
        elif isinstance(item, dict):
            if "__loader__" in item:
                found.append(_judge(item))
            stack += item.values()
    return found


def _judge(node: dict) -> tuple[str, bool]:
    loader, module, name = (node.get(k) for k in ("__loader__", "__module__", "__class__"))
    full = f"{module}.{name}"
    if not all(isinstance(part, str) for part in (loader, module, name)) or loader not in LOADERS:
        return f"{full} by {loader}", False
    if loader == "FunctionNode":
        return full, full in FUNCTIONS
    if loader == "PartialNode":
        return full, _partial_name(node) in PARTIAL_OF and full == "functools.partial"
    return full, is_allowed_type(module, name)


def _partial_name(node: dict) -> str:
    content = node.get("content")
    func = content.get("func") if isinstance(content, dict) else None
    if not isinstance(func, dict) or func.get("__loader__") != "FunctionNode":
        return ""
    return f"{func.get('__module__')}.{func.get('__class__')}"
