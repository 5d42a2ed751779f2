"""Seq2SeqModel: one text from another, such as a translation."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core._architecture import Architecture
from appliednn.core._buckets import length_buckets, pad
from appliednn.core._random import spawn_seeds
from appliednn.text._input import as_texts
from appliednn.text.generation._byte_pairs import BytePairEncoder
from appliednn.text.generation._decoding import beam_search
from appliednn.text.generation._marks import END, PAD, START
from appliednn.text.generation._pairs import batches_of, encoded_pairs, ended, paired, parted
from appliednn.text.generation._reader import TranslationReader
from appliednn.text.generation._widths import check_width
from appliednn.text.generation._word_table import cheap_translations
from appliednn.text.generation._writer import TextWriter

# Held-out pairs that are translated at the end of a fit.
_MOST_SCORED = 200
# Sources translated side by side, times the width of the beam.
_AT_ONCE = 256


class Seq2SeqModel(TextWriter):
    """Network that writes one text for another: translation, rewriting, short summaries.

    Sources and targets share one set of word pieces. An encoder reads the source, a decoder
    writes the target piece by piece and looks back at the source by attention; translations are
    found by beam search. The epoch with the least held-out loss is kept.

    Trained from scratch, it needs tens of thousands of pairs, and long documents are beyond it:
    for summaries, :class:`ExtractiveSummarizer` does better.

    Parameters
    ----------
    architecture : {"transformer", "gru"}, default="transformer"
        Blocks of attention (A. Vaswani et al., NeurIPS 2017; normalised before each part, rotary
        positions), or a two-way GRU and a GRU with attention (M.-T. Luong et al., EMNLP 2015),
        cheaper by the epoch: one layer of 256 is a start.
    vocab_size : int, default=5000
        Numbers of word pieces, of both languages together.
    hidden_units : int, default=192
        Width; of a transformer a multiple of twice the ``heads``, of a GRU even.
    feed_forward_units : int or "auto", default="auto"
        Inner width of a transformer's blocks; ``"auto"``: twice ``hidden_units``.
    n_layers : int, default=3
        Layers of the encoder, and of the decoder.
    heads : int, default=4
        Attention heads of a transformer.
    dropout : float, default=0.2
        Rate on embeddings and on what each layer gives.
    label_smoothing : float, default=0.1
        Share of the target given to all pieces alike while training.
    epochs : int, default=20
        Passes over the pairs.
    max_tokens : int, default=2000
        Most pieces of a step, padding counted, on the longer side.
    learning_rate : float, default=0.002
        Peak rate of Adam.
    schedule : {"cosine", "constant", "one_cycle", "flat_cos"}, default="cosine"
        Course of the rate.
    warmup : float, default=0.1
        Share of all steps with a rising rate, of the cosine and the constant course.
    weight_decay : float, default=0.0
        Decoupled decay of kernels.
    max_length : int, default=128
        Most pieces of a text; longer pairs are left out of training, longer sources cut.
    beam_width : int, default=4
        Candidates kept while translating; 1 takes the likeliest piece each time.
    length_penalty : float, default=0.6
        Exponent of the length that candidates' scores are divided by (Y. Wu et al., 2016).
    metric : {"bleu", "chrf"}, default="bleu"
        What ``score`` gives.
    validation_fraction : float, default=0.03
        Share of the pairs held out; 0 holds out none and keeps the last epoch.
    patience : int or None, default=None
        Epochs without a better held-out loss before training stops.
    max_seconds : float or None, default=None
        Longest training time; the schedule runs to its end within it.
    random_state : int, RandomState or None, default=None
        Seeds weights, dropout, the pairs held out and the order of batches.
    callbacks : list of keras.callbacks.Callback, optional
        Copied for each fit; scikit-learn's go to ``set_callbacks``.
    verbose : bool or "auto", default="auto"
        Whether to show progress; ``"auto"``: on a terminal.

    Attributes
    ----------
    vocabulary_ : BytePairEncoder
        Texts as numbers.
    network_ : SequenceNetwork
        The trained network.
    history_ : dict of str to list of float
        Losses in nats per piece, rates and seconds of each epoch.
    n_pairs_ : int
        Pairs trained on.
    n_left_out_ : int
        Pairs that are too long or have an empty side.
    validation_score_ : float or None
        ``metric`` of translations of held-out sources, at most 200 of them.
    baseline_scores_ : dict of str to float
        The same of the source itself (``"copy"``) and of the likeliest target word for each of
        its words (``"word by word"``).
    baseline_score_ : float or None
        The better one of them.
    n_epochs_, best_epoch_ : int
        Epochs run, and the one whose weights were kept (from 0).
    stop_reason_ : str
        Why training ended.

    Examples
    --------
    >>> from appliednn.text import Seq2SeqModel
    >>> numbers = {"one": "eins", "two": "zwei", "three": "drei"}
    >>> sources = [f"{a} {b}" for a in numbers for b in numbers] * 8
    >>> targets = [" ".join(numbers[word] for word in text.split()) for text in sources]
    >>> model = Seq2SeqModel(architecture="gru", vocab_size=300, hidden_units=32, n_layers=1,
    ...                      dropout=0.0, epochs=25, max_tokens=100, learning_rate=0.01,
    ...                      validation_fraction=0, random_state=0)
    >>> model.fit(sources, targets).predict(["three one"])
    ['drei eins']
    """

    _parameter_constraints: dict = {
        **TextWriter._parameter_constraints,
        "architecture": [StrOptions({"transformer", "gru"})],
        "feed_forward_units": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "max_tokens": [Interval(Integral, 1, None, closed="left")],
        "warmup": [Interval(Real, 0, 1, closed="left")],
        "max_length": [Interval(Integral, 2, None, closed="left")],
        "beam_width": [Interval(Integral, 1, None, closed="left")],
        "length_penalty": [Interval(Real, 0, None, closed="left")],
        "metric": [StrOptions({"bleu", "chrf"})],
    }

    def __init__(
        self,
        *,
        architecture="transformer",
        vocab_size=5000,
        hidden_units=192,
        feed_forward_units="auto",
        n_layers=3,
        heads=4,
        dropout=0.2,
        label_smoothing=0.1,
        epochs=20,
        max_tokens=2000,
        learning_rate=0.002,
        schedule="cosine",
        warmup=0.1,
        weight_decay=0.0,
        max_length=128,
        beam_width=4,
        length_penalty=0.6,
        metric="bleu",
        validation_fraction=0.03,
        patience=None,
        max_seconds=None,
        random_state=None,
        callbacks=None,
        verbose="auto",
    ) -> None:
        self.architecture = architecture
        self.vocab_size = vocab_size
        self.hidden_units = hidden_units
        self.feed_forward_units = feed_forward_units
        self.n_layers = n_layers
        self.heads = heads
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.epochs = epochs
        self.max_tokens = max_tokens
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.max_length = max_length
        self.beam_width = beam_width
        self.length_penalty = length_penalty
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.max_seconds = max_seconds
        self.random_state = random_state
        self.callbacks = callbacks
        self.verbose = verbose

    # -- fit ------------------------------------------------------------------------------------

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, X_val=None, y_val=None):
        """Learn to write ``y`` for ``X``.

        Parameters
        ----------
        X, y : 1-D container of str
            Sources and their targets, equally many.
        X_val, y_val : 1-D container of str, optional
            Pairs to choose the epoch by, instead of a held-out share.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are not as many sources as targets, or too few pairs that are short enough.
        """
        self._begin()
        sources, targets = paired(X, y, "X", "y")
        weight_seed, shuffle_seed, split_seed = spawn_seeds(self.random_state, 3)
        self.vocabulary_ = BytePairEncoder(vocab_size=self.vocab_size).fit(sources + targets)
        texts = list(zip(sources, targets, strict=True))
        if X_val is not None:
            held = list(zip(*paired(X_val, y_val, "X_val", "y_val"), strict=True))
        else:
            texts, held = parted(texts, self.validation_fraction, split_seed)
        pairs, held_pairs = self._encoded(texts), self._encoded(held)
        if not pairs:
            raise ValueError(
                f"{len(sources)} pairs were given, of which none is left to train on; expected "
                f"pairs with text on both sides and at most max_length={self.max_length} pieces"
            )
        self.n_pairs_, self.n_left_out_ = len(pairs), len(texts) - len(pairs)
        self._train(pairs, held_pairs, weight_seed, shuffle_seed, (X, y))
        self._score_beside(texts, held[:_MOST_SCORED])
        return self

    def _encoded(self, texts):
        return encoded_pairs(self.vocabulary_, texts, self.max_length)

    def _score_beside(self, texts, held) -> None:
        """Score held-out pairs by the network, and by what is cheap."""
        self.validation_score_ = self.baseline_score_ = None
        self.baseline_scores_ = {}
        if not held:
            return
        sources, targets = (list(side) for side in zip(*held, strict=True))
        self.validation_score_ = self.score(sources, targets)
        for name, written in cheap_translations(texts, sources).items():
            self.baseline_scores_[name] = self._metric(self.metric)(written, targets)
        self.baseline_score_ = max(self.baseline_scores_.values())

    def _train(self, pairs, held, seed: int, shuffle_seed: int, given) -> None:
        def batches(epoch: int):
            rng = np.random.default_rng([shuffle_seed, epoch])
            return batches_of(pairs, self.max_tokens, rng)

        tests = batches_of(held, self.max_tokens) if held else None
        self._fit_network(self._architecture(), batches, tests, seed, given)

    def _warmup(self) -> float:
        return self.warmup if self.schedule in ("cosine", "constant") else 0.0

    def _architecture(self) -> Architecture:
        shared = {
            "n_ids": self.vocabulary_.n_ids_,
            "width": self.hidden_units,
            "n_layers": self.n_layers,
            "dropout": float(self.dropout),
            "smoothing": float(self.label_smoothing),
        }
        check_width(self.architecture, self.hidden_units, self.heads)
        if self.architecture == "gru":
            return Architecture.of("gru_translation", **shared)
        hidden = self.feed_forward_units
        hidden = 2 * self.hidden_units if hidden == "auto" else hidden
        return Architecture.of(
            "transformer_translation", heads=self.heads, hidden=hidden, **shared
        )

    # -- use ------------------------------------------------------------------------------------

    def predict(self, X, beam_width=None, length_penalty=None, max_length=None) -> list[str]:
        """Write a text for each source.

        Parameters
        ----------
        X : 1-D container of str
            Sources.
        beam_width, length_penalty : int, float, optional
            In place of the model's own.
        max_length : int, optional
            Most pieces to write; default twice the source's and ten.

        Returns
        -------
        list of str
            Empty for an empty source.
        """
        check_is_fitted(self)
        width = self.beam_width if beam_width is None else int(beam_width)
        penalty = self.length_penalty if length_penalty is None else float(length_penalty)
        if width < 1 or penalty < 0:
            raise ValueError(
                f"beam_width={width}, length_penalty={penalty} were given; expected at least 1 "
                "and 0"
            )
        sources = self._sources(as_texts(X))
        lengths = [len(ids) for ids in sources]
        out = [""] * len(sources)
        for rows in length_buckets(lengths, max(1, _AT_ONCE // width)):
            rows = [row for row in rows if lengths[row] > 1]
            if not rows:
                continue
            chosen = [sources[row] for row in rows]
            limits = [max_length or 2 * len(ids) + 10 for ids in chosen]
            reader = TranslationReader(self.network_, chosen)
            found = beam_search(reader, reader.logits, width, limits, penalty)
            for row, ids in zip(rows, found, strict=True):
                out[row] = self.vocabulary_.decode(ids)
        return out

    def _sources(self, texts: list[str]) -> list[np.ndarray]:
        encoded = [self.vocabulary_.encode(text) for text in texts]
        n_long = sum(len(ids) > self.max_length for ids in encoded)
        if n_long:
            warnings.warn(
                f"{n_long} sources have more than max_length={self.max_length} pieces; only "
                "their beginnings are read",
                stacklevel=3,
            )
        return [ended(ids[: self.max_length]) for ids in encoded]

    def score_samples(self, X, y) -> np.ndarray:
        """Return the mean log-probability of each target's pieces and its end, in nats, (n,)."""
        check_is_fitted(self)
        sources, targets = paired(X, y, "X", "y")
        sources = self._sources(sources)
        targets = [np.concatenate([[START], self.vocabulary_.encode(t), [END]]) for t in targets]
        lengths = [max(len(a), len(b)) for a, b in zip(sources, targets, strict=True)]
        out = np.zeros(len(sources))
        for rows in length_buckets(lengths, max_tokens=max(self.max_tokens, 4000)):
            target = pad([targets[row] for row in rows])
            batch = {"source": pad([sources[row] for row in rows]), "target": target}
            found = self.network_.call("log_probs", batch)
            counts = target[:, 1:] != PAD
            out[rows] = (found * counts).sum(axis=1) / counts.sum(axis=1)
        return out

    def score(self, X, y, metric: str | None = None) -> float:
        """Return the BLEU or chrF of translations of ``X`` against ``y``, from 0 to 100.

        Parameters
        ----------
        X, y : 1-D container of str
            Sources and their reference translations.
        metric : {"bleu", "chrf"}, optional
            In place of the model's own. BLEU splits off punctuation as mteval-v13a does.

        Returns
        -------
        float
        """
        sources, targets = paired(X, y, "X", "y")
        return self._metric(metric or self.metric)(self.predict(sources), targets)

    def _metric(self, name: str):
        from appliednn.text.metrics import corpus_bleu, corpus_chrf

        known = {"bleu": corpus_bleu, "chrf": corpus_chrf}
        if name not in known:
            raise ValueError(f"metric={name!r} was given; expected 'bleu' or 'chrf'")
        return known[name]
