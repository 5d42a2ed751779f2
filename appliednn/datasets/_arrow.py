"""Read Parquet and Arrow files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from appliednn.core.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file; UsageError when it is damaged or something else."""
    from pyarrow import parquet

    return _frame(path, "a Parquet file", lambda: parquet.ParquetFile(path).read())


def read_arrow(path: Path) -> pd.DataFrame:
    """Read an Arrow file (Feather 2) or stream; UsageError when it is damaged or neither."""
    return _frame(path, "an Arrow file", lambda: _arrow_table(path))


def _arrow_table(path: Path) -> pa.Table:
    """Return the table of the file format, which starts with a magic word, or of a stream."""
    from pyarrow import ipc

    with path.open("rb") as file:
        reader = ipc.open_file if file.read(6) == b"ARROW1" else ipc.open_stream
        file.seek(0)
        return reader(file).read_all()


def _frame(path: Path, what: str, read: Callable[[], pa.Table]) -> pd.DataFrame:
    """Return the table as a DataFrame, its named index levels as columns."""
    import pyarrow as pa

    try:
        table = read()
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise UsageError(
            f"{path} cannot be read as {what} ({reason}); it may be damaged, cut short or of "
            "another format: write it again, or set the source's type"
        ) from None
    twice = sorted({n for n in table.column_names if table.column_names.count(n) > 1})
    if twice:
        raise UsageError(
            f"{path}: column names must differ, but {', '.join(map(repr, twice))} "
            "occurs more than once; rename or leave out all but one"
        )
    frame = table.to_pandas()
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index(level=named).reset_index(drop=True) if named else frame
