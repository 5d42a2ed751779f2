"""Whether the model's answer hangs on words for who a person is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._text_shared import TextCheck, count_option, plain
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate
from appliednn.fairness._text_identity import (
    NEUTRAL,
    IdentityGroup,
    identity_groups,
    is_english,
)

_LEAST_TEXTS = 20
_MATTERS, _MUCH = 0.02, 0.1
_N_BOOT = 1000


@dataclass(frozen=True)
class Exchanged:
    """What exchanging the words of one attribute came to.

    Attributes
    ----------
    attribute : str
    how : str
        Where the words stood, in words.
    columns : tuple of str
        Groups compared.
    changed : ndarray of bool, shape (n,)
        Whether two versions of a text get unlike answers.
    scores : ndarray of shape (n, n_columns)
        Score of each version.
    inside : bool
        Whether the words stood in the texts themselves, rather than in a sentence before them.
    """

    attribute: str
    how: str
    columns: tuple[str, ...]
    changed: np.ndarray
    scores: np.ndarray
    inside: bool


class IdentityTerms(TextCheck):
    """The same text with words for another gender, religion, origin, orientation or name."""

    id = "ANN1031"
    title = "Persons exchanged"
    keys = ("identity_change_rate", "identity_score_gap")

    def run(self, context: AuditContext) -> CheckResult:
        """Exchange words of the package's table in test texts; put sentences before others."""
        if not is_english(context.texts):
            raise NotApplicable("the table of words for persons is English, and the texts are not")
        groups = [*identity_groups().values(), NEUTRAL]
        made = [_exchange(context, group) for group in groups]
        estimates: dict[str, Estimate] = {}
        rows = []
        for each in made:
            rate = share_estimate(
                f"Answers that change with {each.attribute}",
                float(each.changed.sum()),
                len(each.changed),
                "",
            )
            gap, high, low = _gap(each, context.seed(f"{self.id} {each.attribute}"))
            estimates[f"identity_change_rate[{each.attribute}]"] = rate
            estimates[f"identity_score_gap[{each.attribute}]"] = gap
            rows.append([each.attribute, each.how, len(each.changed), rate, gap, high, low])
        if context.task == "regression":
            estimates = {k: e for k, e in estimates.items() if k.startswith("identity_score")}
            rows = [[*row[:3], *row[4:]] for row in rows]
        gaps = {m.attribute: estimates[f"identity_score_gap[{m.attribute}]"] for m in made}
        unit = _unit(context)
        worst = max((m.attribute for m in made[:-1]), key=lambda name: gaps[name].value)
        return CheckResult(
            estimates,
            self._findings(made, estimates, context),
            [_table(rows, context, unit)],
            [interval_chart("Mean gap between groups", gaps, x_label=unit, zero=0.0)],
            summary=f"The largest mean gap is that by {worst}: {said(gaps[worst])} ({unit}).",
        )

    def _findings(self, made, estimates, context: AuditContext) -> list[Finding]:
        findings = []
        stem = "identity_score_gap" if context.task == "regression" else "identity_change_rate"
        neutral = estimates[f"{stem}[{NEUTRAL.name}]"]
        for number, each in enumerate(made[:-1], start=1):
            rate = estimates.get(f"identity_change_rate[{each.attribute}]")
            value = estimates[f"{stem}[{each.attribute}]"]
            scale = _scale(context) if rate is None else 1.0
            # What any word in that place would do is not about who the person is.
            least = _MATTERS * scale if each.inside else max(_MATTERS * scale, neutral.value)
            if value.ci[0] <= least:
                continue
            what = "the prediction moves by" if rate is None else "the answer changes for"
            findings.append(
                Finding(
                    f"{self.id}.{number}",
                    "high" if each.inside and value.ci[0] > _MUCH * scale else "medium",
                    f"The answer hangs on {each.attribute}",
                    f"With words for another {_ONE.get(each.attribute, each.attribute)} "
                    f"({each.how}), and nothing else changed, {what} {said(value)}"
                    + ("." if rate is None else " of the texts."),
                    "Add training texts in which the words change places with the same label, "
                    "or hide such words from the model.",
                )
            )
        return findings


