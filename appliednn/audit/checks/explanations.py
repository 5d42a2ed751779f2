"""Explanations, and tests of them: permutation importance, SHAP, LIME, agreement, faithfulness.

Keys
----
``permutation_importance[feature]``, ``shap_importance[feature]``, ``lime_local_fit``,
``shap_lime_rank_correlation``, ``shap_lime_top3_overlap``, ``shap_permutation_rank_correlation``;
for each of ``shap`` and ``lime``: ``*_deletion_gain``, ``*_insertion_gain``,
``*_seed_stability``, ``*_randomisation_likeness``; ``shap_completeness_gap``.
"""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import (
    SUPERVISED,
    Check,
    CheckResult,
    Figure,
    Finding,
    NotApplicable,
    Table,
)
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._agent_explained import ActsLikeATree, WhatDecides
from appliednn.audit.checks._agent_nearest import NearestOtherDecision
from appliednn.audit.checks._explained import Explained, explained
from appliednn.audit.checks._explanation_tests import tests_result
from appliednn.audit.checks._words import listed, percent, said, shorten
from appliednn.audit.report.svg import bar_chart, heatmap
from appliednn.core.statistics import Estimate, not_estimable
from appliednn.explain import (
    DO_NOT_RELY,
    Explanation,
    Faithfulness,
    mean_estimate,
    row_correlations,
    top_overlap,
)

_SHOWN = 20
_TESTS = ("deletion_gain", "insertion_gain", "seed_stability", "randomisation_likeness")

_TESTS_NOTE = (
    "Deletion and insertion: how much sooner the score falls or rises than in random orders "
    "of the features, as a share of its distance from the background's mean. Likeness: rank "
    "correlation with explanations of the same network with random weights."
)


class Importance(Check):
    """What each feature is worth to the model."""

    id = "ANN501"
    section = "explanations"
    title = "Permutation importance"
    keys = ("permutation_importance",)
    tasks = SUPERVISED
    instead = "what makes rows anomalous to a detector is asked by ANN906"
    reads = ("table",)
    unread = "a text has no features of its own; what words do is asked by ANN1011 to ANN1014"

    def run(self, context: AuditContext) -> CheckResult:
        """Shuffle one feature at a time between test rows and see how the loss grows."""
        found = explained(context).importance
        estimates = found.estimates()
        order = list(np.argsort(-found.values, kind="stable"))
        names = [found.names[j] for j in order]
        surely = [name for name in names if estimates[name].ci[0] > 0]
        n = len(found.losses)
        note = (
            f"Increase of the {found.metric} when the feature is shuffled between {n} test rows, "
            f"{found.n_repeats} times; bootstrap over rows. Features that say the "
            f"same share their worth, and each alone then looks small. Seed {found.seed}."
        )
        return CheckResult(
            estimates={f"permutation_importance[{name}]": estimates[name] for name in names},
            findings=self._findings(names, surely, n),
            tables=[_ranking("Permutation importance", "worth", names, estimates, note)],
            figures=[_bars(f"Permutation importance ({found.metric})", names, estimates)],
            summary=self._summary(surely, names, estimates, found.metric),
        )

    def _summary(self, surely, names, estimates, metric: str) -> str:
        if not surely:
            return f"No feature is surely worth anything to the {metric}."
        best = estimates[names[0]]
        return (
            f"{names[0]} is worth most: shuffled, it raises the {metric} by {said(best)}. "
            f"{len(surely)} of {len(names)} features have an interval above 0."
        )

    def _findings(self, names, surely, n: int) -> list[Finding]:
        if not surely:
            text = f"On {n} test rows no feature's importance has an interval above 0."
            act = "Check that the model learned anything, or test on more rows."
            return [Finding(f"{self.id}.1", "low", "No feature matters for certain", text, act)]
        idle = [name for name in names if name not in surely]
        if not idle:
            return []
        text = (
            f"Shuffling {listed(idle)} does not surely cost anything on {n} test rows "
            f"({len(idle)} of {len(names)} features)."
        )
        return [Finding(f"{self.id}.2", "info", "Features the model can do without", text)]


