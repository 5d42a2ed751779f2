"""A pretrained encoder under a head: kept as it is, or trained with it.

:class:`VectorReader` goes with the architecture ``"vector_head"`` and :func:`fit_vector_head`,
:class:`PieceReader` with :func:`head_architecture` and :func:`start_weights`; both read texts as
the readers of the text classifier do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.core._architecture import Architecture
from appliednn.core._buckets import length_buckets
from appliednn.core._random import spawn_seeds
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._sequence_trainer import SequenceResult
from appliednn.text.encoder._bert import Bert, from_named, padded

Batch = dict[str, np.ndarray]
_MOST_TOKENS = 8_192


@dataclass
class PieceReader:
    """Reads word pieces, for an encoder that is trained.

    Attributes
    ----------
    bert : Bert
        Whose vocabulary it is.
    max_length : int
        Most pieces of a text.
    """

    bert: Bert
    max_length: int

    def prepare(self, texts: Sequence[str], matrix=None) -> list[list[int]]:
        """Return each text's piece numbers."""
        return self.bert.ids(texts, self.max_length)

    def batches(
        self, prepared, rows: np.ndarray, batch_size: int, rng=None
    ) -> Iterator[tuple[np.ndarray, Batch]]:
        """Yield row numbers and what the network reads of them, rows of like length together."""
        lengths = [len(prepared[i]) for i in rows]
        for part in length_buckets(lengths, batch_size, max_tokens=_MOST_TOKENS, rng=rng):
            chosen = rows[part]
            yield chosen, padded([prepared[i] for i in chosen])


@dataclass
class VectorReader:
    """Reads vectors of texts, for an encoder that stays as it is.

    Attributes
    ----------
    bert : Bert
        The encoder.
    max_length : int
        Most pieces of a text.
    """

    bert: Bert
    max_length: int

    def prepare(self, texts: Sequence[str], matrix=None) -> np.ndarray:
        """Return each text's vector, (n, width), of length 1 where the encoder's are."""
        vectors = self.bert.embed(texts, max_length=self.max_length)
        if self.bert.normalize:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)
        return vectors

    def batches(
        self, prepared, rows: np.ndarray, batch_size: int, rng=None
    ) -> Iterator[tuple[np.ndarray, Batch]]:
        """Yield row numbers and their vectors, shuffled if ``rng`` is given."""
        order = rows if rng is None else rng.permutation(rows)
        for i in range(0, len(order), batch_size):
            part = order[i : i + batch_size]
            yield part, {"vectors": prepared[part]}


def head_architecture(bert: Bert, n_outputs: int, kind: str, dropout: float) -> Architecture:
    """Return the encoder with a head on the vector of a text.

    Parameters
    ----------
    bert : Bert
        The pretrained encoder.
    n_outputs : int
        Logits or numbers answered.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Of the target.
    dropout : float
        While training, in the encoder and before the head.
    """
    sizes = {**bert.params, "dropout": float(dropout), "head": "outputs"}
    return Architecture.of("bert_outputs", **{**sizes, "n_outputs": n_outputs, "kind": kind})


def start_weights(architecture: Architecture, bert: Bert, seed: int) -> list[np.ndarray]:
    """Return the pretrained weights, and those of the head drawn from a seed."""
    return from_named(architecture, bert.named_weights(), seed)


def fit_vector_head(
    vectors: np.ndarray, target: np.ndarray, kind: str, n_outputs: int, weights: np.ndarray,
    C: float = 1.0, seed: int = 0,
) -> SequenceResult:  # fmt: skip
    """Fit a linear head on vectors to the optimum: logistic or ridge regression.

    Parameters
    ----------
    vectors : ndarray of shape (n, width)
        Of the training texts.
    target : ndarray of shape (n,) or (n, n_outputs)
        Encoded labels, 0/1 columns or numbers.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Of the target.
    n_outputs : int
        Logits or numbers answered.
    weights : ndarray of shape (n,)
        Sample weights, class weights included.
    C : float
        Inverse strength of the L2 penalty.
    seed : int
        Of the solver.

    Returns
    -------
    SequenceResult
        As training a network gives it: one epoch.
    """
    if kind == "regression":
        coef, intercept = _ridge(vectors, target.reshape(len(target), -1), weights, C)
    else:
        coef, intercept = _logistic(vectors, target, kind, n_outputs, weights, C, seed)
    architecture = Architecture.of(
        "vector_head", width=vectors.shape[1], n_outputs=n_outputs, kind=kind
    )
    values = {"head/kernel": coef, "head/bias": intercept}
    network = SequenceNetwork(architecture, from_named(architecture, values))
    return SequenceResult(network, {"loss": [], "lr": [], "seconds": []}, n_epochs=1)


def _logistic(vectors, target, kind, n_outputs, weights, C, seed):
    """Return kernel (width, n_outputs) and bias; classes that are not there get a low constant."""
    from sklearn.linear_model import LogisticRegression

    coef = np.zeros((vectors.shape[1], n_outputs), dtype=np.float32)
    columns = [target[:, j] for j in range(n_outputs)] if kind == "multilabel" else [target]
    # Where a column has one value, its logit is what so many rows of one kind allow to say.
    sure = float(np.log(2.0 * len(vectors) + 1.0))
    bias = np.full(n_outputs, -sure, dtype=np.float32)
    for j, (column, own) in enumerate(zip(columns, spawn_seeds(seed, len(columns)), strict=True)):
        column = np.asarray(column).ravel().astype(int)
        present = np.unique(column)
        if len(present) == 1:
            if kind == "multiclass":
                bias[present[0]] = 0.0
            else:
                bias[j] = sure if present[0] else -sure
            continue
        model = LogisticRegression(C=C, max_iter=2_000, random_state=own % 2**31)
        model.fit(vectors, column, sample_weight=weights)
        if kind == "multiclass" and len(present) > 2:
            coef[:, present], bias[present] = model.coef_.T, model.intercept_
        elif kind == "multiclass":
            coef[:, present[1]], bias[present[1]] = model.coef_[0], model.intercept_[0]
            bias[present[0]] = 0.0
        else:
            coef[:, j], bias[j] = model.coef_[0], model.intercept_[0]
    return coef, bias


def _ridge(vectors, target, weights, C):
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1.0 / C).fit(vectors, target, sample_weight=weights)
    coef = np.atleast_2d(model.coef_).T.astype(np.float32)
    return coef, np.broadcast_to(model.intercept_, coef.shape[1]).astype(np.float32)
