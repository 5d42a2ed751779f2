"""What the texts look like: how many, how long, empty ones, classes."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._data_overview import target_shares
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._text_shared import TextCheck, train_texts, words_in
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import format_number, histogram
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._drift import numeric_drift

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)
_ALPHA = 0.01


class Texts(TextCheck):
    """How many texts there are, how long, and whether any holds nothing."""

    id = "ANN1001"
    title = "Texts and classes"
    keys = (
        "n_test",
        "n_train",
        "n_words",
        "class_share",
        "empty_text_share",
        "text_length_distance",
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Describe lengths in words of test and training texts; no text is shown."""
        words = words_in(context)
        lengths = {"test": np.array([len(w) for w in words.test], dtype=float)}
        if context.X_train is not None:
            lengths = {"training": np.array([len(w) for w in words.train], float), **lengths}
        n = len(words.test)
        empty = share_estimate("Texts without a word", int((lengths["test"] == 0).sum()), n, "")
        estimates = {"n_test": Estimate("Test texts", n, None, n, "exact")}
        if context.X_train is not None:
            n_train = len(words.train)
            estimates["n_train"] = Estimate("Training texts", n_train, None, n_train, "exact")
        known = set(words.train_counts) | set(words.test_counts)
        estimates["n_words"] = Estimate("Different words", len(known), None, n, "exact")
        estimates["empty_text_share"] = empty
        findings = self._empty(empty)
        if context.X_train is not None:
            estimates["text_length_distance"], more = self._lengths(lengths)
            findings += more
        shares, tables, figures = target_shares(context)
        tables.append(_length_table(lengths, context))
        figures.append(_histogram(lengths))
        middle = format_number(float(np.median(lengths["test"])))
        return CheckResult(
            estimates | shares,
            findings,
            tables,
            figures,
            summary=f"{n} test texts of {middle} words (median), {len(known)} different words.",
        )

    def _empty(self, empty: Estimate) -> list[Finding]:
        if not empty.value:
            return []
        return [
            Finding(
                f"{self.id}.1",
                "medium" if empty.ci[0] > 0.05 else "low",
                "Texts without a word",
                f"A share of {said(empty)} of the test texts holds no word: the model can only "
                "guess there.",
                "Find out where they come from; refuse to predict them, or leave them out.",
            )
        ]

    def _lengths(self, lengths: dict[str, np.ndarray]) -> tuple[Estimate, list[Finding]]:
        """Return how far apart the lengths are, and whether chance explains it."""
        drift = numeric_drift(lengths["training"], lengths["test"])
        n = len(lengths["test"])
        name = "Distance of the lengths, training to test (Kolmogorov-Smirnov)"
        made = Estimate(name, drift.statistic, None, n, "exact")
        if drift.p_value >= _ALPHA or drift.psi < 0.1:
            return made, []
        middle = [format_number(float(np.median(lengths[k]))) for k in ("test", "training")]
        return made, [
            Finding(
                f"{self.id}.2",
                "medium" if drift.psi > 0.25 else "low",
                "Test texts are of another length",
                f"Test texts have {middle[0]} words (median), training texts {middle[1]}; "
                f"stability index {drift.psi:.2f}, p = {drift.p_value:.2g}.",
                "Check that both come from one source and were cut alike.",
            )
        ]


def _histogram(lengths: dict[str, np.ndarray]) -> Figure:
    """Return the lengths, the longest hundredth drawn at the end of the axis."""
    every = np.concatenate(list(lengths.values()))
    top = max(float(np.quantile(every, 0.99)), 1.0)
    step = max(1, int(np.ceil(top / 20)))
    edges = np.arange(0, top + 2 * step, step, dtype=float)
    cut = {name: np.minimum(values, edges[-2]) for name, values in lengths.items()}
    more = " (longer ones at the end)" if every.max() > edges[-2] else ""
    return histogram("Words of a text", cut, f"words{more}", bins=edges)


def _length_table(lengths: dict[str, np.ndarray], context: AuditContext) -> Table:
    names = {"training": train_texts(context) if context.X_train is not None else []}
    names["test"] = context.texts
    rows = []
    for name, values in lengths.items():
        characters = int(np.median([len(t) for t in names[name]]))
        rows.append(
            [name, len(values), *(int(q) for q in np.quantile(values, _QUANTILES)), characters]
        )
    head = ["", "texts", "fewest", "25 %", "median", "75 %", "95 %", "most", "characters (median)"]
    return Table("Words of a text", head, rows, "Quantiles of the number of words of a text.")
