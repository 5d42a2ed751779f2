"""Read the rows a config names: a data set, a CSV, Parquet or Arrow file, or a database query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliednn.core.errors import UsageError
from appliednn.datasets._suggest import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

# Keys of each type: what must be given, what may be given.
_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "dataset": (("name",), ()),
    "csv": (("path",), ("separator", "encoding", "decimal", "na_values")),
    "parquet": (("path",), ()),
    "arrow": (("path",), ()),
    "conll": (("path",), ("encoding",)),
    "sql": (("url", "query"), ()),
}


def read(source: Mapping[str, Any] | Any, base_dir: str | Path = ".") -> pd.DataFrame:
    """Read a source into a DataFrame.

    Parameters
    ----------
    source : mapping or object with ``model_dump()``
        ``{"type": "dataset", "name": ...}``;
        ``{"type": "csv", "path": ...}``, with ``separator`` (default ``","``), ``encoding``
        (``"utf-8"``), ``decimal`` (``"."``) and ``na_values`` (a list that replaces pandas's own,
        which takes the words None, NA and null for missing; an empty field is missing always);
        ``{"type": "parquet", "path": ...}``; ``{"type": "arrow", "path": ...}`` (Feather 2, the
        Arrow file format, or a stream of it); ``{"type": "conll", "path": ...}``, tagged sentences
        as columns ``document``, ``sentence``, ``token`` and ``tag``;
        ``{"type": "sql", "url": ..., "query": ...}``, a SQLAlchemy URL and a SELECT statement.
    base_dir : path
        Folder that relative paths (also that of a SQLite file) start from.

    Returns
    -------
    DataFrame
        At least one row and one column; names are text and each occurs once; a fresh index.

    Raises
    ------
    UsageError
        If the source is not described rightly, is missing, cannot be read, holds no rows or
        holds a column name twice. A database password is in no message.
    MissingExtraError
        If SQLAlchemy or the database's driver is not installed.

    Examples
    --------
    >>> read({"type": "dataset", "name": "credit"}).shape
    (4454, 14)
    """
    spec = _checked_spec(source)
    frame, label = _READERS[spec["type"]](spec, Path(base_dir))
    return _checked_frame(frame, label)


def _checked_spec(source: Mapping[str, Any] | Any) -> dict[str, Any]:
    """Return the source as a dict with known keys only."""
    given = source.model_dump() if hasattr(source, "model_dump") else source
    if not isinstance(given, Mapping):
        raise UsageError(
            f"a source is a mapping such as {{type: csv, path: rows.csv}}, got {given!r}"
        )
    spec = {key: value for key, value in given.items() if value is not None}
    kind = spec.get("type")
    if kind not in _KEYS:
        raise UsageError(f"source type {kind!r} is not known{did_you_mean(kind, _KEYS)}")
    required, optional = _KEYS[kind]
    for key in spec:
        if key not in ("type", *required, *optional):
            hint = did_you_mean(key, (*required, *optional))
            raise UsageError(f"a {kind} source has no key {key!r}{hint}")
    for key in required:
        if not isinstance(spec.get(key), str) or not spec[key].strip():
            raise UsageError(f"a {kind} source needs {key!r} (text), got {spec.get(key)!r}")
    return spec


def _dataset(spec: dict[str, Any], base_dir: Path) -> tuple[pd.DataFrame, str]:
    from appliednn.datasets._load import load

    return load(spec["name"]).frame, f"data set {spec['name']}"


def _csv(spec: dict[str, Any], base_dir: Path) -> tuple[pd.DataFrame, str]:
    from appliednn.datasets._csv import read_csv

    path = _existing(spec["path"], base_dir)
    options = {k: v for k, v in spec.items() if k not in ("type", "path")}
    return read_csv(path, **options), str(path)


def _parquet(spec: dict[str, Any], base_dir: Path) -> tuple[pd.DataFrame, str]:
    from appliednn.datasets._arrow import read_parquet

    path = _existing(spec["path"], base_dir)
    return read_parquet(path), str(path)


def _arrow(spec: dict[str, Any], base_dir: Path) -> tuple[pd.DataFrame, str]:
    from appliednn.datasets._arrow import read_arrow

    path = _existing(spec["path"], base_dir)
    return read_arrow(path), str(path)


def _conll(spec: dict[str, Any], base_dir: Path) -> tuple[pd.DataFrame, str]:
    from appliednn.datasets._conll import read_conll

    path = _existing(spec["path"], base_dir)
    return read_conll(path, encoding=spec.get("encoding", "utf-8")), str(path)


def _sql(spec: dict[str, Any], base_dir: Path) -> tuple[pd.DataFrame, str]:
    from appliednn.datasets._sql import read_sql

    return read_sql(spec["url"], spec["query"], base_dir)


_READERS: dict[str, Callable[[dict[str, Any], Path], tuple[pd.DataFrame, str]]] = {
    "dataset": _dataset,
    "csv": _csv,
    "parquet": _parquet,
    "arrow": _arrow,
    "conll": _conll,
    "sql": _sql,
}


def _existing(path: str, base_dir: Path) -> Path:
    """Return the path of a file that is there, is a file and is not empty."""
    full = base_dir / Path(path).expanduser()
    if full.is_dir():
        raise UsageError(f"{full} is a folder; a file is expected")
    if full.is_symlink() and not full.exists():
        raise UsageError(f"{full} is a link to {full.readlink()}, which is not there")
    if not full.exists():
        hint = f"; its folder {full.parent} does not exist either"
        if full.parent.is_dir():
            files = [p.name for p in full.parent.iterdir() if p.is_file()]
            hint = did_you_mean(full.name, files) if files else "; its folder is empty"
        raise UsageError(f"no file {full}{hint}")
    if full.stat().st_size == 0:
        raise UsageError(f"{full} is empty (0 bytes)")
    return full


def _checked_frame(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """Refuse a table without rows or with a name twice; give it text names and a fresh index."""
    frame = frame.set_axis([str(c) for c in frame.columns], axis=1)
    twice = frame.columns[frame.columns.duplicated()].unique().tolist()
    if twice:
        raise UsageError(
            f"{label}: column names must differ, but {', '.join(map(repr, twice))} "
            "occurs more than once; rename or leave out all but one"
        )
    if frame.shape[1] == 0 or len(frame) == 0:
        raise UsageError(f"{label} has {frame.shape[1]} columns and no rows; rows are expected")
    return frame.reset_index(drop=True)
