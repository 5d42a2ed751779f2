"""The nearest point at which a goal is reached, inside a box."""

from __future__ import annotations

import numpy as np

_HALVINGS = 40
_OVERSHOOT = 1.02


class NearestSearch:
    """Steps along gradients over the boundary, bisection back to it, and sliding along it.

    Distances are Euclidean in units of ``scale``. A linear gap is solved exactly by the first
    step; a curved one is solved by repeated projection on its tangent plane.

    Source: S. Moosavi-Dezfooli, A. Fawzi and P. Frossard, CVPR 2016 (linearised steps); F. Croce
    and M. Hein, ICML 2020 (projection on the tangent plane inside a box).

    Parameters
    ----------
    goal : object
        ``gap(points, rows)`` (positive: reached) and ``slope(points, rows)``.
    X : ndarray of shape (n, d)
        Points to start from.
    scale : ndarray of shape (d,)
        Positive units.
    low, high : ndarray of shape (n, d)
        The box; equal ends fix a number.
    differentiable : bool
        Whether ``goal.slope`` can be called.
    """

    def __init__(self, goal, X, scale, low, high, *, differentiable: bool = True) -> None:
        self.goal, self.differentiable = goal, differentiable
        self.X, self.scale = X.astype(np.float64), scale
        self.low, self.high = low, high

    def run(self, starts: list[np.ndarray], n_steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest points found and their distances (inf: none found).

        Parameters
        ----------
        starts : list of ndarray of shape (n, d)
            Points at which the goal may be reached already.
        n_steps : int
            Gradient steps to the boundary, and along it.
        """
        best, far = self.X.copy(), np.full(len(self.X), np.inf)
        tried = [self.X, *starts]
        if self.differentiable:
            tried.append(self._over(n_steps))
        for points in tried:
            best, far = self._keep(best, far, np.clip(points, self.low, self.high))
        rows = np.flatnonzero(np.isfinite(far) & (far > 0))
        if self.differentiable and len(rows):
            for _ in range(n_steps):
                best, far, better = self._slide(best, far, rows)
                rows = rows[better]
                if len(rows) == 0:
                    break
        return best.astype(np.float32), far

    def _distance(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.sqrt((((points - self.X[rows]) / self.scale) ** 2).sum(axis=1))

    def _gap(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        # Policies read float32: what counts is the decision at the rounded point.
        return self.goal.gap(points.astype(np.float32), rows)

    def _keep(self, best, far, points, rows=None):
        """Bisect between the start and points where the goal is reached; keep the nearer."""
        rows = np.arange(len(self.X)) if rows is None else rows
        hit = self._gap(points, rows) > 0
        rows, points = rows[hit], points[hit]
        if len(rows) == 0:
            return best, far
        inside, outside = np.zeros(len(rows)), np.ones(len(rows))
        way = points - self.X[rows]
        inside[self._gap(self.X[rows], rows) > 0] = np.nan  # reached where it stands
        outside[np.isnan(inside)] = 0.0
        inside = np.nan_to_num(inside)
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            reached = self._gap(self.X[rows] + middle[:, None] * way, rows) > 0
            outside = np.where(reached, middle, outside)
            inside = np.where(reached, inside, middle)
        found = self.X[rows] + outside[:, None] * way
        distance = self._distance(found, rows)
        nearer = distance < far[rows]
        best[rows[nearer]], far[rows[nearer]] = found[nearer], distance[nearer]
        return best, far

    def _over(self, n_steps: int) -> np.ndarray:
        """Return points beyond the boundary, by linearised steps from the start."""
        points, rows = self.X.copy(), np.arange(len(self.X))
        for _ in range(n_steps):
            gap = self._gap(points[rows], rows)
            rows = rows[gap <= 0]
            if len(rows) == 0:
                break
            at = points[rows]
            slope = self.goal.slope(at.astype(np.float32), rows) * self.scale
            low, high = ((b[rows] - at) / self.scale for b in (self.low, self.high))
            need = -gap[gap <= 0] * _OVERSHOOT + 1e-9
            points[rows] = at + self.scale * shortest_step(slope, need, low, high)
        return points

    def _slide(self, best, far, rows):
        """Project starts on the tangent plane at the boundary points; say who came nearer."""
        at, start = best[rows], self.X[rows]
        slope = self.goal.slope(at.astype(np.float32), rows) * self.scale
        need = (slope * (at - start) / self.scale).sum(axis=1) - self._gap(at, rows)
        low, high = ((b[rows] - start) / self.scale for b in (self.low, self.high))
        step = shortest_step(slope, np.maximum(need, 0.0), low, high)
        before = far[rows].copy()
        for share in (1.0, 0.5, 0.1):
            flat = start + self.scale * step
            points = np.clip(at + share * (start + _OVERSHOOT * (flat - start) - at),
                             self.low[rows], self.high[rows])  # fmt: skip
            best, far = self._keep(best, far, points, rows)
        return best, far, far[rows] < before * (1 - 1e-4)


def shortest_step(
    slope: np.ndarray, need: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Return the shortest step in a box that raises a linear function by ``need``.

    Parameters
    ----------
    slope : ndarray of shape (n, d)
        Gradients.
    need : ndarray of shape (n,)
        Not negative.
    low, high : ndarray of shape (n, d)
        Least (<= 0) and greatest (>= 0) step of each number.

    Returns
    -------
    ndarray of shape (n, d)
        Where the box is too small, its corner that raises the function most.

    Examples
    --------
    >>> box = np.array([[-9.0, -9.0]]), np.array([[0.5, 9.0]])
    >>> shortest_step(np.array([[1.0, 1.0]]), np.array([2.0]), *box).round(6).tolist()
    [[0.5, 1.5]]
    """
    size = np.maximum((slope**2).sum(axis=1), 1e-300)
    lower, upper = np.zeros(len(slope)), need / size

    def raised(factor):
        return (slope * np.clip(factor[:, None] * slope, low, high)).sum(axis=1)

    for _ in range(60):
        short = raised(upper) < need
        if not short.any():
            break
        upper = np.where(short, 2 * upper, upper)
    for _ in range(60):
        middle = (lower + upper) / 2
        short = raised(middle) < need
        lower, upper = np.where(short, middle, lower), np.where(short, upper, middle)
    return np.clip(upper[:, None] * slope, low, high)
