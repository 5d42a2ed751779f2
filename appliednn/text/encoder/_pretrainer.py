"""Self-supervised pretraining: a BERT that learns to find hidden words of unlabelled texts."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from appliednn.core import backend
from appliednn.core._random import spawn_seeds
from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_texts
from appliednn.text.encoder._bert import Bert
from appliednn.text.encoder._masking import Masking
from appliednn.text.encoder._pretraining import Pretraining
from appliednn.text.encoder._sentence_encoder import SentenceEncoder
from appliednn.text.encoder._sources import load_encoder
from appliednn.text.encoder._vocabulary import learn_word_pieces
from appliednn.text.encoder._wordpiece import WordPiece


class MaskedLanguagePretrainer(Pretraining, SaveMixin, BaseEstimator):
    """Pretrain an encoder on texts without labels, by hiding pieces of words.

    Of each text some pieces are picked; most of them are replaced by ``[MASK]`` or by any other
    piece, and the network learns to name what stood there. Texts longer than ``max_length``
    pieces are parted. What it has learnt is used through :meth:`encoder`.

    Parameters
    ----------
    vocab_size : int, default=8000
        Most word pieces; they are learnt from the texts.
    width, n_layers, n_heads : int, default=128, 2, 4
        Width of the vectors, layers, heads of attention.
    max_length : int, default=128
        Most pieces of a text, two special ones among them.
    lower : bool, default=True
        Whether case and marks on letters are dropped.
    source : str, Path, Bert or None, default=None
        An encoder to go on from, with its vocabulary, as in :class:`SentenceEncoder`; then the
        sizes above are not looked at.
    mask_share : float, default=0.15
        Share of the pieces that are picked; of these 80 % are masked, 10 % replaced.
    contrastive_epochs : int, default=0
        Epochs that follow, in which a text's vector learns to be found among those of other
        texts though dropout disturbs it (SimCSE): better for vectors that are used as they are.
    dropout : float, default=0.1
        While training.
    learning_rate, warmup, weight_decay : float, default=1e-3, 0.1, 0.01
        Of AdamW; the rate rises over a share ``warmup`` of the steps and then falls along a
        cosine. A tenth of the rate is used for the contrastive epochs.
    epochs, batch_size : int, default=10, 32
        Passes over the texts; texts of a step.
    validation_fraction : float, default=0.05
        Share of the texts that is held out; they choose the best epoch.
    max_seconds : float or None, default=None
        Longest time of training.
    verbose : bool or "auto", default="auto"
        As in :class:`~appliednn.tabular.MLPClassifier`.
    random_state : int, RandomState or None, default=None
        Seeds weights, masks, shuffles and the held-out share.

    Attributes
    ----------
    tokenizer_ : WordPiece
        The vocabulary.
    network_ : SequenceNetwork
        Encoder and head.
    history_ : dict of str to list of float
        ``loss``, ``val_loss`` (nats a masked piece), ``lr`` and ``seconds``, one number an epoch.
    n_epochs_, best_epoch_, stop_reason_
        How training went.
    validation_score_, baseline_score_ : float
        Share of the hidden pieces of held-out texts that are found, by the network and by always
        naming the most frequent piece.
    validation_loss_, baseline_loss_ : float
        Nats a hidden piece, of the network and of the frequencies of pieces.

    References
    ----------
    J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
    Understanding", NAACL 2019.

    Examples
    --------
    >>> texts = ["the cat sat on the mat", "a dog ran in the park"] * 30
    >>> pretrainer = MaskedLanguagePretrainer(
    ...     vocab_size=60, width=16, n_layers=1, n_heads=2, epochs=2, random_state=0
    ... ).fit(texts)
    >>> pretrainer.encoder().transform(["the dog sat"]).shape
    (1, 16)
    """

    _parameter_constraints: dict = {
        "vocab_size": [Interval(Integral, 10, None, closed="left")],
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "max_length": [Interval(Integral, 3, None, closed="left")],
        "lower": ["boolean"],
        "source": [str, Path, Bert, None],
        "mask_share": [Interval(Real, 0, 1, closed="neither")],
        "contrastive_epochs": [Interval(Integral, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "warmup": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "verbose": ["verbose", str],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        vocab_size=8000,
        *,
        width=128,
        n_layers=2,
        n_heads=4,
        max_length=128,
        lower=True,
        source=None,
        mask_share=0.15,
        contrastive_epochs=0,
        dropout=0.1,
        learning_rate=1e-3,
        warmup=0.1,
        weight_decay=0.01,
        epochs=10,
        batch_size=32,
        validation_fraction=0.05,
        max_seconds=None,
        verbose="auto",
        random_state=None,
    ):
        self.vocab_size = vocab_size
        self.width = width
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.max_length = max_length
        self.lower = lower
        self.source = source
        self.mask_share = mask_share
        self.contrastive_epochs = contrastive_epochs
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.max_seconds = max_seconds
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn a vocabulary and the network.

        Parameters
        ----------
        X : 1-D container of str
            Texts.
        y : object
            Not looked at.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are fewer than two texts with words, or ``width`` is no multiple of
            ``n_heads``.
        """
        backend.prepare()
        texts = [text for text in as_texts(X) if text.strip()]
        if len(texts) < 2:
            raise ValueError(f"{len(texts)} texts hold something; expected at least 2")
        seeds = spawn_seeds(self.random_state, 4)
        start = None if self.source is None else load_encoder(self.source)
        sizes = self._sizes(texts, start)
        ids = self._parts(texts)
        order = np.random.default_rng(seeds[0]).permutation(len(ids))
        n_held = min(len(ids) - 1, max(1, round(self.validation_fraction * len(ids))))
        held, kept = [ids[i] for i in order[:n_held]], [ids[i] for i in order[n_held:]]
        self._count(kept)
        self._train(kept, held, sizes, start, seeds)
        measured = self._measure(held, seeds[3])
        self.validation_score_, self.baseline_score_ = measured["accuracy"], measured["baseline"]
        self.validation_loss_ = measured["loss"]
        self.baseline_loss_ = measured["baseline_loss"]
        return self

    def _sizes(self, texts: list[str], start: Bert | None) -> dict:
        """Return the network's sizes; the vocabulary is learnt or taken over."""
        if start is not None:
            self.tokenizer_ = start.tokenizer
            self._longest = min(self.max_length, start.max_length)
            return {**start.params, "dropout": self.dropout}
        if self.width % self.n_heads:
            raise ValueError(
                f"width={self.width} is no multiple of n_heads={self.n_heads}; expected one"
            )
        pieces = learn_word_pieces(texts, self.vocab_size, lower=self.lower)
        self.tokenizer_, self._longest = WordPiece(pieces, lower=self.lower), self.max_length
        return {
            "vocabulary": len(pieces),
            "width": self.width,
            "layers": self.n_layers,
            "heads": self.n_heads,
            "inner": 4 * self.width,
            "positions": self.max_length,
            "types": 2,
            "epsilon": 1e-12,
            "activation": "gelu",
            "pooling": "mean",
            "dropout": self.dropout,
        }

    def _parts(self, texts: list[str]) -> list[list[int]]:
        """Return texts as pieces, long ones parted."""
        tokenizer, room, out = self.tokenizer_, self._longest - 2, []
        for text in texts:
            pieces = tokenizer.encode(text)
            starts = range(0, max(1, len(pieces)), room)
            out += [[tokenizer.start, *pieces[i : i + room], tokenizer.stop] for i in starts]
        return out

    def _count(self, ids: list[list[int]]) -> None:
        """Count pieces for the baseline: each once more than it is there."""
        counts = np.ones(len(self.tokenizer_))
        for row in ids:
            np.add.at(counts, row[1:-1], 1.0)
        self._unigram = np.log(counts / counts.sum())

    # -- use ------------------------------------------------------------------------------------

    def _measure(self, ids: list[list[int]], seed: int) -> dict[str, float]:
        masking = Masking(self.tokenizer_, self.mask_share, 64)
        likeliest = int(np.argmax(self._unigram))
        sums = dict.fromkeys(("loss", "accuracy", "baseline_loss", "baseline"), 0.0)
        total = 0
        for batch in masking.batches(ids, np.random.default_rng(seed), shuffle=False):
            found = self.network_.call("scores", batch)
            counted = np.arange(batch["truth"].shape[1])[None, :] < batch["counts"][:, None]
            truth = batch["truth"][counted]
            sums["loss"] += float(found["losses"][counted].sum())
            sums["accuracy"] += float(found["right"][counted].sum())
            sums["baseline_loss"] -= float(self._unigram[truth].sum())
            sums["baseline"] += float((truth == likeliest).sum())
            total += len(truth)
        return {name: value / max(1, total) for name, value in sums.items()}

    def evaluate(self, X, random_state: int = 0) -> dict[str, float]:
        """Return how well hidden pieces of texts are found.

        Parameters
        ----------
        X : 1-D container of str
            Texts.
        random_state : int
            Picks what is hidden.

        Returns
        -------
        dict
            ``loss`` (nats a piece) and ``accuracy`` of the network; ``baseline_loss`` of the
            frequencies of pieces and ``baseline``, the accuracy of the most frequent one.
        """
        check_is_fitted(self)
        return self._measure(self._parts(as_texts(X)), random_state)

    def score(self, X, y=None) -> float:
        """Return the share of hidden pieces of texts that are found.

        Parameters
        ----------
        X : 1-D container of str
            Texts.
        y : object
            Not looked at.

        Returns
        -------
        float
        """
        return self.evaluate(X)["accuracy"]

    def encoder(self, **params) -> SentenceEncoder:
        """Return what was learnt, as an encoder of sentences.

        Parameters
        ----------
        **params
            Of :class:`SentenceEncoder`, except ``source``.

        Returns
        -------
        SentenceEncoder
            Fitted.
        """
        check_is_fitted(self)
        return SentenceEncoder(self._bert, **params).fit()

    def save_folder(self, path: str | Path) -> Path:
        """Write the encoder as a BERT-style folder, which other programs read too.

        Parameters
        ----------
        path : str or Path
            Made if it is not there; files of the same names are replaced.

        Returns
        -------
        Path
        """
        check_is_fitted(self)
        return self._bert.write(path)

    def __ann_state__(self):
        """Return the state for a model file; a path is kept as text."""
        state = super().__ann_state__()
        if isinstance(self.source, Path):
            state.params["source"] = str(self.source)
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
