"""ANN704: a search by predictions alone, in raw features, through the whole deployed model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from appliednn.audit._base import SUPERVISED, Check, CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._adversarial import EPS
from appliednn.audit.checks._stress import (
    Sample,
    count_option,
    curve_chart,
    curve_table,
    draw_sample,
    is_large,
    levels_option,
    said,
)
from appliednn.core.statistics import Estimate
from appliednn.robustness import (
    RawBox,
    StressCurve,
    blackbox_search,
    boundary_distance,
    robust_scale,
)


class BlackBoxSearch(Check):
    """How the metric falls under changes found without gradients."""

    id = "ANN704"
    section = "robustness"
    title = "Black-box search in raw features"
    keys = ("accuracy_blackbox", "rmse_blackbox", "boundary_distance")
    tasks = SUPERVISED
    instead = "attacks look for a wrong answer, and a detector is given none to be wrong about"
    reads = ("table",)
    unread = "a text has no numbers to move; attacks that exchange words are ANN1022"

    def run(self, context: AuditContext) -> CheckResult:
        """Search box corners around raw rows; any model with predictions will do."""
        sample = draw_sample(context, self.id)
        scale = {c: s for c, s in robust_scale(sample.reference).items() if c in sample.X.columns}
        if not scale:
            raise NotApplicable("no continuous feature, so a search has nothing to change")
        eps = levels_option(context, "eps", EPS)
        n_tries = count_option(context, "blackbox_tries", 20)
        curve = _search(context, sample, scale, eps, n_tries)
        kind, name = sample.metric.kind, sample.metric.name
        note = (
            f"The model is asked only for predictions: {n_tries} corners of the box around each "
            f"of {len(sample.y)} rows, in units of the robust scale of {len(scale)} continuous "
            "features; each row counts at the worst corner found. A search finds less than "
            f"gradients would, so the truth may be worse. Seed {sample.seed}."
        )
        result = CheckResult(
            estimates=curve.estimates(f"{kind}_blackbox", f"{name} under black-box search at eps"),
            findings=self._findings(sample, curve),
            tables=[curve_table("Black-box search", "eps (robust scales)", curve, note)],
            figures=[curve_chart("Black-box search", {name: curve}, "eps in robust scales")],
            summary=f"Searched without gradients, {sample.metric.word} goes from "
            f"{said(curve.clean_estimate)} to "
            f"{said(curve.at[-1])} at eps {eps[-1]:g}.",
        )
        n_hop = count_option(context, "hop_skip_jump_rows", 0, least=0)
        if n_hop and context.classes is not None:
            self._add_distances(result, context, sample, scale, n_hop)
        return result

    def _findings(self, sample: Sample, curve: StressCurve) -> list[Finding]:
        i = curve.nearest(0.1)
        lost = curve.lost[i]
        if not is_large(sample, curve.clean, lost.ci[0] / 2):
            return []
        return [
            Finding(
                f"{self.id}.1",
                "low",
                "A few guesses change the result",
                f"Within {curve.levels[i]:g} robust scales of each continuous feature, a search "
                f"without gradients costs {said(lost)} of {sample.metric.word}.",
                "Only a concern where someone can choose the features; smooth the model "
                "(more regularisation, fewer or larger leaves) or limit what a user may set.",
            )
        ]

    def _add_distances(self, result, context, sample: Sample, scale, n_rows: int) -> None:
        """Add how far rows are from another label, by ART's HopSkipJump."""
        right = np.flatnonzero(sample.predict(sample.X) == sample.y)[:n_rows]
        if len(right) == 0:
            return
        few = sample.X.iloc[right].reset_index(drop=True)
        distances = boundary_distance(
            sample.predict, RawBox(few, scale), context.classes, random_state=sample.seed
        )
        found = distances[np.isfinite(distances)]
        if len(found) == 0:
            return
        rng = np.random.default_rng(sample.seed)
        draws = np.median(rng.choice(found, (1000, len(found))), axis=1)
        low, high = np.quantile(draws, [0.025, 0.975])
        estimate = Estimate(
            "Median distance to another label (HopSkipJump)",
            float(np.median(found)),
            (float(low), float(high)),
            len(found),
            seed=sample.seed,
        )
        result.estimates["boundary_distance"] = estimate
        result.tables.append(
            Table(
                "Distance to another label",
                ["rows tried", "rows where one was found", "median L-infinity distance"],
                [[len(right), len(found), estimate]],
                "ART's HopSkipJump on rows predicted rightly, in robust scales: an upper bound.",
            )
        )


def _search(context, sample: Sample, scale: dict, eps, n_tries: int) -> StressCurve:
    """Return the metric at the worst corners found; all sizes share each call of the model."""
    n = len(sample.y)
    rows = pd.concat([sample.X] * len(eps), ignore_index=True)
    every = replace(sample, X=rows, y=np.tile(sample.y, len(eps)))
    worst = blackbox_search(
        _score(context, every),
        RawBox(rows, scale),
        np.repeat(eps, n),
        n_tries=n_tries,
        random_state=sample.seed,
    )
    values = sample.metric.values(every.y, sample.predict(worst)).reshape(len(eps), n)
    clean = sample.metric.values(sample.y, sample.predict(sample.X))
    return StressCurve(sample.metric, tuple(eps), clean, values, sample.seed)


def _score(context: AuditContext, sample: Sample) -> Callable[[pd.DataFrame], np.ndarray]:
    """Return how badly rows fare: margin of the true class, error, or a wrong label."""
    if context.classes is None:
        return lambda rows: np.abs(sample.predict(rows) - sample.y)
    known = np.isin(sample.y, context.classes)
    if context.has_proba and known.all():
        labels = np.searchsorted(np.sort(context.classes), sample.y)
        labels = np.argsort(context.classes)[labels]

        def margin(rows):
            p = np.array(context.predict_proba(rows), dtype=np.float64)
            at = np.arange(len(p))
            true = p[at, labels]
            p[at, labels] = -np.inf
            return p.max(axis=1) - true

        return margin
    return lambda rows: (sample.predict(rows) != sample.y).astype(float)
