"""From a trained network's scores to tags and probabilities, for sentences of any length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.core import backend
from appliednn.core._buckets import length_buckets
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.text.tagging._lattice import Chain, best_paths, marginals
from appliednn.text.tagging._schemes import OUTSIDE, penalties
from appliednn.text.tagging._token_encoder import TokenEncoder
from appliednn.text.tagging._windows import windows_of

# Tokens, padding included, that the network and the decoder see in one call.
_TOKENS = 8192
_SENTENCES = 256


class TagDecoder:
    """Tags sentences with a network.

    Parameters
    ----------
    network : SequenceNetwork
        Scores tags.
    encoder : TokenEncoder
        Reads tokens.
    tags : list of str
        All tags.
    scheme : str or None
        Whose rules hold.
    max_length : int
        Longer sentences are scored in windows, and decoded as a whole.
    margin : float
        What the outside tag's score is lowered by before the best path is looked for.
    """

    def __init__(
        self,
        network: SequenceNetwork,
        encoder: TokenEncoder,
        tags: list[str],
        scheme: str | None,
        max_length: int,
        margin: float = 0.0,
    ) -> None:
        self._network, self._encoder, self._tags = network, encoder, tags
        self._max_length = max_length
        self._handicap = np.array([margin * (tag == OUTSIDE) for tag in tags], dtype=np.float32)
        self._chain = _chain(network, tags, scheme)

    def paths(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the most probable tags of each sentence."""
        return self.paths_of(self.emissions(sentences))

    def shares(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Return each token's probability of each tag."""
        return self.shares_of(self.emissions(sentences))

    def paths_of(self, scores: list[np.ndarray]) -> list[list[str]]:
        """Return the most probable tags of sentences with these scores of tags."""
        found = self._by_batch([score - self._handicap for score in scores], best_paths)
        return [[self._tags[i] for i in path] for path in found]

    def shares_of(self, scores: list[np.ndarray]) -> list[np.ndarray]:
        """Return the probabilities of tags of sentences with these scores of tags."""
        return self._by_batch(scores, marginals)

    def emissions(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Return the network's scores of each token's tags, (n_tokens, n_tags) a sentence."""
        backend.prepare()
        parts = [
            (row, *window)
            for row, sentence in enumerate(sentences)
            for window in windows_of(len(sentence), self._max_length)
            if len(sentence)
        ]
        out = [np.zeros((len(s), len(self._tags)), dtype=np.float32) for s in sentences]
        if not parts:
            return out
        pieces = [sentences[row][begin:end] for row, begin, end, *_ in parts]
        encoded = self._encoder.encode(pieces)
        for numbers in length_buckets(encoded.lengths, _SENTENCES, max_tokens=_TOKENS):
            scores = self._network.call("emissions", encoded.batch(numbers))
            for number, score in zip(numbers, scores, strict=True):
                row, begin, _, first, last = parts[number]
                out[row][first:last] = score[first - begin : last - begin]
        return out

    def _by_batch(self, scores: list[np.ndarray], function) -> list[np.ndarray]:
        """Return what a function of padded scores says of each sentence."""
        lengths = np.array([len(score) for score in scores])
        out: list[np.ndarray] = [np.zeros((0, len(self._tags)))] * len(scores)
        full = np.flatnonzero(lengths)
        for places in length_buckets(lengths[full], _SENTENCES, max_tokens=_TOKENS):
            rows = full[places]
            padded = np.zeros((len(rows), lengths[rows].max(), len(self._tags)))
            for target, row in zip(padded, rows, strict=True):
                target[: lengths[row]] = scores[row]
            for row, found in zip(rows, function(padded, lengths[rows], self._chain), strict=True):
                out[row] = found
        return out


def _chain(network: SequenceNetwork, tags: list[str], scheme: str | None) -> Chain:
    """Return the scores of neighbouring tags: learned ones, if there are, and the scheme's."""
    parts = [p.astype(np.float64) for p in penalties(tags, scheme)]
    if network.architecture.params["crf"]:
        names = [v.path for v in backend.sequence_functions(network.architecture).model.variables]
        for part, name in zip(parts, ("transitions", "start", "end"), strict=True):
            part += network.weights[names.index(f"crf/{name}")]
    return Chain(*parts)