class Shap(Check):
    """What moves the model's score, on average and for chosen rows."""

    id = "ANN502"
    section = "explanations"
    title = "SHAP values"
    keys = ("shap_importance",)
    tasks = SUPERVISED
    instead = "what makes rows anomalous to a detector is asked by ANN906"
    reads = ("table",)
    unread = "a text has no features of its own; SHAP values of words are ANN1012"

    def run(self, context: AuditContext) -> CheckResult:
        """Attribute the score of each row's prediction to the features."""
        work = explained(context)
        found = work.shap_sample
        sizes = np.abs(found.values)
        names = found.names
        estimates = {
            name: mean_estimate(f"Mean size of the SHAP value of {name}", sizes[:, j])
            for j, name in enumerate(names)
        }
        order = [names[j] for j in np.argsort(-sizes.mean(axis=0), kind="stable")]
        note = (
            f"{len(sizes)} test rows explained against {found.n_background} rows; {found.how}. "
            f"Score: {found.unit}{_subject(work)}. The values miss "
            f"{percent(found.completeness_gap())} of what they add up to."
        )
        top = order[0]
        cases = work.shap.take(slice(len(work.sample), None))
        return CheckResult(
            estimates={f"shap_importance[{name}]": estimates[name] for name in order},
            tables=[
                _ranking("SHAP, mean size", f"mean size ({found.unit})", order, estimates, note),
                *_case_tables(work, cases),
            ],
            figures=[
                _bars(f"SHAP, mean size ({found.unit})", order, estimates),
                *_case_figures(work, cases),
            ],
            summary=_stamped(
                work.shap_tests,
                f"{top} moves the score most: {said(estimates[top])} {found.unit}; "
                f"{len(sizes)} rows explained.",
            ),
        )


class Lime(Check):
    """A linear model of the model around the same chosen rows."""

    id = "ANN503"
    section = "explanations"
    title = "LIME"
    keys = ("lime_local_fit",)
    tasks = SUPERVISED
    instead = "what makes rows anomalous to a detector is asked by ANN906"
    reads = ("table",)
    unread = "a text has no features of its own; LIME on words is ANN1011"

    def run(self, context: AuditContext) -> CheckResult:
        """Explain the chosen rows by LIME and say how well its linear models fit."""
        work = explained(context)
        if not work.cases:
            raise NotApplicable("no typical and no wrong row was found to explain")
        found = work.lime
        fit = mean_estimate("LIME's local fit (R²)", found.local_r2)
        cases = found.take(slice(len(work.lime_sample), None))
        text = f"LIME's linear models explain {said(fit)} of the score's variance near a row."
        findings = []
        if fit.ci is not None and fit.ci[1] < 0.2:
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "low",
                    "LIME does not fit the model",
                    text,
                    "Read SHAP instead; the score is not near linear around single rows.",
                )
            )
        return CheckResult(
            estimates={"lime_local_fit": fit},
            findings=findings,
            tables=_case_tables(work, cases),
            figures=_case_figures(work, cases),
            summary=_stamped(work.lime_tests, f"{text} {len(work.cases)} rows are shown."),
        )


class Agreement(Check):
    """Whether the methods name the same features."""

    id = "ANN504"
    section = "explanations"
    title = "Agreement between explanations"
    keys = (
        "shap_lime_rank_correlation",
        "shap_lime_top3_overlap",
        "shap_permutation_rank_correlation",
    )
    tasks = SUPERVISED
    instead = "what makes rows anomalous to a detector is asked by ANN906"
    reads = ("table",)
    unread = "a text has no features of its own; explanations by words are tested by ANN1014"

    def run(self, context: AuditContext) -> CheckResult:
        """Compare rankings: of features within rows, and over all rows."""
        work = explained(context)
        if len(work.pool.names) < 3:
            raise NotApplicable(f"{len(work.pool.names)} features are too few to compare rankings")
        n = len(work.lime_sample)
        ours, theirs = work.shap_sample.values[:n], work.lime.values[:n]
        name = "SHAP and LIME, rank correlation within rows"
        ranks = row_correlations(ours, theirs)
        ranks = ranks[np.isfinite(ranks)]
        estimates = {
            "shap_lime_rank_correlation": mean_estimate(name, ranks)
            if len(ranks)
            else not_estimable(name, n, "every attribution is the same"),
            "shap_lime_top3_overlap": mean_estimate(
                "SHAP and LIME, share of the three largest that both name",
                top_overlap(ours, theirs, 3),
            ),
            "shap_permutation_rank_correlation": _global_agreement(work),
        }
        pair = estimates["shap_lime_rank_correlation"]
        return CheckResult(
            estimates=estimates,
            findings=self._findings(pair),
            tables=[
                Table(
                    "Agreement",
                    ["compared", "agreement"],
                    [[e.name, e] for e in estimates.values()],
                    f"SHAP and LIME on the same {n} random test rows; 1 is the same ranking, 0 "
                    "none. The methods ask different questions, so they need not agree fully.",
                )
            ],
            summary=f"Within rows SHAP and LIME rank features with a correlation of {said(pair)}.",
        )

    def _findings(self, pair: Estimate) -> list[Finding]:
        if pair.value is None or pair.ci is None or pair.ci[1] >= 0.5:
            return []
        text = f"Within rows the rank correlation of SHAP and LIME is {said(pair)}."
        act = "Do not tell people why a single prediction was made on the word of one method."
        return [Finding(f"{self.id}.1", "low", "Two explanations disagree", text, act)]


