"""Batches for a masked language model: some pieces hidden, which are to be found again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from appliednn.core._buckets import length_buckets
from appliednn.text.encoder._bert import padded
from appliednn.text.encoder._wordpiece import SPECIAL, WordPiece

# Of the picked pieces, these shares become [MASK] and any other piece; the rest stays.
_MASKED, _ANY = 0.8, 0.1
_MOST_TOKENS = 8_192


class Masking:
    """Makes the batches of an epoch.

    Parameters
    ----------
    tokenizer : WordPiece
        With ``[MASK]`` in its vocabulary.
    share : float
        Of a text's pieces that are picked, at least one.
    batch_size : int
        Texts of a batch.
    """

    def __init__(self, tokenizer: WordPiece, share: float, batch_size: int) -> None:
        self.mask, self.share, self.batch_size = tokenizer.mask, share, batch_size
        special = set(SPECIAL)
        plain = [i for i, piece in enumerate(tokenizer.vocabulary) if piece not in special]
        self.plain = np.array(plain, dtype=np.int32)

    def batches(
        self, ids: Sequence[Sequence[int]], rng: np.random.Generator, shuffle: bool = True
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield batches of ``ids``, ``lengths``, ``picked``, ``truth`` and ``counts``.

        Parameters
        ----------
        ids : sequence of sequences of int
            Texts as ``[CLS] pieces [SEP]``.
        rng : Generator
            Picks pieces and, if ``shuffle``, orders texts.
        """
        lengths = [len(row) for row in ids]
        order = rng if shuffle else None
        for rows in length_buckets(lengths, self.batch_size, max_tokens=_MOST_TOKENS, rng=order):
            yield self._hidden(padded([ids[i] for i in rows]), rng)

    def _hidden(self, batch: dict[str, np.ndarray], rng) -> dict[str, np.ndarray]:
        ids, lengths = batch["ids"], batch["lengths"]
        places = np.arange(ids.shape[1])[None, :]
        plain = (places > 0) & (places < lengths[:, None] - 1)
        n_plain = np.maximum(lengths - 2, 0)
        counts = np.where(n_plain > 0, np.maximum(1, np.rint(self.share * n_plain)), 0)
        most = max(1, int(counts.max()))
        lots = np.where(plain, rng.random(ids.shape), 2.0)
        picked = np.argsort(lots, axis=1)[:, :most].astype(np.int32)
        truth = np.take_along_axis(ids, picked, axis=1)
        kind = rng.random(picked.shape)
        other = rng.choice(self.plain, picked.shape)
        shown = np.where(kind < _MASKED, self.mask, np.where(kind < _MASKED + _ANY, other, truth))
        shown = np.where(np.arange(most)[None, :] < counts[:, None], shown, truth)
        np.put_along_axis(ids, picked, shown.astype(np.int32), axis=1)
        return {**batch, "picked": picked, "truth": truth, "counts": counts.astype(np.int32)}
