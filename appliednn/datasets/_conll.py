"""Read tagged sentences as the CoNLL shared tasks write them."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pandas as pd

from appliednn.core.errors import UsageError

_DOCUMENT = "-DOCSTART-"


def read_conll(path: Path, *, encoding: str = "utf-8") -> pd.DataFrame:
    """Read a file with a token a line and a blank line between sentences.

    A line holds the token first and its tag last, between tabs, else between blanks; what stands
    between them is left out. Lines that begin with ``-DOCSTART-`` begin a new document, comments
    (``# ...`` before a sentence, without a tag) are skipped. A name that ends in ``.gz`` is
    unpacked.

    Parameters
    ----------
    path : Path
        An existing file that is not empty.
    encoding : str
        A byte order mark of UTF-8 is skipped.

    Returns
    -------
    DataFrame of shape (n_tokens, 3 or 4)
        ``document`` and ``sentence`` (counted from 1), ``token`` and, where lines have more than
        one part, ``tag``.

    Raises
    ------
    UsageError
        If the file is not text in that encoding, or some lines have a tag and others none.
    """
    encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding=encoding) as file:
            lines = file.read().split("\n")
    except (OSError, EOFError, UnicodeError, LookupError, zlib.error) as error:
        raise UsageError(f"{path} cannot be read as {encoding} text: {error}") from error
    rows: list[tuple[int, int, str, str | None]] = []
    document, sentence, inside = 1, 0, False
    for number, line in enumerate(lines, start=1):
        line = line.strip("\ufeff")  # files put together keep the mark of each
        parts = [part.strip() for part in line.split("\t" if "\t" in line else None)]
        if not any(parts):
            inside = False
        elif parts[0].startswith(_DOCUMENT):
            document, inside = document + bool(rows), False
        elif not inside and parts[0].startswith("#") and "\t" not in line and len(parts) > 2:
            continue
        else:
            sentence += not inside
            inside = True
            rows.append((document, sentence, parts[0], parts[-1] if len(parts) > 1 else None))
            if (rows[0][3] is None) != (rows[-1][3] is None):
                has, other = ("no tag", "some") if rows[-1][3] is None else ("a tag", "none")
                raise UsageError(
                    f"{path}, line {number}: {parts[0]!r} has {has} and earlier lines have {other}"
                )
    frame = pd.DataFrame(rows, columns=["document", "sentence", "token", "tag"])
    return frame.drop(columns="tag") if len(rows) and rows[0][3] is None else frame