class Faithful(Check):
    """Whether the explanations say what the model does."""

    id = "ANN505"
    section = "explanations"
    title = "Tests of the explanations"
    keys = (
        *(f"{m}_{t}" for m in ("shap", "lime") for t in _TESTS),
        "shap_completeness_gap",
    )
    tasks = SUPERVISED
    instead = "what makes rows anomalous to a detector is asked by ANN906"
    reads = ("table",)
    unread = "a text has no features of its own; explanations by words are tested by ANN1014"

    def run(self, context: AuditContext) -> CheckResult:
        """Put SHAP and LIME through deletion, insertion, stability and randomisation."""
        work = explained(context)
        tested = {t.method.lower(): t for t in (work.shap_tests, work.lime_tests)}
        return tests_result(self.id, tested, _TESTS_NOTE)


def _stamped(outcome: Faithfulness, text: str) -> str:
    """Return a summary, behind the stamp where a test failed."""
    stamp = f"{DO_NOT_RELY.capitalize()} (see the tests below). " if outcome.failed else ""
    return stamp + text


def _global_agreement(work: Explained) -> Estimate:
    """Return the rank correlation of mean SHAP sizes with permutation importance."""
    name = "SHAP and permutation importance, rank correlation over all rows"
    sizes, other = np.abs(work.shap_sample.values), work.importance
    n = len(sizes)
    value = row_correlations(sizes.mean(axis=0)[None], other.values[None])[0]
    if not np.isfinite(value):
        return not_estimable(name, n, "every feature is worth the same")
    rng = np.random.default_rng(work.seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=500)
    draws = row_correlations(counts @ sizes / n, other.draws(500))
    low, high = np.quantile(draws[np.isfinite(draws)], [0.025, 0.975])
    # Resampling noise can only blur a ranking: the point belongs inside.
    interval = (float(min(low, value)), float(max(high, value)))
    return Estimate(name, float(value), interval, n, seed=work.seed)


def _subject(work: Explained) -> str:
    """Say whose score it is."""
    return "" if work.task == "regression" else " of the class predicted for the row"


def _ranking(title: str, head: str, names, estimates, note: str) -> Table:
    """Return the largest features as a table."""
    rows = [[name, estimates[name]] for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        note += f" Not shown: {len(names) - _SHOWN} smaller ones."
    return Table(title, ["feature", head], rows, note)


def _bars(title: str, names, estimates) -> Figure:
    shown = names[:_SHOWN]
    return bar_chart(
        title,
        shown,
        [estimates[name].value for name in shown],
        intervals=[estimates[name].ci for name in shown],
    )


def _case_order(cases: Explanation) -> np.ndarray:
    """Return the features in the order of their largest part in any case."""
    return np.argsort(-np.abs(cases.values).max(axis=0), kind="stable")[:_SHOWN]


def _case_tables(work: Explained, cases: Explanation) -> list[Table]:
    """Return attributions of the chosen rows: names and parts, never a row's values."""
    if not work.cases:
        return []
    rows = [
        [cases.names[j], *(round(float(v), 6) for v in cases.values[:, j])]
        for j in _case_order(cases)
    ]
    note = (
        f"{len(work.cases)} rows explained by {cases.method}. Score: {cases.unit}"
        f"{_subject(work)}; a positive part raises it. What the rows hold is not shown."
    )
    heads = ["feature", *(case.label for case in work.cases)]
    return [Table(f"{cases.method}, typical and wrong rows", heads, rows, note)]


def _case_figures(work: Explained, cases: Explanation) -> list[Figure]:
    if not work.cases:
        return []
    order = _case_order(cases)
    return [
        heatmap(
            f"{cases.method}, typical and wrong rows",
            [shorten(cases.names[j], 24) for j in order],
            [case.label.split(":")[0] for case in work.cases],
            cases.values[:, order].T,
        )
    ]


CHECKS: tuple[type[Check], ...] = (
    Importance,
    Shap,
    Lime,
    Agreement,
    Faithful,
    ActsLikeATree,
    WhatDecides,
    NearestOtherDecision,
)
