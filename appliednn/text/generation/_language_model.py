"""LanguageModel: what comes next in a text, letter by letter or piece by piece."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core._architecture import Architecture
from appliednn.core._random import spawn_seeds
from appliednn.text._input import as_texts
from appliednn.text.generation._byte_pairs import BytePairEncoder
from appliednn.text.generation._characters import CharacterVocabulary
from appliednn.text.generation._continue import Continuation, continue_texts
from appliednn.text.generation._marks import END
from appliednn.text.generation._ngrams import counted_scores
from appliednn.text.generation._stream_scores import stream_log_probs
from appliednn.text.generation._streams import pieces, stream_of, training_chunks
from appliednn.text.generation._widths import check_width
from appliednn.text.generation._writer import TextWriter

# Steps that a network reads at once when it scores a text, times the context.
_WINDOW = {"lstm": 8, "transformer": 2}
_ORDER = {"char": 6, "bpe": 3}


class LanguageModel(TextWriter):
    """Network that says what comes next in a text, and writes on.

    Texts are joined to one stream with an end mark between them, cut into pieces of ``context``
    tokens that start anew at a random offset in each epoch, and the network learns the next
    token. The last part of the stream is held out; the epoch that is best there is kept. Beside
    the network, an n-gram model is fitted (interpolated Kneser-Ney): on little text it is hard to
    beat, and ``baseline_score_`` says whether the network did.

    Parameters
    ----------
    tokens : {"char", "bpe"}, default="char"
        Characters, or word pieces (:class:`BytePairEncoder`).
    vocab_size : int, default=4000
        Numbers of word pieces; characters are all known.
    architecture : {"lstm", "transformer"}, default="lstm"
        Recurrent layers, or blocks of attention that look back ``context`` tokens.
    hidden_units : int, default=256
        Width of the layers; of a transformer a multiple of twice the ``heads``.
    n_layers : int, default=1
        Layers or blocks.
    heads : int, default=4
        Attention heads of a transformer.
    context : int, default=100
        Tokens of a training piece.
    tie_weights : bool, default=False
        Whether scores come from the embedding (O. Press and L. Wolf, EACL 2017).
    dropout : float, default=0.1
        Rate on the embedding and on what each layer gives.
    epochs : int, default=10
        Passes over the training part.
    batch_size : int, default=32
        Pieces of a step.
    learning_rate : float, default=0.003
        Peak rate of Adam.
    schedule : {"cosine", "constant", "one_cycle", "flat_cos"}, default="cosine"
        Course of the rate.
    weight_decay : float, default=0.0
        Decoupled decay of kernels.
    validation_fraction : float, default=0.1
        Share of the stream held out, its end; 0 holds out nothing and keeps the last epoch.
    patience : int or None, default=None
        Epochs without a better held-out loss before training stops.
    max_seconds : float or None, default=None
        Longest training time; the schedule runs to its end within it.
    ngram_order : int or "auto", default="auto"
        Tokens of the baseline's longest n-gram: 6 characters or 3 pieces.
    random_state : int, RandomState or None, default=None
        Seeds weights, dropout and the order of pieces.
    callbacks : list of keras.callbacks.Callback, optional
        Copied for each fit; scikit-learn's go to ``set_callbacks``.
    verbose : bool or "auto", default="auto"
        Whether to show progress; ``"auto"``: on a terminal.

    Attributes
    ----------
    vocabulary_ : CharacterVocabulary or BytePairEncoder
        Texts as numbers.
    network_ : SequenceNetwork
        The trained network.
    history_ : dict of str to list of float
        Losses in nats per token, rates and seconds of each epoch.
    validation_score_ : float or None
        Mean log-probability of a held-out token, in nats.
    baseline_scores_ : dict of str to float
        The same of counting models: ``"n-gram"`` and ``"unigram"``.
    baseline_score_ : float or None
        The better one of them.
    n_epochs_, best_epoch_ : int
        Epochs run, and the one whose weights were kept (from 0).
    stop_reason_ : str
        Why training ended.

    Examples
    --------
    >>> from appliednn.text import LanguageModel
    >>> model = LanguageModel(hidden_units=32, epochs=30, batch_size=4, context=20,
    ...                       learning_rate=0.02, random_state=0)
    >>> model = model.fit(["the cat sat. the dog sat. " * 40])
    >>> model.generate(["the c"], max_new_tokens=8)
    ['the cat sat. ']
    >>> bool(model.perplexity(["the dog sat."]) < 2)
    True
    """

    _parameter_constraints: dict = {
        **TextWriter._parameter_constraints,
        "tokens": [StrOptions({"char", "bpe"})],
        "architecture": [StrOptions({"lstm", "transformer"})],
        "context": [Interval(Integral, 2, None, closed="left")],
        "tie_weights": ["boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "ngram_order": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        *,
        tokens="char",
        vocab_size=4000,
        architecture="lstm",
        hidden_units=256,
        n_layers=1,
        heads=4,
        context=100,
        tie_weights=False,
        dropout=0.1,
        epochs=10,
        batch_size=32,
        learning_rate=0.003,
        schedule="cosine",
        weight_decay=0.0,
        validation_fraction=0.1,
        patience=None,
        max_seconds=None,
        ngram_order="auto",
        random_state=None,
        callbacks=None,
        verbose="auto",
    ) -> None:
        self.tokens = tokens
        self.vocab_size = vocab_size
        self.architecture = architecture
        self.hidden_units = hidden_units
        self.n_layers = n_layers
        self.heads = heads
        self.context = context
        self.tie_weights = tie_weights
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.max_seconds = max_seconds
        self.ngram_order = ngram_order
        self.random_state = random_state
        self.callbacks = callbacks
        self.verbose = verbose

    # -- fit ------------------------------------------------------------------------------------

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn from texts.

        Parameters
        ----------
        X : 1-D container of str
            Texts, or one long text in a list.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the texts are too short to learn from.
        """
        self._begin()
        texts = as_texts(X)
        seed, shuffle_seed = spawn_seeds(self.random_state, 2)
        self.vocabulary_ = self._new_vocabulary().fit(texts)
        stream = stream_of([self.vocabulary_.encode(text) for text in texts])
        n_held = int(self.validation_fraction * len(stream))
        train, held = stream[: len(stream) - n_held], stream[len(stream) - n_held - 1 :]
        if len(train) < 3:
            raise ValueError(
                f"X holds {len(stream)} tokens, {n_held} of them held out; expected more text"
            )
        self._train(train, held if n_held else None, seed, shuffle_seed, (X, y))
        self._score_beside(train, held if n_held else None)
        return self

    def _new_vocabulary(self):
        if self.tokens == "bpe":
            return BytePairEncoder(vocab_size=self.vocab_size)
        return CharacterVocabulary()

    def _train(self, train, held, seed: int, shuffle_seed: int, given) -> None:
        size = self.batch_size

        def batches(epoch: int):
            rng = np.random.default_rng([shuffle_seed, epoch])
            chunks = training_chunks(train, self.context, rng)
            return [{"ids": chunks[i : i + size]} for i in range(0, len(chunks), size)]

        tests = None
        if held is not None:
            chunks = pieces(held, self.context)
            tests = [{"ids": chunks[i : i + size]} for i in range(0, len(chunks), size)]
        self._fit_network(self._architecture(), batches, tests, seed, given)

    def _architecture(self) -> Architecture:
        check_width(self.architecture, self.hidden_units, self.heads)
        shared = {
            "n_ids": self.vocabulary_.n_ids_,
            "n_layers": self.n_layers,
            "tied": bool(self.tie_weights),
            "dropout": float(self.dropout),
        }
        if self.architecture == "lstm":
            return Architecture.of("lstm_language", units=self.hidden_units, **shared)
        return Architecture.of(
            "transformer_language",
            width=self.hidden_units,
            heads=self.heads,
            context=self.context,
            **shared,
        )

    def _score_beside(self, train, held) -> None:
        """Score the held-out part by the network and by counting."""
        self.validation_score_ = self.baseline_score_ = None
        self.baseline_scores_ = {}
        if held is None:
            return
        self.validation_score_ = float(self._log_probs([held])[0].mean())
        order = _ORDER[self.tokens] if self.ngram_order == "auto" else self.ngram_order
        self.baseline_scores_ = counted_scores(train, held, order, self.vocabulary_.n_ids_)
        self.baseline_score_ = max(self.baseline_scores_.values())

    # -- scores ---------------------------------------------------------------------------------

    def _log_probs(self, streams: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the log-probability of each token of each stream but its first."""
        window = _WINDOW[self.architecture] * self.context
        return stream_log_probs(self.network_, streams, window, self.context)

    def _text_log_probs(self, X) -> tuple[list[str], list[np.ndarray]]:
        check_is_fitted(self)
        texts = as_texts(X)
        start = np.array([END], dtype=np.int32)
        streams = [np.append(start, self.vocabulary_.encode(text)) for text in texts]
        return texts, self._log_probs(streams)

    def score_samples(self, X) -> np.ndarray:
        """Return the mean log-probability of each text's tokens, in nats.

        Parameters
        ----------
        X : 1-D container of str
            Texts; each is read from its beginning, and its end is not scored.

        Returns
        -------
        ndarray of shape (n,)
            NaN for an empty text.
        """
        found = self._text_log_probs(X)[1]
        return np.array([values.mean() if len(values) else np.nan for values in found])

    def score(self, X, y=None) -> float:
        """Return the mean log-probability of a token of all texts, in nats; higher is better."""
        values = np.concatenate(self._text_log_probs(X)[1])
        if not len(values):
            raise ValueError("all texts are empty; expected at least one token to score")
        return float(values.mean())

    def perplexity(self, X) -> float:
        """Return the perplexity of texts: the exponential of minus :meth:`score`."""
        return math.exp(-self.score(X))

    def bits_per_character(self, X) -> float:
        """Return minus the log-probability of texts in bits, per character."""
        texts, found = self._text_log_probs(X)
        n = sum(map(len, texts))
        if not n:
            raise ValueError("all texts are empty; expected at least one character to score")
        return float(-sum(values.sum() for values in found) / math.log(2) / n)

    # -- writing --------------------------------------------------------------------------------

    def generate(
        self,
        prompts,
        max_new_tokens: int = 50,
        sampler: str = "greedy",
        temperature: float = 1.0,
        top_k: int = 50,
        top_p: float = 0.9,
        beam_width: int = 4,
        seed: int | None = 0,
        stop: str | Sequence[str] | None = None,
        strip_prompt: bool = False,
    ) -> list[str]:
        """Write on.

        Parameters
        ----------
        prompts : 1-D container of str
            Beginnings; an empty one is written from nothing.
        max_new_tokens : int
            Most characters or pieces to write; the end of a text ends it before.
        sampler : {"greedy", "sample", "top_k", "top_p", "beam"}
            The likeliest token; one drawn from all, from the ``top_k`` likeliest, from the fewest
            that hold ``top_p`` of the probability; or the likeliest of ``beam_width`` candidates.
        temperature : float
            Scores are divided by it before a token is drawn.
        top_k, top_p, beam_width : int, float, int
            See ``sampler``.
        seed : int or None
            Of the draws: equal for equal prompts, seeds and places in the list; None: fresh.
        stop : str or sequence of str, optional
            Writing ends before the first of them.
        strip_prompt : bool
            Whether to return only what was written.

        Returns
        -------
        list of str

        Raises
        ------
        ValueError
            For a parameter outside its range.
        """
        check_is_fitted(self)
        texts = as_texts(prompts, "prompts")
        how = Continuation(
            max_new_tokens, sampler, temperature, top_k, top_p, beam_width, seed, stop
        )
        written = continue_texts(self.network_, self.vocabulary_, texts, how)
        if strip_prompt:
            return written
        return [prompt + text for prompt, text in zip(texts, written, strict=True)]
