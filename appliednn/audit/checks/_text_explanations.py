"""Explanations by words, and tests of them: LIME, SHAP, and what a network says of its tokens."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._explanation_tests import tests_result
from appliednn.audit.checks._text_explained import ExplainedTexts, explained_texts
from appliednn.audit.checks._text_shared import (
    PRIVATE,
    TextCheck,
    Words,
    plain,
    reader_with,
    words_in,
)
from appliednn.audit.checks._words import said, shorten
from appliednn.audit.report.svg import bar_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._text_words import words_of
from appliednn.explain import DO_NOT_RELY, Faithfulness, TextExplanation, mean_estimate

_SHOWN = 15
_LEAST = 3
_TESTS_NOTE = (
    "Deletion and insertion: how much sooner the score falls, or rises, than when words go at "
    "random, as a share of its distance from that of the text without a word."
)
_TESTS = ("deletion_gain", "insertion_gain", "seed_stability", "completeness_gap")
_METHODS = ("lime", "shap", "gradients", "attention")
_ATTENTION = "mean weight of the token"
_GRADIENTS = "from the text without a word; parts that are linear are exact"


class LimeWords(TextCheck):
    """Which words move the score, by a line around each text."""

    id = "ANN1011"
    title = "LIME, by word"
    keys = ("lime_word", "lime_local_fit")

    def run(self, context: AuditContext) -> CheckResult:
        """Explain a sample of test texts by LIME and add up what words are worth."""
        work = explained_texts(context)
        made = work.lime
        result = _by_word(made, work.lime_tests, context, "lime")
        fit = mean_estimate("LIME's local fit (R²)", made.local_r2)
        result.estimates["lime_local_fit"] = fit
        if fit.ci is not None and fit.ci[1] < 0.2:
            result.findings.append(
                Finding(
                    f"{self.id}.1",
                    "low",
                    "LIME does not fit the model",
                    f"LIME's lines explain {said(fit)} of the score's variance near a text.",
                    "Read SHAP instead; words act together here.",
                )
            )
        return result


class ShapWords(TextCheck):
    """Which words move the score, by SHAP values."""

    id = "ANN1012"
    title = "SHAP, by word"
    keys = ("shap_word",)

    def run(self, context: AuditContext) -> CheckResult:
        """Explain the same texts by shap's partition explainer."""
        work = explained_texts(context)
        return _by_word(work.shap, work.shap_tests, context, "shap")


class NetworkWords(TextCheck):
    """What a network says of its own tokens: integrated gradients, attention."""

    id = "ANN1013"
    title = "Gradients and attention, by word"
    keys = ("gradients_word", "attention_word")

    def run(self, context: AuditContext) -> CheckResult:
        """Put the network's attributions of tokens on words."""
        result, said_of = CheckResult(), []
        for key, made, tests in network_explanations(context):
            part = _by_word(made, tests, context, key)
            result.estimates |= part.estimates
            result.tables += part.tables
            result.figures += part.figures
            said_of.append(part.summary)
        result.summary = " ".join(said_of)
        return result


class FaithfulWords(TextCheck):
    """Whether the explanations by words say what the model does."""

    id = "ANN1014"
    title = "Tests of the explanations by word"
    keys = tuple(f"{m}_words_{t}" for m in _METHODS for t in _TESTS)

    def run(self, context: AuditContext) -> CheckResult:
        """Put each explanation through deletion, insertion, stability and completeness."""
        work = explained_texts(context)
        tested = {"lime": work.lime_tests, "shap": work.shap_tests}
        with suppress(NotApplicable):  # ANN1013 says why
            tested |= {key: tests for key, _, tests in network_explanations(context)}
        named = {f"{key}_words": tests for key, tests in tested.items()}
        return tests_result(self.id, named, _TESTS_NOTE)


def network_explanations(context: AuditContext) -> list[tuple[str, TextExplanation, Faithfulness]]:
    """Return what the network says of its tokens, computed at the first call.

    Raises
    ------
    NotApplicable
        If the model says nothing of its tokens.
    """
    key = "text explanations of the network"
    if key not in context.shared:
        context.shared[key] = _from_network(context)
    found, why = context.shared[key]
    if not found:
        raise NotApplicable(why)
    return found


