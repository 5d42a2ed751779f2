"""What decoding asks of a network: read texts once, then one token after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from appliednn.core._buckets import pad
from appliednn.core._sequence_network import SequenceNetwork


class Reader(Protocol):
    """Texts being read side by side."""

    def step(self, ids: np.ndarray) -> np.ndarray:
        """Read one more token of each text; return scores of the next, (n, n_ids)."""

    def choose(self, rows: np.ndarray) -> None:
        """Go on with these texts, in this order; one may be there more than once."""


class LanguageReader:
    """Texts that a language model reads; states or keys and values are kept between steps.

    Parameters
    ----------
    network : SequenceNetwork
        A language model.
    texts : sequence of ndarray of int
        What has been written; none is empty.
    room : int
        Most tokens that will be read after them.
    """

    def __init__(self, network: SequenceNetwork, texts: Sequence[np.ndarray], room: int) -> None:
        self._network = network
        self._positions = np.array([len(ids) for ids in texts], dtype=np.int32)
        answer = network.call("prefill", {"ids": pad(texts), "lengths": self._positions})
        self.logits = answer.pop("logits")
        self._grows = "keys" in answer
        if self._grows:
            space = ((0, 0), (0, 0), (0, room), (0, 0))
            answer = {name: np.pad(kept, space) for name, kept in answer.items()}
        self._cache = answer

    def step(self, ids: np.ndarray) -> np.ndarray:
        """Read one more token of each text; return scores of the next, (n, n_ids)."""
        batch = {"ids": np.asarray(ids, dtype=np.int32), **self._cache}
        if not self._grows:
            self._cache = self._network.call("step", batch)
            return self._cache.pop("logits")
        answer = self._network.call("step", {**batch, "positions": self._positions})
        rows = np.arange(len(ids))
        for name, kept in self._cache.items():
            kept[rows, :, self._positions] = answer[name][:, :, 0]
        self._positions = self._positions + 1
        return answer["logits"]

    def choose(self, rows: np.ndarray) -> None:
        """Go on with these texts, in this order; one may be there more than once."""
        self._positions = self._positions[rows]
        self._cache = {name: kept[rows] for name, kept in self._cache.items()}
