"""Tagged sentences in a run: a table of tokens becomes a table of sentences, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError

LEAST = 20


def is_tagger(model: Any) -> bool:
    """Return whether a fitted model, or the one a pipeline ends in, tags tokens."""
    while hasattr(model, "steps"):
        model = model.steps[-1][1]
    return hasattr(model, "predict_entities")


def gather(frame: pd.DataFrame, sentence: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return a row for each sentence: lists in ``columns``, the first value in all others.

    Examples
    --------
    >>> tokens = pd.DataFrame({"s": [1, 1, 2], "t": ["an", "owl", "too"]})
    >>> gather(tokens, "s", ["t"])["t"].tolist()
    [['an', 'owl'], ['too']]
    """
    groups = frame.groupby(frame[sentence], sort=False)
    made = groups.first().reset_index()
    for name in columns:
        lists = groups[name].agg(list)
        made[name] = pd.Series(lists.tolist(), dtype=object)
    return made


def rows_of(frame: pd.DataFrame, sentence: str) -> np.ndarray:
    """Return the positions of the tokens of :func:`gather`'s sentences, one after the other."""
    codes = pd.factorize(frame[sentence])[0]
    return np.argsort(codes, kind="stable")


def spread(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return a row for each token of sentences, with ``columns`` only.

    Examples
    --------
    >>> spread(pd.DataFrame({"t": [["an", "owl"], ["too"]]}), ["t"])["t"].tolist()
    ['an', 'owl', 'too']
    """
    return pd.DataFrame(
        {name: [value for row in frame[name] for value in row] for name in columns}
    )


def token_problems(config: Any, frame: pd.DataFrame) -> list[str]:
    """Return what makes a table of tokens unusable."""
    data, found = config.data, []
    for key in ("text", "target", "sentence"):
        name = getattr(data, key)
        if name not in frame.columns:
            found.append(
                f"data.{key}: there is no column {name!r}; columns: {', '.join(frame.columns)}"
            )
            continue
        gaps = int(frame[name].isna().sum())
        if gaps:
            found.append(f"data.{key}: {name!r} is missing in {gaps} of {len(frame)} rows")
        elif key == "target" and frame[name].nunique() < 2:
            found.append(f"data.target: {name!r} holds one tag only; a tagger needs two")
        elif key == "sentence" and frame[name].nunique() < LEAST:
            n = frame[name].nunique()
            found.append(f"data.sentence: there are {n} sentences; at least {LEAST} are needed")
    return found


def file_sentences(config: Any, frame: pd.DataFrame, where: Any, *, tagged: bool) -> pd.DataFrame:
    """Return the sentences of a file for a tagger's predictions or audit.

    Parameters
    ----------
    config : RunConfig or None
        Of the run that made the model: it names the columns.
    frame : DataFrame of shape (n_tokens, n_columns)
    where : path
        The file, for messages.
    tagged : bool
        Whether the tags must be there.

    Raises
    ------
    UsageError
        If the columns are not known or not there.
    """
    if config is None or config.kind != "tagging":
        raise UsageError(
            "the model tags tokens, and no resolved.yaml beside it names the columns of the "
            "sentences and tokens"
        )
    columns = [config.data.text, *([config.data.target] if tagged else [])]
    absent = [c for c in (config.data.sentence, *columns) if c not in frame.columns]
    if absent:
        raise UsageError(
            f"{where} has no column {', '.join(map(repr, absent))}; columns: "
            f"{', '.join(map(str, frame.columns))}"
        )
    frame = frame.assign(**{config.data.text: _strings(frame[config.data.text])})
    return gather(frame, config.data.sentence, columns)


def _strings(tokens: pd.Series) -> pd.Series:
    """Return tokens as text: a column of numbers and words may have been read as numbers."""
    return tokens.map(lambda t: "" if pd.isna(t) else str(t)).astype(object)


def run_config(model_path: Path) -> Any:
    """Return the config that lies beside the model of a run, or None."""
    from pydantic import ValidationError

    from appliednn.core.errors import AppliedNNError
    from appliednn.pipeline.config._agent_schema import root_model
    from appliednn.pipeline.config._document import read

    path = model_path.parent / "resolved.yaml"
    if not path.is_file():
        return None
    try:  # references to the environment stay as they are: no data are read by this config
        values = read(path)[1].data
        return root_model(values).model_validate(values)
    except (ValidationError, AppliedNNError):
        return None