def _from_network(context: AuditContext):
    work = explained_texts(context)
    if not any(reader_with(context, name) for name in ("token_attributions", "attention")):
        return [], "the model offers neither token_attributions(texts) nor attention(texts)"
    found, why = [], []
    for name, method, how in (
        ("token_attributions", "Integrated gradients", _GRADIENTS),
        ("attention", "Attention", _ATTENTION),
    ):
        try:
            ask = _asked(context, name, work)
            found.append((_KEYS[method], *work.by_network(ask, method, how)))
        except NotApplicable as reason:
            why.append(str(reason))
    return found, "; ".join(why)


_KEYS = {"Integrated gradients": "gradients", "Attention": "attention"}


def _asked(context: AuditContext, name: str, work: ExplainedTexts):
    """Return a function from texts to tokens and numbers, or say that there is none."""
    reader = reader_with(context, name)
    if reader is None:
        raise NotApplicable(f"the model has no {name}")
    ask = getattr(reader, name)

    def attribute(texts: list[str]) -> list:
        try:
            if name == "attention" or context.classes is None:
                return list(ask(texts))
            out: list = [None] * len(texts)
            for k in np.unique(work.target):  # one class at a time
                rows = np.flatnonzero(work.target == k)
                label = context.classes[k]
                for row, given in zip(
                    rows, ask([texts[i] for i in rows], target=label), strict=True
                ):
                    out[row] = given
            return out
        except AttributeError as error:
            raise NotApplicable(f"{name}: {' '.join(str(error).split())[:200]}") from None

    return attribute


def _by_word(
    made: TextExplanation, tests: Faithfulness, context: AuditContext, key: str
) -> CheckResult:
    """Return what words are worth on average over the texts that hold them."""
    words = words_in(context)
    estimates = _worth(made, words)
    order = sorted(estimates, key=lambda w: -abs(estimates[w].value) * np.sqrt(estimates[w].n))
    shown = order[:_SHOWN]
    whose = {
        "binary": f" of the class {plain(context.positive)!r}",
        "multiclass": " of the class predicted for the text",
    }.get(context.task, "")
    note = (
        f"{len(made.values)} test texts explained ({made.how}). Mean part of the word in the "
        f"score ({made.unit}){whose}, over the explained texts that hold it (n, at least 3), "
        f"Student's interval. {PRIVATE}"
    )
    tables: list[Table] = []
    figures: list[Figure] = []
    if shown:
        rows = [[shorten(w, 30), estimates[w]] for w in shown]
        head = ["word", f"mean part ({made.unit})"]
        tables.append(Table(f"{made.method}, words", head, rows, note))
        chart = bar_chart(
            f"{made.method}, mean part of a word ({made.unit})",
            [shorten(w, 24) for w in shown],
            [estimates[w].value for w in shown],
            intervals=[estimates[w].ci for w in shown],
        )
        figures.append(chart)
    text = f"{len(made.values)} texts explained, {len(estimates)} words occur in three or more."
    if shown:
        text = f"{shown[0]!r} moves the score most, by {said(estimates[shown[0]])}; {text}"
    stamp = f"{DO_NOT_RELY.capitalize()} (see the tests below). " if tests.failed else ""
    return CheckResult(
        {f"{key}_word[{w}]": estimates[w] for w in shown}, [], tables, figures, stamp + text
    )


def _worth(made: TextExplanation, words: Words) -> dict[str, Estimate]:
    """Return the mean part of each word that may be shown, over the texts that hold it."""
    parts: dict[str, list[float]] = defaultdict(list)
    for each, values in zip(made.words, made.values, strict=True):
        inside: dict[str, float] = defaultdict(float)
        for word, value in zip(each, values, strict=True):
            inside[" ".join(words_of(word))] += float(value)
        for word, value in inside.items():
            parts[word].append(value)
    return {
        word: mean_estimate(f"Part of {word!r}", np.array(values))
        for word, values in sorted(parts.items())
        if len(values) >= _LEAST and words.shown(word)
    }


EXPLANATIONS = (LimeWords, ShapWords, NetworkWords, FaithfulWords)
