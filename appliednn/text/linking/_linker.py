"""Named-entity disambiguation against a table of entities with descriptions."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from appliednn.core.persistence import SaveMixin
from appliednn.text._text_pairs import as_text_pairs
from appliednn.text.linking._pairs import FEATURES, CandidateIndex, Pairs
from appliednn.text.linking._table import EntityTable, surface

# Log odds of a pair by its features where nobody labelled mentions: letters, name, acronym, prior,
# context, and the constant. An exact name without competitors is right with odds of e^3.
_UNTAUGHT = np.array([4.0, 3.0, 1.5, 0.7, 8.0, -4.0])
_MOST_CELLS = 200_000_000


class EntityLinker(SaveMixin, BaseEstimator):
    """Say which entity of a table a mention in its context stands for.

    Candidates are entities one of whose names is the mention, and those whose names share
    character n-grams with it. They are scored by how alike the letters are, how popular the
    entity is, and how alike the context and the entity's description are; the weights of these
    are learnt where labelled mentions are given.

    Parameters
    ----------
    encoder : {"tfidf", "minilm"}, path or transformer, default="tfidf"
        What contexts and descriptions are compared by: words weighted by rarity, a pretrained
        :class:`SentenceEncoder` or the ``source`` of one, or another transformer of texts, which
        is cloned and fitted to the descriptions.
    n_candidates : int, default=10
        Most candidates of a mention; all whose name is the mention are kept.
    nil_threshold : float or None, default=None
        Mentions whose best candidate is less probable than this stand for no entity of the table,
        as do those without a candidate; None: only the latter.
    nil_label : object, default=None
        What is predicted for them.
    C : float, default=1.0
        Inverse strength of the penalty on learnt weights.

    Attributes
    ----------
    classes_ : ndarray of shape (n_entities,)
        Ids of the table, in its order.
    weights_ : ndarray of shape (6,)
        Log odds for each of ``feature_names_``, and the constant.
    feature_names_ : list of str
        ``string``, ``exact``, ``acronym``, ``prior``, ``context``.
    baseline_score_ : float or None
        Accuracy of popularity alone on the labelled mentions of ``fit``, each left out of its own
        prior; None without any.

    References
    ----------
    W. Shen, J. Wang, J. Han, "Entity Linking with a Knowledge Base: Issues, Techniques, and
    Solutions", IEEE TKDE 27(2), 2015.

    Examples
    --------
    >>> table = [
    ...     {"id": "Q1", "name": "Paris", "description": "capital of France on the Seine"},
    ...     {"id": "Q2", "name": "Paris", "description": "city in Texas, United States"},
    ... ]
    >>> linker = EntityLinker().fit(table)
    >>> linker.predict([("Paris", "a flight to Paris, Texas"), ("Paris", "the Seine in Paris")])
    array(['Q2', 'Q1'], dtype=object)
    """

    _parameter_constraints: dict = {
        "encoder": [str, Path, HasMethods("transform")],
        "n_candidates": [Interval(Integral, 1, None, closed="left")],
        "nil_threshold": [Interval(Real, 0, 1, closed="both"), None],
        "nil_label": "no_validation",
        "C": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self, encoder="tfidf", *, n_candidates=10, nil_threshold=None, nil_label=None, C=1.0
    ):
        self.encoder = encoder
        self.n_candidates = n_candidates
        self.nil_threshold = nil_threshold
        self.nil_label = nil_label
        self.C = C

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, mentions=None, y=None):
        """Index the entities and learn from labelled mentions, if there are any.

        Parameters
        ----------
        X : DataFrame, dict of columns or list of dicts
            The entities: ``id`` (any label), ``name``, and maybe ``aliases`` (a list, or text
            with ``|`` between), ``description`` and ``prior`` (how often the entity is meant).
        mentions : sequence of (str, str), optional
            A mention and the text around it, each.
        y : array-like of shape (n_mentions,), optional
            Their ids; ``nil_label`` where it is no entity of the table.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the table lacks a column or an id is there twice, if mentions and ids do not go
            together, or an id is not in the table.
        """
        table = EntityTable.read(X)
        self.classes_ = table.ids
        self._index = CandidateIndex(table, self.encoder, self.n_candidates)
        self.feature_names_ = list(FEATURES)
        self._counts: dict[str, dict[int, float]] = {}
        self.weights_, self.baseline_score_ = _UNTAUGHT.copy(), None
        if (mentions is None) != (y is None):
            raise ValueError("give mentions and their ids y together, or neither")
        if mentions is not None:
            self._learn(*as_text_pairs(mentions, "mention", "context"), self._numbers(y))
        return self

    def _numbers(self, y) -> list[int | None]:
        """Return ids as numbers of entities, None for those outside of the table."""
        place = {label: i for i, label in enumerate(self.classes_.tolist())}
        labels = np.asarray(y, dtype=object).tolist()
        nil = (self.nil_label, None)
        unknown = [v for v in labels if v not in place and v not in nil]
        if unknown:
            raise ValueError(
                f"y holds {unknown[0]!r} and {len(unknown) - 1} more ids that are not in the "
                f"table; expected its ids or nil_label={self.nil_label!r}"
            )
        return [place.get(v) for v in labels]

    def _learn(self, words: list[str], contexts: list[str], truth: list[int | None]) -> None:
        from sklearn.linear_model import LogisticRegression

        if len(words) != len(truth):
            raise ValueError(f"{len(words)} mentions and {len(truth)} ids were given")
        for word, entity in zip(words, truth, strict=True):
            if entity is not None:
                seen = self._counts.setdefault(surface(word), {})
                seen[entity] = seen.get(entity, 0.0) + 1.0
        pairs = self._index.pairs(words, contexts, self._counts, own=truth)
        right = np.array([truth[i] == e for i, e in zip(pairs.mention, pairs.entity, strict=True)])
        popular = self._popular(pairs, len(words))
        self.baseline_score_ = float(
            np.mean([(None if p < 0 else p) == t for p, t in zip(popular, truth, strict=True)])
        )
        if right.all() or not right.any():
            return  # nothing to tell apart: the weights stay as they are
        model = LogisticRegression(C=self.C, max_iter=1_000).fit(pairs.features, right)
        self.weights_ = np.append(model.coef_[0], model.intercept_[0])

    # -- use ------------------------------------------------------------------------------------

    def _pairs(self, X) -> tuple[Pairs, int]:
        check_is_fitted(self)
        words, contexts = as_text_pairs(X, "mention", "context")
        return self._index.pairs(words, contexts, self._counts), len(words)

    def _shares(self, pairs: Pairs, n: int) -> np.ndarray:
        """Return the probability of each pair; what is left of 1 stands for no entity."""
        odds = np.exp(np.clip(pairs.features @ self.weights_[:-1] + self.weights_[-1], -50, 50))
        return odds / (1.0 + np.bincount(pairs.mention, odds, minlength=n)[pairs.mention])

    def predict(self, X) -> np.ndarray:
        """Return the id of the entity that each mention stands for.

        Parameters
        ----------
        X : sequence of (str, str)
            A mention and the text around it, each.

        Returns
        -------
        ndarray of object, shape (n,)
            Ids, and ``nil_label`` where there is none.
        """
        pairs, n = self._pairs(X)
        shares = self._shares(pairs, n)
        best = _best(pairs, shares, n)
        out = self._ids(np.where(best < 0, -1, pairs.entity[best] if len(pairs.entity) else -1))
        if self.nil_threshold is not None:
            for i in np.flatnonzero(best >= 0):
                if shares[best[i]] < self.nil_threshold:
                    out[i] = self.nil_label
        return out

    def _ids(self, entities: np.ndarray) -> np.ndarray:
        out = np.empty(len(entities), dtype=object)
        labels = self.classes_.tolist()
        for i, entity in enumerate(entities.tolist()):
            out[i] = self.nil_label if entity < 0 else labels[entity]
        return out

    def candidates(self, X) -> list[list[dict]]:
        """Return the candidates of each mention, best first, and why they are.

        Parameters
        ----------
        X : sequence of (str, str)
            A mention and the text around it, each.

        Returns
        -------
        list of list of dict
            ``id``, ``name``, ``score`` (probability) and the five features.
        """
        pairs, n = self._pairs(X)
        shares, labels = self._shares(pairs, n), self.classes_.tolist()
        starts, out = pairs.starts(n), []
        for i in range(n):
            rows = np.arange(starts[i], starts[i + 1])
            rows = rows[np.argsort(-shares[rows], kind="stable")]
            out.append(
                [
                    {
                        "id": labels[pairs.entity[r]],
                        "name": self._index.table.names[pairs.entity[r]],
                        "score": float(shares[r]),
                        **dict(zip(FEATURES, pairs.features[r].tolist(), strict=True)),
                    }
                    for r in rows
                ]
            )
        return out

    def predict_proba(self, X) -> np.ndarray:
        """Return the probability of each entity of the table.

        Parameters
        ----------
        X : sequence of (str, str)
            A mention and the text around it, each.

        Returns
        -------
        ndarray of shape (n, n_entities)
            Columns as ``classes_``; what a row lacks to 1 is the probability that none is meant.

        Raises
        ------
        ValueError
            For more than 200 million numbers; ``candidates`` gives those that are not 0.
        """
        pairs, n = self._pairs(X)
        if n * len(self.classes_) > _MOST_CELLS:
            raise ValueError(
                f"predict_proba of {n} mentions and {len(self.classes_)} entities is too large a "
                "table; use candidates(), which gives the probabilities that are not 0"
            )
        out = np.zeros((n, len(self.classes_)))
        out[pairs.mention, pairs.entity] = self._shares(pairs, n)
        return out

    def predict_baseline(self, X) -> np.ndarray:
        """Return the most popular entity of those whose name is the mention, or the nearest name.

        Parameters
        ----------
        X : sequence of (str, str)
            A mention and the text around it, each; the text is not read.

        Returns
        -------
        ndarray of object, shape (n,)
        """
        pairs, n = self._pairs(X)
        return self._ids(self._popular(pairs, n))

    def _popular(self, pairs: Pairs, n: int) -> np.ndarray:
        """Return the number of the baseline's entity for each mention, -1 for none."""
        string, exact, acronym, prior, _ = pairs.features.T
        # Letters first: a better fitting name beats any popularity.
        rank = 1e4 * (exact + 0.5 * acronym) + 100.0 * np.round(string, 3) + prior
        best = _best(pairs, rank, n)
        return np.where(best < 0, -1, pairs.entity[best] if len(pairs.entity) else -1)

    def score(self, X, y) -> float:
        """Return the accuracy; ids outside of the table count as right if none is predicted.

        Parameters
        ----------
        X : sequence of (str, str), length n
            A mention and the text around it, each.
        y : array-like of shape (n,)
            True ids, or ``nil_label``.

        Returns
        -------
        float
        """
        found, truth = self.predict(X).tolist(), np.asarray(y, dtype=object).tolist()
        return float(np.mean([a == b for a, b in zip(found, truth, strict=True)]))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")


def _best(pairs: Pairs, values: np.ndarray, n: int) -> np.ndarray:
    """Return the row of the highest value of each mention, the first of equals; -1 for none."""
    order = np.lexsort((np.arange(len(values)), -values, pairs.mention))
    starts = pairs.starts(n)
    has = starts[:-1] < starts[1:]
    out = np.full(n, -1)
    out[has] = order[starts[:-1][has]]
    return out
