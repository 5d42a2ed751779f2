"""Boosted trees as plain arrays: what a model file holds of them, and how they answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, softmax

from appliednn.core.errors import IntegrityError
from appliednn.core.persistence import AnnState

_NODES = {
    "feature": np.int64,
    "threshold": np.float64,
    "left": np.int64,
    "right": np.int64,
    "value": np.float64,
    "n_terms": np.int64,
}
_ARRAYS = {
    **_NODES,
    "sizes": np.int64,
    "term_feature": np.int64,
    "term_factor": np.float64,
}


class BoostedTrees:
    """Trees whose sums are log odds, log probabilities up to a constant, or numbers.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
        What the sums are.
    n_features : int
        Columns the trees read.
    n_groups : int
        Sums a row: one for each class of a multiclass task, else one. Tree i adds to sum
        ``i % n_groups``.
    booster : lightgbm.Booster, optional
        Answers in the process that trained it.
    n_rounds : int, optional
        Rounds of the booster that count.
    arrays : dict of str to ndarray, optional
        The trees' nodes one after the other, inner nodes before leaves: ``feature`` (-1: a leaf),
        ``threshold`` (a value up to it goes left), ``left`` and ``right`` (numbers of nodes in
        the tree), ``value`` (a leaf's constant) and ``n_terms``, the number of linear terms of a
        leaf; ``sizes``, the number of nodes of each tree; ``term_feature`` and ``term_factor`` of
        all linear terms.
    """

    def __init__(
        self,
        kind: str,
        n_features: int,
        n_groups: int,
        booster: Any = None,
        n_rounds: int | None = None,
        arrays: dict[str, np.ndarray] | None = None,
    ) -> None:
        self.kind = kind
        self.n_features = n_features
        self.n_groups = n_groups
        self._booster = booster
        self._n_rounds = n_rounds
        self._arrays = arrays
        self._trees: list[Any] | None = None

    def answer(self, Z: np.ndarray, n_jobs: int = 1) -> np.ndarray:
        """Return probabilities (n, n_classes), or numbers (n,).

        Parameters
        ----------
        Z : ndarray of shape (n, n_features)
            Rows, without missing values.
        n_jobs : int
            Threads.
        """
        sums = self.sums(Z, n_jobs)
        if self.kind == "regression":
            return sums[:, 0]
        if self.kind == "binary":
            positive = expit(sums[:, 0])
            return np.column_stack([1.0 - positive, positive])
        return softmax(sums, axis=1)

    def sums(self, Z: np.ndarray, n_jobs: int = 1) -> np.ndarray:
        """Return the sums of the trees' values, shape (n, n_groups)."""
        if self._booster is not None:
            sums = self._booster.predict(
                Z, raw_score=True, num_iteration=self._n_rounds, num_threads=n_jobs
            )
            return np.asarray(sums).reshape(len(Z), self.n_groups)
        if self._trees is None:
            self._trees = _predictors(self._arrays)
        Z = np.ascontiguousarray(Z, dtype=np.float64)
        sums = np.zeros((self.n_groups, len(Z)))
        sets, places = np.zeros((0, 8), np.uint32), np.zeros(Z.shape[1], np.uint32)
        linear = _LinearLeaves(self._arrays) if len(self._arrays["term_factor"]) else None
        for i, tree in enumerate(self._trees):
            found = tree.predict(Z, sets, places, n_jobs)
            sums[i % self.n_groups] += found if linear is None else linear.answer(Z, found)
        return sums.T

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_trees": None}

    # -- model files ----------------------------------------------------------------------------

    def __ann_state__(self) -> AnnState:
        """Return the trees as arrays."""
        arrays = self._arrays
        if arrays is None:
            arrays = read_model(self._booster.model_to_string(num_iteration=self._n_rounds))
        meta = {"kind": self.kind, "n_features": self.n_features, "n_groups": self.n_groups}
        return AnnState(arrays=dict(arrays), meta=meta)

    @classmethod
    def __ann_restore__(cls, state: AnnState) -> BoostedTrees:
        """Return trees from a file's arrays, after every index in them was checked."""
        meta, arrays = state.meta, state.arrays
        sound = (
            set(meta) == {"kind", "n_features", "n_groups"}
            and meta["kind"] in ("binary", "multiclass", "regression")
            and type(meta["n_features"]) is int
            and type(meta["n_groups"]) is int
            and meta["n_groups"] >= 1
            and {name: a.dtype for name, a in arrays.items()} == _ARRAYS
        )
        if not sound or not _are_sound_trees(arrays, meta["n_features"]):
            raise IntegrityError(
                "boosted trees in the file have nodes that are not theirs; nothing was built."
            )
        return cls(**meta, arrays=arrays)


def read_model(text: str) -> dict[str, np.ndarray]:
    """Return the nodes of a LightGBM model without categorical splits.

    Parameters
    ----------
    text : str
        As ``Booster.model_to_string`` writes it.

    Returns
    -------
    dict of str to ndarray
        As :class:`BoostedTrees` takes them.
    """
    trees = [_read_tree(block) for block in text.split("\nTree=")[1:]]
    arrays = {"sizes": np.array([len(t["value"]) for t in trees], dtype=np.int64)}
    for name, dtype in _ARRAYS.items():
        if name != "sizes":
            parts = [t[name] for t in trees] or [[]]
            arrays[name] = np.concatenate(parts).astype(dtype)
    return arrays


def _read_tree(block: str) -> dict[str, np.ndarray]:
    entries = dict(line.split("=", 1) for line in block.split("\n\n")[0].splitlines()[1:])
    linear = entries.get("is_linear") == "1"
    values = _numbers(entries["leaf_const" if linear else "leaf_value"], float)
    terms = _numbers(entries["num_features"], int) if linear else np.zeros(len(values), int)
    n_inner = len(values) - 1
    children = [_numbers(entries.get(f"{side}_child", ""), int) for side in ("left", "right")]
    # A child below zero is leaf -child - 1; leaves follow the inner nodes here.
    left, right = (np.where(c < 0, n_inner - c - 1, c) for c in children)
    leaf, inner = np.full(len(values), -1), np.zeros(n_inner)
    thresholds = _numbers(entries.get("threshold", ""), float)
    return {
        "feature": np.concatenate([_numbers(entries.get("split_feature", ""), int), leaf]),
        "threshold": np.concatenate([thresholds, np.zeros(len(values))]),
        "left": np.concatenate([left, leaf]),
        "right": np.concatenate([right, leaf]),
        "value": np.concatenate([inner, values]),
        "n_terms": np.concatenate([inner, terms]),
        "term_feature": _numbers(entries["leaf_features"] if linear else "", int),
        "term_factor": _numbers(entries["leaf_coeff"] if linear else "", float),
    }


def _numbers(text: str, kind: type) -> np.ndarray:
    return np.array([kind(part) for part in text.split()], dtype=kind)


def _are_sound_trees(arrays: dict[str, np.ndarray], n_features: int) -> bool:
    """Whether all children are later nodes of their own tree and all features columns."""
    sizes, n, terms = arrays["sizes"], len(arrays["feature"]), arrays["n_terms"]
    if any(a.ndim != 1 for a in arrays.values()) or (sizes < 1).any() or sizes.sum() != n:
        return False
    if any(len(arrays[name]) != n for name in _NODES) or (terms < 0).any():
        return False
    term = arrays["term_feature"]
    if not len(term) == len(arrays["term_factor"]) == terms.sum():
        return False
    if not ((term >= 0) & (term < n_features)).all():
        return False
    place = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    last = np.repeat(sizes, sizes)
    inner = arrays["feature"] >= 0
    inside = [(arrays[s] > place) & (arrays[s] < last) for s in ("left", "right")]
    known = arrays["feature"] < n_features
    return bool((inside[0] & inside[1] & known)[inner].all() and not terms[inner].any())


def _predictors(arrays: dict[str, np.ndarray]) -> list[Any]:
    """Return scikit-learn's compiled trees; of linear leaves they give the node's number."""
    from sklearn.ensemble._hist_gradient_boosting.predictor import (
        PREDICTOR_RECORD_DTYPE,
        TreePredictor,
    )

    n = len(arrays["feature"])
    nodes = np.zeros(n, dtype=PREDICTOR_RECORD_DTYPE)
    inner = arrays["feature"] >= 0
    nodes["value"] = np.arange(n) if len(arrays["term_factor"]) else arrays["value"]
    nodes["is_leaf"] = ~inner
    nodes["num_threshold"] = arrays["threshold"]
    for name, column in (("feature_idx", "feature"), ("left", "left"), ("right", "right")):
        nodes[name][inner] = arrays[column][inner]
    none = np.zeros((0, 8), np.uint32)
    parts = np.split(nodes, np.cumsum(arrays["sizes"])[:-1])
    return [TreePredictor(np.ascontiguousarray(part), none, none) for part in parts]


class _LinearLeaves:
    """Leaves that are linear functions, padded to one width."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        terms = arrays["n_terms"]
        row = np.repeat(np.arange(len(terms)), terms)
        place = np.arange(len(row)) - np.repeat(np.cumsum(terms) - terms, terms)
        self._value = arrays["value"]
        self._feature = np.zeros((len(terms), int(terms.max())), dtype=np.int64)
        self._factor = np.zeros(self._feature.shape)
        self._feature[row, place] = arrays["term_feature"]
        self._factor[row, place] = arrays["term_factor"]

    def answer(self, Z: np.ndarray, node: np.ndarray) -> np.ndarray:
        """Return the leaves' values for rows that fell into them."""
        node = node.astype(np.int64)
        inputs = np.take_along_axis(Z, self._feature[node], axis=1)
        return self._value[node] + (inputs * self._factor[node]).sum(axis=1)
