"""Texts explained, computed once for the checks of explanations by words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._text_shared import count_option
from appliednn.explain import (
    Faithfulness,
    TextExplanation,
    TextPool,
    lime_words,
    network_words,
    shap_words,
    text_faithfulness,
)

_SHARED = "text explanations"
_FLOOR = 1e-6  # probabilities are kept this far from 0 and 1, so that their odds are finite
_MOST_WORDS = 200


def explained_texts(context: AuditContext) -> ExplainedTexts:
    """Return what was computed of a context, or a fresh start."""
    if _SHARED not in context.shared:
        context.shared[_SHARED] = _start(context)
    return context.shared[_SHARED]


@dataclass
class ExplainedTexts:
    """Texts explained, and attributions on demand.

    Attributes
    ----------
    pool : TextPool
    rows : int ndarray of shape (n,)
        Test texts explained, drawn at random.
    target : int ndarray of shape (n,)
        Column of the scores explained: of two classes the positive one, of more the predicted.
    seed : int
    n_samples : int
        Mutilated texts for each text.
    """

    pool: TextPool
    rows: np.ndarray
    target: np.ndarray
    seed: int
    n_samples: int

    @cached_property
    def lime(self) -> TextExplanation:
        """LIME's attributions."""
        return lime_words(
            self.pool, self.rows, self.target, seed=self.seed, n_samples=self.n_samples
        )

    @cached_property
    def shap(self) -> TextExplanation:
        """SHAP values."""
        return shap_words(self.pool, self.rows, self.target, max_evals=self.n_samples)

    @cached_property
    def lime_tests(self) -> Faithfulness:
        """How LIME fares."""
        again = lime_words(
            self.pool, self.rows, self.target, seed=self.seed + 1000, n_samples=self.n_samples
        )
        return self.tested(self.lime, again)

    @cached_property
    def shap_tests(self) -> Faithfulness:
        """How SHAP fares."""
        return self.tested(self.shap)

    def tested(self, made: TextExplanation, again=None) -> Faithfulness:
        """Return how an explanation of the texts fares."""
        return text_faithfulness(made, self.pool, self.rows, again=again, seed=self.seed + 1)

    def by_network(
        self, attribute: Callable, method: str, how: str
    ) -> tuple[TextExplanation, Faithfulness]:
        """Return what a network says of its tokens, and how that fares.

        Raises
        ------
        NotApplicable
            If its tokens are no words of the texts.
        """
        try:
            made = network_words(
                attribute, self.pool, self.rows, self.target, method=method, how=how
            )
        except ValueError as error:
            raise NotApplicable(f"{method.lower()}: {error}") from None
        return made, self.tested(made)


def _start(context: AuditContext) -> ExplainedTexts:
    """Draw the texts and say how they are scored."""
    score, unit = text_scores(context)
    seed = context.seed(_SHARED)
    pool = TextPool(context.texts, score, unit)
    n_words = np.array([len(pool.words(i)) for i in range(len(pool.texts))])
    fit = np.flatnonzero((n_words >= 1) & (n_words <= _MOST_WORDS))
    if not len(fit):
        raise NotApplicable(f"no test text has between 1 and {_MOST_WORDS} words")
    most = min(len(fit), count_option(context, "max_explained", 40))
    rows = np.sort(np.random.default_rng(seed).choice(fit, most, replace=False))
    target = np.zeros(len(rows), dtype=np.int64)
    if context.task == "binary":
        target[:] = int(np.flatnonzero(context.classes == context.positive)[0])
    elif context.classes is not None:
        place = {label: k for k, label in enumerate(context.classes.tolist())}
        target = np.array([place[label] for label in context.y_pred[rows].tolist()])
    n_samples = count_option(context, "n_samples", 200, least=20)
    return ExplainedTexts(pool, rows, target, seed, n_samples)


def text_scores(context: AuditContext) -> tuple[Callable[[list[str]], np.ndarray], str]:
    """Return what scores texts, and the unit: log odds, a margin or the prediction.

    Raises
    ------
    NotApplicable
        If the model gives nothing but its answers.
    """
    model = context.model
    if context.has_proba:

        def odds(texts: list[str]) -> np.ndarray:
            p = np.clip(np.asarray(model.predict_proba(texts), np.float64), _FLOOR, 1 - _FLOOR)
            return np.log(p / (1 - p))

        return odds, "log odds"
    if context.classes is None:
        return lambda texts: np.asarray(model.predict(texts), np.float64).reshape(
            -1, 1
        ), "predicted value"
    if not hasattr(model, "decision_function"):
        raise NotApplicable("the model gives neither probabilities nor a decision function")

    def margin(texts: list[str]) -> np.ndarray:
        given = np.asarray(model.decision_function(texts), np.float64).reshape(len(texts), -1)
        return np.hstack([-given, given]) if given.shape[1] == 1 else given

    return margin, "decision function"
