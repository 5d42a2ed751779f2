"""Read and write a BERT-style folder: config.json, model.safetensors and a vocabulary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from appliednn.core.errors import IntegrityError, UsageError

_MOST_BYTES = 4 * 2**30
_MOST_JSON = 64 * 2**20
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON table.

    Raises
    ------
    UsageError, IntegrityError
        If there is no such file; if it holds something else.
    """
    try:
        if path.stat().st_size > _MOST_JSON:
            raise IntegrityError(f"{path} has more than {_MOST_JSON} bytes; expected a short file")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise IntegrityError(f"{path} holds a {type(found).__name__}; expected a table")
    return found


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of floats in a safetensors file, as float32; others are left out.

    Raises
    ------
    UsageError, IntegrityError
        If there is no such file; if it is damaged or larger than 4 GiB.
    """
    from safetensors import SafetensorError, deserialize

    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise IntegrityError(f"{path} has {size} bytes; at most {_MOST_BYTES} are read")
        entries = deserialize(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except SafetensorError as error:
        raise IntegrityError(f"{path} is no sound safetensors file: {error}") from error
    out = {}
    for name, entry in entries:
        array = _floats(entry)
        if array is not None:
            out[name] = array
    return out


def _floats(entry: dict) -> np.ndarray | None:
    """Return an array as float32, or None if it holds no floats."""
    kind, data = entry["dtype"], bytes(entry["data"])
    if kind == "BF16":  # the upper half of a float32
        wide = np.frombuffer(data, dtype="<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(entry["shape"]).astype(np.float32)
    if kind not in _DTYPES:
        return None
    flat = np.frombuffer(data, dtype=_DTYPES[kind])
    return flat.reshape(entry["shape"]).astype(np.float32)


def read_vocabulary(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Return the pieces of a folder's tokenizer and its settings (arguments of ``WordPiece``).

    Raises
    ------
    UsageError, IntegrityError
        If there is neither ``vocab.txt`` nor a ``tokenizer.json`` of WordPiece; if one is broken.
    """
    described = folder / "tokenizer.json"
    plain = folder / "vocab.txt"
    table = read_json(described) if described.is_file() else {}
    if plain.is_file():
        if plain.stat().st_size > _MOST_JSON:
            raise IntegrityError(f"{plain} has more than {_MOST_JSON} bytes")
        # Only the line feed parts pieces: some are line separators of Unicode themselves.
        with plain.open(encoding="utf-8", newline="\n") as file:
            pieces = [line.rstrip("\n") for line in file]
    elif table:
        pieces = _pieces(described, table)
    else:
        raise UsageError(f"{folder} holds neither vocab.txt nor tokenizer.json")
    return pieces, _settings(folder, table)


def _pieces(path: Path, table: dict) -> list[str]:
    model = table.get("model")
    numbers = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(numbers, dict) or model.get("type", "WordPiece") != "WordPiece":
        kind = model.get("type") if isinstance(model, dict) else None
        raise UsageError(f"{path} describes a {kind} tokenizer; expected WordPiece, as BERT has")
    pieces = [None] * len(numbers)
    for piece, number in numbers.items():
        if type(number) is not int or not 0 <= number < len(pieces):
            raise IntegrityError(f"{path} numbers the piece {piece!r} with {number!r}")
        pieces[number] = piece
    if None in pieces:
        raise IntegrityError(f"{path} gives a number twice; {pieces.index(None)} is not there")
    return pieces


def _settings(folder: Path, table: dict) -> dict[str, Any]:
    """Return case, marks and Chinese characters as tokenizer.json or tokenizer_config.json say."""
    normal = table.get("normalizer") or {}
    if normal and normal.get("type") != "BertNormalizer":
        raise UsageError(
            f"{folder / 'tokenizer.json'} has the normalizer {normal.get('type')!r}; expected "
            "BertNormalizer"
        )
    config = folder / "tokenizer_config.json"
    other = read_json(config) if config.is_file() else {}
    marks = normal.get("strip_accents", other.get("strip_accents"))
    return {
        "lower": bool(normal.get("lowercase", other.get("do_lower_case", True))),
        "strip_accents": None if marks is None else bool(marks),
        "space_cjk": bool(
            normal.get("handle_chinese_chars", other.get("tokenize_chinese_chars", True))
        ),
    }


def read_pooling(folder: Path) -> dict[str, Any]:
    """Return what a sentence-transformers folder says: pooling, normalize and max_length."""
    found: dict[str, Any] = {}
    pooling = folder / "1_Pooling" / "config.json"
    if pooling.is_file():
        table = read_json(pooling)
        names = {"mean_tokens": "mean", "cls_token": "cls", "max_tokens": "max"}
        chosen = [k for k, v in table.items() if k.startswith("pooling_mode_") and v is True]
        kinds = [names.get(k.removeprefix("pooling_mode_")) for k in chosen]
        if len(kinds) != 1 or kinds[0] is None:
            raise UsageError(f"{pooling} asks for {chosen}; expected one of {sorted(names)}")
        found["pooling"] = kinds[0]
    modules = folder / "modules.json"
    if modules.is_file():
        found["normalize"] = "Normalize" in modules.read_text(encoding="utf-8")
    lengths = folder / "sentence_bert_config.json"
    if lengths.is_file():
        longest = read_json(lengths).get("max_seq_length")
        if type(longest) is int and longest > 2:
            found["max_length"] = longest
    return found
