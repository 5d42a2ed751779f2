"""Which entities a mention may stand for, and the features of each such pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.text._similarity import TextSpace
from appliednn.text.linking._table import EntityTable, surface

FEATURES = ("string", "exact", "acronym", "prior", "context")
_ROWS = 1_024
# Less alike in their letters than this, two ways of writing are not candidates of each other.
_LEAST_ALIKE = 0.3
# Weight of the table's own prior beside the counts of labelled mentions.
_PRIOR_COUNT = 1.0


@dataclass
class Pairs:
    """Pairs of a mention and a candidate, those of a mention together.

    Attributes
    ----------
    mention, entity : ndarray of int, shape (p,)
        Numbers of the mention and of the entity.
    features : ndarray of shape (p, 5)
        ``FEATURES``: likeness of the letters, whether a name is the mention, whether an acronym
        is, logarithm of the share of the prior among the candidates, likeness of the context.
    """

    mention: np.ndarray
    entity: np.ndarray
    features: np.ndarray

    def starts(self, n: int) -> np.ndarray:
        """Return where the pairs of each of ``n`` mentions begin, and the end: (n + 1,)."""
        return np.searchsorted(self.mention, np.arange(n + 1))


class CandidateIndex:
    """Finds candidates by the letters of names and scores their context.

    Parameters
    ----------
    table : EntityTable
        The entities.
    encoder : str, Path or transformer
        As in :class:`TextSpace`; for contexts and what the table says of the entities.
    n_candidates : int
        Most candidates of a mention; entities whose name is the mention are all kept.
    """

    def __init__(self, table: EntityTable, encoder, n_candidates: int) -> None:
        self.table = table
        self.n_candidates = int(n_candidates)
        self._letters = TextSpace("tfidf", words=None, characters=(2, 4)).fit(table.profiles)
        self._meanings = TextSpace(encoder, words=(1, 1), characters=None).fit(table.profiles)
        self._prepare()

    def _prepare(self) -> None:
        self._surfaces = self.table.surfaces()
        self._written = list(self._surfaces)
        self._letter_rows = self._letters(self._written)
        self._profiles = self._meanings(self.table.profiles)

    def __getstate__(self) -> dict:
        names = ("table", "n_candidates", "_letters", "_meanings")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._prepare()

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        params = {"table": self.table, "n_candidates": self.n_candidates}
        return AnnState(
            params=params, children={"letters": self._letters, "meanings": self._meanings}
        )

    @classmethod
    def __ann_restore__(cls, state) -> CandidateIndex:
        """Return the index of a model file."""
        index = cls.__new__(cls)
        own = {f"_{name}": child for name, child in state.children.items()}
        index.__setstate__({**state.params, **own})
        return index

    def pairs(
        self,
        mentions: Sequence[str],
        contexts: Sequence[str],
        counts: dict[str, dict[int, float]],
        own: Sequence[int | None] | None = None,
    ) -> Pairs:
        """Return the candidates of mentions with their features.

        Parameters
        ----------
        mentions, contexts : sequence of str
            One of each.
        counts : dict
            How often each way of writing stood for each entity.
        own : sequence of int or None, optional
            The entity of each mention, if it was counted itself: it is left out of its prior.
        """
        written = [surface(text) for text in mentions]
        rows: list[tuple[int, int, float, float, float]] = []
        for i, (text, near) in enumerate(zip(written, self._near(written), strict=True)):
            found = self._candidates(text, near)
            rows.extend((i, entity, *values) for entity, values in found.items())
        table = np.array(rows, dtype=np.float64).reshape(-1, 5)
        mention, entity = table[:, 0].astype(int), table[:, 1].astype(int)
        prior = self._prior(mention, entity, written, counts, own)
        alike = self._context(mention, entity, contexts)
        features = np.column_stack([table[:, 2:], prior, alike])
        return Pairs(mention, entity, features)

    def _near(self, written: Sequence[str]):
        """Yield, for each text, ways of writing like it with their cosines, best first."""
        asked = self._letters(written)
        for start in range(0, len(written), _ROWS):
            alike = (asked[start : start + _ROWS] @ self._letter_rows.T).tocsr()
            for i in range(alike.shape[0]):
                part = slice(alike.indptr[i], alike.indptr[i + 1])
                places, values = alike.indices[part], alike.data[part]
                order = np.lexsort((places, -values))[: 4 * self.n_candidates]
                yield list(zip(places[order].tolist(), values[order].tolist(), strict=True))

    def _candidates(self, text: str, near) -> dict[int, tuple[float, float, float]]:
        """Return each candidate's likeness of letters, and whether a name or an acronym fits."""
        exact = self._surfaces.get(text, {})
        found = {entity: (1.0, float(full), float(not full)) for entity, full in exact.items()}
        for place, value in near:
            if value < _LEAST_ALIKE:
                break
            for entity, full in self._surfaces[self._written[place]].items():
                if len(found) >= self.n_candidates:
                    return found
                if full and entity not in found:
                    found[entity] = (float(value), 0.0, 0.0)
        return found

    def _prior(self, mention, entity, written, counts, own) -> np.ndarray:
        """Return the logarithm of each candidate's share of the prior among its mention's."""
        n = len(self.table)
        weight = _PRIOR_COUNT * self.table.prior[entity] * n
        for p, (i, e) in enumerate(zip(mention.tolist(), entity.tolist(), strict=True)):
            known = counts.get(written[i])
            if known:
                weight[p] += known.get(e, 0.0) - (own is not None and own[i] == e)
        total = np.bincount(mention, weight, minlength=len(written))[mention]
        return np.log(np.maximum(weight, 1e-3) / np.maximum(total, 1e-3))

    def _context(self, mention, entity, contexts) -> np.ndarray:
        left, right = self._meanings(contexts)[mention], self._profiles[entity]
        if hasattr(left, "multiply"):
            return np.asarray(left.multiply(right).sum(axis=1)).ravel()
        return np.einsum("pd,pd->p", left, right)
