"""Texts and their scores with some of the words taken out, and attributions of words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from appliednn.diagnostics._text_words import word_spans

_AT_ONCE = 512


@dataclass(frozen=True)
class TextPool:
    """Texts, and scores of what is left of them.

    Parameters
    ----------
    texts : sequence of n str
    score : callable
        ``score(list of m str)`` gives an array of shape (m, n_targets).
    unit : str
        What a score is.

    Examples
    --------
    >>> pool = TextPool(["so good, so far"], lambda t: np.array([[len(x)] for x in t]), "length")
    >>> pool.words(0)
    ['so', 'good', 'so', 'far']
    >>> pool.left(0, np.array([[True, True, False, True]]))
    ['so good, far']
    """

    texts: Sequence[str]
    score: Callable[[list[str]], np.ndarray]
    unit: str
    _pieces: dict[int, tuple[str, list[str], list[str]]] = field(default_factory=dict, repr=False)

    def words(self, row: int) -> list[str]:
        """Return the words of a text, as they stand there."""
        return self._parts(row)[1]

    def left(self, row: int, keep: np.ndarray) -> list[str]:
        """Return a text with only the words kept, for each row of ``keep`` (bool, (m, n_words)).

        A word goes with the blanks and marks behind it.
        """
        head, _, pieces = self._parts(row)
        return [
            head + "".join(piece for piece, stays in zip(pieces, mask, strict=True) if stays)
            for mask in keep
        ]

    def target_scores(self, texts: Sequence[str], target: int) -> np.ndarray:
        """Return the score of a target for each text, (m,)."""
        parts = [
            np.asarray(self.score(list(texts[i : i + _AT_ONCE])), dtype=np.float64)[:, target]
            for i in range(0, len(texts), _AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _parts(self, row: int) -> tuple[str, list[str], list[str]]:
        """Return what stands before the first word, the words, and each word with its marks."""
        if row not in self._pieces:
            text, spans = self.texts[row], word_spans(self.texts[row])
            ends = [*(start for start, _ in spans[1:]), len(text)][: len(spans)]
            head = text[: spans[0][0]] if spans else text
            words = [text[a:b] for a, b in spans]
            pieces = [text[a:end] for (a, _), end in zip(spans, ends, strict=True)]
            self._pieces[row] = head, words, pieces
        return self._pieces[row]


@dataclass(frozen=True)
class TextExplanation:
    """How much each word moved the score of each text.

    Attributes
    ----------
    method : str
        ``"LIME"``, ``"SHAP"``, ``"Integrated gradients"`` or ``"Attention"``.
    how : str
        How it was computed, in words.
    words : list of list of str
        Words of each text.
    values : list of ndarray
        Attributions in ``unit``, one for each word; positive raises the score of the target.
    scores, base : ndarray of shape (n,)
        Score of each text's target, and of the text without a word.
    target : int ndarray of shape (n,)
        Column of the scores that is explained.
    unit : str
        What a score is.
    adds_up : bool
        Whether the values of a text should add up to ``scores - base``.
    local_r2 : ndarray of shape (n,) or None
        LIME: share of the score's variance around the text that its line explains.
    """

    method: str
    how: str
    words: list[list[str]]
    values: list[np.ndarray]
    scores: np.ndarray
    base: np.ndarray
    target: np.ndarray
    unit: str
    adds_up: bool = False
    local_r2: np.ndarray | None = None

    def completeness_gap(self) -> float:
        """Return the mean size of what is missing of ``scores - base``, as a share of its size."""
        whole = self.scores - self.base
        found = np.array([v.sum() for v in self.values])
        size = float(np.abs(whole).mean())
        gap = float(np.abs(whole - found).mean())
        return gap / size if size > 0 else (0.0 if gap == 0 else float("inf"))


def ends_of(pool: TextPool, rows: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the score of each text, and of what is left without its words, (n,) each."""
    whole, empty = [], []
    for row, k in zip(rows, target, strict=True):
        n_words = len(pool.words(row))
        keep = np.array([[True] * n_words, [False] * n_words])
        both = pool.target_scores(pool.left(row, keep), int(k))
        whole.append(both[0])
        empty.append(both[1])
    return np.array(whole), np.array(empty)
