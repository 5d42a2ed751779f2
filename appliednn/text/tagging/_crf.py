"""A conditional random field over the tags of a sentence, as a Keras layer."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from appliednn.text.tagging._lattice import Chain
from appliednn.text.tagging._schemes import check_scheme, penalties


@keras.saving.register_keras_serializable(package="appliednn")
class CRF(keras.layers.Layer):
    """Linear-chain conditional random field.

    It hands its inputs, the scores of each token's tags, on as they are, and holds the scores of
    tags next to each other. :meth:`log_likelihood` is what training raises; the best path and
    marginal probabilities are computed outside the graph from :meth:`chain`, which is faster for
    a loop over time.

    Parameters
    ----------
    tags : sequence of str
        All tags, in the order of the inputs' last axis.
    scheme : {"IOB2", "IOBES", "BILOU"} or None
        Transitions, first and last tags that the scheme forbids score -10 000 less, in training
        and decoding; None forbids nothing.

    References
    ----------
    J. Lafferty, A. McCallum and F. Pereira, "Conditional Random Fields", ICML 2001.

    Examples
    --------
    >>> crf = CRF(["O", "B-PER", "I-PER"], scheme="IOB2")
    >>> scores = crf(np.zeros((1, 2, 3), "float32"))
    >>> mask = np.ones((1, 2), bool)
    >>> legal = crf.log_likelihood(scores, np.array([[1, 2]]), mask)
    >>> illegal = crf.log_likelihood(scores, np.array([[0, 2]]), mask)
    >>> round(float(np.exp(legal)[0]), 4), float(np.exp(illegal)[0])
    (0.2, 0.0)
    """

    transitions_initializer = start_initializer = end_initializer = "zeros"

    def __init__(self, tags: Sequence[str], scheme: str | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        if scheme is not None:
            check_scheme(scheme)
        self.tags, self.scheme = list(tags), scheme
        self.supports_masking = True
        self._penalties = penalties(self.tags, scheme)

    def build(self, input_shape) -> None:
        """Create the scores of transitions, starts and ends, all 0."""
        n = len(self.tags)
        if input_shape[-1] != n:
            raise ValueError(f"the inputs score {input_shape[-1]} tags; expected {n}")
        self.transitions = self.add_weight(name="transitions", shape=(n, n), initializer="zeros")
        self.start = self.add_weight(name="start", shape=(n,), initializer="zeros")
        self.end = self.add_weight(name="end", shape=(n,), initializer="zeros")

    def call(self, emissions):
        """Return the inputs."""
        return emissions

    def _scores(self):
        weights = (self.transitions, self.start, self.end)
        pairs = zip(weights, self._penalties, strict=True)
        return [ops.cast(w, "float32") + ops.cast(p, "float32") for w, p in pairs]

    def chain(self) -> Chain:
        """Return the scores as arrays, for the functions that decode."""
        return Chain(*(ops.convert_to_numpy(s).astype(np.float64) for s in self._scores()))

    def log_partition(self, emissions, mask):
        """Return the log of the summed exponentials of all paths' scores, (n,).

        Parameters
        ----------
        emissions : tensor of shape (n, T, n_tags)
            Scores.
        mask : tensor of bool of shape (n, T)
            True for tokens, which come first and of which there is at least one.
        """
        between, start, end = self._scores()
        emissions = ops.transpose(ops.cast(emissions, "float32"), (1, 0, 2))
        mask = ops.cast(ops.transpose(mask), "float32")[:, :, None]
        # One tensor: Keras's scan over several needs to know their length beforehand.
        both = ops.concatenate([emissions, mask], axis=-1)

        def step(alpha, now):
            emission, present = now[:, :-1], now[:, -1:]
            after = ops.logsumexp(alpha[:, :, None] + between, axis=1) + emission
            alpha = present * after + (1.0 - present) * alpha
            return alpha, alpha

        alpha, _ = ops.scan(step, start + emissions[0], both[1:])
        return ops.logsumexp(alpha + end, axis=1)

    def path_score(self, emissions, tags, mask):
        """Return the score of one path for each sentence, (n,); arguments as for the others."""
        between, start, end = self._scores()
        mask = ops.cast(mask, "float32")
        chosen = ops.one_hot(ops.cast(tags, "int32"), len(self.tags)) * mask[:, :, None]
        score = ops.sum(chosen * ops.cast(emissions, "float32"), axis=(1, 2))
        pairs = ops.matmul(chosen[:, :-1], between) * chosen[:, 1:]
        after = ops.concatenate([mask[:, 1:], ops.zeros_like(mask[:, :1])], axis=1)
        last = chosen * (mask - after)[:, :, None]
        ends = ops.sum(last * end, axis=(1, 2)) + ops.sum(chosen[:, 0] * start, axis=1)
        return score + ops.sum(pairs, axis=(1, 2)) + ends

    def log_likelihood(self, emissions, tags, mask):
        """Return the log-probability of each sentence's tags, (n,).

        Parameters
        ----------
        emissions : tensor of shape (n, T, n_tags)
            Scores.
        tags : tensor of int of shape (n, T)
            Numbers of tags; anything where there is no token.
        mask : tensor of bool of shape (n, T)
            True for tokens, which come first and of which there is at least one.
        """
        paths = self.path_score(emissions, tags, mask)
        return paths - self.log_partition(emissions, mask)

    def compute_output_shape(self, input_shape):
        """Return the inputs' shape."""
        return input_shape

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "tags": self.tags, "scheme": self.scheme}
