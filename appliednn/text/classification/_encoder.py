"""The pretrained encoder that a classifier of texts reads through."""

from __future__ import annotations

from typing import Any

from appliednn.text.encoder._fine_tune import PieceReader, VectorReader
from appliednn.text.encoder._sentence_encoder import SentenceEncoder
from appliednn.text.encoder._sources import load_encoder

# Word pieces of a text that are read unless the caller says otherwise.
_PIECES = 256


def encoder_reader(given: Any, trained: bool, max_length: int | str) -> PieceReader | VectorReader:
    """Return what reads texts for an encoder.

    Parameters
    ----------
    given : SentenceEncoder, str, Path or None
        The encoder; None: ``"minilm"``.
    trained : bool
        Whether it is trained too.
    max_length : int or "p95"
        Most word pieces of a text; ``"p95"``: as many as the encoder allows, at most 256.
    """
    if isinstance(given, SentenceEncoder):
        bert = given.bert_ if hasattr(given, "bert_") else given._load()
    else:
        bert = load_encoder("minilm" if given is None else given)
    length = min(_PIECES, bert.max_length) if max_length == "p95" else int(max_length)
    return (PieceReader if trained else VectorReader)(bert, length)
