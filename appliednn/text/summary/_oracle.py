"""Which of a document's sentences a summary would best be made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def oracle_sentences(
    sentences: Sequence[Sequence[str]], summary: Sequence[str], n_most: int
) -> list[int]:
    """Return the sentences that, one after the other, raise the shared words and pairs most.

    The greedy choice of R. Nallapati, F. Zhai and B. Zhou ("SummaRuNNer", AAAI 2017), by the sum
    of the F scores of ROUGE-1 and ROUGE-2; it stops when no sentence raises it.

    Parameters
    ----------
    sentences : sequence of sequences of str
        Words of each sentence.
    summary : sequence of str
        Words of the reference.
    n_most : int
        Most sentences.

    Returns
    -------
    list of int
        In order of choice.

    Examples
    --------
    >>> oracle_sentences([["it", "rained"], ["a", "cat"], ["cats", "sleep"]], ["a", "cat"], 2)
    [1]
    """
    goals = [_runs(summary, n) for n in (1, 2)]
    counts = [[_runs(words, n) for n in (1, 2)] for words in sentences]
    chosen: list[int] = []
    held = [Counter(), Counter()]
    best = 0.0
    while len(chosen) < n_most:
        gains = {
            i: sum(_f_score(h + c, g) for h, c, g in zip(held, counts[i], goals, strict=True))
            for i in range(len(sentences))
            if i not in chosen
        }
        if not gains:
            break
        i = max(gains, key=gains.get)
        if gains[i] <= best + 1e-12:
            break
        best = gains[i]
        chosen.append(i)
        held = [h + c for h, c in zip(held, counts[i], strict=True)]
    return chosen


def _runs(words: Sequence[str], n: int) -> Counter:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _f_score(own: Counter, goal: Counter) -> float:
    n = own.total() + goal.total()
    return 2 * (own & goal).total() / n if n else 0.0
