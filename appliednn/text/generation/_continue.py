"""How a language model writes on: the choice of tokens, and where a text ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.core._sequence_network import SequenceNetwork
from appliednn.text.generation._decoding import beam_search, greedy, write
from appliednn.text.generation._marks import END
from appliednn.text.generation._reader import LanguageReader
from appliednn.text.generation._sampling import draw

_SAMPLERS = ("greedy", "sample", "top_k", "top_p", "beam")
# Prompts written on side by side.
_AT_ONCE = 64


@dataclass(frozen=True)
class Continuation:
    """How to write on; see :meth:`LanguageModel.generate`."""

    max_new_tokens: int
    sampler: str
    temperature: float
    top_k: int
    top_p: float
    beam_width: int
    seed: int | None
    stop: str | Sequence[str] | None

    def __post_init__(self) -> None:
        if self.sampler not in _SAMPLERS:
            raise ValueError(f"sampler={self.sampler!r} was given; expected one of {_SAMPLERS}")
        checks = {
            "max_new_tokens": self.max_new_tokens >= 1,
            "temperature": self.temperature > 0,
            "top_k": self.top_k >= 1,
            "top_p": 0 < self.top_p <= 1,
            "beam_width": self.beam_width >= 1,
        }
        for name, holds in checks.items():
            if not holds:
                value = getattr(self, name)
                wanted = "from above 0 to 1" if name == "top_p" else "above 0"
                raise ValueError(f"{name}={value!r} was given; expected a number {wanted}")
        if "" in self.stops:
            raise ValueError("stop holds an empty text; expected texts to stop at, or None")

    @property
    def stops(self) -> list[str]:
        """Where writing ends."""
        if self.stop is None:
            return []
        return [self.stop] if isinstance(self.stop, str) else list(self.stop)


def continue_texts(
    network: SequenceNetwork, vocabulary, prompts: Sequence[str], how: Continuation
) -> list[str]:
    """Return what is written after each prompt."""
    root = np.random.SeedSequence(how.seed)
    rngs = [np.random.default_rng(child) for child in root.spawn(len(prompts))]
    mark = np.array([END], dtype=np.int32)
    out: list[str] = []
    for i in range(0, len(prompts), _AT_ONCE):
        texts = [np.append(mark, vocabulary.encode(p)) for p in prompts[i : i + _AT_ONCE]]
        reader = LanguageReader(network, texts, how.max_new_tokens)
        out += _written(reader, vocabulary, rngs[i : i + _AT_ONCE], how)
    return out


def _written(reader: LanguageReader, vocabulary, rngs, how: Continuation) -> list[str]:
    stops = how.stops
    if how.sampler == "beam":
        found = beam_search(reader, reader.logits, how.beam_width, how.max_new_tokens)
    else:

        def is_done(row: int, tokens: list[int]) -> bool:
            text = vocabulary.decode(tokens)
            return any(stop in text for stop in stops)

        choose = greedy if how.sampler == "greedy" else _drawer(rngs, how)
        done = is_done if stops else None
        found = write(reader, reader.logits, choose, how.max_new_tokens, done)
    return [_before(vocabulary.decode(tokens), stops) for tokens in found]


def _drawer(rngs, how: Continuation):
    top_k = how.top_k if how.sampler == "top_k" else None
    top_p = how.top_p if how.sampler == "top_p" else None

    def choose(logits: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return draw(logits, [rngs[row] for row in rows], how.temperature, top_k, top_p)

    return choose


def _before(text: str, stops: Sequence[str]) -> str:
    """Return a text up to the first of some others."""
    places = [text.find(stop) for stop in stops if stop in text]
    return text[: min(places)] if places else text
