"""White-box attacks on neural estimators in the encoded space, through one compiled loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.robustness._encoded import numeric_mask
from appliednn.robustness._margins import class_index, margins
from appliednn.robustness._search import corner_search

Goal = Literal["shift", "error"]

# A regression target this many standard deviations away from the prediction makes every
# regression loss push the prediction the other way, whatever the row's own target is.
_FAR = 10.0


def fgsm(
    est,
    Z: np.ndarray,
    y: np.ndarray,
    eps: float,
    *,
    mask: np.ndarray | None = None,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    goal: Goal = "shift",
    keep_clean: bool = True,
) -> np.ndarray:
    """Fast gradient sign method: one step of length ``eps``.

    Parameters
    ----------
    est : fitted neural estimator
        Has ``network_``, ``encode_target``, ``logits`` (classifiers) and ``predict_encoded``.
    Z : ndarray of shape (n, n_inputs)
        Encoded rows (``est.encode(X)``).
    y : ndarray of shape (n,)
        True labels or targets, as given to ``fit``.
    eps : float
        Largest change of a feature, in units of the encoded space.
    mask : ndarray of bool, broadcastable to ``Z``, optional
        Cells that may move; default: the encoder's continuous columns.
    lower, upper : ndarray, broadcastable to ``Z``, optional
        Bounds of the points.
    goal : {"shift", "error"}
        Regressors: move the prediction as far as possible, or away from ``y``.
    keep_clean : bool
        Keep the clean row where the step did not make it worse, so that an attack never helps.

    Returns
    -------
    ndarray of shape (n, n_inputs), float32

    Raises
    ------
    UsageError
        When ``eps`` is not a positive number or shapes do not fit.

    Notes
    -----
    Source: I. Goodfellow, J. Shlens, C. Szegedy, ICLR 2015.

    Examples
    --------
    >>> from appliednn.robustness import fgsm
    >>> fgsm(model, model.encode(X), y, eps=0.1)  # doctest: +SKIP
    """
    task = _Problem(est, Z, y, eps, mask, lower, upper, goal)
    best, best_score = task.start(keep_clean)
    for target in task.targets():
        slope = est.network_.loss_gradient(task.Z, target)
        points = task.project(task.Z + np.float32(eps) * np.sign(slope))
        best, best_score = _worse(best, best_score, points, task.score(points))
    return best


def pgd(
    est,
    Z: np.ndarray,
    y: np.ndarray,
    eps: float,
    *,
    n_steps: int = 40,
    step: float | None = None,
    n_restarts: int = 1,
    random_state: int = 0,
    mask: np.ndarray | None = None,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    goal: Goal = "shift",
) -> np.ndarray:
    """Projected gradient descent on the L-infinity ball of radius ``eps``.

    Classifiers: the loss of the true label is maximised. Where the label holds and the loss may
    be the wrong guide, the margin of the logits is attacked from the worst point on: rows whose
    loss gradient vanishes (a saturated or hinge loss), and all rows of more than two classes.
    Regressors: ``goal="shift"`` maximises ``abs(f(x + d) - f(x))``, ``"error"`` the distance
    from ``y``.

    Parameters
    ----------
    est, Z, y, eps, mask, lower, upper, goal
        As in :func:`fgsm`.
    n_steps : int
        Gradient steps.
    step : float, optional
        Length of a step; default ``2.5 * eps / n_steps``.
    n_restarts : int
        The first start is the clean row, the others are random points of the ball.
    random_state : int
        Seed of the random starts.

    Returns
    -------
    ndarray of shape (n, n_inputs), float32
        The worst end point over all starts; the clean row where none was worse.

    Notes
    -----
    Source: A. Madry et al., ICLR 2018.

    Examples
    --------
    >>> from appliednn.robustness import pgd
    >>> pgd(model, model.encode(X), y, eps=0.1, n_restarts=3)  # doctest: +SKIP
    """
    if n_steps < 1 or n_restarts < 1:
        raise UsageError(
            f"pgd needs n_steps >= 1 and n_restarts >= 1, got {n_steps} and {n_restarts}"
        )
    task = _Problem(est, Z, y, eps, mask, lower, upper, goal)
    step = 2.5 * eps / n_steps if step is None else float(step)
    seeds = np.random.SeedSequence(random_state).generate_state(n_restarts) >> 1
    best, best_score = task.start()
    for target in task.targets():
        for k, seed in enumerate(seeds):
            points = task.climb(
                target, step=step, n_steps=n_steps, random_start=k > 0, seed=int(seed)
            )
            best, best_score = _worse(best, best_score, points, task.score(points))
    rows = task.margin_rows(best_score)
    if len(rows):
        best[rows] = task.climb_margin(rows, best[rows], step, n_steps)
    return best


def random_search(
    est,
    Z: np.ndarray,
    y: np.ndarray,
    eps: float,
    *,
    n_tries: int = 50,
    random_state: int = 0,
    mask: np.ndarray | None = None,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    goal: Goal = "shift",
) -> np.ndarray:
    """Search the corners of the box by score alone: what a gradient attack has to beat.

    Parameters
    ----------
    est, Z, y, eps, mask, lower, upper, goal
        As in :func:`fgsm`.
    n_tries : int
        Forward passes over all rows.
    random_state : int
        Seed; equal seeds give equal points.

    Returns
    -------
    ndarray of shape (n, n_inputs), float32

    Examples
    --------
    >>> from appliednn.robustness import random_search
    >>> random_search(model, model.encode(X), y, eps=0.1, n_tries=100)  # doctest: +SKIP
    """
    task = _Problem(est, Z, y, eps, mask, lower, upper, goal)
    return corner_search(
        task.score,
        task.Z,
        eps,
        n_tries=n_tries,
        mask=task.mask,
        lower=task.low,
        upper=task.high,
        random_state=random_state,
    )


def attack_score(est, Z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how badly each row fares, (n,): larger is worse for the model.

    Classifiers: the largest other logit minus the true one (positive means a wrong label).
    Regressors: ``abs(f(x) - y)``.

    Examples
    --------
    >>> from appliednn.robustness import attack_score
    >>> attack_score(model, model.encode(X), y) > 0  # rows predicted wrongly  # doctest: +SKIP
    """
    return _objective(est, np.asarray(Z, dtype=np.float32), y, "error")(Z)


