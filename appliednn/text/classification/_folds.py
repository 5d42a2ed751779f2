"""Which rows a network is held to while it trains, and the mix is learned on."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

# From here on one held-out part says enough; below, every row is held out once.
_ONE_SPLIT_ROWS = 1000
_N_FOLDS = 4
# Fewer rows are not split at all.
_FEWEST = 8

Fold = tuple[np.ndarray, np.ndarray]


def held_out_folds(strata: np.ndarray | None, n: int, fraction: float, seed: int) -> list[Fold]:
    """Return (training rows, held-out rows) once for many rows, four times over for few.

    Parameters
    ----------
    strata : ndarray of shape (n,), or None
        Classes to keep in proportion where each has rows enough.
    n : int
        Number of rows.
    fraction : float
        Held-out share of many rows.
    seed : int
        Of the shuffle.
    """
    if n < _FEWEST:
        return []
    least = 0 if strata is None else int(np.unique(strata, return_counts=True)[1].min())
    if n >= _ONE_SPLIT_ROWS:
        n_held = int(np.ceil(n * fraction))
        several = strata is not None and len(np.unique(strata)) <= n_held
        chosen = strata if least >= 2 and several else None
        rows = np.arange(n)
        return [
            tuple(train_test_split(rows, test_size=n_held, random_state=seed, stratify=chosen))
        ]
    splitter = StratifiedKFold if least >= _N_FOLDS else KFold
    folds = splitter(_N_FOLDS, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(n), strata if least >= _N_FOLDS else None))
