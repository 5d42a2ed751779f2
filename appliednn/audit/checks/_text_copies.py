"""Test texts that were trained on, word for word or nearly so."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._outcome import encode
from appliednn.audit.checks._text_shared import TextCheck, count_option, train_texts, words_in
from appliednn.audit.checks._words import said
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._duplicates import contradicting
from appliednn.diagnostics._text_copies import near_copies, plain_form

# Shorter texts ("ok", "see you") come twice by themselves.
_LEAST_WORDS = 5
_MOST_TEST, _MOST_TRAIN = 3_000, 30_000
_NEAR = 0.8


class Copies(TextCheck):
    """How many test texts the model has seen, and how many texts repeat others."""

    id = "ANN1002"
    title = "Copies and near copies"
    keys = (
        "duplicate_share_train_test",
        "near_duplicate_share_train_test",
        "near_duplicate_share_test",
        "contradicting_share",
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Compare texts whole, and by their runs of five characters."""
        texts = context.texts
        long = np.array([len(w) >= _LEAST_WORDS for w in words_in(context).test])
        rows = _some(
            np.flatnonzero(long), count_option(context, "max_copies", _MOST_TEST), context
        )
        estimates: dict[str, Estimate] = {}
        if context.X_train is not None:
            estimates |= self._against_training(context, texts, rows)
        again = _repeats([texts[i] for i in rows])
        estimates["near_duplicate_share_test"] = share_estimate(
            f"Test texts of {_LEAST_WORDS} words or more that nearly repeat an earlier one",
            int(again.sum()),
            len(rows),
            f"no test text has {_LEAST_WORDS} words",
        )
        odd = self._contradicting(context, texts)
        if odd is not None:
            estimates["contradicting_share"] = odd
        counted = [
            [e.name, None if e.value is None else round(e.value * e.n), e]
            for e in estimates.values()
        ]
        note = (
            "Near copies share at least 80 % of their runs of five characters, digits, case and "
            "blanks aside (Jaccard index). Wilson intervals."
        )
        first = next(iter(estimates.values()))
        return CheckResult(
            estimates,
            self._findings(estimates),
            [Table("Copies", ["what", "texts", "share"], counted, note)],
            summary=f"{first.name}: {said(first)}.",
        )

    def _against_training(self, context, texts, rows) -> dict[str, Estimate]:
        train = train_texts(context)
        known = {plain_form(t) for t in train}
        seen = sum(plain_form(t) in known for t in texts)
        most = count_option(context, "max_copied", _MOST_TRAIN)
        among = [train[i] for i in _some(np.arange(len(train)), most, context)]
        near = near_copies([texts[i] for i in rows], among, least=_NEAR)
        name = f"Test texts of {_LEAST_WORDS} words or more with a near copy in training"
        return {
            "duplicate_share_train_test": share_estimate(
                "Test texts that also occur in training", seen, len(texts), ""
            ),
            "near_duplicate_share_train_test": share_estimate(
                name, int(near.sum()), len(rows), f"no test text has {_LEAST_WORDS} words"
            ),
        }

    def _contradicting(self, context: AuditContext, texts) -> Estimate | None:
        """Return the share of texts whose twin has another label."""
        if context.task == "regression":
            return None
        every, parts = list(texts), [context.y_test]
        if context.X_train is not None:
            every, parts = train_texts(context) + every, [context.y_train, context.y_test]
        places: dict[str, int] = {}
        codes = np.array([places.setdefault(plain_form(t), len(places)) for t in every])
        labels: list = []
        y = np.concatenate([encode(part, labels) for part in parts])
        name = "Texts whose twin has another label"
        return share_estimate(name, int(contradicting(codes, y).sum()), len(y), "")

    def _findings(self, estimates: dict[str, Estimate]) -> list[Finding]:
        findings = []
        near = estimates.get("near_duplicate_share_train_test")
        if near is not None and near.value is not None and near.ci[0] > 0.02:
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "high" if near.ci[0] > 0.1 else "medium",
                    "Test texts that were all but trained on",
                    f"A share of {said(near)} of the test texts of {_LEAST_WORDS} words or more "
                    "has a near copy in the training texts. They flatter every score.",
                    "Remove near copies before splitting, or split by sender, thread or template.",
                )
            )
        odd = estimates.get("contradicting_share")
        if odd is not None and odd.ci[0] > 0.01:
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "low",
                    "Equal texts with unlike labels",
                    f"A share of {said(odd)} of all texts has a twin with another label: no model "
                    "of the text alone can get all of them right.",
                    "Check the labels, or add what tells them apart.",
                )
            )
        return findings


def _repeats(texts: list[str]) -> np.ndarray:
    """Return which texts nearly repeat an earlier one: blocks against all before, bool (n,)."""
    out = np.zeros(len(texts), dtype=bool)
    seen: set[str] = set()
    fresh: list[int] = []
    for i, text in enumerate(texts):
        plain = plain_form(text)
        out[i] = plain in seen
        seen.add(plain)
        if not out[i]:
            fresh.append(i)
    half = len(fresh) // 2
    if half:
        later = near_copies([texts[i] for i in fresh[half:]], [texts[i] for i in fresh[:half]])
        out[np.array(fresh[half:])] |= later
    return out


def _some(rows: np.ndarray, most: int, context: AuditContext) -> np.ndarray:
    """Return at most ``most`` of some row numbers, in their order."""
    if len(rows) <= most:
        return rows
    return np.sort(context.rng("text copies").choice(rows, most, replace=False))
