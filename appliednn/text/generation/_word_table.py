"""Word by word: the cheap translation that an encoder-decoder is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Pairs of words that are looked at; more texts than hold so many do not change the table much.
_MOST_COUPLES = 8_000_000


def word_table(sources: Sequence[str], targets: Sequence[str], rounds: int = 5) -> dict[str, str]:
    """Return the likeliest target word for each source word.

    Probabilities are those of model 1 of P. Brown et al. ("The Mathematics of Statistical Machine
    Translation", 1993), by some rounds of expectation and maximisation from equal ones; words are
    what white space parts.

    Parameters
    ----------
    sources, targets : sequence of str
        Texts and their translations; of very many, the first ones.
    rounds : int
        Rounds of training.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> word_table(["a b", "a", "b c"], ["x y", "x", "y z"])
    {'a': 'x', 'b': 'y', 'c': 'z'}
    """
    known: tuple[dict[str, int], dict[str, int]] = ({}, {})
    lefts, rights, places, n, n_couples = [], [], [], 0, 0
    for source, target in zip(sources, targets, strict=True):
        a, b = (
            np.array([table.setdefault(word, len(table)) for word in text.split()], dtype=np.int64)
            for table, text in zip(known, (source, target), strict=True)
        )
        lefts.append(np.tile(a, len(b)))
        rights.append(np.repeat(b, len(a)))
        places.append(n + np.repeat(np.arange(len(b)), len(a)))
        n, n_couples = n + len(b), n_couples + len(a) * len(b)
        if n_couples > _MOST_COUPLES:
            break
    n_targets = max(1, len(known[1]))
    codes = np.concatenate(lefts) * n_targets + np.concatenate(rights)
    couples, p = _trained(codes, np.concatenate(places), n_targets, rounds)
    if not len(couples):
        return {}
    first = couples // n_targets
    order = np.lexsort((-couples, p, first))
    last = order[np.append(np.diff(first[order]) > 0, True)]
    words = (list(known[0]), list(known[1]))
    pairs = zip(first[last].tolist(), (couples[last] % n_targets).tolist(), strict=True)
    return {words[0][a]: words[1][b] for a, b in pairs}


def _trained(codes, places, n_targets: int, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the different couples, and each one's probability given its source word."""
    couples, which = np.unique(codes, return_inverse=True)
    first = couples // n_targets
    p = np.ones(len(couples))
    for _ in range(rounds):
        share = p[which]
        share /= np.bincount(places, share)[places]
        counts = np.bincount(which, share)
        p = counts / np.bincount(first, counts)[first]
    return couples, p


def word_by_word(table: dict[str, str], text: str) -> str:
    """Return a text with each word replaced; unknown words stay.

    Examples
    --------
    >>> word_by_word({"red": "rot"}, "red Rhine")
    'rot Rhine'
    """
    return " ".join(table.get(word, word) for word in text.split())


def cheap_translations(
    pairs: Sequence[tuple[str, str]], sources: Sequence[str]
) -> dict[str, list[str]]:
    """Return what costs nothing: the sources themselves, and word by word as pairs teach it."""
    table = word_table(*zip(*pairs, strict=True))
    return {
        "copy": list(sources),
        "word by word": [word_by_word(table, text) for text in sources],
    }
