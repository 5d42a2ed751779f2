"""From a policy to a decision tree by imitation on the tree's own states (VIPER)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.explain.policies._decisions import is_continuous
from appliednn.explain.policies._fidelity import fidelity
from appliednn.explain.policies._gaps import (
    WEIGHTS,
    choose_weights,
    decision_gaps,
    lookahead_gaps,
)
from appliednn.explain.policies._names import action_names, feature_names
from appliednn.explain.policies._play import check_memoryless, episode_seeds, open_env
from appliednn.explain.policies._prune import without_idle_splits
from appliednn.explain.policies._surrogate import (
    SurrogateTree,
    answers,
    leaf_actions,
    tree_policy,
)

Weights = Literal["auto", "q_gap", "lookahead", "decision_gap", "plain"]

_FINALISTS = 4


def surrogate_tree(
    agent,
    env=None,
    *,
    max_depth: int = 3,
    max_leaf_nodes: int | None = None,
    min_samples_leaf: int = 1,
    n_iterations: int = 10,
    n_episodes: int = 4,
    n_validation: int = 10,
    n_evaluation: int = 20,
    weights: Weights = "auto",
    max_steps: int | None = None,
    max_seconds: float | None = None,
    random_state: int = 0,
) -> SurrogateTree:
    """Imitate a policy by a shallow decision tree, and say what that is worth.

    The policy plays first, then each new tree plays and the policy labels the states that the
    tree met (DAgger). Trees are fitted to all states so far, weighted by what a wrong action
    costs there, ``max_a Q - min_a Q``, and with equal weights; they take turns in playing. The
    best by return on validation seeds (of equals those that agree most with the policy) play
    again on other seeds; the best of these is kept, and evaluated on fresh ones.

    Parameters
    ----------
    agent : fitted agent
        Gives ``predict`` and ``policy``; vector observations.
    env : str, callable or gymnasium.Env, optional
        Default: the agent's own.
    max_depth, max_leaf_nodes, min_samples_leaf : int
        Size of the tree, as in scikit-learn.
    n_iterations : int
        Rounds of play, labelling and fitting; 1 is plain imitation.
    n_episodes : int
        Episodes of each round.
    n_validation : int
        Episodes by which candidates are compared; finalists play four times as many again.
    n_evaluation : int
        Episodes of the final evaluation, of the tree and of the policy.
    weights : {"auto", "q_gap", "lookahead", "decision_gap", "plain"}
        What a state counts for. ``"q_gap"``: the range of the Q-values. ``"lookahead"``: the range
        of Q from one step of a copied environment and ``agent.value``, for policy-gradient
        agents. ``"decision_gap"``: the range of the logits, which says how sure the policy is
        and not what an error costs. ``"plain"``: all the same, which is always tried too.
        ``"auto"``: all of these that the agent and the environment allow.
    max_steps : int, optional
        Longest episode.
    max_seconds : float, optional
        No new round begins after so long.
    random_state : int
        Seed of the episodes and of the trees.

    Returns
    -------
    SurrogateTree

    Raises
    ------
    UsageError
        If observations are images, the policy has a memory, or the weights asked for cannot be
        had.

    Notes
    -----
    Source: O. Bastani, Y. Pu and A. Solar-Lezama, NeurIPS 2018 (VIPER); S. Ross, G. Gordon and
    D. Bagnell, AISTATS 2011 (DAgger).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import gymnasium
    >>> def follow_the_pole(observations, first=None):
    ...     return (observations[:, 2] > 0).astype(int)
    >>> agent = SimpleNamespace(  # a fitted PPOAgent, DQNAgent, ... has all of these
    ...     env="CartPole-v1", action_space_=gymnasium.spaces.Discrete(2),
    ...     predict=follow_the_pole, policy=lambda: follow_the_pole)
    >>> tree = surrogate_tree(agent, max_depth=1, n_iterations=1)
    >>> round(tree.fidelity["own_states"].value, 2), tree.reliable
    (1.0, True)
    >>> print(tree.rules(decimals=2))
    |--- pole angle <= -0.00
    |   |--- class: push left
    |--- pole angle >  -0.00
    |   |--- class: push right
    """
    if n_iterations < 1:
        raise UsageError(f"n_iterations must be at least 1; got {n_iterations}")
    shape = {
        "max_depth": max_depth,
        "max_leaf_nodes": max_leaf_nodes,
        "min_samples_leaf": min_samples_leaf,
        "random_state": int(random_state),
    }
    search = _Search(agent, env, shape, _weights(agent, env, weights), random_state, max_steps)
    started = time.monotonic()
    for round_ in range(n_iterations):
        late = max_seconds is not None and time.monotonic() - started > max_seconds
        if round_ and late:
            break
        search.gather(episode_seeds(random_state, n_episodes, offset=10 + round_))
        search.fit(episode_seeds(random_state, n_validation, offset=2))
    best = search.choose(episode_seeds(random_state, 4 * n_validation, offset=4))
    return search.finish(best, episode_seeds(random_state, n_evaluation, offset=3))


def _weights(agent, env, weights: str) -> list[str]:
    if weights not in WEIGHTS:
        raise UsageError(f"weights must be one of {', '.join(WEIGHTS)}; got {weights!r}")
    found = choose_weights(agent, env, weights)
    discrete = type(agent.action_space_).__name__ == "Discrete"
    if found != ["plain"] and not discrete:
        raise UsageError(
            f"weights={weights!r} compares single actions, and those of {type(agent).__name__} "
            f"are {agent.action_space_}; take weights='plain'"
        )
    if "lookahead" in found and not hasattr(agent, "value"):
        raise UsageError(
            f"weights='lookahead' needs value(), which {type(agent).__name__} does not have; "
            "take 'plain', or 'q_gap' for Q-values"
        )
    return found


@dataclass
class _Search:
    """States gathered so far and candidate trees."""

    agent: object
    env: object
    shape: dict
    weights: list[str]
    seed: int
    max_steps: int | None
    observations: list = field(default_factory=list)
    actions: list = field(default_factory=list)
    gaps: dict[str, list] = field(default_factory=dict)
    history: list = field(default_factory=list)
    driver: object = None
    trees: list = field(default_factory=list)

    def __post_init__(self) -> None:
        one = open_env(self.agent, self.env)
        shape = one.observation_space.shape
        if len(shape) != 1:
            raise UsageError(
                f"a surrogate tree reads vectors; observations here have shape {shape}. Explain "
                "images with explain_policy(method='saliency')"
            )
        self.continuous = is_continuous(self.agent)
        self.names = feature_names(one, shape)
        space = one.action_space
        n_actions = int(getattr(space, "n", 0)) or int(np.prod(space.shape))
        self.labels = action_names(one, n_actions)
        one.close()

    def gather(self, seeds) -> None:
        """Play a round with the policy or the last tree; the policy labels every state."""
        act = self.agent.policy() if self.driver is None else tree_policy(self.driver)
        log: dict[int, list] = {}
        episodes = self._play(act, seeds, log if "lookahead" in self.weights else None)
        if self.driver is None:
            check_memoryless(self.agent, episodes)
        rows = np.concatenate(episodes.observations)
        self.observations.append(rows)
        self.actions.append(np.asarray(self.agent.predict(rows)))
        for kind in self.weights:
            if kind == "lookahead":
                gaps = lookahead_gaps(self.agent, log, seeds)
            else:
                gaps = None if kind == "plain" else decision_gaps(self.agent, rows)
            self.gaps.setdefault(kind, []).append(gaps)

    def fit(self, seeds) -> None:
        """Fit a tree with each weighting to all states so far and let it play."""
        rows, actions = np.concatenate(self.observations), np.concatenate(self.actions)
        turn = len(self.observations) % len(self.weights)
        for i, (kind, gaps) in enumerate(self.gaps.items()):
            weights = None if kind == "plain" else np.concatenate(gaps)
            if weights is not None and weights.max() <= 0:
                weights = None  # no error costs anything
            tree = self._tree(rows, actions, weights)
            if i == turn or self.driver is None:
                self.driver = tree
            episodes, agreed = self._rollout(tree, seeds)
            self.trees.append(tree)
            self.history.append(
                {
                    "iteration": len(self.observations),
                    "weights": kind,
                    "return": float(episodes.returns.mean()),
                    "fidelity": agreed.value,
                    "n_leaves": int(tree.get_n_leaves()),
                    "n_states": len(rows),
                }
            )

    def choose(self, seeds) -> int:
        """Return the best of the finalists by return, then fidelity, on seeds of their own.

        The best of many on few episodes is partly luck.
        """
        keys = [(row["return"], row["fidelity"] or 0.0) for row in self.history]
        finalists = sorted(range(len(keys)), key=keys.__getitem__)[-_FINALISTS:]
        for row in self.history:
            row["final_return"] = None
        again = {}
        for i in finalists:
            episodes, agreed = self._rollout(self.trees[i], seeds)
            again[i] = (float(episodes.returns.mean()), float(agreed.value or 0.0))
            self.history[i]["final_return"] = again[i][0]
        return max(again, key=again.__getitem__)

    def finish(self, best: int, seeds) -> SurrogateTree:
        """Evaluate a tree and the policy on fresh seeds."""
        from appliednn.reinforcement import Evaluation

        tree = self.trees[best]
        own, agreed = self._rollout(tree, seeds)
        theirs = self._play(self.agent.policy(), seeds)
        found = {
            "teacher_states": self._agreement("Fidelity on the policy's states", tree, theirs),
            "own_states": agreed,
        }
        history = {key: [row[key] for row in self.history] for key in self.history[0]}
        history["chosen"] = [i == best for i in range(len(self.history))]
        for episodes in (own, theirs):  # recordings are large, and were only for the fidelity
            episodes.observations = episodes.actions = episodes.rewards = None
            episodes.final_observations = None
        return SurrogateTree(
            tree, self.names, self.labels, Evaluation(own), Evaluation(theirs), found, history,
            self.history[best]["weights"],
        )  # fmt: skip

    def _play(self, act, seeds, log: dict | None = None):
        """Play and record episodes; with a log every action is tried before each step."""
        from appliednn.explain.policies._forks import Forks
        from appliednn.reinforcement import run_episodes

        def make():
            one = open_env(self.agent, self.env)
            return one if log is None else Forks(one, log)

        return run_episodes(act, make, seeds, record=True, max_steps=self.max_steps)

    def _tree(self, rows, actions, weights):
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeRegressor if self.continuous else DecisionTreeClassifier
        tree = kind(**self.shape).fit(rows, actions, sample_weight=weights)
        return tree if self.continuous else without_idle_splits(tree, leaf_actions(tree))

    def _rollout(self, tree, seeds) -> tuple[object, Estimate]:
        episodes = self._play(tree_policy(tree), seeds)
        return episodes, self._agreement("Fidelity on the tree's own states", tree, episodes)

    def _agreement(self, name: str, tree, episodes) -> Estimate:
        rows, ends = np.concatenate(episodes.observations), np.cumsum(episodes.lengths)[:-1]
        theirs = np.split(np.asarray(self.agent.predict(rows)), ends)
        return fidelity(
            name, theirs, np.split(answers(tree, rows), ends), continuous=self.continuous
        )
