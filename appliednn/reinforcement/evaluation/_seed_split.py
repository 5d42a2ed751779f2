"""Seeds as folds, so that scikit-learn's searches and cross-validation take agents."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.validation import _num_samples

from appliednn.core.errors import UsageError


class SeedSplit(BaseCrossValidator):
    """Train with one seed and test with the others, once for each of the first seeds.

    An environment has no rows to leave out. What varies from fit to fit is the seed, so ``X`` is
    a list of seed numbers: fold i trains on seed i and tests on all others.

    Parameters
    ----------
    n_splits : int, optional
        Number of folds; all seeds by default. More seeds than folds give the same folds more
        episodes to be tested on.

    Raises
    ------
    UsageError
        There are fewer than two seeds, or fewer seeds than folds.

    Examples
    --------
    >>> for train, test in SeedSplit(n_splits=2).split(np.arange(4)):
    ...     print(train, test)
    [0] [1 2 3]
    [1] [0 2 3]
    """

    def __init__(self, n_splits: int | None = None):
        self.n_splits = n_splits

    def split(self, X, y=None, groups=None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the positions of the seed to train on, and of the seeds to test on.

        Parameters
        ----------
        X : array of shape (n_seeds,)
            Seed numbers, at least two.
        y, groups
            Ignored.
        """
        n = _num_samples(X)
        n_splits = self.get_n_splits(X)
        if n < 2 or not 1 <= n_splits <= n:
            raise UsageError(
                f"{n} seeds were given for {n_splits} folds; give at least two seeds and as many "
                "as there are folds, such as X = np.arange(10)"
            )
        everything = np.arange(n)
        for fold in range(n_splits):
            yield everything[fold : fold + 1], np.delete(everything, fold)

    def get_n_splits(self, X=None, y=None, groups=None) -> int:
        """Return the number of folds."""
        if self.n_splits is None and X is None:
            raise UsageError("SeedSplit() makes a fold of each seed; X is needed to count them")
        return _num_samples(X) if self.n_splits is None else self.n_splits
