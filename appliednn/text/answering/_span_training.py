"""Train a network to point at answers: targets of windows, batches, what is held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.core._architecture import Architecture
from appliednn.core._sequence_trainer import SequencePlan, SequenceResult, SequenceTrainer
from appliednn.text.answering._span_readers import PieceSpanReader, Window, WordSpanReader
from appliednn.text.answering._span_tokens import Tokens


def tokens_once(contexts: Sequence[str]) -> list[Tokens]:
    """Return the tokens of texts, equal texts cut once."""
    known = {context: Tokens(context) for context in dict.fromkeys(contexts)}
    return [known[context] for context in contexts]


def held_out_rows(contexts: Sequence[str], share: float, seed: int) -> np.ndarray:
    """Return the rows of a share of the contexts, at least one context and not all.

    Raises
    ------
    ValueError
        If there is one context only.
    """
    names = list(dict.fromkeys(contexts))
    if len(names) < 2:
        raise ValueError("all questions have one and the same context; expected at least 2")
    n_held = min(len(names) - 1, max(1, round(share * len(names))))
    order = np.random.default_rng(seed).permutation(len(names))[:n_held]
    held = {names[i] for i in order}
    return np.array([i for i, context in enumerate(contexts) if context in held])


def span_targets(
    windows: Sequence[Window],
    contexts: Sequence[Tokens],
    answers: Sequence[tuple[int, int] | None],
) -> np.ndarray:
    """Return the places of the answer's first and last word in each window, int32 (n, 2).

    Place 0 stands for no answer: none is true, or not all of it is in the window.
    """
    out = np.zeros((len(windows), 2), dtype=np.int32)
    for i, window in enumerate(windows):
        answer = answers[window.row]
        found = None if answer is None else contexts[window.row].span(*answer)
        if found is not None:
            out[i] = window.place_of(*found)
    return out


def train_spans(
    architecture: Architecture,
    start: Sequence[np.ndarray] | None,
    reader: WordSpanReader | PieceSpanReader,
    windows: Sequence[Window],
    targets: np.ndarray,
    held: np.ndarray,
    plan: SequencePlan,
    batch_size: int,
) -> SequenceResult:
    """Train on the windows of questions that are not held out; the others choose the epoch."""
    rows = np.array([w.row for w in windows])
    # Windows without the answer teach what no answer looks like, together as much as one.
    empty = targets[:, 0] == 0
    n_empty = np.bincount(rows[empty], minlength=rows.max() + 1)
    weights = np.where(empty, 1.0 / np.maximum(n_empty[rows], 1), 1.0).astype(np.float32)
    chosen = np.isin(rows, held)
    train, rest = np.flatnonzero(~chosen), np.flatnonzero(chosen)

    def made(part: np.ndarray) -> dict[str, np.ndarray]:
        truth = {"begin": targets[part, 0], "end": targets[part, 1], "w": weights[part]}
        return {**reader.batch([windows[i] for i in part]), **truth}

    def batches(epoch: int):
        order = np.random.default_rng([plan.seed, epoch]).permutation(train)
        return (made(order[i : i + batch_size]) for i in range(0, len(order), batch_size))

    held_batches = [made(rest[i : i + 64]) for i in range(0, len(rest), 64)]
    trainer = SequenceTrainer(architecture, plan, batches, held=held_batches, start=start)
    return trainer.fit()
