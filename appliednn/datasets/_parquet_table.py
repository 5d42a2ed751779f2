"""A Parquet file as a table that is read in blocks and never held as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK_ROWS = 65_536


class ParquetTable:
    """Rows and columns of a memory-mapped Parquet file, read when they are needed.

    The estimators of ``appliednn.tabular`` take it as ``X``: the encoder learns from a sample, the
    encoded rows lie in a temporary file, and memory does not grow with the table.

    Parameters
    ----------
    path : str or Path
        A Parquet file.
    columns : sequence of str, optional
        Columns to read; default all.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    columns : list of str
        Names of the columns.

    Examples
    --------
    >>> import pandas as pd, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "t.parquet"
    >>> pd.DataFrame({"a": [1.0, 2.0, 3.0], "y": [0, 1, 0]}).to_parquet(path)
    >>> table = ParquetTable(path)
    >>> table.drop("y").shape, table.column("y").tolist()
    ((3, 1), [0, 1, 0])
    >>> table[np.array([2, 0])].frame()["a"].tolist()
    [3.0, 1.0]
    """

    def __init__(self, path: str | Path, columns: Sequence[str] | None = None) -> None:
        self.path = Path(path)
        with self._open() as file:
            known, self._n_file_rows = list(file.schema_arrow.names), file.metadata.num_rows
        self.columns = known if columns is None else list(columns)
        unknown = sorted(set(self.columns) - set(known))
        if unknown:
            raise ValueError(f"{self.path} has no columns {unknown}; it has {known[:20]}")
        self._rows: np.ndarray | None = None

    def _open(self):
        import pyarrow.parquet as parquet

        if not self.path.is_file():
            raise FileNotFoundError(f"{self.path} is not a file; expected a Parquet file")
        return parquet.ParquetFile(self.path, memory_map=True)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), len(self.columns)

    def __len__(self) -> int:
        return self._n_file_rows if self._rows is None else len(self._rows)

    def __getitem__(self, rows: Any) -> ParquetTable:
        """Return the table of some rows: a slice, row numbers or a boolean mask."""
        index = np.arange(len(self)) if self._rows is None else self._rows
        out = ParquetTable(self.path, self.columns)
        out._rows = index[rows]
        return out

    def drop(self, *names: str) -> ParquetTable:
        """Return the table without these columns."""
        unknown = sorted(set(names) - set(self.columns))
        if unknown:
            raise ValueError(f"{self.path} has no columns {unknown}; it has {self.columns[:20]}")
        out = ParquetTable(self.path, [c for c in self.columns if c not in names])
        out._rows = self._rows
        return out

    def column(self, name: str) -> np.ndarray:
        """Return one column as an array, (n,)."""
        one = ParquetTable(self.path, [name])
        one._rows = self._rows
        return one.frame()[name].to_numpy()

    def frame(self) -> Any:
        """Return all rows as a DataFrame, in the table's order."""
        import pandas as pd

        parts = list(self.blocks())
        if not parts:
            return self._empty()
        frame = pd.concat([part for _, part in parts], ignore_index=True)
        order = np.argsort(np.concatenate([place for place, _ in parts]), kind="stable")
        return frame.iloc[order].reset_index(drop=True)

    def _empty(self) -> Any:
        with self._open() as file:
            return file.schema_arrow.empty_table().select(self.columns).to_pandas()

    def sample(self, n: int, seed: int = 0) -> tuple[np.ndarray, Any]:
        """Return the places of at most ``n`` random rows, ascending, and those rows."""
        places = np.arange(len(self))
        if len(places) > n:
            places = np.sort(np.random.default_rng(seed).choice(places, n, replace=False))
        return places, self[places].frame()

    def blocks(self, n_rows: int = _BLOCK_ROWS) -> Iterator[tuple[np.ndarray, Any]]:
        """Yield (places in this table, DataFrame) of the rows, in the file's order."""
        order = None if self._rows is None else np.argsort(self._rows, kind="stable")
        wanted = None if order is None else self._rows[order]
        start = 0
        with self._open() as file:
            for batch in file.iter_batches(n_rows, columns=self.columns):
                stop = start + batch.num_rows
                if wanted is None:
                    yield np.arange(start, stop), batch.to_pandas()[self.columns]
                else:
                    low, high = np.searchsorted(wanted, [start, stop])
                    if high > low:
                        frame = batch.to_pandas()[self.columns]
                        yield order[low:high], frame.iloc[wanted[low:high] - start]
                start = stop
