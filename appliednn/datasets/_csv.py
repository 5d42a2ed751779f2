"""Read a CSV file, and say in a sentence what is wrong with it."""

from __future__ import annotations

import csv
import gzip
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from appliednn.core.errors import UsageError

_SEPARATORS = (";", "\t", "|", ",")


def read_csv(
    path: Path,
    *,
    separator: str = ",",
    encoding: str = "utf-8",
    decimal: str = ".",
    na_values: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read a CSV file with a header line; one whose name ends in ``.gz`` is unpacked.

    Parameters
    ----------
    path : Path
        An existing file that is not empty.
    separator, decimal : str
        One character each.
    encoding : str
        A byte order mark of UTF-8 is skipped.
    na_values : sequence of str, optional
        What counts as missing besides an empty field; replaces pandas's own list (in which are
        None, NA, NaN, null and n/a).

    Raises
    ------
    UsageError
        If the file is not a table in that encoding with that separator.
    """
    if len(separator) != 1 or len(decimal) != 1:
        raise UsageError(
            f"separator and decimal are one character each, got {separator!r} and {decimal!r}"
        )
    encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        _check_text(path)
        _check_header(_header(path, separator, encoding), path, separator)
        return _parse(path, separator, encoding, decimal, na_values)
    except LookupError:
        raise UsageError(
            f"{path}: encoding {encoding!r} is not known; common ones are utf-8, latin-1, cp1252"
        ) from None
    except UnicodeError as error:
        raise UsageError(
            f"{path} is not text in {encoding.removesuffix('-sig')} ({error}); "
            "set encoding (common ones are utf-8, latin-1, cp1252, utf-16)"
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read: {said}") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        raise UsageError(
            f"{path} is not a table with the separator {separator!r}: {error}; check the "
            "separator and that each line has as many fields as the header"
        ) from None


def _parse(
    path: Path, separator: str, encoding: str, decimal: str, na_values: Sequence[str] | None
) -> pd.DataFrame:
    """Parse the whole file; a line longer than the header is an error, not an index."""
    missing = (
        {} if na_values is None else {"keep_default_na": False, "na_values": ["", *na_values]}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(
            path,
            sep=separator,
            encoding=encoding,
            decimal=decimal,
            index_col=False,
            low_memory=False,
            **missing,
        )


def _check_text(path: Path) -> None:
    """Refuse a file that by its first bytes is of another kind, naming the kind."""
    with path.open("rb") as file:
        start = file.read(6)
    for magic, name in ((b"PAR1", "parquet"), (b"ARROW1", "arrow")):
        if start.startswith(magic):
            raise UsageError(f"{path} is no CSV file; set the source to type: {name}")


def _header(path: Path, separator: str, encoding: str) -> list[str]:
    """Return the fields of the first line that is not blank (pandas would rename doubles)."""
    unpack = gzip.open if path.suffix.lower() == ".gz" else open
    with unpack(path, "rt", encoding=encoding, newline="") as file:
        for row in csv.reader(file, delimiter=separator):
            if row:
                return row
    raise UsageError(f"{path} has no header line: it holds blank lines only")


def _check_header(names: list[str], path: Path, separator: str) -> None:
    """Refuse names that occur twice, a binary file and a separator that does not separate."""
    if any("\0" in name for name in names):
        raise UsageError(f"{path} is not a text file; for Parquet or Arrow set the source's type")
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise UsageError(
            f"{path}: column names must differ, but {', '.join(map(repr, twice))} "
            "occurs more than once; rename or leave out all but one"
        )
    found = [s for s in _SEPARATORS if s != separator and s in names[0]]
    if len(names) == 1 and found:
        raise UsageError(
            f"{path} has one column only with the separator {separator!r}; its first line holds "
            f"{found[0]!r}: set separator: {found[0]!r}"
        )
