"""Columns of the data, as far as they are known without a data library."""

from __future__ import annotations

import csv
import gzip
import zlib
from pathlib import Path
from typing import Any


def csv_columns(source: Any, base_dir: Path) -> list[str] | None:
    """Return the header of a CSV source; None for other sources or an unreadable file.

    Parameters
    ----------
    source : pydantic model
        The section ``data.source``.
    base_dir : pathlib.Path
        Folder its path starts from.
    """
    if source.type != "csv":
        return None
    path = base_dir / source.path
    packed = path.suffix.lower() == ".gz"
    encoding = "utf-8-sig" if source.encoding.lower() in ("utf-8", "utf8") else source.encoding
    try:
        with (gzip.open if packed else open)(path, "rt", encoding=encoding, newline="") as stream:
            return next(csv.reader(stream, delimiter=source.separator), None)
    except (OSError, EOFError, UnicodeError, LookupError, TypeError, zlib.error, csv.Error):
        return None  # the run reads the file with pandas and says what is wrong with it
