"""Language models that count: interpolated Kneser-Ney, and single tokens."""

from __future__ import annotations

import math

import numpy as np


class KneserNey:
    """Interpolated Kneser-Ney model of a stream of numbers.

    Each order subtracts ``n1 / (n1 + 2 n2)`` from its counts (n1, n2: how many occur once, twice)
    and hands what is left to the next lower one, whose counts are the numbers of different tokens
    seen before an n-gram (R. Kneser and H. Ney, ICASSP 1995; the interpolated form of S. F. Chen
    and J. Goodman, 1999). The lowest order falls back on all numbers alike.

    Parameters
    ----------
    order : int
        Tokens of the longest n-gram; fewer where its code would not fit in 62 bits.
    n_ids : int
        Numbers there are.

    Examples
    --------
    >>> model = KneserNey(2, n_ids=4).fit(np.array([0, 1, 0, 1, 0, 2]))
    >>> p = np.exp([model.log_probs(np.array([1, k]))[0] for k in range(4)])
    >>> p.round(3).tolist(), float(p.sum().round(6))
    ([0.929, 0.029, 0.029, 0.013], 1.0)
    """

    def __init__(self, order: int, n_ids: int) -> None:
        self.n_ids = int(n_ids)
        self.order = max(1, min(order, int(62 / math.log2(max(2, n_ids)))))

    def fit(self, ids: np.ndarray) -> KneserNey:
        """Count a stream, int (n,), of at least one number."""
        self._levels = []
        below = None
        for n in range(min(self.order, len(ids)), 0, -1):
            if below is None:
                grams, counts = np.unique(self._codes(ids, n), return_counts=True)
            else:
                grams, counts = np.unique(below % self.n_ids**n, return_counts=True)
            self._levels.append(_Level(grams, counts, self.n_ids))
            below = grams
        self._levels.reverse()
        return self

    def log_probs(self, ids: np.ndarray) -> np.ndarray:
        """Return the log-probability of each number but the first, given those before, (n - 1,).

        Numbers may run over several texts; what comes before the first is not known.
        """
        p = np.full(max(0, len(ids) - 1), 1.0 / self.n_ids)
        for n, level in enumerate(self._levels, start=1):
            skipped = max(0, n - 2)
            codes = self._codes(ids, n)[1 if n == 1 else 0 :]
            if len(codes):
                p[skipped:] = level.interpolate(codes, p[skipped:])
        return np.log(p)

    def _codes(self, ids: np.ndarray, n: int) -> np.ndarray:
        """Return each run of n numbers as one, int64 (n_ids - n + 1,)."""
        ids = np.asarray(ids, dtype=np.int64)
        length = max(0, len(ids) - n + 1)
        codes = np.zeros(length, dtype=np.int64)
        for i in range(n):
            codes = codes * self.n_ids + ids[i : i + length]
        return codes


class _Level:
    """Counts of one order: of the n-grams, and of what each context is followed by."""

    def __init__(self, grams: np.ndarray, counts: np.ndarray, n_ids: int) -> None:
        self.grams, self.counts, self.n_ids = grams, counts, n_ids
        once, twice = (counts == 1).sum(), (counts == 2).sum()
        self.discount = once / (once + 2 * twice) if once and twice else 0.5
        contexts = grams // n_ids
        self.contexts, start = np.unique(contexts, return_index=True)
        self.totals = np.add.reduceat(counts, start)
        self.kinds = np.diff(np.append(start, len(grams)))

    def interpolate(self, codes: np.ndarray, lower: np.ndarray) -> np.ndarray:
        count = _looked_up(self.grams, self.counts, codes)
        total = _looked_up(self.contexts, self.totals, codes // self.n_ids)
        kinds = _looked_up(self.contexts, self.kinds, codes // self.n_ids)
        kept = np.maximum(count - self.discount, 0) + self.discount * kinds * lower
        return np.where(total > 0, kept / np.maximum(total, 1), lower)


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the value of each wanted key, 0 where there is none; keys are sorted."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)


def unigram_log_probs(train: np.ndarray, ids: np.ndarray, n_ids: int) -> np.ndarray:
    """Return log-probabilities by how often each number was seen, plus one, (n,).

    Examples
    --------
    >>> np.exp(unigram_log_probs(np.array([1, 1, 0]), np.array([1, 2]), 3)).round(3).tolist()
    [0.5, 0.167]
    """
    counts = np.bincount(train, minlength=n_ids) + 1.0
    return np.log(counts / counts.sum())[ids]


def counted_scores(
    train: np.ndarray, held: np.ndarray, order: int, n_ids: int
) -> dict[str, float]:
    """Return the mean log-probability of a held-out stream's tokens by models that count.

    Parameters
    ----------
    train, held : ndarray of int
        Streams; the first token of ``held`` is the last of ``train``, and is not scored.
    order : int
        Tokens of the longest n-gram.
    n_ids : int
        Numbers there are.

    Returns
    -------
    dict of str to float
        ``"n-gram"`` and ``"unigram"``, in nats.
    """
    past = train[max(0, len(train) - order) : -1]
    counted = KneserNey(order, n_ids).fit(train).log_probs(np.append(past, held))
    return {
        "n-gram": float(counted[len(past) :].mean()),
        "unigram": float(unigram_log_probs(train, held[1:], n_ids).mean()),
    }
