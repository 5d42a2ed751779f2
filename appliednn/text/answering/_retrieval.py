"""Answers to questions by finding the text that is most like the question."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_texts
from appliednn.text._sentences import split_sentences
from appliednn.text._similarity import TextSpace, cosines
from appliednn.text.answering._measures import best_of, exact_match

# Share of a sentence's own likeness to the question; the rest is its document's.
_SENTENCE = 0.5
_ROWS = 1_024


class RetrievalQA(SaveMixin, BaseEstimator):
    """Find the document, and in it the sentence, that answers a question.

    The likeness of question and text is the cosine of their vectors. Without ``answers``, an
    answer is the best sentence of the ``n_candidates`` best documents, judged half by itself and
    half by its document; with them, it is the one that belongs to the best document.

    Parameters
    ----------
    encoder : {"tfidf", "minilm"}, path or transformer, default="tfidf"
        What makes vectors: words (1-2) and characters (2-5) weighted by rarity among the
        documents; a pretrained :class:`SentenceEncoder`, the ``source`` of one, or another
        transformer of texts, which is cloned and fitted to the documents.
    n_candidates : int, default=5
        Documents whose sentences are looked at.
    min_score : float or None, default=None
        Questions whose answer has a lower score are not answered: the text is ``""`` and the
        document -1.

    Attributes
    ----------
    documents_ : list of str
        As given to ``fit``.
    n_documents_ : int
        Their number.
    answers_ : list of str or None
        As given to ``fit``.

    Examples
    --------
    >>> documents = ["The Nile flows north. It is long.", "Mont Blanc is a high mountain."]
    >>> qa = RetrievalQA().fit(documents)
    >>> answer = qa.predict(["Which way does the Nile flow?"])[0]
    >>> answer["text"], answer["document"]
    ('The Nile flows north.', 0)
    """

    _parameter_constraints: dict = {
        "encoder": [str, Path, HasMethods("transform")],
        "n_candidates": [Interval(Integral, 1, None, closed="left")],
        "min_score": [Interval(Real, -1, 1, closed="both"), None],
    }
    _ann_skip = ("_vectors",)

    def __init__(self, encoder="tfidf", *, n_candidates=5, min_score=None):
        self.encoder = encoder
        self.n_candidates = n_candidates
        self.min_score = min_score

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, answers=None):
        """Keep the documents and their vectors.

        Parameters
        ----------
        X : 1-D container of str
            Documents to search: passages, articles, or the questions of a list of questions that
            are often asked.
        answers : 1-D container of str, optional
            What to answer with where a document is found.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is not one answer for each document, or no document holds a word.
        """
        documents = as_texts(X)
        answers = None if answers is None else as_texts(answers, "answers")
        if answers is not None and len(answers) != len(documents):
            raise ValueError(
                f"{len(answers)} answers were given for {len(documents)} documents; expected one "
                "for each"
            )
        self.documents_, self.answers_ = documents, answers
        self.n_documents_ = len(documents)
        self._space = TextSpace(self.encoder).fit(documents)
        self._baseline_space = TextSpace("tfidf").fit(documents)
        self._ann_restored()
        return self

    def _ann_restored(self) -> None:
        if hasattr(self, "documents_"):
            self._vectors = self._space(self.documents_)

    def __getstate__(self) -> dict:
        return {k: v for k, v in super().__getstate__().items() if k not in self._ann_skip}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self._ann_restored()

    # -- use ------------------------------------------------------------------------------------

    def retrieve(self, questions, k: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the documents most like each question, best first.

        Parameters
        ----------
        questions : 1-D container of str
            Questions.
        k : int, optional
            How many documents; default ``n_candidates``.

        Returns
        -------
        scores : ndarray of shape (n, k)
            Cosines.
        documents : ndarray of int, shape (n, k)
            Numbers of documents; of equal scores the lower number first.
        """
        check_is_fitted(self)
        k = min(k or self.n_candidates, self.n_documents_)
        return self._nearest(self._space, self._vectors, as_texts(questions, "questions"), k)

    def _nearest(self, space, vectors, questions, k) -> tuple[np.ndarray, np.ndarray]:
        asked = space(questions)
        scores, found = (
            np.empty((len(questions), k), np.float32),
            np.empty((len(questions), k), int),
        )
        for i in range(0, len(questions), _ROWS):
            part = cosines(asked[i : i + _ROWS], vectors)
            order = np.argsort(-part, axis=1, kind="stable")[:, :k]
            found[i : i + _ROWS] = order
            scores[i : i + _ROWS] = np.take_along_axis(part, order, axis=1)
        return scores, found

    def predict(self, X) -> list[dict]:
        """Return an answer to each question.

        Parameters
        ----------
        X : 1-D container of str
            Questions.

        Returns
        -------
        list of dict
            ``text`` of the answer, number of its ``document``, and ``score``: a cosine, or half
            the sum of the sentence's and the document's.
        """
        check_is_fitted(self)
        questions = as_texts(X)
        k = min(self.n_candidates, self.n_documents_)
        scores, found = self._nearest(self._space, self._vectors, questions, k)
        if self.answers_ is not None:
            best = zip(found[:, 0].tolist(), scores[:, 0].tolist(), strict=True)
            out = [{"text": self.answers_[d], "document": d, "score": s} for d, s in best]
        else:
            out = self._best_sentences(questions, scores, found)
        if self.min_score is not None:
            for answer in out:
                if answer["score"] < self.min_score:
                    answer.update(text="", document=-1)
        return out

    def _best_sentences(self, questions, scores, found) -> list[dict]:
        asked = self._space(questions)
        split = {d: split_sentences(self.documents_[d]) or [""] for d in np.unique(found).tolist()}
        place, sentences = {}, []
        for d, parts in split.items():
            place[d] = len(sentences)
            sentences.extend(parts)
        vectors, out = self._space(sentences), []
        for i in range(len(questions)):
            best = None
            for d, whole in zip(found[i].tolist(), scores[i].tolist(), strict=True):
                rows = slice(place[d], place[d] + len(split[d]))
                own = cosines(asked[i : i + 1], vectors[rows])[0]
                j = int(np.argmax(own))
                score = _SENTENCE * float(own[j]) + (1.0 - _SENTENCE) * whole
                if best is None or score > best["score"]:
                    best = {"text": split[d][j], "document": d, "score": score}
            out.append(best)
        return out

    def score(self, X, y, k: int = 1) -> float:
        """Return how often the right document, or the right answer, is found.

        Parameters
        ----------
        X : 1-D container of str, length n
            Questions.
        y : array-like of int, or of str or lists of str, shape (n,)
            Numbers of the right documents: the share of questions with it among the best ``k``
            (recall at k). Texts, one or several that would be right: the share of answers that
            match exactly, as SQuAD counts it.
        k : int
            Documents that count as found; for numbers only.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If ``y`` has another length than ``X``.
        """
        questions, truth = as_texts(X), list(y)
        if len(truth) != len(questions):
            raise ValueError(f"{len(questions)} questions and {len(truth)} truths were given")
        if isinstance(truth[0], Integral):
            _, found = self.retrieve(questions, k)
            return float(np.mean((found == np.asarray(truth)[:, None]).any(axis=1)))
        answers = [answer["text"] for answer in self.predict(questions)]
        pairs = zip(answers, truth, strict=True)
        return float(np.mean([best_of(exact_match, a, t) for a, t in pairs]))

    def baseline_score(self, X, y, k: int = 1) -> float:
        """Return the recall at k of words and characters by rarity, whatever the encoder.

        Parameters
        ----------
        X : 1-D container of str, length n
            Questions.
        y : array-like of int, shape (n,)
            Numbers of the right documents.
        k : int
            Documents that count as found.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        space = self._baseline_space
        k = min(k, self.n_documents_)
        _, found = self._nearest(space, space(self.documents_), as_texts(X), k)
        return float(np.mean((found == np.asarray(y)[:, None]).any(axis=1)))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "documents_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
