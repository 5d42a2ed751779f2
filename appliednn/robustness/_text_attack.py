"""Attacks on texts: the fewest words exchanged for ones that mean or look the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.diagnostics._text_words import word_spans
from appliednn.robustness._text_noise import like_case, typo
from appliednn.robustness._text_synonyms import synonyms

_N_TYPOS = 3


@dataclass(frozen=True)
class WordAttack:
    """What an attack on one text came to.

    Attributes
    ----------
    text : str
        The changed text.
    changed : int
        Words exchanged.
    n_words : int
        Words of the text.
    flipped : bool
        Whether the answer changed.
    """

    text: str
    changed: int
    n_words: int
    flipped: bool


Margin = Callable[[list[str]], np.ndarray]


def substitute_words(
    text: str,
    margin: Margin,
    rng: np.random.Generator,
    *,
    share: float = 0.2,
    most_tried: int = 60,
    at_random: bool = False,
) -> WordAttack:
    """Exchange words of a text until the model changes its answer.

    Words are taken in the order of what the model loses without them; each is exchanged for the
    synonym (from the package's own table) or the mistyped form that lowers the margin most.

    Source: D. Jin et al., AAAI 2020 (order of words); J. Gao et al., IEEE SPW 2018 (mistyped
    words).

    Parameters
    ----------
    text : str
        Text that the model answers rightly.
    margin : callable
        ``margin(texts)`` gives how far each text is from another answer, (m,); below 0 the
        answer has changed.
    rng : Generator
        Draws mistyped forms.
    share : float
        Largest share of the words exchanged; one word at least.
    most_tried : int
        Words tried of a long text.
    at_random : bool
        Take words and exchanges at random: what chance alone would do.

    Returns
    -------
    WordAttack

    Examples
    --------
    >>> def margin(texts):
    ...     return np.array([1.0 if "big" in t.split() else -1.0 for t in texts])
    >>> substitute_words("a big red house", margin, np.random.default_rng(0), share=0.25).flipped
    True
    """
    spans = word_spans(text)
    n = len(spans)
    words = [text[a:b] for a, b in spans]
    budget = max(1, int(share * n))
    open_places = [i for i in range(n) if _exchanges(words[i], rng, 1)]
    if not open_places:
        return _untouched(text, n)
    order = list(rng.permutation(open_places))[:most_tried]
    if not at_random:
        without = [_joined(text, spans, {i: ""}) for i in order]
        order = [order[k] for k in np.argsort(margin(without), kind="stable")]
    made: dict[int, str] = {}
    best = float("inf")
    for i in order[:budget]:
        options = _exchanges(words[i], rng, _N_TYPOS)
        if at_random:
            made[i] = options[int(rng.integers(len(options)))]
            continue
        tried = margin([_joined(text, spans, {**made, i: option}) for option in options])
        k = int(np.argmin(tried))
        if tried[k] < best:
            made[i], best = options[k], float(tried[k])
        if best < 0:
            break
    changed = _joined(text, spans, made)
    if at_random:
        best = float(margin([changed])[0])
    return WordAttack(changed, len(made), n, best < 0)


def flip_words(
    text: str, margin: Margin, gains: np.ndarray, candidates: Sequence[str], *, share: float = 0.2
) -> WordAttack:
    """Put other words in by what a network's gradient promises, the most promising first.

    The words put in may mean anything: a text that answers otherwise may deserve to. It says how
    few words hold the answer, not how few errors change it.

    Source: J. Ebrahimi et al., ACL 2018 (HotFlip).

    Parameters
    ----------
    text : str
        Text that the model answers rightly.
    margin : callable
        As for :func:`substitute_words`.
    gains : ndarray of shape (n_words, n_candidates)
        By how much the loss rises, to first order, where a candidate stands for a word.
    candidates : sequence of str
        Words to put in.
    share : float
        Largest share of the words exchanged; one word at least.

    Returns
    -------
    WordAttack

    Examples
    --------
    >>> def margin(texts):
    ...     return np.array([-1.0 if "red" in t.split() else 1.0 for t in texts])
    >>> flip_words("a big house", margin, np.array([[0.1], [0.9], [0.2]]), ["red"]).text
    'a red house'
    """
    spans = word_spans(text)
    n = len(spans)
    budget = max(1, int(share * n))
    best = gains.argmax(axis=1)
    order = np.argsort(-gains.max(axis=1), kind="stable")[:budget]
    made: dict[int, str] = {}
    tried = []
    for i in order:
        word = text[spans[i][0] : spans[i][1]]
        made = {**made, int(i): like_case(candidates[best[i]], word)}
        tried.append(_joined(text, spans, made))
    hits = np.flatnonzero(margin(tried) < 0) if tried else []
    at = int(hits[0]) if len(hits) else len(tried) - 1
    return WordAttack(tried[at], at + 1, n, bool(len(hits))) if tried else _untouched(text, n)


def _untouched(text: str, n: int) -> WordAttack:
    return WordAttack(text, 0, n, False)


def _exchanges(word: str, rng: np.random.Generator, n_typos: int) -> list[str]:
    """Return what may stand for a word: synonyms, and mistyped forms of longer words."""
    out = [like_case(other, word) for other in synonyms().get(word.lower(), ())]
    if len(word) >= 4 and word.isalpha():
        out += [typo(word, rng) for _ in range(n_typos)]
    return [option for option in dict.fromkeys(out) if option != word]


def _joined(text: str, spans: Sequence[tuple[int, int]], made: dict[int, str]) -> str:
    """Return the text with some words exchanged."""
    out, end = [], 0
    for i, (a, b) in enumerate(spans):
        out += [text[end:a], made.get(i, text[a:b])]
        end = b
    return "".join([*out, text[end:]])
