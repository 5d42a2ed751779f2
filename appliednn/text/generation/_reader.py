"""What decoding asks of a network: read texts once, then one token after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from appliednn.core._buckets import pad
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.text.generation._marks import START

# Tokens that kept keys and values grow by.
_ROOM = 16


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
        batch = {"ids": np.asarray(ids, dtype=np.int32)}
        if not self._grows:
            self._cache = self._network.call("step", {**batch, **self._cache})
            return self._cache.pop("logits")
        n = self._positions.max()
        used = {name: kept[:, :, :n] for name, kept in self._cache.items()}
        answer = self._network.call("step", {**batch, **used, "positions": self._positions})
        rows = np.arange(len(ids))
        for name, kept in self._cache.items():
            kept[rows, :, self._positions] = answer[name][:, :, 0]
        self._positions = self._positions + 1
        return answer["logits"]

    def choose(self, rows: np.ndarray) -> None:
        """Go on with these texts, in this order; one may be there more than once."""
        self._positions = self._positions[rows]
        self._cache = {name: kept[rows] for name, kept in self._cache.items()}


class TranslationReader:
    """Texts written beside sources that an encoder-decoder has read once.

    Parameters
    ----------
    network : SequenceNetwork
        An encoder-decoder.
    sources : sequence of ndarray of int
        What is to be translated.
    """

    def __init__(self, network: SequenceNetwork, sources: Sequence[np.ndarray]) -> None:
        self._network = network
        n = len(sources)
        self._memory = {"source": pad(sources)}
        self._memory |= network.call("encode", self._memory)
        states = self._memory.pop("states", None)
        self._cache = {} if states is None else {"states": states}
        self._text = np.arange(n, dtype=np.int32)
        self._length = 0
        if states is None:
            shape = self._memory["source_keys"].shape
            empty = np.zeros((n, shape[1], 0, shape[3]), dtype=np.float32)
            self._cache = {"keys": empty, "values": empty}
        self.logits = self.step(np.full(n, START))

    def step(self, ids: np.ndarray) -> np.ndarray:
        """Read one more token of each text; return scores of the next, (n, n_ids)."""
        batch = {"ids": np.asarray(ids, dtype=np.int32), "text": self._text, **self._memory}
        if "keys" not in self._cache:
            self._cache = self._network.call("step", {**batch, **self._cache})
            return self._cache.pop("logits")
        self._make_room()
        used = {name: kept[:, :, : self._length] for name, kept in self._cache.items()}
        positions = np.full(len(ids), self._length, dtype=np.int32)
        answer = self._network.call("step", {**batch, **used, "positions": positions})
        for name, kept in self._cache.items():
            kept[:, :, self._length] = answer[name][:, :, 0]
        self._length += 1
        return answer["logits"]

    def _make_room(self) -> None:
        if self._length == self._cache["keys"].shape[2]:
            space = ((0, 0), (0, 0), (0, _ROOM), (0, 0))
            self._cache = {name: np.pad(kept, space) for name, kept in self._cache.items()}

    def choose(self, rows: np.ndarray) -> None:
        """Go on with these texts, in this order; one may be there more than once."""
        self._text = self._text[rows]
        self._cache = {name: kept[rows] for name, kept in self._cache.items()}
