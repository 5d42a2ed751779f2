"""A model that is fitted only where the journal does not know its score yet."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.metrics import check_scoring

from appliednn.pipeline._journal import Journal


class JournaledScore(BaseEstimator):
    """What a search scores in place of a model: one candidate on one fold at a time.

    ``fit`` only remembers the rows; ``score`` looks the score up, or fits, scores and writes it
    down. So a search that was killed, of whichever kind, does only what was not finished.

    Parameters
    ----------
    estimator : estimator
        The candidate, unfitted.
    scoring : str or None
        As in scikit-learn; None is the estimator's own score.
    names : sequence of str
        Parameters of ``estimator`` that are searched: they and the rows name a score.
    journal : Journal or None
        None: every score is computed.
    """

    def __init__(
        self, estimator: Any, scoring: str | None, names: Any, journal: Journal | None
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.names = names
        self.journal = journal

    def __sklearn_clone__(self) -> JournaledScore:
        """Clone the candidate and share the journal, which is one for all of them."""
        return JournaledScore(clone(self.estimator), self.scoring, self.names, self.journal)

    def fit(self, X: Any, y: Any) -> JournaledScore:
        """Remember the rows; ``X`` is a DataFrame whose index tells rows apart."""
        self.rows_ = X, y
        return self

    def score(self, X: Any, y: Any) -> float:
        """Return the score of the candidate, fitted on the rows of ``fit``, on these rows."""
        if self.journal is None:
            return self._compute(X, y)
        key = self._key(X)
        known = self.journal.get_json(key)
        if known is None:
            known = self._compute(X, y)
            self.journal.put_json(key, known)
        return known

    def _compute(self, X: Any, y: Any) -> float:
        scorer = check_scoring(self.estimator, self.scoring)
        return float(scorer(self.estimator.fit(*self.rows_), X, y))

    def _key(self, X: Any) -> str:
        given = self.estimator.get_params()
        values = json.dumps([[n, given[n]] for n in sorted(self.names)], default=repr)
        digest = hashlib.sha256(values.encode())
        for rows in (self.rows_[0], X):
            digest.update(b"|" + rows.index.to_numpy().tobytes())
        return f"score-{digest.hexdigest()}"
