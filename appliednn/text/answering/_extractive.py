"""Answers as spans of a given text: a network that points at their first and last word."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._random import spawn_seeds
from appliednn.core._sequence_trainer import SequencePlan
from appliednn.core.persistence import SaveMixin
from appliednn.text._text_pairs import as_text_pairs
from appliednn.text.answering._answers import read_answers
from appliednn.text.answering._measures import answer_f1, best_of, exact_match
from appliednn.text.answering._span_baseline import lexical_span
from appliednn.text.answering._span_readers import (
    PieceSpanReader,
    Window,
    WordSpanReader,
    best_spans,
)
from appliednn.text.answering._span_tokens import SpanVocabulary, Tokens
from appliednn.text.answering._span_training import (
    held_out_rows,
    span_targets,
    tokens_once,
    train_spans,
)
from appliednn.text.encoder._bert import Bert, from_named
from appliednn.text.encoder._sentence_encoder import SentenceEncoder
from appliednn.text.encoder._sources import load_encoder

# Rates of Adam: of a network from scratch, of a pretrained one, of a head alone.
_RATES = {"attention": 2e-3, "encoder": 5e-5, "head": 1e-3}
_ANSWER_BATCH = 32


class ExtractiveQA(SaveMixin, BaseEstimator):
    """Answer questions with a span of the text that comes with each.

    Parameters
    ----------
    architecture : {"attention", "encoder"}, default="attention"
        ``"attention"``: recurrence over words and attention between question and context
        (bidirectional attention flow), trained from scratch; ``"encoder"``: a pretrained BERT
        with a head that points.
    encoder : str, Path, Bert or SentenceEncoder, default="minilm"
        For ``"encoder"``: as ``source`` of :class:`SentenceEncoder`.
    fine_tune : bool, default=True
        Whether a pretrained encoder is trained too, or its head alone.
    embedding_dim, units : int, default=64, 64
        For ``"attention"``: width of a word's vector; units of each direction of recurrence.
    max_words : int, default=20000
        Most words with a vector of their own.
    window, stride : int, default=192, 96
        Words (or pieces) of a context that are read at once, and from one such window to the
        next: contexts of any length are read to the end.
    max_answer : int, default=20
        Most words of an answer.
    dropout : float, default=0.2
        While training.
    learning_rate : float or "auto", default="auto"
        0.002 from scratch, 0.00005 for an encoder, 0.001 for its head alone.
    epochs, batch_size : int, default=30, 32
        Most passes over the questions; windows of a step.
    validation_fraction : float, default=0.1
        Share of the contexts whose questions are held out; they end training.
    n_iter_no_change : int, default=5
        Epochs without a lower held-out loss before training ends.
    max_seconds : float or None, default=None
        Longest time of training.
    verbose : bool or "auto", default="auto"
        Progress.
    random_state : int, RandomState or None, default=None
        Seeds weights, shuffles and the held-out share.

    Attributes
    ----------
    network_ : SequenceNetwork
        The trained network.
    has_empty_answers_ : bool
        Whether some question had the answer ``""`` (none in the text); only then it is given.
    validation_score_, baseline_score_ : float
        Mean F1 of words on held-out questions, of the network and of words near those of the
        question.
    history_ : dict of str to list of float
        ``loss``, ``val_loss``, ``lr`` and ``seconds``, one number an epoch.
    n_epochs_, best_epoch_, stop_reason_
        How training went.

    References
    ----------
    M. Seo et al., "Bidirectional Attention Flow for Machine Comprehension", ICLR 2017.
    J. Devlin et al., "BERT", NAACL 2019.

    Examples
    --------
    >>> names = ["Ada", "Bo", "Cy", "Dee", "Eve", "Flo", "Gil", "Hal", "Ida", "Jo"]
    >>> X = [("Who lives in Rome?", f"{a} lives in Rome. {b} lives in Bern.")
    ...      for a in names for b in names]
    >>> y = [context.split()[0] for _, context in X]
    >>> qa = ExtractiveQA(units=8, embedding_dim=8, epochs=8, random_state=0).fit(X, y)
    >>> qa.predict([("Who lives in Rome?", "Zoe lives in Rome. Ada lives in Bern.")])[0]["text"]
    'Zoe'
    """

    _parameter_constraints: dict = {
        "architecture": [StrOptions({"attention", "encoder"})],
        "encoder": [str, Path, Bert, SentenceEncoder],
        "fine_tune": ["boolean"],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "units": [Interval(Integral, 1, None, closed="left")],
        "max_words": [Interval(Integral, 0, None, closed="left")],
        "window": [Interval(Integral, 8, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "max_answer": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "verbose": ["verbose", str],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        architecture="attention",
        *,
        encoder="minilm",
        fine_tune=True,
        embedding_dim=64,
        units=64,
        max_words=20_000,
        window=192,
        stride=96,
        max_answer=20,
        dropout=0.2,
        learning_rate="auto",
        epochs=30,
        batch_size=32,
        validation_fraction=0.1,
        n_iter_no_change=5,
        max_seconds=None,
        verbose="auto",
        random_state=None,
    ):
        self.architecture = architecture
        self.encoder = encoder
        self.fine_tune = fine_tune
        self.embedding_dim = embedding_dim
        self.units = units
        self.max_words = max_words
        self.window = window
        self.stride = stride
        self.max_answer = max_answer
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.max_seconds = max_seconds
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Train the network.

        Parameters
        ----------
        X : sequence of (str, str), or DataFrame with ``question`` and ``context``
            Questions, each with the text that holds the answer.
        y : sequence of str, (int, int) or dict
            The answers: text that stands in the context (where it first does), its first
            character and the one behind its last, or a dict with ``text`` and ``start``; ``""``
            or None where the context holds no answer.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an answer does not stand in its context, or none is there at all.
        """
        backend.prepare()
        questions, contexts = as_text_pairs(X, "question", "context")
        answers = read_answers(y, questions, contexts)
        seeds = spawn_seeds(self.random_state, 3)
        asked, texts = [Tokens(q) for q in questions], tokens_once(contexts)
        held = held_out_rows(contexts, self.validation_fraction, seeds[0])
        kept = np.setdiff1d(np.arange(len(questions)), held)
        self.has_empty_answers_ = any(answer is None for answer in answers)
        own = [*{contexts[i]: texts[i] for i in kept}.values(), *(asked[i] for i in kept)]
        self._vocabulary = SpanVocabulary.learn(own, self.max_words)
        self._make_reader()
        windows = self._windows(asked, texts)
        self._train(windows, span_targets(windows, texts, answers), held, seeds)
        places = [(0, 0) if answer is None else answer for answer in answers]
        pairs = [(questions[i], contexts[i]) for i in held]
        truth = [contexts[i][slice(*places[i])] for i in held]
        self.validation_score_ = self.score(pairs, truth)
        self.baseline_score_ = _mean(answer_f1, self.predict_baseline(pairs), truth)
        return self

    def _make_reader(self) -> None:
        stride = min(self.stride, self.window)
        if self.architecture == "attention":
            self._reader = WordSpanReader(self._vocabulary, self.window, stride)
            return
        source = self.encoder
        if isinstance(source, SentenceEncoder):
            source = source.bert_ if source.__sklearn_is_fitted__() else source.source
        self._reader = PieceSpanReader(load_encoder(source), self.window, stride)

    def _architecture_and_start(self, seed: int):
        if self.architecture == "attention":
            sizes = {"width": self.embedding_dim, "units": self.units, "dropout": self.dropout}
            n_words = len(self._vocabulary)
            return Architecture.of("span_attention", vocabulary=n_words, **sizes), None
        bert = self._reader.bert
        sizes = {**bert.params, "dropout": self.dropout if self.fine_tune else 0.0}
        sizes.update(head="spans", frozen=not self.fine_tune)
        architecture = Architecture.of("bert_spans", **sizes)
        return architecture, from_named(architecture, bert.named_weights(), seed)

    def _train(self, windows: list[Window], targets: np.ndarray, held, seeds) -> None:
        architecture, start = self._architecture_and_start(seeds[1])
        kind = self.architecture if self.fine_tune or start is None else "head"
        plan = SequencePlan(
            epochs=self.epochs,
            learning_rate=_RATES[kind] if self.learning_rate == "auto" else self.learning_rate,
            schedule="cosine",
            warmup=0.1,
            patience=self.n_iter_no_change,
            max_seconds=self.max_seconds,
            seed=seeds[1],
            verbose=self.verbose,
        )
        result = train_spans(
            architecture, start, self._reader, windows, targets, held, plan, self.batch_size
        )
        self.network_, self.history_ = result.network, dict(result.history)
        self.n_epochs_, self.best_epoch_ = result.n_epochs, result.best_epoch
        self.stop_reason_ = result.stop_reason

    def _windows(self, asked: list[Tokens], texts: list[Tokens]) -> list[Window]:
        pairs = enumerate(zip(asked, texts, strict=True))
        return [w for i, (q, c) in pairs for w in self._reader.windows(i, q, c)]

    # -- use ------------------------------------------------------------------------------------

    def predict(self, X) -> list[dict]:
        """Return an answer to each question.

        Parameters
        ----------
        X : sequence of (str, str), or DataFrame with ``question`` and ``context``
            Questions and texts.

        Returns
        -------
        list of dict
            ``text``, ``start`` and ``end`` (characters of the context, the end behind the last)
            and ``score``, the chance of the span in its window. Where the text holds no answer:
            ``""``, 0, 0 and the chance of that.
        """
        check_is_fitted(self)
        questions, contexts = as_text_pairs(X, "question", "context")
        asked, texts = [Tokens(q) for q in questions], tokens_once(contexts)
        windows = self._windows(asked, texts)
        best: list[tuple] = [(-np.inf, -1, -1)] * len(questions)
        nothing = np.zeros(len(questions))
        for found, window in zip(self._spans(windows), windows, strict=True):
            best[window.row] = max(best[window.row], found[:3])
            nothing[window.row] = min(nothing[window.row], found[3])
        out = []
        for text, context, (value, first, last), none in zip(
            texts, contexts, best, nothing.tolist(), strict=True
        ):
            if first < 0 or (self.has_empty_answers_ and none > value):
                out.append({"text": "", "start": 0, "end": 0, "score": float(np.exp(none))})
                continue
            start, end = int(text.starts[first]), int(text.ends[last])
            score = float(np.exp(value))
            out.append({"text": context[start:end], "start": start, "end": end, "score": score})
        return out

    def _spans(self, windows: list[Window]) -> list[tuple]:
        order = np.argsort([-len(w.token) for w in windows], kind="stable")
        out: list[tuple] = [()] * len(windows)
        for i in range(0, len(order), _ANSWER_BATCH):
            part = order[i : i + _ANSWER_BATCH]
            own = [windows[j] for j in part]
            scores = self.network_.call("spans", self._reader.batch(own))
            for j, found in zip(part, best_spans(scores, own, self.max_answer), strict=True):
                out[j] = found
        return out

    def predict_baseline(self, X) -> list[dict]:
        """Return the words near the question's rare words, for comparison.

        Parameters
        ----------
        X : sequence of (str, str), or DataFrame with ``question`` and ``context``
            Questions and texts.

        Returns
        -------
        list of dict
            ``text``, ``start``, ``end``.
        """
        check_is_fitted(self)
        out = []
        for question, context in zip(*as_text_pairs(X, "question", "context"), strict=True):
            text = Tokens(context)
            found = lexical_span(Tokens(question), text, self._vocabulary)
            start, end = (0, 0)
            if found is not None:
                start, end = int(text.starts[found[0]]), int(text.ends[found[1]])
            out.append({"text": context[start:end], "start": start, "end": end})
        return out

    def evaluate(self, X, y) -> dict[str, float]:
        """Return the mean F1 of words and the share of exact matches, as SQuAD counts them.

        Parameters
        ----------
        X : sequence of (str, str), or DataFrame with ``question`` and ``context``, n rows
            Questions and texts.
        y : sequence of str or of lists of str, n rows
            True answers; of several the nearest counts.

        Returns
        -------
        dict
            ``f1`` and ``exact``.
        """
        found, truth = self.predict(X), list(y)
        return {"f1": _mean(answer_f1, found, truth), "exact": _mean(exact_match, found, truth)}

    def score(self, X, y) -> float:
        """Return the mean F1 of words.

        Parameters
        ----------
        X : sequence of (str, str), or DataFrame with ``question`` and ``context``, n rows
            Questions and texts.
        y : sequence of str or of lists of str, n rows
            True answers; of several the nearest counts.

        Returns
        -------
        float
        """
        return self.evaluate(X, y)["f1"]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")


def _mean(measure, found: list[dict], truth: list) -> float:
    if len(found) != len(truth):
        raise ValueError(f"{len(found)} questions and {len(truth)} answers were given")
    pairs = zip(found, truth, strict=True)
    return float(np.mean([best_of(measure, a["text"], "" if t is None else t) for a, t in pairs]))
