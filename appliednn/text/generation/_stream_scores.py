"""How likely a language model finds streams of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.core._buckets import length_buckets, pad
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.text.generation._streams import windows_with_past

# Tokens that are scored at once, about.
_TOKENS_AT_ONCE = 16_384


def stream_log_probs(
    network: SequenceNetwork, streams: Sequence[np.ndarray], window: int, past: int
) -> list[np.ndarray]:
    """Return the log-probability of each token of each stream but its first.

    Parameters
    ----------
    network : SequenceNetwork
        A language model.
    streams : sequence of ndarray of int
        Tokens.
    window, past : int
        Most steps read at once; of a longer stream each window but the first reads so many steps
        that were counted before.

    Returns
    -------
    list of ndarray of float, each of shape (n_tokens - 1,)
    """
    parts = [
        (k, *part)
        for k, ids in enumerate(streams)
        if len(ids) > 1
        for part in windows_with_past(len(ids) - 1, window, past)
    ]
    out = [np.zeros(max(0, len(ids) - 1), dtype=np.float64) for ids in streams]
    lengths = [end - start for _, start, _, end in parts]
    for rows in length_buckets(lengths, max_tokens=_TOKENS_AT_ONCE) if parts else ():
        chosen = [parts[row] for row in rows]
        ids = pad([streams[k][start : end + 1] for k, start, _, end in chosen])
        answers = network.call("log_probs", {"ids": ids})
        for answer, (k, start, first, end) in zip(answers, chosen, strict=True):
            out[k][first:end] = answer[first - start : end - start]
    return out