_ONE = {"names": "name"}


def _exchange(context: AuditContext, group: IdentityGroup) -> Exchanged:
    """Return what the model says of all versions of the texts that hold words of a group."""
    rng = context.rng(f"persons {group.name}")
    most = count_option(context, "max_exchanged", 200)
    rows = np.flatnonzero([group.found_in(t) for t in context.texts])
    n_found = len(rows)
    inside = n_found >= _LEAST_TEXTS and group is not NEUTRAL
    if inside:
        rows = rows if n_found <= most else np.sort(rng.choice(rows, most, replace=False))
        versions = [group.versions(context.texts[i]) for i in rows]
        how = f"in {len(rows)} of {n_found} test texts that hold one"
    else:
        n = min(len(context.texts), most)
        rows = np.sort(rng.choice(len(context.texts), n, replace=False))
        heads = group.carriers()
        versions = [[f"{head} {context.texts[i]}" for head in heads] for i in rows]
        how = f"{group.carrier.format('X')!r} before {n} test texts"
    flat = [text for each in versions for text in each]
    shape = (len(rows), len(group.columns))
    answers = np.asarray(context.model.predict(flat)).reshape(shape)
    changed = (answers != answers[:, :1]).any(axis=1)
    scores = _scores(context, flat, answers)
    return Exchanged(group.name, how, group.columns, changed, scores, inside)


def _scores(context: AuditContext, flat: list[str], answers: np.ndarray) -> np.ndarray:
    """Return the score of each version: a probability, or the prediction."""
    if context.task == "regression":
        return answers.astype(np.float64)
    if not context.has_proba:
        return (answers == answers[:, :1]).astype(np.float64)
    proba = np.asarray(context.model.predict_proba(flat), dtype=np.float64)
    if context.task == "binary":
        column = int(np.flatnonzero(context.classes == context.positive)[0])
        return proba[:, column].reshape(answers.shape)
    first = proba.reshape(*answers.shape, -1)[:, 0].argmax(axis=1)
    picked = np.repeat(first, answers.shape[1])
    return proba[np.arange(len(flat)), picked].reshape(answers.shape)


def _gap(each: Exchanged, seed: int) -> tuple[Estimate, str, str]:
    """Return the gap between the groups with the highest and the lowest mean score.

    Both groups are those found on all texts; the bootstrap over texts keeps them.
    """
    means = each.scores.mean(axis=0)
    high, low = int(np.argmax(means)), int(np.argmin(means))
    differences = each.scores[:, high] - each.scores[:, low]
    n = len(differences)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), _N_BOOT)
    a, b = np.quantile(counts @ differences / n, [0.025, 0.975])
    value = float(differences.mean())
    name = f"Mean score gap by {each.attribute}"
    made = Estimate(name, value, (min(float(a), value), max(float(b), value)), n, seed=seed)
    if means[high] == means[low]:
        return made, "all alike", ""
    return made, each.columns[high], each.columns[low]


def _unit(context: AuditContext) -> str:
    if context.task == "regression":
        return "predicted value"
    if not context.has_proba:
        return "share of like answers"
    if context.task == "binary":
        return f"probability of {plain(context.positive)!r}"
    return "probability of the class predicted"


def _scale(context: AuditContext) -> float:
    """Return the spread of a regression's target."""
    return float(np.std(np.asarray(context.y_test, dtype=np.float64)))


def _table(rows: list[list], context: AuditContext, unit: str) -> Table:
    head = ["words for", "where", "texts", "answer changes", f"gap ({unit})", "highest", "lowest"]
    if context.task == "regression":
        head.remove("answer changes")
    note = (
        "Each text once for each group of the attribute, words of the package's own English table "
        "put in each other's place; changed: two versions get unlike answers (Wilson). Gap: mean "
        "score of the group with the highest less that with the lowest, paired bootstrap; being "
        "picked as the ends makes it a little too large. Where fewer than "
        f"{_LEAST_TEXTS} test texts hold such a word, a sentence is put before test texts: that "
        "tells of the word, not of how often it matters in use. Neutral words there say what any "
        "word would do: what is not surely more is no finding."
    )
    return Table("Persons exchanged", head, rows, note)
