"""Sentences of a tagger: what they are, and what typing errors and case cost."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._stress import LARGE_LOSS
from appliednn.audit.checks._tagging_shared import (
    TaggerCheck,
    counted,
    f1_of,
    over_sentences,
    scheme_of,
    sentences_of,
    share_of,
)
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._text_words import document_counts, unknown_shares
from appliednn.explain import mean_estimate
from appliednn.robustness._text_noise import typo

_MOST_ROWS = 300
_LEAST_LETTERS = 4


class Sentences(TaggerCheck):
    """How many sentences and tokens there are, and how many of them training has shown."""

    id = "ANN1043"
    title = "Sentences and words"
    keys = (
        "n_test",
        "n_train",
        "n_test_tokens",
        "duplicate_share_train_test",
        "unknown_word_share",
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Count sentences, tokens, copies and unknown words."""
        test = sentences_of(context)
        n, n_tokens = len(test), sum(map(len, test))
        estimates = {
            "n_test": Estimate("Test sentences", n, None, n, "exact"),
            "n_test_tokens": Estimate("Test tokens", n_tokens, None, n, "exact"),
        }
        findings = []
        if context.X_train is not None:
            train = context.X_train.iloc[:, 0].tolist()
            n_train = len(train)
            estimates["n_train"] = Estimate("Training sentences", n_train, None, n_train, "exact")
            known = {tuple(s) for s in train}
            long = [s for s in test if len(s) >= 5]
            copied = share_estimate(
                "Test sentences of 5 tokens or more that also occur in training",
                sum(tuple(s) in known for s in long),
                len(long),
                "no test sentence has 5 tokens",
            )
            estimates["duplicate_share_train_test"] = copied
            plain = [[w.casefold() for w in s] for s in test]
            counts = document_counts([[w.casefold() for w in s] for s in train])
            estimates["unknown_word_share"] = mean_estimate(
                "Share of unknown words in a test sentence", unknown_shares(plain, counts)
            )
            findings = self._copied(copied)
        rows = [[e.name, e] for e in estimates.values()]
        return CheckResult(
            estimates,
            findings,
            [Table("Sentences", ["what", ""], rows, "No sentence is shown.")],
            summary=f"{n} test sentences of {n_tokens} tokens.",
        )

    def _copied(self, copied: Estimate) -> list[Finding]:
        if copied.value is None or copied.ci[0] <= 0.02:
            return []
        return [
            Finding(
                f"{self.id}.1",
                "high" if copied.ci[0] > 0.1 else "medium",
                "Test sentences that were trained on",
                f"{copied.name}: {said(copied)}. They flatter every score.",
                "Remove copies before splitting, or split by document.",
            )
        ]


class SpoiledSentences(TaggerCheck):
    """What lost capitals and typing errors cost."""

    id = "ANN1044"
    title = "Case and typing errors"
    keys = ("tag_score_spoiled", "tag_score_lost")

    def run(self, context: AuditContext) -> CheckResult:
        """Spoil the tokens of a sample of test sentences; tags stay as they are."""
        scheme, seed = scheme_of(context), context.seed(self.id)
        most = context.option("tagging", "max_rows", _MOST_ROWS)
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise UsageError(f"tagging.max_rows must be a whole number >= 1, got {most!r}")
        rows = np.arange(len(context.X_test))
        if len(rows) > most:
            rows = np.sort(context.rng(self.id).choice(rows, most, replace=False))
        sentences = [sentences_of(context)[i] for i in rows]
        true = [context.y_test[i] for i in rows]
        clean = counted(true, [context.y_pred[i] for i in rows], scheme)
        score = f1_of if scheme.name is not None else (lambda t: share_of(t, 2))
        name = "F1" if scheme.name is not None else "Accuracy"

        def lost(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.nan_to_num(score(a)) - np.nan_to_num(score(b))

        at, cost = {}, {}
        for way, spoiled in _ways(sentences, seed).items():
            parts = counted(true, context.model.predict(spoiled), scheme)
            at[way] = over_sentences(f"{name}, {way}", score, [parts], seed)
            cost[way] = over_sentences(f"{name} lost, {way}", lost, [clean, parts], seed)
        whole = over_sentences(name, score, [clean], seed)
        table = [["as given", whole, None], *([w, at[w], cost[w]] for w in at)]
        estimates = {f"tag_score_spoiled[{w}]": e for w, e in at.items()}
        estimates |= {f"tag_score_lost[{w}]": e for w, e in cost.items()}
        note = (
            f"{len(rows)} test sentences; typing errors in that share of the words of four "
            "letters or more. Paired bootstrap over sentences."
        )
        worst = max(cost, key=lambda w: -1.0 if cost[w].value is None else cost[w].value)
        return CheckResult(
            estimates,
            self._findings(cost),
            [Table("Spoiled sentences", ["sentences", name, "lost"], table, note)],
            [interval_chart("Cost of spoiled sentences", cost, x_label=f"{name} lost", zero=0.0)],
            summary=f"{worst} costs most: {said(cost[worst])}.",
        )

    def _findings(self, cost: dict[str, Estimate]) -> list[Finding]:
        return [
            Finding(
                f"{self.id}.{number}",
                "medium",
                f"Costly: {way}",
                f"{made.name}: {said(made)}.",
                "Train with such sentences as well, where they occur in use.",
            )
            for number, (way, made) in enumerate(cost.items(), start=1)
            if made.value is not None and made.ci[0] > LARGE_LOSS
        ]


def _ways(sentences: list[list[str]], seed: int) -> dict[str, list[list[str]]]:
    """Return the sentences spoiled in each way."""
    rng = np.random.default_rng(seed)
    mistyped = [
        [typo(w, rng) if len(w) >= _LEAST_LETTERS and rng.random() < 0.1 else w for w in s]
        for s in sentences
    ]
    return {
        "lower case": [[w.lower() for w in s] for s in sentences],
        "upper case": [[w.upper() for w in s] for s in sentences],
        "typos 0.1": mistyped,
    }
