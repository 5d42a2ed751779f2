"""Learn a vocabulary of word pieces from texts: the most frequent neighbours become one."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable

from appliednn.text.encoder._wordpiece import SPECIAL
from appliednn.text.encoder._words import split_words

# Rarer characters are left out and their words become [UNK]; rarer words teach nothing.
_MOST_CHARACTERS = 1_000
_MOST_WORDS = 200_000


def learn_word_pieces(
    texts: Iterable[str], size: int = 8_000, min_count: int = 2, lower: bool = True
) -> list[str]:
    """Return a vocabulary for :class:`WordPiece`.

    It starts with the characters; then the pair of neighbouring pieces that is most frequent in
    the texts becomes a piece, again and again (byte-pair encoding, with ``##`` before what goes
    on a word).

    Parameters
    ----------
    texts : iterable of str
        Texts to learn from.
    size : int
        Most pieces, five special ones among them.
    min_count : int
        Pairs that are rarer do not become a piece.
    lower : bool
        Whether case and marks are dropped.

    Returns
    -------
    list of str
        Special pieces, characters by how often they occur, then pieces in the order found.

    References
    ----------
    R. Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword
    Units", ACL 2016.

    Examples
    --------
    >>> learn_word_pieces(["hug hug pug hugs"], size=12)[5:]
    ['##g', '##u', 'h', '##s', 'p', '##ug', 'hug']
    """
    counted = Counter()
    for text in texts:
        counted.update(split_words(text, lower=lower, strip_accents=lower))
    words = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_MOST_WORDS]
    letters: Counter = Counter()
    for word, count in words:
        for piece in _characters(word):
            letters[piece] += count
    ranked = sorted(letters, key=lambda piece: (-letters[piece], piece))[:_MOST_CHARACTERS]
    pieces = [*SPECIAL, *ranked][:size]
    known = set(pieces)
    spelled = [(_characters(word), count) for word, count in words]
    spelled = [(word, count) for word, count in spelled if known.issuperset(word)]
    for first, second in _merges(spelled, min_count):
        if len(pieces) >= size:
            break
        piece = _joined(first, second)
        if piece not in known:
            pieces.append(piece)
            known.add(piece)
    return pieces


def _characters(word: str) -> list[str]:
    return [word[0], *(f"##{char}" for char in word[1:])]


def _joined(first: str, second: str) -> str:
    return first + second.removeprefix("##")


def _merges(spelled: list[tuple[list[str], int]], min_count: int):
    """Yield pairs of pieces to join, the most frequent first; the words follow suit."""
    counts: Counter = Counter()
    places: dict[tuple[str, str], set[int]] = defaultdict(set)
    for i, (word, count) in enumerate(spelled):
        for pair in zip(word, word[1:], strict=False):
            counts[pair] += count
            places[pair].add(i)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)
    while heap:
        count, pair = heapq.heappop(heap)
        if -count != counts[pair]:  # it changed since: its present count comes later, if any
            continue
        if -count < min_count:
            return
        yield pair
        for changed in _join(spelled, counts, places, pair):
            heapq.heappush(heap, (-counts[changed], changed))


def _join(spelled, counts: Counter, places, pair) -> set:
    """Join a pair in every word that has it; return the pairs whose counts changed."""
    joined, changed = _joined(*pair), set()
    for i in places.pop(pair):
        word, count = spelled[i]
        for old in zip(word, word[1:], strict=False):
            counts[old] -= count
            changed.add(old)
        out, j = [], 0
        while j < len(word):
            if (word[j], word[j + 1] if j + 1 < len(word) else None) == pair:
                out.append(joined)
                j += 2
            else:
                out.append(word[j])
                j += 1
        spelled[i] = (out, count)
        for new in zip(out, out[1:], strict=False):
            counts[new] += count
            places[new].add(i)
            changed.add(new)
    changed.discard(pair)
    counts.pop(pair, None)
    return {other for other in changed if counts[other] > 0}
