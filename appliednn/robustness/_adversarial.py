"""FGSM, PGD and a random search over a range of sizes, with the checks that make them credible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.robustness._attacks import fgsm, pgd, random_search
from appliednn.robustness._curves import StressCurve
from appliednn.robustness._deployed import DeployedScore
from appliednn.robustness._encoded import EncodedView
from appliednn.robustness._margins import class_index, margin_gradient
from appliednn.robustness._row_metric import RowMetric
from appliednn.robustness._sanity import SanityCheck, gradient_checks

ATTACKS = ("fgsm", "pgd", "random")
# An attack may lose to a weaker one by this much before the result is doubted: a row or so.
_SLACK = 0.005


@dataclass(frozen=True)
class AttackSettings:
    """How hard the attacks try.

    Attributes
    ----------
    n_steps : int
        Steps of PGD, each of length ``2.5 * eps / n_steps``.
    n_restarts : int
        Starts of PGD: the clean row, then random points.
    n_tries : int
        Corners tried by the random search.
    seed : int
        Root of the random starts and corners.
    """

    n_steps: int = 40
    n_restarts: int = 5
    n_tries: int = 20
    seed: int = 0


@dataclass(frozen=True)
class AdversarialResult:
    """What the attacks found.

    Attributes
    ----------
    curves : dict of str to StressCurve
        By attack (``"fgsm"``, ``"pgd"``, ``"random"``), over the sizes.
    shift : ndarray of shape (n_eps, n) or None
        Regression: how far PGD moved each prediction, in target units.
    margins : list of float
        Classification: median margin of the true class under PGD, the clean rows first.
    sanity : list of SanityCheck
        Whether the numbers are to be believed.
    """

    curves: dict[str, StressCurve]
    shift: np.ndarray | None
    margins: list[float]
    sanity: list[SanityCheck]


def adversarial_curves(
    view: EncodedView,
    y: np.ndarray,
    score: DeployedScore,
    eps: Sequence[float],
    *,
    settings: AttackSettings | None = None,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
) -> AdversarialResult:
    """Attack encoded rows at every size and score the points as deployed.

    Parameters
    ----------
    view : EncodedView
        Rows and the cells that may move.
    y : ndarray of shape (n,)
        True labels or targets.
    score : DeployedScore
        How points are scored.
    eps : sequence of float
        Sizes, in units of the encoded space.
    settings : AttackSettings, optional
        Effort and seed.
    lower, upper : ndarray of shape (n_inputs,), optional
        Range of each encoded feature; points stay inside.

    Returns
    -------
    AdversarialResult

    Examples
    --------
    >>> from appliednn.robustness import adversarial_curves, deployed_score, encoded_view
    >>> view = encoded_view(model, X)  # doctest: +SKIP
    >>> score = deployed_score(view.estimator, view.Z, model.predict(X))  # doctest: +SKIP
    >>> adversarial_curves(view, y, score, [0.1]).curves["pgd"].values.mean()  # doctest: +SKIP
    """
    run = _Run(view, np.asarray(y), score, settings or AttackSettings(), lower, upper)
    sizes = tuple(sorted(float(e) for e in eps))
    points = {name: [run.attack(name, e) for e in sizes] for name in ATTACKS}
    metric = RowMetric("accuracy" if run.labels is not None else "rmse")
    clean = metric.values(run.y, score.predict(view.Z))
    curves = {
        name: StressCurve(
            metric,
            sizes,
            clean,
            np.array([metric.values(run.y, score.predict(Z)) for Z in found]),
            run.settings.seed,
        )
        for name, found in points.items()
    }
    sanity = [
        *_ordering(curves),
        run.inside(points, sizes),
        *gradient_checks(view.estimator, view.Z, view.mask),
        run.alive(),
        _as_deployed(score),
    ]
    margins = []
    if run.labels is not None:
        both = [view.Z, *points["pgd"]]
        margins = [float(np.median(score.margins(Z, run.labels))) for Z in both]
    return AdversarialResult(curves, run.shift(sizes), margins, sanity)


@dataclass
class _Run:
    """The attacks' common arguments."""

    view: EncodedView
    y: np.ndarray
    score: DeployedScore
    settings: AttackSettings
    lower: np.ndarray | None
    upper: np.ndarray | None

    def __post_init__(self) -> None:
        est = self.view.estimator
        self.labels = class_index(est, self.y) if hasattr(est, "classes_") else None

    def attack(self, name: str, eps: float, goal: str = "error") -> np.ndarray:
        s, common = self.settings, (self.view.estimator, self.view.Z, self.y, eps)
        where = {"mask": self.view.mask, "lower": self.lower, "upper": self.upper, "goal": goal}
        if name == "fgsm":
            return fgsm(*common, **where)
        if name == "random":
            return random_search(*common, n_tries=s.n_tries, random_state=s.seed, **where)
        return pgd(
            *common, n_steps=s.n_steps, n_restarts=s.n_restarts, random_state=s.seed, **where
        )

    def shift(self, sizes: Sequence[float]) -> np.ndarray | None:
        """Return how far predictions can be moved, whatever the true value (regression)."""
        if self.labels is not None:
            return None
        clean = self.score.predict(self.view.Z)
        moved = [self.score.predict(self.attack("pgd", e, "shift")) for e in sizes]
        return np.abs(np.array(moved) - clean)

    def inside(self, points: dict, sizes: Sequence[float]) -> SanityCheck:
        """Whether every point is within its size and its mask."""
        excess, moved = 0.0, 0
        Z, frozen = self.view.Z, ~self.view.mask
        for found in points.values():
            for eps, P in zip(sizes, found, strict=True):
                excess = max(excess, float(np.abs(P - Z).max()) - eps)
                moved += int(np.count_nonzero((P != Z) & frozen))
        return SanityCheck(
            "points lie within eps and leave categories and indicators alone",
            excess <= 1e-5 and moved == 0,
            f"largest excess {max(excess, 0.0):.1g}, {moved} cells changed that may not",
        )

    def alive(self) -> SanityCheck:
        """Whether every row has a gradient to follow."""
        est, Z, mask = self.view.estimator, self.view.Z, self.view.mask
        if self.labels is None:
            slopes = np.asarray(est.network_.output_gradient(Z, 0))
            flat = 0
        else:
            slopes = margin_gradient(est, Z, self.labels)
            loss = est.network_.loss_gradient(Z, est.encode_target(self.y))
            flat = int((~np.any(np.asarray(loss) * mask, axis=1)).sum())
        movable = mask.any(axis=1)
        dead = int((~np.any(slopes * mask, axis=1) & movable).sum())
        also = f"; the loss of {flat} is flat, their margin was attacked" if flat else ""
        return SanityCheck(
            "every row has a gradient", dead == 0, f"{dead} of {len(Z)} rows have none{also}"
        )


