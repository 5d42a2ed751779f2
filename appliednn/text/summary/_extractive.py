"""ExtractiveSummarizer: summaries made of a text's own sentences."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core._random import spawn_seeds
from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_texts
from appliednn.text.metrics._rouge import rouge_scores, rouge_words
from appliednn.text.summary._centrality import WordWeights
from appliednn.text.summary._document import (
    FEATURES,
    Document,
    choose_sentences,
    method_scores,
    sentence_features,
)
from appliednn.text.summary._oracle import oracle_sentences

_UNTAUGHT = ("textrank", "centroid", "lead")
# Fewer documents with summaries do not tell methods apart, nor teach one.
_FEWEST = 10


class ExtractiveSummarizer(SaveMixin, BaseEstimator):
    """Summaries made of a text's own sentences, in their order.

    Without reference summaries, sentences are ranked by how central they are, and earlier ones
    have an advantage. With them (``fit(documents, summaries)``), a linear scorer learns which
    sentences a summary would best be made of, from their place, length, words and centrality.
    The first sentences ("Lead-3") are a strong baseline for news: ``"auto"`` keeps to them unless
    another method wins on documents held out from the scorer.

    Parameters
    ----------
    n_sentences : int, default=3
        Sentences of a summary.
    method : {"auto", "textrank", "centroid", "lead", "learned"}, default="auto"
        ``"textrank"``: walks along similar sentences; ``"centroid"``: likeness to the whole text;
        ``"lead"``: the first sentences; ``"learned"``: the linear scorer, which needs summaries.
        ``"auto"``: with summaries the one that is best on held-out documents, otherwise
        ``"textrank"``.
    position_weight : float, default=0.5
        Advantage of earlier sentences, ``1 / place ** position_weight``, of the first two.
    most_alike : float, default=0.7
        A sentence whose cosine with a chosen one is greater is passed over.
    metric : {"rougeL", "rouge1", "rouge2"}, default="rougeL"
        What ``score`` and the choice of the method go by, as F1 from 0 to 1.
    validation_fraction : float, default=0.3
        Share of the documents held out to compare methods.
    random_state : int, RandomState or None, default=None
        Seeds which documents are held out.

    Attributes
    ----------
    method_ : str
        The method in use.
    words_, idf_ : list of str, ndarray of shape (n_words,)
        Words of the documents and their weights.
    coefficients_ : ndarray of shape (n_features + 1,) or None
        The linear scorer's, of standardised features, the intercept last.
    validation_scores_ : dict of str to float
        ``metric`` of each method on the held-out documents; empty without summaries.
    validation_score_, baseline_score_ : float or None
        That of the method in use, and of the first sentences.

    Examples
    --------
    >>> from appliednn.text import ExtractiveSummarizer
    >>> text = ("The river flooded the town. The flooded river cut the town off. Cats slept. "
    ...         "Help reached the town over the river.")
    >>> ExtractiveSummarizer(n_sentences=2).fit([text]).predict([text])
    ['The river flooded the town. Help reached the town over the river.']
    """

    _parameter_constraints: dict = {
        "n_sentences": [Interval(Integral, 1, None, closed="left")],
        "method": [StrOptions({"auto", "learned", *_UNTAUGHT})],
        "position_weight": [Interval(Real, 0, None, closed="left")],
        "most_alike": [Interval(Real, 0, 1, closed="both")],
        "metric": [StrOptions({"rougeL", "rouge1", "rouge2"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }
    _ann_skip = ("_weights",)

    def __init__(
        self,
        *,
        n_sentences=3,
        method="auto",
        position_weight=0.5,
        most_alike=0.7,
        metric="rougeL",
        validation_fraction=0.3,
        random_state=None,
    ) -> None:
        self.n_sentences = n_sentences
        self.method = method
        self.position_weight = position_weight
        self.most_alike = most_alike
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn weights of words, and with summaries what belongs in one.

        Parameters
        ----------
        X : 1-D container of str
            Documents.
        y : 1-D container of str, optional
            A summary of each.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are not as many summaries as documents, or too few to learn from.
        """
        documents = [Document.of(text) for text in as_texts(X)]
        self._learn_words(documents)
        self.coefficients_, self.validation_scores_ = None, {}
        self.validation_score_ = self.baseline_score_ = None
        if y is None:
            if self.method == "learned":
                raise ValueError("method='learned' was given without y; expected summaries in y")
            self.method_ = "textrank" if self.method == "auto" else self.method
            return self
        summaries = as_texts(y, "y")
        if len(summaries) != len(documents):
            raise ValueError(
                f"X holds {len(documents)} documents, y {len(summaries)} summaries; expected as "
                "many"
            )
        pairs = [(d, s) for d, s in zip(documents, summaries, strict=True) if d.sentences]
        self._learn_summaries(pairs)
        return self

    def _learn_words(self, documents: list[Document]) -> None:
        self._weights = WordWeights.learn([w for document in documents for w in document.words])
        self.words_, self.idf_ = self._weights.words, self._weights.weights
        self.unknown_idf_ = self._weights.unknown

    def _learn_summaries(self, pairs: list[tuple[Document, str]]) -> None:
        if len(pairs) < _FEWEST:
            raise ValueError(
                f"{len(pairs)} documents with text and summaries were given; expected at least "
                f"{_FEWEST}, or none (y=None)"
            )
        (seed,) = spawn_seeds(self.random_state, 1)
        order = np.random.default_rng(seed).permutation(len(pairs))
        n_held = min(len(pairs) - 2, max(2, round(self.validation_fraction * len(pairs))))
        held = [pairs[i] for i in order[:n_held]]
        self.coefficients_ = self._linear_scorer([pairs[i] for i in np.sort(order[n_held:])])
        methods = [*_UNTAUGHT, "learned"]
        if self.coefficients_ is None:
            methods.remove("learned")
        goals = [summary for _, summary in held]
        for method in methods:
            written = [self._summary(document, method, self.n_sentences) for document, _ in held]
            found = rouge_scores(written, goals, [self.metric])[self.metric]
            self.validation_scores_[method] = float(found.f1.mean())
        self.baseline_score_ = self.validation_scores_["lead"]
        self.method_ = self.method
        if self.method == "auto":
            best = max(methods, key=self.validation_scores_.get)
            wins = self.validation_scores_[best] > self.baseline_score_
            self.method_ = best if wins else "lead"
        elif self.method not in methods:
            raise ValueError(
                "method='learned' was given; no sentence of the documents shares words with its "
                "summary, or all do: there is nothing to learn from"
            )
        self.validation_score_ = self.validation_scores_[self.method_]

    def _linear_scorer(self, pairs) -> np.ndarray | None:
        """Return the coefficients of a logistic regression on features, None if none is needed."""
        from sklearn.linear_model import LogisticRegression

        rows, labels = [], []
        for document, summary in pairs:
            own = np.zeros(len(document.sentences), dtype=int)
            own[oracle_sentences(document.words, rouge_words(summary), self.n_sentences)] = 1
            rows.append(sentence_features(document, self._weights))
            labels.append(own)
        Z, labels = np.concatenate(rows), np.concatenate(labels)
        if labels.min() == labels.max():
            return None
        mean, scale = Z.mean(axis=0), Z.std(axis=0)
        scale[scale == 0] = 1.0
        model = LogisticRegression(C=1.0, max_iter=1000).fit((Z - mean) / scale, labels)
        slope = model.coef_[0] / scale
        return np.append(slope, model.intercept_[0] - slope @ mean)

    # -- use ------------------------------------------------------------------------------------

    def _sentence_scores(self, document: Document, method: str) -> np.ndarray:
        if method == "learned":
            features = sentence_features(document, self._weights)
            return features @ self.coefficients_[:-1] + self.coefficients_[-1]
        return method_scores(document, method, self._weights, self.position_weight)

    def _summary(self, document: Document, method: str, n: int) -> str:
        if not document.sentences:
            return ""
        if method == "lead":
            return " ".join(document.sentences[:n])
        scores = self._sentence_scores(document, method)
        vectors = self._weights.vectors(document.words)
        chosen = choose_sentences(scores, vectors, n, self.most_alike)
        return " ".join(document.sentences[i] for i in chosen)

    def predict(self, X, n_sentences=None) -> list[str]:
        """Return a summary of each document.

        Parameters
        ----------
        X : 1-D container of str
            Documents; one that has fewer sentences is its own summary.
        n_sentences : int, optional
            In place of the model's own.

        Returns
        -------
        list of str
        """
        check_is_fitted(self)
        n = self.n_sentences if n_sentences is None else int(n_sentences)
        if n < 1:
            raise ValueError(f"n_sentences={n} was given; expected at least 1")
        return [self._summary(Document.of(text), self.method_, n) for text in as_texts(X)]

    def sentence_scores(self, text: str) -> list[tuple[str, float]]:
        """Return each sentence of one document with its score; higher belongs in a summary."""
        check_is_fitted(self)
        document = Document.of(text)
        if not document.sentences:
            return []
        scores = self._sentence_scores(document, self.method_).tolist()
        return list(zip(document.sentences, scores, strict=True))

    def explain(self) -> dict[str, float]:
        """Return the linear scorer's coefficient of each feature of a sentence.

        Raises
        ------
        ValueError
            If it was not learned (``fit`` without summaries).
        """
        check_is_fitted(self)
        if self.coefficients_ is None:
            raise ValueError("no scorer was learned; give fit the documents' summaries as y")
        return dict(zip(FEATURES, self.coefficients_[:-1].tolist(), strict=True))

    def score(self, X, y) -> float:
        """Return the mean ``metric`` of summaries against references, F1 from 0 to 1."""
        found = rouge_scores(self.predict(X), as_texts(y, "y"), [self.metric])
        return float(found[self.metric].f1.mean())

    # -- state ----------------------------------------------------------------------------------

    def _ann_restored(self) -> None:
        self._weights = WordWeights(self.words_, self.idf_, self.unknown_idf_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.target_tags.required = False
        return tags
