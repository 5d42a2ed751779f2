"""A decision tree in place of a policy, with what it earns and how far it agrees."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.core.errors import IntegrityError, UsageError
from appliednn.core.persistence import AnnState, SaveMixin
from appliednn.core.statistics import Estimate

#: Agreement on the tree's own states below this: its rules do not tell what the policy does.
MIN_FIDELITY = 0.9
_PARTS = (
    "tree_", "feature_names", "action_names", "evaluation", "teacher_evaluation", "fidelity",
    "history", "weights",
)  # fmt: skip


class SurrogateTree(SaveMixin):
    """A shallow tree that imitates a policy; made by :func:`surrogate_tree`.

    Attributes
    ----------
    tree_ : DecisionTreeClassifier or DecisionTreeRegressor
        The tree (a regression tree for continuous actions).
    feature_names, action_names : list of str
        Names of what it reads and answers.
    evaluation, teacher_evaluation : Evaluation
        Episodes of the tree and of the policy on the same fresh seeds.
    fidelity : dict of str to Estimate
        ``"teacher_states"`` and ``"own_states"``: share of equal actions on states that the
        policy, or the tree, visits in those episodes (continuous actions: R2 of the tree's
        actions). Intervals resample episodes.
    history : dict of str to list
        Every candidate tree: ``iteration``, ``weights``, ``return``, ``fidelity``, ``n_leaves``,
        ``n_states``, ``final_return`` (of finalists) and ``chosen``.
    weights : str
        What weighted the states of this tree: ``"q_gap"``, ``"lookahead"``, ``"decision_gap"`` or
        ``"plain"``.
    """

    def __init__(
        self,
        tree_,
        feature_names: list[str],
        action_names: list[str],
        evaluation,
        teacher_evaluation,
        fidelity: dict[str, Estimate],
        history: dict[str, list],
        weights: str,
    ) -> None:
        self.tree_, self.weights = tree_, weights
        self.feature_names, self.action_names = feature_names, action_names
        self.evaluation, self.teacher_evaluation = evaluation, teacher_evaluation
        self.fidelity, self.history = fidelity, history

    @property
    def n_leaves(self) -> int:
        """Number of rules."""
        return int(self.tree_.get_n_leaves())

    @property
    def reliable(self) -> bool:
        """Whether the tree agrees with the policy on 90 % of the states that it visits itself.

        A tree may earn the policy's return and still decide differently: then its rules are a
        policy of their own and explain nothing.
        """
        return bool(self.fidelity["own_states"].value >= MIN_FIDELITY)

    def predict(self, observations: np.ndarray) -> np.ndarray:
        """Return the tree's actions.

        Parameters
        ----------
        observations : ndarray of shape (n, n_features) or (n_features,)

        Returns
        -------
        ndarray of shape (n,) or (n, action_size)
            A single action for a single observation.
        """
        rows = np.asarray(observations, dtype=np.float32)
        n_features = len(self.feature_names)
        if rows.ndim not in (1, 2) or rows.shape[-1] != n_features:
            raise UsageError(
                f"the tree reads {n_features} numbers a state, as (n, {n_features}); got shape "
                f"{rows.shape}"
            )
        actions = answers(self.tree_, rows.reshape(-1, n_features))
        return actions[0] if rows.ndim == 1 else actions

    def policy(self):
        """Return ``act(observations, first)`` for ``run_episodes``."""
        return tree_policy(self.tree_)

    def rules(self, decimals: int = 3) -> str:
        """Return the tree as text, one line a test or an action."""
        from sklearn.tree import export_text

        named = hasattr(self.tree_, "classes_") and not isinstance(self.tree_.classes_, list)
        classes = [self.action_names[int(k)] for k in self.tree_.classes_] if named else None
        return export_text(
            self.tree_, feature_names=self.feature_names, class_names=classes, decimals=decimals
        )

    def to_frame(self):
        """Return the candidates' history as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.history)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready summary: return beside fidelity, size and rules."""
        return {
            "return": self.evaluation.mean.to_dict(),
            "teacher_return": self.teacher_evaluation.mean.to_dict(),
            "fidelity": {key: found.to_dict() for key, found in self.fidelity.items()},
            "reliable": self.reliable,
            "depth": int(self.tree_.get_depth()),
            "n_leaves": self.n_leaves,
            "weights": self.weights,
            "rules": self.rules(),
        }

    def __ann_state__(self) -> AnnState:
        return AnnState(meta={name: getattr(self, name) for name in _PARTS})

    @classmethod
    def __ann_restore__(cls, state: AnnState) -> SurrogateTree:
        """Return the tree of a model file.

        Raises
        ------
        IntegrityError
            If a part is missing or is no tree.
        """
        if set(state.meta) != set(_PARTS):
            raise IntegrityError("the file holds a SurrogateTree without some of its parts")
        made = cls(**state.meta)
        if getattr(made.tree_, "n_features_in_", None) != len(made.feature_names):
            raise IntegrityError("the file's tree does not read the features that it names")
        return made


def answers(tree, rows: np.ndarray) -> np.ndarray:
    """Return a fitted tree's predictions for float32 rows.

    scikit-learn checks its input longer than a shallow tree takes to answer.
    """
    return leaf_actions(tree)[tree.tree_.apply(np.ascontiguousarray(rows, dtype=np.float32))]


def tree_policy(tree):
    """Return ``act(observations, first)`` of a fitted tree."""
    actions, apply = leaf_actions(tree), tree.tree_.apply

    def act(observations, first):
        return actions[apply(np.ascontiguousarray(observations, dtype=np.float32))]

    return act


def leaf_actions(tree) -> np.ndarray:
    """Return the action of every node, (n_nodes,) or (n_nodes, action_size)."""
    value = tree.tree_.value
    if not hasattr(tree, "classes_"):
        means = value[:, :, 0].astype(np.float32)
        return means if tree.n_outputs_ > 1 else means[:, :1]
    if not isinstance(tree.classes_, list):
        return tree.classes_[value[:, 0].argmax(axis=1)]
    columns = [
        classes[value[:, j, : len(classes)].argmax(axis=1)]
        for j, classes in enumerate(tree.classes_)
    ]
    return np.column_stack(columns)
