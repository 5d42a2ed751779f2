"""Models that write: translations and summaries against references, language models by surprise.

Keys
----
``bleu``, ``chrf``, ``rouge1``, ``rouge2``, ``rougeL``, the same ``_vs_copy`` and ``_vs_lead3``
(positive when the model is better), ``written_gain`` (ANN1051); ``empty_text_share``,
``copied_text_share``, ``repeating_text_share``, ``strange_number_share``, ``length_ratio``
(ANN1052); ``perplexity``, ``nats_vs_ngrams``, ``nats_vs_unigrams`` (ANN1053).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from appliednn.audit._base import Check, CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import (
    LEAST_ROWS,
    SAME,
    few_rows,
    share_estimate,
    without_ties,
)
from appliednn.audit.checks._text_shared import train_texts
from appliednn.audit.checks._words import said
from appliednn.audit.checks._writing_scores import NAMES, Written, with_intervals
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._text_words import words_of
from appliednn.explain import mean_estimate

SECTION = "writing"
_COPY, _LEAD = "a copy of the source", "its first three sentences"
_LONG = 3.5  # sentences of a source, on average, from which on a summary is asked for
_NUMBER = re.compile(r"\d+")
_ORDER = 5


class AgainstReferences(Check):
    """BLEU, chrF and ROUGE, beside what costs nothing: a copy, the first sentences."""

    id = "ANN1051"
    section = SECTION
    title = "Written texts against references"
    keys = (
        *NAMES,
        *(f"{key}_vs_{other}" for key in NAMES for other in ("copy", "lead3")),
        "written_gain",
    )
    tasks = ("writing",)
    reads = ("text",)

    def run(self, context: AuditContext) -> CheckResult:
        """Count shared runs; resample texts, the model's and the cheap ones together."""
        from appliednn.text import split_sentences

        sources, references = context.texts, context.y_test.tolist()
        sentences = [split_sentences(s) for s in sources]
        lead = [" ".join(s[:3]) for s in sentences]
        long = float(np.mean([len(s) for s in sentences])) >= _LONG
        others = {_COPY: Written.of(sources, references)}
        if long:
            others[_LEAD] = Written.of(lead, references)
        seed = context.seed(self.id)
        ours = Written.of(context.y_pred.tolist(), references)
        estimates, gains = with_intervals(ours, others, seed)
        for name, suffix in ((_COPY, "copy"), (_LEAD, "lead3")):
            estimates |= {f"{k}_vs_{suffix}": e for k, e in gains.get(name, {}).items()}
        main = "rougeL_vs_lead3" if long else "chrf_vs_copy"
        estimates["written_gain"] = without_ties(estimates[main])
        rows = [[NAMES[k], estimates[k], *(gains[o][k] for o in others)] for k in NAMES]
        note = (
            "BLEU and chrF of all texts together, from 0 to 100; ROUGE: mean F1 of the texts, 0 "
            "to 1. Bootstrap over texts, paired for gains. One reference each: other good texts "
            "count as errors."
        )
        head = ["score", "value", *(f"gain over {o}" for o in others)]
        shown = {name: gains[name]["chrf"] for name in others}
        return CheckResult(
            estimates,
            self._findings(estimates["written_gain"]),
            [Table("Against references", head, rows, note)],
            [interval_chart("Gain in chrF", shown, x_label="gain in chrF", zero=0.0)],
            summary=f"chrF is {said(estimates['chrf'])}, BLEU {said(estimates['bleu'])}.",
        )

    def _findings(self, gain: Estimate) -> list[Finding]:
        if gain.reason != SAME and (gain.value is None or gain.ci[0] > 0):
            return []
        surely = gain.value is not None and gain.ci[1] < 0
        return [
            Finding(
                f"{self.id}.1",
                "high" if surely else "medium",
                "Worse than what costs nothing" if surely else "Not surely better than nothing",
                f"{gain.name}: {said(gain)}.",
                "Use the cheap text, or train on more pairs.",
            )
        ]


class HowItWrites(Check):
    """Empty, copied and repeating texts, and numbers that came from nowhere."""

    id = "ANN1052"
    section = SECTION
    title = "How it writes"
    keys = (
        "empty_text_share",
        "copied_text_share",
        "repeating_text_share",
        "strange_number_share",
        "length_ratio",
    )
    tasks = ("writing",)
    reads = ("text",)

    def run(self, context: AuditContext) -> CheckResult:
        """Look at the written texts without their references, and at their lengths with."""
        written, sources = context.y_pred.tolist(), context.texts
        pairs = list(zip(written, sources, strict=True))
        n = len(written)
        words = [words_of(w) for w in written]
        asked = [len(words_of(r)) for r in context.y_test.tolist()]
        counts = {
            "empty_text_share": ("Texts without a word", sum(not w for w in words)),
            "copied_text_share": (
                "Texts equal to their source",
                sum(a.strip() == b.strip() for a, b in pairs),
            ),
            "repeating_text_share": (
                "Texts that say three words three times",
                sum(repeats(w) for w in words),
            ),
            "strange_number_share": (
                "Texts with a number that the source does not hold",
                sum(bool(set(_NUMBER.findall(a)) - set(_NUMBER.findall(b))) for a, b in pairs),
            ),
        }
        estimates = {key: share_estimate(name, k, n, "") for key, (name, k) in counts.items()}
        ratios = [len(w) / r for w, r in zip(words, asked, strict=True) if r]
        if len(ratios) > 1:
            name = "Words written for a word of the reference"
            estimates["length_ratio"] = mean_estimate(name, np.array(ratios))
        return CheckResult(
            estimates,
            self._findings(estimates),
            [Table("How it writes", ["what", ""], [[e.name, e] for e in estimates.values()])],
            summary=f"{estimates['repeating_text_share'].name}: "
            f"{said(estimates['repeating_text_share'])}.",
        )

    def _findings(self, estimates: dict[str, Estimate]) -> list[Finding]:
        advice = {
            "empty_text_share": "Set a shortest length, or train longer.",
            "repeating_text_share": "Train longer, or write by beam search with a length penalty.",
            "strange_number_share": "Have numbers checked by a person, or copied by a rule.",
        }
        return [
            Finding(
                f"{self.id}.{number}",
                "medium",
                estimates[key].name,
                f"They are a share of {said(estimates[key])} of the texts.",
                action,
            )
            for number, (key, action) in enumerate(advice.items(), start=1)
            if estimates[key].ci[0] > 0.02
        ]


