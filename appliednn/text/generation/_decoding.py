"""Writing on: token by token, or with several candidates kept (beam search)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from appliednn.text.generation._marks import END, PAD, START
from appliednn.text.generation._reader import Reader
from appliednn.text.generation._sampling import log_softmax

Choose = Callable[[np.ndarray, np.ndarray], np.ndarray]
_NEVER = [PAD, START]


def write(
    reader: Reader,
    logits: np.ndarray,
    choose: Choose,
    max_tokens: int,
    is_done: Callable[[int, list[int]], bool] | None = None,
) -> list[list[int]]:
    """Return what is written after each text, without the end mark.

    Parameters
    ----------
    reader : Reader
        Has read the texts.
    logits : ndarray (n, n_ids)
        Scores of each text's next token.
    choose : callable
        ``choose(logits, rows)`` picks a token for each of the texts with these numbers.
    max_tokens : int
        Most tokens.
    is_done : callable, optional
        ``is_done(row, tokens)`` ends a text; otherwise the end mark does.
    """
    written: list[list[int]] = [[] for _ in logits]
    rows = np.arange(len(logits))
    for step in range(max_tokens):
        logits = np.array(logits, dtype=np.float64)
        logits[:, _NEVER] = -np.inf
        tokens = choose(logits, rows)
        going = np.ones(len(rows), dtype=bool)
        for i, (row, token) in enumerate(zip(rows, tokens.tolist(), strict=True)):
            if token == END:
                going[i] = False
                continue
            written[row].append(token)
            going[i] = is_done is None or not is_done(row, written[row])
        if not going.any() or step == max_tokens - 1:
            break
        if not going.all():
            rows, tokens = rows[going], tokens[going]
            reader.choose(np.flatnonzero(going))
        logits = reader.step(tokens)
    return written


def greedy(logits: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return each text's likeliest token."""
    return logits.argmax(axis=1)


@dataclass
class _Beams:
    """One text's candidates: those still written, and those that ended."""

    ended: list[tuple[float, list[int]]] = field(default_factory=list)
    live: list[list[int]] = field(default_factory=lambda: [[]])
    scores: np.ndarray = field(default_factory=lambda: np.zeros(1))


def beam_search(
    reader: Reader,
    logits: np.ndarray,
    width: int,
    max_tokens: int | Sequence[int],
    length_penalty: float = 0.0,
) -> list[list[int]]:
    """Return each text's best continuation of those that a beam of ``width`` candidates finds.

    Parameters
    ----------
    reader : Reader
        Has read the texts.
    logits : ndarray (n, n_ids)
        Scores of each text's next token.
    width : int
        Candidates kept of each text.
    max_tokens : int or sequence of int
        Most tokens, of all texts or of each.
    length_penalty : float
        A candidate's log-probability is divided by ``((5 + length) / 6) ** length_penalty``,
        the end mark counted (Y. Wu et al., "Google's Neural Machine Translation System", 2016).

    Returns
    -------
    list of list of int
        Tokens without the end mark; a candidate that did not end in time counts as it is, if none
        ended.
    """
    texts = [_Beams() for _ in logits]
    limits = np.broadcast_to(max_tokens, len(texts)).tolist()
    open_texts = list(range(len(texts)))
    for step in range(1, max(limits) + 1):
        log_probs = log_softmax(logits)
        log_probs[:, _NEVER] = -np.inf
        parents, tokens, still_open, row = [], [], [], 0
        for number in open_texts:
            text = texts[number]
            n = len(text.live)
            own = log_probs[row : row + n]
            chosen = _advance(text, own, width, step, length_penalty)
            if not _is_settled(text, width, step, limits[number], length_penalty):
                parents += [row + parent for parent in chosen]
                tokens += [beam[-1] for beam in text.live]
                still_open.append(number)
            row += n
        open_texts = still_open
        if not open_texts:
            break
        reader.choose(np.array(parents))
        logits = reader.step(np.array(tokens))
    return [_best(text, length_penalty) for text in texts]


def _advance(text: _Beams, log_probs, width: int, step: int, penalty: float) -> list[int]:
    """Put a text's best candidates in place; return which earlier one each came from."""
    totals = (text.scores[:, None] + log_probs).ravel()
    n_ids = log_probs.shape[1]
    n = min(2 * width, len(totals))
    best = np.argpartition(-totals, n - 1)[:n]
    best = best[np.lexsort((best, -totals[best]))]
    parents, live, scores = [], [], []
    for rank, place in enumerate(best.tolist()):
        parent, token = divmod(place, n_ids)
        if not np.isfinite(totals[place]) or len(live) == width:
            break
        if token == END:
            if rank < width:
                text.ended.append((_scaled(totals[place], step, penalty), text.live[parent]))
            continue
        parents.append(parent)
        live.append([*text.live[parent], token])
        scores.append(totals[place])
    text.live, text.scores = live, np.array(scores)
    return parents


def _scaled(score: float, length: int, penalty: float) -> float:
    return float(score) / ((5 + length) / 6) ** penalty


def _is_settled(text: _Beams, width: int, step: int, max_tokens: int, penalty: float) -> bool:
    """Whether a text is done: ``width`` candidates ended, or none still written can be best."""
    if not text.live or len(text.ended) >= width or step == max_tokens:
        return True
    if not text.ended:
        return False
    longest = max_tokens if penalty > 0 else step + 1
    possible = _scaled(text.scores.max(), longest, penalty)
    return possible <= max(score for score, _ in text.ended)


def _best(text: _Beams, penalty: float) -> list[int]:
    if text.ended:
        return max(text.ended, key=lambda item: item[0])[1]
    return text.live[int(np.argmax(text.scores))] if text.live else []
