"""How many words have to be exchanged until the model changes its answer."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import LEAST_ROWS, few_rows, share_estimate
from appliednn.audit.checks._text_explained import text_scores
from appliednn.audit.checks._text_shared import TextCheck, reader_with, words_in
from appliednn.audit.checks._text_stress import sample_rows
from appliednn.audit.checks._words import percent, said
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._text_words import word_spans
from appliednn.explain import mean_estimate
from appliednn.robustness._text_attack import Margin, WordAttack, flip_words, substitute_words

_SHARE = 0.2
_N_TRIED = 300  # words that the gradient may put in: the most frequent ones
_LEAST_WORDS, _MOST_WORDS = 3, 150


class Substitution(TextCheck):
    """A search for the few words whose exchange turns a right answer into a wrong one."""

    id = "ANN1022"
    title = "Words exchanged until the answer changes"
    keys = (
        "accuracy_under_substitution",
        "substitution_success",
        "random_substitution_success",
        "words_exchanged",
        "hotflip_success",
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Attack rightly answered texts, and do the same at random for comparison."""
        if context.task == "regression":
            raise NotApplicable("the attack looks for another class, and a regressor has none")
        scores, _ = text_scores(context)
        share = _share_option(context)
        n_words = np.array([len(w) for w in words_in(context).test])
        fit = (n_words >= _LEAST_WORDS) & (n_words <= _MOST_WORDS)
        rows = sample_rows(context, "max_attacked", 60, np.flatnonzero(fit))
        right = rows[context.y_pred[rows] == context.y_test[rows]]
        if len(right) < LEAST_ROWS:
            raise NotApplicable(f"of rightly answered texts {few_rows(len(right))}")
        made, chance = [], []
        for row in right:
            margin = _margin(context, scores, int(row))
            text = context.texts[row]
            for out, at_random in ((made, False), (chance, True)):
                rng = context.rng(f"{self.id} {row}")
                out.append(substitute_words(text, margin, rng, share=share, at_random=at_random))
        estimates = _estimates(made, chance, len(rows))
        flipped = self._by_gradient(context, scores, right, share)
        if flipped is not None:
            estimates["hotflip_success"] = flipped
        return CheckResult(
            estimates,
            self._findings(estimates, share),
            [_table(estimates, share, len(rows))],
            summary=f"{said(estimates['substitution_success'])} of the rightly answered texts are "
            f"answered wrongly once up to {percent(share)} of their words are exchanged.",
        )

    def _by_gradient(self, context: AuditContext, scores, right, share: float):
        """Return how often words put in by the gradient change the answer; None without one."""
        reader = reader_with(context, "replacement_gains")
        if reader is None:
            return None
        ask = reader.replacement_gains
        words = words_in(context)
        known = words.train_counts or words.test_counts
        candidates = [w for w, _ in sorted(known.items(), key=lambda p: (-p[1], p[0]))[:_N_TRIED]]
        texts = [context.texts[row] for row in right]
        try:
            gains = ask(texts, context.y_test[right], candidates)
        except AttributeError:  # such as a bag of n-grams, which has no gradient by word
            return None
        hits = n = 0
        for row, text, gain in zip(right, texts, gains, strict=True):
            placed = by_word(text, np.asarray(gain))
            if placed is not None:
                margin = _margin(context, scores, int(row))
                hits += flip_words(text, margin, placed, candidates, share=share).flipped
                n += 1
        name = "Right answers changed by words that the gradient picks (HotFlip)"
        return share_estimate(name, hits, n, "the network's tokens are no words of the texts")

    def _findings(self, estimates: dict[str, Estimate], share: float) -> list[Finding]:
        hit, chance = estimates["substitution_success"], estimates["random_substitution_success"]
        findings = []
        if hit.ci[0] > 0.5:
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "low",
                    "A few exchanged words change the answer",
                    f"Synonyms and typing errors in up to {percent(share)} of the words, chosen "
                    f"by a search, change {said(hit)} of the right answers; chosen at random "
                    f"{said(chance)}.",
                    "Where somebody gains by it, train with such texts and do not show scores.",
                )
            )
        if chance.value > hit.value:
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "info",
                    "The search is no better than chance",
                    f"Random exchanges change {said(chance)} of the answers, the search "
                    f"{said(hit)}: its result says little of how robust the model is.",
                )
            )
        return findings


def by_word(text: str, gains: np.ndarray) -> np.ndarray | None:
    """Return the rows of the gains that are of words, or None where tokens are something else.

    Examples
    --------
    >>> by_word("no, no", np.array([[1.0], [5.0], [2.0]])).tolist()
    [[1.0], [2.0]]
    """
    from appliednn.text._words import word_spans as token_spans

    tokens, words = token_spans(text), word_spans(text)
    if len(tokens) != len(gains):
        return None
    starts = {start: i for i, (start, _) in enumerate(tokens)}
    if any(start not in starts for start, _ in words):
        return None
    return gains[[starts[start] for start, _ in words]]


def _share_option(context: AuditContext) -> float:
    share = context.option("text", "exchanged", _SHARE)
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
        raise UsageError(f"text.exchanged must be a share above 0 and up to 1, got {share!r}")
    return float(share)


def _margin(context: AuditContext, scores, row: int) -> Margin:
    """Return how far texts are from another answer than that of a row."""
    k = int(np.flatnonzero(context.classes == context.y_pred[row])[0])

    def margin(texts: list[str]) -> np.ndarray:
        if not texts:
            return np.zeros(0)
        made = np.asarray(scores(texts), dtype=np.float64)
        others = np.delete(made, k, axis=1).max(axis=1)
        # What the model answers decides, also where it does not follow its scores.
        far = np.abs(made[:, k] - others)
        same = np.asarray(context.model.predict(texts)) == context.y_pred[row]
        return np.where(same, far, -far - 1e-12)

    return margin


def _estimates(made: list[WordAttack], chance: list[WordAttack], n: int) -> dict[str, Estimate]:
    hits, by_chance = (sum(a.flipped for a in each) for each in (made, chance))
    out = {
        "substitution_success": share_estimate(
            "Right answers changed by the search", hits, len(made), ""
        ),
        "random_substitution_success": share_estimate(
            "Right answers changed at random", by_chance, len(made), ""
        ),
        "accuracy_under_substitution": share_estimate(
            "Accuracy under the search", len(made) - hits, n, ""
        ),
    }
    used = np.array([a.changed / a.n_words for a in made if a.flipped])
    if len(used):
        out["words_exchanged"] = mean_estimate("Share of words exchanged where it worked", used)
    return out


def _table(estimates: dict[str, Estimate], share: float, n: int) -> Table:
    note = (
        f"{n} test texts of {_LEAST_WORDS} to {_MOST_WORDS} words, the rightly answered ones "
        f"attacked: up to {percent(share)} of the words give way to a synonym of the package's "
        "own English table or a mistyped form, in the order of what the model loses without them. "
        "At random: as many words, any of them. HotFlip, where the network gives a gradient by "
        f"word: any of the {_N_TRIED} most frequent words, so that the meaning may change."
    )
    return Table("Exchanged words", ["what", ""], [[e.name, e] for e in estimates.values()], note)