def repeats(words: Sequence[str], n: int = 3, times: int = 3) -> bool:
    """Whether a text says the same run of words again and again.

    Examples
    --------
    >>> repeats("to be or to be or to be or not".split()), repeats("to be or not".split())
    (True, False)
    """
    runs = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    return bool(runs) and max(runs.values()) >= times


class Surprise(Check):
    """How surprised a language model is by new texts, beside models that count."""

    id = "ANN1053"
    section = SECTION
    title = "Perplexity"
    keys = ("perplexity", "nats_vs_ngrams", "nats_vs_unigrams")
    tasks = ("language",)
    reads = ("text",)

    def run(self, context: AuditContext) -> CheckResult:
        """Measure nats a token by text; count the training texts in the model's own tokens."""
        model, texts = context.model, [t for t in context.texts if t]
        if len(texts) < LEAST_ROWS:
            raise NotApplicable(few_rows(len(texts)).replace("row", "text"))
        if not hasattr(model, "vocabulary_"):
            raise NotApplicable("the model does not tell its tokens (vocabulary_)")
        streams = [np.asarray(model.vocabulary_.encode(t)) for t in texts]
        sizes = np.array([len(s) for s in streams], dtype=np.float64)
        nats = -np.asarray(model.score_samples(texts), dtype=np.float64) * sizes
        seed = context.seed(self.id)
        made = _per_token("Perplexity of a token", nats, sizes, seed)
        estimates = {"perplexity": _exp(made)}
        rows = [[estimates["perplexity"].name, estimates["perplexity"]]]
        if context.X_train is not None:
            for key, name, other in _counted(model, streams, train_texts(context)):
                gain = _per_token(f"Nats a token less than {name}", other - nats, sizes, seed)
                estimates[key] = gain
                rows.append([gain.name, gain])
        note = (
            f"{len(texts)} test texts in the model's own tokens; bootstrap over texts. n-grams: "
            f"interpolated Kneser-Ney of order {_ORDER}, of the training texts."
        )
        return CheckResult(
            estimates,
            self._findings(estimates.get("nats_vs_ngrams")),
            [Table("Surprise", ["what", ""], rows, note)],
            summary=f"Perplexity: {said(estimates['perplexity'])}.",
        )

    def _findings(self, gain: Estimate | None) -> list[Finding]:
        if gain is None or gain.value is None or gain.ci[0] > 0:
            return []
        return [
            Finding(
                f"{self.id}.1",
                "medium",
                "Counting does as well",
                f"{gain.name}: {said(gain)}.",
                "Train longer or on more text, or use the n-grams.",
            )
        ]


def _per_token(name: str, totals: np.ndarray, sizes: np.ndarray, seed: int) -> Estimate:
    """Return a mean over tokens with a bootstrap over texts."""
    n = len(totals)
    ways = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), 1000)
    value = float(totals.sum() / sizes.sum())
    low, high = np.quantile((ways @ totals) / (ways @ sizes), [0.025, 0.975])
    return Estimate(name, value, (min(float(low), value), max(float(high), value)), n, seed=seed)


def _exp(made: Estimate) -> Estimate:
    ends = (float(np.exp(made.ci[0])), float(np.exp(made.ci[1])))
    return Estimate(made.name, float(np.exp(made.value)), ends, made.n, seed=made.seed)


def _counted(model, streams: list[np.ndarray], train: list[str]):
    """Return the nats of each text by models that count the training texts."""
    from appliednn.text.generation._marks import END
    from appliednn.text.generation._ngrams import KneserNey

    parts = [np.append([END], model.vocabulary_.encode(t)) for t in train]
    every = np.concatenate(parts).astype(np.int64)
    n_ids = int(model.vocabulary_.n_ids_)
    for key, name, order in (
        ("nats_vs_ngrams", "counted n-grams", _ORDER),
        ("nats_vs_unigrams", "counted tokens", 1),
    ):
        counted = KneserNey(order, n_ids).fit(every)
        nats = [-counted.log_probs(np.append([END], s).astype(np.int64)).sum() for s in streams]
        yield key, name, np.array(nats)


CHECKS: tuple[type[Check], ...] = (AgainstReferences, HowItWrites, Surprise)
