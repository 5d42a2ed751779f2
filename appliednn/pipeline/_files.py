"""Data files named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from appliednn.core.errors import UsageError

KINDS = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}


#: What is read besides: tagged sentences.
_READ = {**KINDS, ".conll": "conll", ".iob": "conll"}


def read_file(path: str | Path) -> pd.DataFrame:
    """Return the rows of a CSV (also ``.csv.gz``), Parquet, Arrow or CoNLL file, by its suffix.

    Raises
    ------
    UsageError
        When the suffix is none of them or the file cannot be read.
    """
    from appliednn.datasets import read

    path = Path(path)
    packed = path.suffix.lower() == ".gz"
    kind = _READ.get((path.with_suffix("") if packed else path).suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: the suffix must be one of {', '.join(_READ)}")
    frame = read({"type": kind, "path": str(path.resolve())}, path.parent.resolve())
    frame.columns = [str(c) for c in frame.columns]
    return frame


def model_features(
    model: Any, frame: pd.DataFrame, model_path: Path | None = None
) -> pd.DataFrame:
    """Return the columns the model was fitted on, in its order.

    Of a model that reads text the column of the texts, as the contract beside its file says.

    Raises
    ------
    UsageError
        When columns are not there.
    """
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        from appliednn.pipeline._texts import reads_text, text_column

        if model_path is not None and reads_text(model):
            return frame[[text_column(model_path, frame)]]
        return frame
    absent = [str(c) for c in names if c not in frame.columns]
    if absent:
        raise UsageError(
            f"the data lack {len(absent)} columns the model needs: {', '.join(absent)}"
        )
    return frame[list(names)]


# Rules a table breaks as a whole; the others are broken by the values of single rows.
_OF_TABLE = ("rows", "missing_column", "unexpected_column", "kind")


def check_contract(
    model_path: Path, frame: pd.DataFrame, *, with_target: bool, values: bool = True
) -> list[str]:
    """Check rows against the contract beside the model file; return what a reader should know.

    Parameters
    ----------
    model_path : Path
        The model; ``contract.json`` lies beside it.
    frame : DataFrame of shape (n, n_columns)
        The rows.
    with_target : bool
        Whether the target must be there.
    values : bool
        Whether a value that the contract does not know is a violation; otherwise it is a note.

    Raises
    ------
    DataContractError
        With every violation.
    """
    path = model_path.parent / "contract.json"
    if not path.is_file():
        return [f"no contract.json beside {model_path.name}: only the columns were checked"]
    from appliednn.datasets import DataContract, raise_for

    found = DataContract.load(path).check(frame, require_target=with_target)
    raise_for(found if values else [v for v in found if v.rule in _OF_TABLE])
    return [f"note: {v.column}: {v.message}" for v in found]
