"""What the checks of taggers share: entities counted by sentence, and intervals over sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.audit._base import Check
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import LEAST_ROWS, few_rows, n_resamples
from appliednn.core.statistics import Estimate, not_estimable

SECTION = "tagging"
Tags = Sequence[Sequence[str]]


class TaggerCheck(Check):
    """A question to a model that gives a tag to each token."""

    section = SECTION
    tasks = ("tagging",)
    reads = ("tokens",)


@dataclass(frozen=True)
class Scheme:
    """How tags write entities.

    Attributes
    ----------
    name : str or None
        ``"IOB2"``, ...; None where tags stand for themselves.
    mode : str
        As :func:`appliednn.text.tagging.entities_of` takes it.
    """

    name: str | None
    mode: str = "conlleval"

    def entities(self, tags: Sequence[str]) -> set[tuple[int, int, str]]:
        """Return the entities of a sentence: first token, token after the last, type."""
        from appliednn.text.tagging import entities_of

        return set(entities_of(list(tags), self.name, self.mode))


def scheme_of(context: AuditContext) -> Scheme:
    """Return the tagger's own scheme, else what the test tags look like."""
    found = context.inner("scheme_")
    if found is not None:
        strict = bool(getattr(found, "constrained_", False))
        return Scheme(found.scheme_, "strict" if strict else "conlleval")
    from appliednn.text.tagging._schemes import detect_scheme

    return Scheme(detect_scheme(list(context.y_test))[0])


def sentences_of(context: AuditContext) -> list[list[str]]:
    """Return the tokens of the test sentences."""
    return context.X_test.iloc[:, 0].tolist()


def counted(true: Tags, given: Tags, scheme: Scheme, kind: str | None = None) -> np.ndarray:
    """Return what is right, found and there in each sentence, (n, 3).

    Entities where the tags write some (of one type only, where ``kind`` names it); else tokens,
    of which as many are found as are there.

    Examples
    --------
    >>> counted([["B-A", "O"]], [["B-A", "B-A"]], Scheme("IOB2")).tolist()
    [[1, 2, 1]]
    """
    rows = []
    for t, g in zip(true, given, strict=True):
        if scheme.name is None:
            right = sum(a == b for a, b in zip(t, g, strict=True))
            rows.append((right, len(t), len(t)))
            continue
        there, found = scheme.entities(t), scheme.entities(g)
        if kind is not None:
            there = {e for e in there if e[2] == kind}
            found = {e for e in found if e[2] == kind}
        rows.append((len(there & found), len(found), len(there)))
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def f1_of(totals: np.ndarray) -> np.ndarray:
    """Return F1 of sums of right, found and there (..., 3); NaN where there is nothing."""
    right, found, there = np.moveaxis(np.asarray(totals, dtype=np.float64), -1, 0)
    both = found + there
    return np.divide(2 * right, both, np.full(np.shape(both), np.nan), where=both > 0)


def share_of(totals: np.ndarray, of: int) -> np.ndarray:
    """Return precision (``of=1``) or recall (``of=2``) of sums (..., 3)."""
    values = np.asarray(totals, dtype=np.float64)
    top, bottom = values[..., 0], values[..., of]
    return np.divide(top, bottom, np.full(np.shape(bottom), np.nan), where=bottom > 0)


def over_sentences(name: str, score, parts: Sequence[np.ndarray], seed: int) -> Estimate:
    """Return a score of sums over sentences with a percentile bootstrap over sentences.

    Parameters
    ----------
    name : str
    score : callable
        ``score(sums...)`` of arrays (..., k), one for each part.
    parts : sequence of ndarray, shape (n, k)
        Counts by sentence; resampled together, so that differences stay paired.
    seed : int
    """
    n = len(parts[0])
    point = float(score(*(part.sum(axis=0) for part in parts)))
    if not np.isfinite(point):
        return not_estimable(name, n, "nothing of the kind occurs")
    if n < LEAST_ROWS:
        return not_estimable(name, n, few_rows(n).replace("row", "sentence"))
    ways = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), n_resamples(n))
    draws = score(*(ways @ part for part in parts))
    draws = draws[np.isfinite(draws)]
    if len(draws) < len(ways) / 2:
        return not_estimable(name, n, "it occurs in too few sentences")
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(name, point, (min(float(low), point), max(float(high), point)), n, seed=seed)
