"""Actions of an agent for a file of observations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError

CHUNK = 50_000  # rows at a time, to keep memory flat


def is_agent(model: Any) -> bool:
    """Return whether a fitted model acts in an environment."""
    return hasattr(model, "policy") and hasattr(model, "action_space_")


def actions_of(model: Any, frame: pd.DataFrame, where: str | Path) -> tuple[pd.DataFrame, str]:
    """Return the action for each row of observations, and how its columns were read.

    Parameters
    ----------
    model : agent
        Fitted.
    frame : DataFrame of shape (n, n_columns)
        A number of the observation in each column: under the names that the environment's numbers
        have, in any order, or as many columns as there are numbers, in their order.
    where : path
        The file, for messages.

    Returns
    -------
    DataFrame of shape (n, n_columns)
        ``prediction`` (of several decisions ``prediction[0]``, ...) and, where the agent gives
        them, ``probability[<action>]``.

    Raises
    ------
    UsageError
        If columns are missing, hold no numbers or have gaps.
    """
    shape = tuple(model.observation_space_.shape)
    rows, note = _rows(frame, _names(model, shape), where)
    rows = rows.reshape(len(rows), *shape)
    parts = [_part(model, rows[i : i + CHUNK]) for i in range(0, len(rows), CHUNK)]
    return pd.concat(parts, ignore_index=True), note


def _names(model: Any, shape: tuple[int, ...]) -> list[str]:
    from appliednn.explain.policies import feature_names

    env = getattr(model, "env", None)
    return feature_names(env if isinstance(env, str) else None, shape)


def _rows(frame: pd.DataFrame, names: list[str], where: str | Path) -> tuple[np.ndarray, str]:
    """Return the numbers of the rows, in the order of the observation."""
    if set(names) <= set(frame.columns):
        frame, note = frame[names], "note: columns were taken by name"
    elif frame.shape[1] == len(names):
        shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        note = f"note: columns were taken in their order, as {shown}"
    else:
        raise UsageError(
            f"{where} has {frame.shape[1]} columns and an observation {len(names)} numbers: give "
            f"the columns {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
        )
    odd = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    if odd:
        raise UsageError(f"{where}: {', '.join(map(repr, odd))} must hold numbers")
    gaps = int(frame.isna().to_numpy().sum())
    if gaps:
        raise UsageError(
            f"{where} lacks {gaps} values; an agent has not learned what to do without them: fill "
            "them in, or leave such rows out"
        )
    return frame.to_numpy(dtype=np.float64), note


def _part(model: Any, rows: np.ndarray) -> pd.DataFrame:
    rows = rows.astype(model.observation_space_.dtype)
    actions = np.asarray(model.predict(rows))
    if actions.ndim == 1:
        made = {"prediction": actions}
    else:
        flat = actions.reshape(len(actions), -1)
        made = {f"prediction[{j}]": flat[:, j] for j in range(flat.shape[1])}
    if hasattr(model.action_space_, "n") and hasattr(model, "predict_proba"):
        proba = np.asarray(model.predict_proba(rows))
        made |= {f"probability[{k}]": column for k, column in enumerate(proba.T)}
    return pd.DataFrame(made)
