"""A finished check's result as bytes, so that an interrupted audit goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from typing import Protocol

import numpy as np

from appliednn.audit._base import CheckResult
from appliednn.audit._context import AuditContext

FORMAT = 1


class Journal(Protocol):
    """Where results are kept: bytes by key, None for what is not there."""

    def get(self, key: str) -> bytes | None:
        """Return what was put under ``key``, or None."""

    def put(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key``."""


def pack(result: CheckResult, fingerprint: str, seconds: float) -> bytes:
    """Return a result as bytes; floats come back bit for bit."""
    entry = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "seconds": seconds,
        "result": result.to_dict(figures=True),
    }
    return json.dumps(entry).encode()


def unpack(data: bytes | None, fingerprint: str) -> tuple[CheckResult, float] | None:
    """Return a result and its seconds, or None when it is absent, damaged or of another audit."""
    if data is None:
        return None
    try:
        entry = json.loads(data)
        if entry["format"] != FORMAT or entry["fingerprint"] != fingerprint:
            return None
        return CheckResult.from_dict(entry["result"]), float(entry["seconds"])
    except (ValueError, KeyError, TypeError):
        return None


def fingerprint(context: AuditContext, data_hashes: list[str]) -> str:
    """Return what a journal entry must share with this audit to be used again.

    The model is known by what it predicts, to four decimals: its bytes may differ between two
    processes that loaded the same file.
    """
    from appliednn import __version__

    digest = hashlib.sha256()
    for output in context.outputs:
        is_number = output.dtype.kind == "f"
        text = np.round(output, 4).tobytes() if is_number else repr(output.tolist()).encode()
        digest.update(text)
    said = (__version__, data_hashes, context.random_state, repr(context.positive))
    digest.update(repr((said, _sorted(context.options))).encode())
    return digest.hexdigest()


def _sorted(value):
    """Return mappings as sorted pairs, so that the order of options does not matter."""
    if isinstance(value, dict):
        return sorted((str(k), _sorted(v)) for k, v in value.items())
    return repr(value)
