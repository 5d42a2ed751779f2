"""Scores of written texts against references, counted by text so that texts can be resampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.audit.checks._intervals import LEAST_ROWS, few_rows
from appliednn.core.statistics import Estimate, not_estimable

N_BOOT = 300
NAMES = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
}
_ROUGE = ("rouge1", "rouge2", "rougeL")


@dataclass(frozen=True)
class Written:
    """Texts with what every score counts of each.

    Attributes
    ----------
    bleu, chrf : ndarray of shape (n, k)
        Counts that add up over texts.
    rouge : ndarray of shape (n, 3)
        F1 of each text, by 1, 2 and the longest common run.
    """

    bleu: np.ndarray
    chrf: np.ndarray
    rouge: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], references: Sequence[str]) -> Written:
        """Count texts against a reference each.

        Examples
        --------
        >>> made = Written.of(["the cat sat"], ["the cat is sat"])
        >>> round(made.scores(np.ones(1, dtype=int))["chrf"], 2)
        50.62
        """
        from appliednn.text import rouge_scores
        from appliednn.text.metrics._bleu import _counts
        from appliednn.text.metrics._chrf import _closest

        pairs = list(zip(texts, references, strict=True))
        bleu = [_counts([(a, [b])], "13a", False) for a, b in pairs]
        chrf = [_closest(a, [b], 6, 0, 2.0, False) for a, b in pairs]
        rouge = rouge_scores(list(texts), list(references), _ROUGE)
        return cls(
            np.array(bleu, dtype=np.int64),
            np.array(chrf, dtype=np.int64),
            np.column_stack([rouge[kind].f1 for kind in _ROUGE]),
        )

    def scores(self, times: np.ndarray) -> dict[str, float]:
        """Return every score of the texts, each counted so many times, (n,)."""
        from appliednn.text.metrics._bleu import _bleu
        from appliednn.text.metrics._chrf import _f_score

        rouge = times @ self.rouge / times.sum()
        return {
            "bleu": _bleu((times @ self.bleu).tolist(), effective=False),
            "chrf": _f_score((times @ self.chrf).tolist(), 2.0),
            **{kind: float(value) for kind, value in zip(_ROUGE, rouge, strict=True)},
        }


def with_intervals(
    ours: Written, others: dict[str, Written], seed: int
) -> tuple[dict[str, Estimate], dict[str, dict[str, Estimate]]]:
    """Return scores, and gains over other texts for the same references, resampling texts.

    Returns
    -------
    tuple of (dict, dict of dict)
        By score; and by score of each of ``others``.
    """
    n = len(ours.bleu)
    once = np.ones(n, dtype=np.int64)
    if n < LEAST_ROWS:
        why = few_rows(n)
        empty = {key: not_estimable(name, n, why) for key, name in NAMES.items()}
        return empty, {name: dict(empty) for name in others}
    ways = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), N_BOOT)
    point, draws = ours.scores(once), [ours.scores(w) for w in ways]
    scores = {
        key: _estimate(NAMES[key], point[key], [d[key] for d in draws], n, seed) for key in NAMES
    }
    gains = {}
    for name, other in others.items():
        here, there = other.scores(once), [other.scores(w) for w in ways]
        gains[name] = {
            key: _estimate(
                f"{NAMES[key]}, gain over {name}",
                point[key] - here[key],
                [a[key] - b[key] for a, b in zip(draws, there, strict=True)],
                n,
                seed,
            )
            for key in NAMES
        }
    return scores, gains


def _estimate(name: str, value: float, draws: list[float], n: int, seed: int) -> Estimate:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(name, value, (min(float(low), value), max(float(high), value)), n, seed=seed)
