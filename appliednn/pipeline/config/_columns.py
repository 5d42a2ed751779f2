"""Columns of the data, as far as they are known without a data library."""

from __future__ import annotations

import csv
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
    if source.type != "csv" or Path(source.path).suffix.lower() != ".csv":
        return None
    try:
        with open(base_dir / source.path, encoding="utf-8-sig", newline="") as stream:
            return next(csv.reader(stream), None)
    except (OSError, UnicodeDecodeError, csv.Error):
        return None  # the run reads the file with pandas and says what is wrong with it
