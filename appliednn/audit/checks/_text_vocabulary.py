"""Whether test texts speak of other things than training texts, and words that tell the label."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._outcome import encode
from appliednn.audit.checks._text_shared import PRIVATE, TextCheck, Words, words_in
from appliednn.audit.checks._words import listed, percent, said, shorten
from appliednn.core.statistics import Estimate, newcombe_interval, not_estimable
from appliednn.diagnostics._text_shift import WordShift, telling_word, word_shifts
from appliednn.diagnostics._text_words import single_shares

_ALPHA = 0.01
_SHOWN = 12
#: An area surely above this is suspicious; above the second, a leak.
_SUSPICIOUS, _LEAK = 0.95, 0.99
_MATTERS = 0.02


class Vocabulary(TextCheck):
    """Words that are new in the test texts, more frequent there, or tell the label alone."""

    id = "ANN1003"
    title = "Vocabulary"
    keys = (
        "unknown_word_share",
        "unknown_word_share_excess",
        "shifted_words",
        "max_single_word_auc",
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Compare words of test and training texts; try each word as the whole model."""
        words = words_in(context)
        estimates: dict[str, Estimate] = {}
        tables, findings = [], []
        if words.train:
            estimates |= _unknown(words)
            shifted = _shifted(words)
            n = len(words.test)
            estimates["shifted_words"] = Estimate(
                "Words of another frequency in test texts", len(shifted), None, n, "exact"
            )
            tables += [_shift_table(shifted, words)] if shifted else []
            findings += self._shift_findings(estimates, shifted, words)
        if context.task != "regression":
            word, made = self._single(context, words)
            estimates["max_single_word_auc"] = made
            findings += self._leak(word, made, words)
        if not estimates:
            raise NotApplicable("no training texts to compare with, and no classes to tell apart")
        rows = [[e.name, e] for e in estimates.values()]
        tables.insert(0, Table("Vocabulary", ["what", ""], rows, f"{_NOTE} {PRIVATE}"))
        first = next(iter(estimates.values()))
        return CheckResult(estimates, findings, tables, summary=f"{first.name}: {said(first)}.")

    def _single(self, context: AuditContext, words: Words) -> tuple[str, Estimate]:
        """Return the word that tells a class best, and its area on texts it was not chosen on."""
        name = "ROC AUC of the best single word"
        texts, y = (words.train, context.y_train) if words.train else (words.test, context.y_test)
        codes = encode(y, [])
        found = telling_word(texts, codes, context.rng(self.id))
        if found is None:
            return "", not_estimable(name, len(texts), "no word is frequent enough")
        word, holds, of_class = found
        k1, n1 = int((holds & of_class).sum()), int(of_class.sum())
        k2, n2 = int((holds & ~of_class).sum()), int((~of_class).sum())
        if not n1 or not n2:
            return "", not_estimable(name, len(texts), "one class is missing in half of the texts")
        low, high = newcombe_interval(k1, n1, k2, n2)
        # A yes-or-no feature: its area is half of one plus the difference of the shares.
        area = 0.5 + (k1 / n1 - k2 / n2) / 2
        ends = (0.5 + low / 2, 0.5 + high / 2)
        return word, Estimate(name, area, ends, n1 + n2, "newcombe")

    def _leak(self, word: str, made: Estimate, words: Words) -> list[Finding]:
        if made.value is None or made.ci[0] <= _SUSPICIOUS:
            return []
        what = repr(shorten(word, 30)) if words.shown(word) else "one word"
        return [
            Finding(
                f"{self.id}.1",
                "high" if made.ci[0] > _LEAK else "medium",
                "One word tells the label",
                f"Whether a text holds {what} alone reaches {said(made)}, on texts that the word "
                "was not chosen on.",
                "Find out whether the word is there when the model is used, or was put in with "
                "the label.",
            )
        ]

    def _shift_findings(self, estimates, shifted: list[WordShift], words) -> list[Finding]:
        findings = []
        excess = estimates["unknown_word_share_excess"]
        if excess.ci[0] > _MATTERS:
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "medium" if excess.ci[0] > 0.1 else "low",
                    "Test texts use words the model has not seen",
                    f"The share of unknown words in a test text is larger than in a training text "
                    f"seen by the others: by {said(excess)}.",
                    "Train on texts like those in use, or with runs of letters that new words "
                    "share with known ones.",
                )
            )
        large = [s for s in shifted if abs(s.test - s.train) > _MATTERS and words.shown(s.word)]
        if large:
            findings.append(
                Finding(
                    f"{self.id}.3",
                    "low" if len(large) < 10 else "medium",
                    "Words of another frequency in test texts",
                    f"{_words(len(large))} more often, or more rarely, in test texts than "
                    f"chance explains (adjusted p < {_ALPHA:g}): "
                    f"{listed([repr(shorten(s.word, 20)) for s in large])}.",
                    "Check that training and test texts are of one time and source.",
                )
            )
        return findings


def _words(n: int) -> str:
    return "1 word occurs" if n == 1 else f"{n} words occur"


_NOTE = (
    "Unknown: share of a text's words that no training text holds (mean over texts); excess: that "
    "less the share of a training text's words that no other training text holds, Welch's "
    "interval. Best single word: chosen on one half of the texts, scored on the other."
)


def _unknown(words: Words) -> dict[str, Estimate]:
    """Return the share of unknown words, and how far it is above what is to be expected."""
    from appliednn.audit.checks.slices import welch_interval
    from appliednn.explain import mean_estimate

    here = words.unknown()
    expected = single_shares(words.train, words.train_counts)
    n = len(here)
    name = "Unknown words in a test text, beyond what is to be expected"
    if n < 2 or len(expected) < 2:
        excess = not_estimable(name, n, "one text is too few")
    else:
        ci = welch_interval(here, expected)
        excess = Estimate(name, float(here.mean() - expected.mean()), ci, n, "welch")
    return {
        "unknown_word_share": mean_estimate("Share of unknown words in a test text", here),
        "unknown_word_share_excess": excess,
    }


def _shifted(words: Words) -> list[WordShift]:
    found = word_shifts(words.train_counts, len(words.train), words.test_counts, len(words.test))
    return [s for s in found if s.adjusted_p < _ALPHA]


def _shift_table(shifted: list[WordShift], words: Words) -> Table:
    seen = [s for s in shifted if words.shown(s.word)][:_SHOWN]
    rows = [
        [
            shorten(s.word, 30),
            percent(s.train),
            percent(s.test),
            float(np.format_float_scientific(s.adjusted_p, 2)),
        ]
        for s in seen
    ]
    more = f" {len(shifted) - len(seen)} more words." if len(shifted) > len(seen) else ""
    note = f"Share of texts that hold the word; p adjusted by Holm over all words compared.{more}"
    return Table("Words of another frequency", ["word", "training", "test", "p"], rows, note)
