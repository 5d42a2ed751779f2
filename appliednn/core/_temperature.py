"""The search for the temperature that softens or sharpens probabilities best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar


def search_temperature(loss: Callable[[float], float], low: float, high: float) -> float:
    """Return the temperature of lowest loss, or 1 where none is better (Guo et al. 2017).

    Parameters
    ----------
    loss : callable
        Held-out loss at a temperature.
    low, high : float
        Bounds, around 1.

    Examples
    --------
    >>> round(search_temperature(lambda t: (t - 2.0) ** 2, 0.1, 10.0), 3)
    2.0
    """
    found = minimize_scalar(
        lambda log_t: loss(float(np.exp(log_t))),
        bounds=(float(np.log(low)), float(np.log(high))),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(found.x)) if found.fun < loss(1.0) else 1.0
