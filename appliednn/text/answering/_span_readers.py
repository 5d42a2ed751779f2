"""From a question and its context to windows that a network reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.core._buckets import pad
from appliednn.text.answering._span_tokens import SpanVocabulary, Tokens, overlap
from appliednn.text.encoder._bert import Bert

_LONGEST_QUESTION = 64


@dataclass
class Window:
    """A part of a context beside its question.

    Attributes
    ----------
    row : int
        Number of the question.
    arrays : dict of str to ndarray
        What the network reads, places along the first axis.
    token : ndarray of int, shape (t,)
        The context's token at each place, -1 for other places.
    """

    row: int
    arrays: dict[str, np.ndarray]
    token: np.ndarray

    def place_of(self, first: int, last: int) -> tuple[int, int]:
        """Return the places of an answer's first and last token; (0, 0) if not both are here."""
        begin, end = np.flatnonzero(self.token == first), np.flatnonzero(self.token == last)
        return (int(begin[0]), int(end[-1])) if len(begin) and len(end) else (0, 0)


@dataclass
class WordSpanReader:
    """Reads words.

    Attributes
    ----------
    vocabulary : SpanVocabulary
        Numbers of words.
    size, step : int
        Words of a window, and from the start of one to that of the next.
    """

    vocabulary: SpanVocabulary
    size: int
    step: int

    def windows(self, row: int, question: Tokens, context: Tokens) -> list[Window]:
        """Return the windows of one question; place 0 of each stands for no answer."""
        ids, met = (
            self.vocabulary.numbers(context.words),
            overlap(question, context, self.vocabulary),
        )
        asked = self.vocabulary.numbers(question.words[:_LONGEST_QUESTION])
        asked_shapes = question.shapes[:_LONGEST_QUESTION]
        if not len(asked):
            asked, asked_shapes = np.ones(1, np.int32), np.ones(1, np.int32)
        out = []
        for start in _starts(len(context), self.size, self.step):
            part = slice(start, start + self.size)
            arrays = {
                "ids": np.concatenate([[1], ids[part]]).astype(np.int32),
                "shapes": np.concatenate([[1], context.shapes[part]]).astype(np.int32),
                "overlap": np.concatenate([np.zeros((1, 3), np.float32), met[part]]),
                "asked": asked,
                "asked_shapes": asked_shapes.astype(np.int32),
            }
            tokens = np.arange(start, start + len(ids[part]))
            out.append(Window(row, arrays, np.concatenate([[-1], tokens])))
        return out

    def batch(self, windows: Sequence[Window]) -> dict[str, np.ndarray]:
        """Return what the network reads of several windows."""
        names = ("ids", "shapes", "asked", "asked_shapes")
        out = {name: pad([w.arrays[name] for w in windows]) for name in names}
        met = np.zeros((*out["ids"].shape, 3), dtype=np.float32)
        for i, window in enumerate(windows):
            met[i, : len(window.token)] = window.arrays["overlap"]
        return {**out, "overlap": met}


@dataclass
class PieceSpanReader:
    """Reads word pieces as ``[CLS] question [SEP] context [SEP]``.

    Attributes
    ----------
    bert : Bert
        Whose vocabulary it is.
    size, step : int
        Pieces of a window of the context, and from the start of one to that of the next.
    """

    bert: Bert
    size: int
    step: int

    def windows(self, row: int, question: Tokens, context: Tokens) -> list[Window]:
        """Return the windows of one question; place 0, ``[CLS]``, stands for no answer."""
        tokenizer = self.bert.tokenizer
        asked = [p for word in question.words for p in tokenizer.encode(word)]
        asked = asked[:_LONGEST_QUESTION]
        cut = [tokenizer.encode(word) for word in context.words]
        pieces = np.array([p for part in cut for p in part], dtype=np.int32)
        owner = np.repeat(np.arange(len(cut)), [len(part) for part in cut])
        head = np.array([tokenizer.start, *asked, tokenizer.stop], dtype=np.int32)
        size = min(self.size, self.bert.params["positions"] - len(head) - 1)
        out = []
        for start in _starts(len(pieces), size, min(self.step, size)):
            own = pieces[start : start + size]
            ids = np.concatenate([head, own, [tokenizer.stop]]).astype(np.int32)
            places = np.full(len(ids), -1)
            places[len(head) : len(head) + len(own)] = owner[start : start + size]
            out.append(Window(row, {"ids": ids, "head": np.int32(len(head))}, places))
        return out

    def batch(self, windows: Sequence[Window]) -> dict[str, np.ndarray]:
        """Return what the network reads of several windows."""
        ids = pad([w.arrays["ids"] for w in windows], value=self.bert.tokenizer.pad)
        lengths = np.array([len(w.token) for w in windows], dtype=np.int32)
        first = np.array([w.arrays["head"] for w in windows], dtype=np.int32)
        places = np.arange(ids.shape[1])[None, :]
        types = (places >= first[:, None]) & (places < lengths[:, None])
        if self.bert.params["types"] < 2:
            types = np.zeros_like(types)
        return {
            "ids": ids,
            "lengths": lengths,
            "types": types.astype(np.int32),
            "first": first,
            "stop": lengths - 1,
        }


def _starts(n: int, size: int, step: int) -> list[int]:
    """Return where windows begin so that every place is in one."""
    last = max(0, n - size)
    return [*range(0, last, max(1, step)), last]


def best_spans(scores: np.ndarray, windows: Sequence[Window], longest: int) -> list[Any]:
    """Return of each window the best span and its chance, and the chance of no answer.

    Parameters
    ----------
    scores : ndarray of shape (n, t, 2)
        Of the network.
    windows : sequence of Window
        What it read.
    longest : int
        Most tokens of an answer.

    Returns
    -------
    list of (float, int, int, float)
        Logarithm of the chance, first and last token, logarithm of the chance of no answer; the
        first is -inf in a window without words.
    """
    out = []
    for values, window in zip(scores, windows, strict=True):
        values = values[: len(window.token)].astype(np.float64)
        values = values - _log_sum(values)
        inside = np.flatnonzero(window.token >= 0)
        nothing = float(values[0].sum())
        if not len(inside):
            out.append((-np.inf, -1, -1, nothing))
            continue
        begin, end, token = values[inside, 0], values[inside, 1], window.token[inside]
        both = begin[:, None] + end[None, :]
        apart = token[None, :] - token[:, None]
        ordered = np.arange(len(inside))[None, :] >= np.arange(len(inside))[:, None]
        both = np.where(ordered & (apart < longest), both, -np.inf)
        i, j = np.unravel_index(int(np.argmax(both)), both.shape)
        out.append((float(both[i, j]), int(token[i]), int(token[j]), nothing))
    return out


def _log_sum(values: np.ndarray) -> np.ndarray:
    top = values.max(axis=0)
    return top + np.log(np.exp(values - top).sum(axis=0))
