"""Texts in a run: which column a model reads, and the words behind its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError

N_REASONS = 3  # words named for an answer


def reads_text(model: Any) -> bool:
    """Return whether a fitted model reads one text a row."""
    from appliednn.audit._reads import takes_strings

    return takes_strings(model)


def text_column(model_path: Path, frame: pd.DataFrame) -> str:
    """Return the column of the texts: the one of the contract beside the model, or the only one.

    Raises
    ------
    UsageError
        If neither tells which it is, or the data lack it.
    """
    name, path = None, model_path.parent / "contract.json"
    if path.is_file():
        from appliednn.datasets import DataContract

        contract = DataContract.load(path)
        names = [rule.name for rule in contract.columns if rule.name != contract.target]
        name = names[0] if len(names) == 1 else None
    if name is None and frame.shape[1] == 1:
        name = str(frame.columns[0])
    if name is None:
        raise UsageError(
            f"{model_path.name} reads text, and no contract.json beside it names the column; give "
            "a file with that column alone"
        )
    if name not in frame.columns:
        raise UsageError(f"the data have no column {name!r}, which holds the texts")
    return name


def answer_reasons(model: Any, texts: list[str], answers: np.ndarray) -> pd.DataFrame:
    """Return the words that speak most for each answer.

    Parameters
    ----------
    model : fitted model
        One that tells its token attributions, or a wrapper around it.
    texts : list of n str
    answers : ndarray of shape (n,)
        What the model answered.

    Returns
    -------
    DataFrame of shape (n, 2 * n_reasons)
        ``reason_1``, ``contribution_1``, ...: words of the text, and what each adds to the raw
        output of the answer (a number: to the prediction, whichever way).

    Raises
    ------
    UsageError
        If the model cannot say.
    """
    teller = _teller(model)
    if teller is None:
        raise UsageError(
            f"{type(model).__name__} gives no reasons: it has no token_attributions; leave "
            "--reasons out"
        )
    classes = getattr(teller, "classes_", None)
    words = np.full((len(texts), N_REASONS), None, dtype=object)
    parts = np.full((len(texts), N_REASONS), np.nan)
    groups = [(None, np.arange(len(texts)))]
    if classes is not None:
        groups = [(label, np.flatnonzero(answers == label)) for label in classes]
    for label, rows in groups:
        if not len(rows):
            continue
        for row, found in zip(
            rows, teller.token_attributions([texts[i] for i in rows], target=label), strict=True
        ):
            tokens, values = found
            size = np.abs(values) if label is None else np.asarray(values)
            for k, i in enumerate(np.argsort(-size, kind="stable")[:N_REASONS]):
                if size[i] > 0:  # what speaks against the answer is no reason
                    words[row, k], parts[row, k] = tokens[i], float(values[i])
    made = {}
    for k in range(N_REASONS):
        made[f"reason_{k + 1}"] = words[:, k]
        made[f"contribution_{k + 1}"] = parts[:, k]
    return pd.DataFrame(made)


def _teller(model: Any) -> Any:
    from appliednn.core._inner import inner_estimator

    seen: set[int] = set()
    while model is not None and id(model) not in seen:
        if hasattr(model, "token_attributions"):
            return model
        seen.add(id(model))
        model = inner_estimator(model)
    return None
