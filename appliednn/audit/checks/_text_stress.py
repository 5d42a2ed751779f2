"""How the metric falls when texts are mistyped, written otherwise or attacked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._stress import LARGE_LOSS
from appliednn.audit.checks._text_shared import TextCheck, count_option
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate
from appliednn.robustness import RowMetric
from appliednn.robustness import _text_noise as noise


@dataclass(frozen=True)
class Spoiling:
    """A way of spoiling texts.

    Attributes
    ----------
    name : str
        Part of the key, and what the reader calls it.
    how : callable
        From :mod:`appliednn.robustness._text_noise`.
    rate : float
        Share of words or letters.
    draws : int
        How often it is drawn; 1 where nothing is random.
    natural : bool
        Whether people do so without meaning harm.
    """

    name: str
    how: noise.Spoil
    rate: float
    draws: int
    natural: bool


_WAYS = (
    Spoiling("typos 0.05", noise.typos, 0.05, 3, True),
    Spoiling("typos 0.1", noise.typos, 0.1, 3, True),
    Spoiling("typos 0.2", noise.typos, 0.2, 3, True),
    Spoiling("lower case", noise.lower_case, 1.0, 1, True),
    Spoiling("upper case", noise.upper_case, 1.0, 1, True),
    Spoiling("no punctuation", noise.bare_marks, 0.2, 1, True),
    Spoiling("synonyms 0.5", noise.swap_synonyms, 0.5, 3, True),
    Spoiling("accents 0.1", noise.accents, 0.1, 1, False),
    Spoiling("look-alikes 0.1", noise.look_alikes, 0.1, 1, False),
    Spoiling("hidden characters 0.2", noise.hidden_characters, 0.2, 1, False),
)
# From typing errors of this share on, nobody expects a text to be read rightly.
_JUDGED_TYPOS = 0.1


class SpoiledTexts(TextCheck):
    """Typing errors, case, punctuation, synonyms, letters that only look the same."""

    id = "ANN1021"
    title = "Mistyped and rewritten texts"
    keys = ("accuracy_spoiled", "rmse_spoiled", "changed_answers")

    def run(self, context: AuditContext) -> CheckResult:
        """Spoil a sample of test texts in ten ways and compare with the texts as they are."""
        rows = sample_rows(context, "max_rows", 400)
        texts = [context.texts[i] for i in rows]
        y, before = context.y_test[rows], context.y_pred[rows]
        metric, seed = RowMetric.of_task(context.task), context.seed(self.id)
        clean = metric.values(y, before)
        values, changed = [], []
        for way in _WAYS:
            drawn = [
                context.model.predict(noise.spoil(texts, way.how, way.rate, seed + k))
                for k in range(way.draws)
            ]
            predicted = [np.asarray(p) for p in drawn]
            values.append(np.mean([metric.values(y, p) for p in predicted], axis=0))
            changed.append(np.mean([p != before for p in predicted], axis=0))
        names = [way.name for way in _WAYS]
        stressed = np.column_stack(values)
        lost = metric.worsenings([f"{n}, lost" for n in names], clean, stressed, seed)
        at = [
            metric.estimate(f"{metric.name} with {n}", v, seed)
            for n, v in zip(names, values, strict=True)
        ]
        kind = metric.kind
        estimates = {f"{kind}_spoiled[{n}]": e for n, e in zip(names, at, strict=True)}
        flips: list[Estimate | None] = [None] * len(names)
        if kind == "accuracy":
            flips = [
                share_estimate(f"Answers changed by {n}", float(c.sum()), len(c), "")
                for n, c in zip(names, changed, strict=True)
            ]
            estimates |= {f"changed_answers[{n}]": e for n, e in zip(names, flips, strict=True)}
        worst = int(np.argmax([e.value for e in lost]))
        whole = metric.estimate(metric.name, clean, seed)
        return CheckResult(
            estimates,
            self._findings(lost, clean, metric),
            [_table(whole, at, lost, flips, metric)],
            [
                interval_chart(
                    "Cost of spoiled texts",
                    dict(zip(names, lost, strict=True)),
                    x_label=f"{metric.name}, lost" if kind == "accuracy" else "RMSE gained",
                    zero=0.0,
                )
            ],
            summary=f"{names[worst]} cost most: {said(lost[worst])} of {metric.word}.",
        )

    def _findings(self, lost: list[Estimate], clean, metric: RowMetric) -> list[Finding]:
        limit = LARGE_LOSS if metric.kind == "accuracy" else LARGE_LOSS * np.sqrt(clean.mean())
        findings = []
        for number, (way, cost) in enumerate(zip(_WAYS, lost, strict=True), start=1):
            beyond = way.how is noise.typos and way.rate > _JUDGED_TYPOS
            if beyond or cost.ci[0] <= limit:
                continue
            findings.append(
                Finding(
                    f"{self.id}.{number}",
                    "medium" if way.natural else "low",
                    f"Costly: {way.name}",
                    f"Texts with {way.name} cost {said(cost)} of {metric.word}.",
                    _ADVICE["natural" if way.natural else "hostile"],
                )
            )
        return findings


_ADVICE = {
    "natural": "Normalise case and marks before the model, train with such texts, or use runs of "
    "letters beside words.",
    "hostile": "Normalise the text (Unicode NFKC, confusable letters, characters of no width) "
    "before the model, where somebody gains by hiding words.",
}
_NOTE = (
    "Typos: a letter swapped, lost, doubled or mistaken for its neighbour in that share of the "
    "words of four letters or more. Synonyms: that share of the words in the package's own table "
    "of English words. Accents, look-alike letters of other alphabets: that share of the letters. "
    "Hidden characters: of no width, inside that share of the words. Lost: paired bootstrap."
)


def _table(whole: Estimate, at, lost, flips, metric: RowMetric) -> Table:
    cost = "lost" if metric.kind == "accuracy" else "RMSE gained"
    rows: list[list] = [["as given", whole, None, None]]
    rows += [[way.name, *cells] for way, *cells in zip(_WAYS, at, lost, flips, strict=True)]
    head = ["texts", metric.name, cost, "answers changed"]
    if metric.kind != "accuracy":
        rows, head = [row[:3] for row in rows], head[:3]
    return Table("Spoiled texts", head, rows, f"{whole.n} test texts. {_NOTE}")


def sample_rows(context: AuditContext, key: str, default: int, among=None) -> np.ndarray:
    """Return at most so many test rows, in their order."""
    rows = np.arange(len(context.X_test)) if among is None else np.asarray(among)
    most = count_option(context, key, default)
    if len(rows) > most:
        rows = np.sort(context.rng(f"text {key}").choice(rows, most, replace=False))
    if not len(rows):
        raise NotApplicable("no test text is left to look at")
    return rows