def _ordering(curves: dict[str, StressCurve]) -> list[SanityCheck]:
    """Whether PGD beats FGSM and the random search, and grows with eps."""
    pgd_curve = curves["pgd"]
    checks = []
    for other, name in (
        ("fgsm", "PGD is at least as strong as FGSM"),
        ("random", "random search is no stronger than PGD"),
    ):
        gaps = _gap(pgd_curve.metric, pgd_curve.values, curves[other].values)
        checks.append(_gap_check(name, gaps, pgd_curve.levels, _allowed(pgd_curve)))
    grown = np.vstack([pgd_curve.clean, pgd_curve.values])
    gaps = _gap(pgd_curve.metric, grown[1:], grown[:-1])
    name = "PGD gets no weaker as eps grows"
    return [*checks, _gap_check(name, gaps, pgd_curve.levels, _allowed(pgd_curve))]


def _gap(metric: RowMetric, stronger: np.ndarray, weaker: np.ndarray) -> np.ndarray:
    """Return by how much the attack that should be stronger is weaker, per size."""
    a, b = metric.reduce(stronger.mean(axis=1)), metric.reduce(weaker.mean(axis=1))
    return a - b if metric.kind == "accuracy" else b - a


def _allowed(curve: StressCurve) -> float:
    """Return the tolerated gap: half a point and a row, or half a percent of the clean RMSE."""
    if curve.metric.kind == "accuracy":
        return _SLACK + 1 / len(curve.clean)
    return _SLACK * float(curve.metric.reduce(curve.clean.mean()))


def _gap_check(name, gaps, levels, allowed) -> SanityCheck:
    worst = int(np.argmax(gaps))
    if gaps[worst] <= 0:
        return SanityCheck(name, True, "at every size")
    detail = f"weaker by {gaps[worst]:.3g} at eps {levels[worst]:g} (tolerated: {allowed:.2g})"
    return SanityCheck(name, bool(gaps[worst] <= allowed), detail)


def _as_deployed(score: DeployedScore) -> SanityCheck:
    """Whether the encoded path gives the deployed predictions on clean rows."""
    at = "" if score.threshold is None else f"; threshold {score.threshold:.3g}"
    return SanityCheck(
        "points are scored as the deployed model would",
        score.agreement >= 0.999,
        f"{100 * score.agreement:.1f} % of clean predictions agree{at}",
    )
