"""The headline scores of a regressor, for its rows as they are and for many resamples."""

from __future__ import annotations

import numpy as np

#: Key to (name, whether higher is better).
SCORES: dict[str, tuple[str, bool]] = {
    "r2": ("R²", True),
    "rmse": ("RMSE", False),
    "mae": ("Mean absolute error", False),
    "mape": ("Mean absolute percentage error", False),
    "pinball": ("Pinball loss", False),
}
QUANTILES = (0.1, 0.5, 0.9)


class RegressorScores:
    """Scores of predictions as functions of how often each row counts.

    Parameters
    ----------
    y, predicted : ndarray of shape (n,)
    quantile : float
        Quantile that ``pinball`` without a bracket refers to: the one the model was fitted for.

    Examples
    --------
    >>> scores = RegressorScores(np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 3.0])).point()
    >>> round(scores["rmse"], 4), round(scores["mape"], 4), round(scores["pinball[0.9]"], 4)
    (0.8165, 0.25, 0.3333)
    """

    def __init__(self, y: np.ndarray, predicted: np.ndarray, quantile: float = 0.5) -> None:
        self.y = np.asarray(y, dtype=np.float64)
        self.predicted = np.asarray(predicted, dtype=np.float64).reshape(-1)
        self.quantile = quantile
        error = self.y - self.predicted
        self._centred = self.y - self.y.mean()  # keeps the variance of large targets exact
        self._rows = {"square": error**2, "mae": np.abs(error)}
        if (self.y != 0).all():
            self._rows["mape"] = np.abs(error / self.y)
        for q in QUANTILES:
            self._rows[f"pinball[{q}]"] = pinball(error, q)
        self._rows["pinball"] = pinball(error, quantile)

    def __call__(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return each score for counts of shape (b, n): arrays of shape (b,), NaN if undefined."""
        n = counts.sum(1)
        means = {key: counts @ values / n for key, values in self._rows.items()}
        square = means.pop("square")
        spread = counts @ self._centred**2 / n - (counts @ self._centred / n) ** 2
        tiny = 1e-12 * max(float(np.mean(self._centred**2)), np.finfo(float).tiny)
        share = np.divide(square, spread, np.full(len(n), np.nan), where=spread > tiny)
        means.setdefault("mape", np.full(len(n), np.nan))
        return {"r2": 1 - share, "rmse": np.sqrt(square), **means}

    def point(self) -> dict[str, float]:
        """Return each score of the rows as they are."""
        return {key: float(v[0]) for key, v in self(np.ones((1, len(self.y)))).items()}

    @property
    def n_curves(self) -> int:
        """Curves that are scored a resample: none, which costs as much as one."""
        return 1

    def why_not(self, key: str) -> str:
        """Return why a score cannot be computed here."""
        if not np.isfinite(self.predicted).all():
            return "some predictions are NaN or infinite"
        if key == "mape":
            return "a percentage error has no meaning where the target is 0"
        return "all test rows have the same target"


def pinball(error: np.ndarray, q: float) -> np.ndarray:
    """Return the pinball loss of each row for ``error = y - prediction``.

    Source: R. Koenker, G. Bassett, Econometrica 46 (1978) 33-50.
    """
    return np.maximum(q * error, (q - 1) * error)