class _Problem:
    """One attack's rows, targets, bounds and score."""

    def __init__(self, est, Z, y, eps, mask, lower, upper, goal) -> None:
        self.est, self.goal = est, goal
        self.Z = np.ascontiguousarray(Z, dtype=np.float32)
        self.y = np.asarray(y)
        _validate(est, self.Z, self.y, eps, goal)
        self.eps = float(eps)
        if mask is None:
            mask = numeric_mask(est, self.Z.shape[1])
        self.mask = np.broadcast_to(np.asarray(mask, dtype=bool), self.Z.shape)
        self.low, self.high = _box(self.Z, self.eps, self.mask, lower, upper)
        self.score = _objective(est, self.Z, self.y, goal)
        self.is_classifier = hasattr(est, "classes_")

    def start(self, keep_clean: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Return the clean rows and their scores (below everything when they are not kept)."""
        scores = self.score(self.Z) if keep_clean else np.full(len(self.Z), -np.inf)
        return self.Z.copy(), scores

    def targets(self) -> Iterator[np.ndarray]:
        """Yield the targets whose training loss is to be maximised."""
        encoded = np.asarray(self.est.encode_target(self.y))
        if self.is_classifier:
            yield encoded
            return
        raw = np.asarray(self.est.network_.forward(self.Z), dtype=np.float32)
        now = raw if encoded.ndim == 2 and encoded.shape == raw.shape else raw.mean(axis=1)
        if encoded.ndim == 2 and now.ndim == 1:
            now = now[:, None]
        if self.goal == "error":
            away = np.where(now >= encoded, np.float32(1), np.float32(-1))
            yield (now - away * np.float32(_FAR)).astype(np.float32)
        else:
            yield now - np.float32(_FAR)
            yield now + np.float32(_FAR)

    def climb(self, target, *, step, n_steps, random_start, seed) -> np.ndarray:
        """Run the network's compiled loop.

        The bounds of a cell that may not move are its own value, which holds row by row.
        """
        points = self.est.network_.projected_gradient(
            self.Z,
            target,
            eps=self.eps,
            step=float(step),
            n_steps=int(n_steps),
            mask=self.mask.any(axis=0),
            lower=self.low,
            upper=self.high,
            random_start=bool(random_start),
            seed=int(seed),
        )
        return np.asarray(points, dtype=np.float32)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the nearest allowed points."""
        return np.clip(points, self.low, self.high)

    def margin_rows(self, score: np.ndarray) -> np.ndarray:
        """Return the rows to attack on the margin too: still right, and the loss may mislead."""
        if not self.is_classifier:
            return np.empty(0, dtype=np.int64)
        rows = (score < 0) & self.mask.any(axis=1)
        if len(self.est.classes_) == 2:
            slope = self.est.network_.loss_gradient(self.Z, self.est.encode_target(self.y))
            rows &= ~np.any(np.asarray(slope) * self.mask, axis=1)
        return np.flatnonzero(rows)

    def climb_margin(self, rows, points: np.ndarray, step: float, n_steps: int) -> np.ndarray:
        """Lower the margin of some rows from ``points`` on; the worst point is kept."""
        labels = class_index(self.est, self.y)[rows]
        found = self.est.network_.projected_gradient(
            self.Z[rows],
            np.asarray(self.est.encode_target(self.y))[rows],
            eps=self.eps,
            step=float(step),
            n_steps=int(n_steps),
            mask=self.mask.any(axis=0),
            lower=self.low[rows],
            upper=self.high[rows],
            start=points,
            objective="margin",
        )
        before = -margins(self.est.logits(points), labels)
        after = -margins(self.est.logits(found), labels)
        return _worse(points, before, np.asarray(found, dtype=np.float32), after)[0]


def _objective(est, Z, y, goal: Goal) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that scores points, (n,); larger is worse for the model."""
    if hasattr(est, "classes_"):
        labels = class_index(est, y)
        return lambda points: -margins(est.logits(np.asarray(points, np.float32)), labels)
    shift = goal == "shift"
    reference = np.asarray(est.predict_encoded(Z) if shift else y, dtype=np.float64)

    def distance(points):
        gap = np.asarray(est.predict_encoded(np.asarray(points, np.float32))) - reference
        return np.abs(gap).reshape(len(gap), -1).max(axis=1)

    return distance


def _box(Z, eps, mask, lower, upper) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest allowed points; the clean row is always inside."""
    low, high = Z - np.float32(eps), Z + np.float32(eps)
    if lower is not None:
        low = np.minimum(np.maximum(low, lower), Z)
    if upper is not None:
        high = np.maximum(np.minimum(high, upper), Z)
    return (
        np.where(mask, low, Z).astype(np.float32),
        np.where(mask, high, Z).astype(np.float32),
    )


def _worse(best, best_score, points, score) -> tuple[np.ndarray, np.ndarray]:
    """Keep each row's worse point."""
    worse = score > best_score
    return np.where(worse[:, None], points, best), np.where(worse, score, best_score)


def _validate(est, Z, y, eps, goal) -> None:
    """Refuse what an attack cannot work on."""
    if not hasattr(est, "network_"):
        raise UsageError(
            f"{type(est).__name__} has no network_: gradient attacks need a fitted neural "
            "estimator; use blackbox_search for other models"
        )
    if hasattr(est, "classes_") and y.ndim != 1:
        raise UsageError(f"attacks on classifiers take one label a row, got y of shape {y.shape}")
    if Z.ndim != 2 or len(Z) == 0:
        raise UsageError(f"Z must be a non-empty (n, n_inputs) array, got shape {Z.shape}")
    if len(y) != len(Z):
        raise UsageError(f"Z has {len(Z)} rows and y has {len(y)}; give one label per row")
    if not np.isscalar(eps) or not np.isfinite(eps) or eps <= 0:
        raise UsageError(f"eps must be a positive number, got {eps!r}; use mask to fix columns")
    if goal not in ("shift", "error"):
        raise UsageError(f"goal must be 'shift' or 'error', got {goal!r}")
