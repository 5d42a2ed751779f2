"""Training of skip-gram vectors: pairs anew each epoch, draws that a batch shares."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._random import guarded_random_state
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._sequence_trainer import SequencePlan, SequenceTrainer
from appliednn.text.embedding._pairs import kept_shares, near_pairs

# Words whose pairs are made at once: an epoch of a large corpus takes several such parts.
_PART = 200_000
# Drawn words that the pairs of a batch share.
_DRAWN = 256
# Frequent words are drawn less often than they occur (word2vec).
_DRAW_POWER = 0.75
_WARMUP = 0.02


@dataclass
class Learned:
    """Vectors of words and of parts, the history by epoch, why training ended."""

    vectors: np.ndarray
    part_vectors: np.ndarray | None
    history: dict[str, list[float]]
    stop_reason: str


class SkipGram:
    """One training.

    Parameters
    ----------
    settings : WordEmbedding
        Its parameters.
    counts : ndarray of int of shape (n_words,)
        Occurrences of each word.
    parts : PartTable or None
        Each word's parts.
    n_parts : int
        How many numbers parts have.
    """

    def __init__(self, settings, counts: np.ndarray, parts, n_parts: int) -> None:
        self._settings, self._counts, self._parts = settings, counts, parts
        self._architecture = Architecture.of(
            "skipgram", n_words=len(counts), n_parts=n_parts, dim=int(settings.dim)
        )
        # In a small vocabulary every word is frequent: a usual one is kept.
        threshold = max(settings.subsample, 1.0 / len(counts)) if settings.subsample else 0.0
        self._kept = kept_shares(counts, threshold)
        weights = counts.astype(np.float64) ** _DRAW_POWER
        self._cumulated = np.cumsum(weights) / weights.sum()

    def fit(self, tokens: np.ndarray, rows: np.ndarray, seeds: list[int], began: float) -> Learned:
        """Train on words (n,) of rows (n,); return what was learned."""
        backend.prepare()
        settings = self._settings
        n_parts = max(1, -(-len(tokens) // _PART))
        bounds = np.linspace(0, len(tokens), n_parts + 1).astype(int)
        plan = SequencePlan(
            epochs=settings.epochs * n_parts,
            learning_rate=settings.learning_rate,
            schedule="cosine",
            warmup=_WARMUP,
            clip=1e9,
            seed=seeds[0],
            verbose=settings.verbose,
        )
        if settings.max_seconds is not None:
            plan.max_seconds = max(1e-3, settings.max_seconds - (time.monotonic() - began))

        def batches(number: int) -> list[dict[str, np.ndarray]]:
            part = slice(*bounds[number % n_parts :][:2])
            rng = np.random.default_rng([seeds[1], number])
            return self._batches(tokens[part], rows[part], rng)

        with guarded_random_state():
            result = SequenceTrainer(self._architecture, plan, batches).fit()
        history = {name: _by_epoch(name, v, n_parts) for name, v in result.history.items()}
        network = result.network
        return Learned(
            self._vectors(network), self._part_vectors(network), history, result.stop_reason
        )

    def _batches(self, tokens, rows, rng: np.random.Generator) -> list[dict[str, np.ndarray]]:
        """Return the pairs of a part of the corpus, shuffled, in batches."""
        settings = self._settings
        kept = rng.random(len(tokens)) < self._kept[tokens]
        if kept.sum() < 2:
            kept[:] = True
        tokens, rows = tokens[kept], rows[kept]
        reach = rng.integers(1, settings.window + 1, len(tokens))
        pairs = near_pairs(tokens, rows, settings.window, reach)
        if len(pairs) == 0:  # all that was kept stands alone
            return [self._batch(np.repeat(tokens[:1, None], 2, axis=1), rng)]
        pairs = pairs[rng.permutation(len(pairs))]
        size = settings.batch_size
        return [self._batch(pairs[i : i + size], rng) for i in range(0, len(pairs), size)]

    def _batch(self, pairs: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        table, words = np.unique(pairs[:, 0], return_inverse=True)
        draws = np.searchsorted(self._cumulated, rng.random(_DRAWN), side="right")
        batch = {
            "table": table.astype(np.int32),
            "words": words.astype(np.int32),
            "context": pairs[:, 1].astype(np.int32),
            "negatives": np.minimum(draws, len(self._counts) - 1).astype(np.int32),
            "n_negatives": np.array([self._settings.negatives], dtype=np.float32),
        }
        if self._parts is not None:
            batch |= self._parts.batch(table)
        return batch

    def _vectors(self, network: SequenceNetwork) -> np.ndarray:
        """Return the vectors of all words, float32 (n_words, dim)."""
        found = []
        for begin in range(0, len(self._counts), 4096):
            table = np.arange(begin, min(begin + 4096, len(self._counts)), dtype=np.int32)
            batch = {"table": table}
            if self._parts is not None:
                batch |= self._parts.batch(table)
            found.append(network.call("vectors", batch))
        return np.concatenate(found)

    def _part_vectors(self, network: SequenceNetwork) -> np.ndarray | None:
        if self._parts is None:
            return None
        model = backend.sequence_functions(self._architecture).model
        names = [v.path for v in model.variables]
        return network.weights[names.index("part_vectors/embeddings")]


def _by_epoch(name: str, values: list[float], n_parts: int) -> list[float]:
    """Return one value for each epoch: the mean loss of its parts, the last of the others."""
    groups = [values[i : i + n_parts] for i in range(0, len(values), n_parts)]
    return [float(np.mean(group)) if name == "loss" else group[-1] for group in groups]
