"""Which neighbours to join: byte pair encoding's merges, learned with counts kept up to date."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping

Pair = tuple[str, str]


def learn_merges(
    words: Mapping[str, int], n_merges: int, known: set[str], min_count: int = 2
) -> list[Pair]:
    """Return the pairs to join, most frequent first (R. Sennrich et al., ACL 2016).

    Parameters
    ----------
    words : mapping of str to int
        How often each word occurs; pairs are counted within words.
    n_merges : int
        Most pairs to learn.
    known : set of str
        Characters that may be joined; others end what stands before them.
    min_count : int
        Rarer pairs are not joined.

    Returns
    -------
    list of (str, str)
        Of pairs as frequent as each other, the alphabetically first is joined first.

    Examples
    --------
    >>> learn_merges({"low": 5, "lower": 2, "newest": 6}, 3, set("lowernst"))
    [('w', 'e'), ('l', 'o'), ('e', 'we')]
    """
    state = _Pairs(words, known)
    merges: list[Pair] = []
    while len(merges) < n_merges and state.heap:
        count, pair = heapq.heappop(state.heap)
        if -count != state.counts[pair]:  # an entry from before another merge
            continue
        if -count < min_count:
            break
        merges.append(pair)
        state.join(pair)
    return merges


class _Pairs:
    """Words as lists of symbols, counts of neighbours, and the words that hold each pair."""

    def __init__(self, words: Mapping[str, int], known: set[str]) -> None:
        items = sorted(words.items())
        self.symbols = [list(word) for word, _ in items]
        self.weights = [count for _, count in items]
        self.known = set(known)
        self.counts: Counter[Pair] = Counter()
        self.where: dict[Pair, set[int]] = defaultdict(set)
        for i, symbols in enumerate(self.symbols):
            self._count(i, symbols, self.weights[i])
        self.heap = [(-n, pair) for pair, n in self.counts.items()]
        heapq.heapify(self.heap)

    def _count(self, i: int, symbols: list[str], weight: int) -> set[Pair]:
        known, seen = self.known, set()
        for pair in zip(symbols, symbols[1:], strict=False):
            if pair[0] in known and pair[1] in known:
                self.counts[pair] += weight
                seen.add(pair)
                if weight > 0:
                    self.where[pair].add(i)
        return seen

    def join(self, pair: Pair) -> None:
        """Join a pair everywhere and count its neighbours anew."""
        self.known.add(pair[0] + pair[1])
        changed: set[Pair] = set()
        for i in self.where.pop(pair):
            old = self.symbols[i]
            new = joined(old, pair)
            if len(new) == len(old):
                continue
            changed |= self._count(i, old, -self.weights[i])
            changed |= self._count(i, new, self.weights[i])
            self.symbols[i] = new
        for other in changed:
            if self.counts[other] > 0:
                heapq.heappush(self.heap, (-self.counts[other], other))


def joined(symbols: list[str], pair: Pair) -> list[str]:
    """Return symbols with every occurrence of a pair joined, from the left.

    Examples
    --------
    >>> joined(list("aaab"), ("a", "a"))
    ['aa', 'a', 'b']
    """
    left, right = pair
    out, i, n = [], 0, len(symbols)
    while i < n:
        if i + 1 < n and symbols[i] == left and symbols[i + 1] == right:
            out.append(left + right)
            i += 2
        else:
            out.append(symbols[i])
            i += 1
    return out
