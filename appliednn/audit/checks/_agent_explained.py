"""What an agent does in words: a tree that acts alike, and what single decisions rest on."""

from __future__ import annotations

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit.checks._agent_shared import (
    AgentCheck,
    count_option,
    mean_of,
    no_memory,
    renamed,
    seconds_option,
)
from appliednn.audit.checks._explanation_tests import tests_result
from appliednn.audit.checks._words import listed, said
from appliednn.audit.report.svg import format_number, heatmap, interval_chart
from appliednn.core.statistics import Estimate
from appliednn.explain import DO_NOT_RELY

SECTION = "explanations"
_MOST_RULES = 16
_MOST_FEATURES = 15
_CELLS = 16  # of an image's map, along each side


class ActsLikeATree(AgentCheck):
    """A shallow tree taught by the agent: what it earns, and how far it decides alike."""

    id = "ANN1112"
    section = SECTION
    title = "A tree that acts like the agent"
    keys = ("tree_return", "tree_return_gap", "tree_fidelity", "tree_leaves")

    def run(self, context: AgentContext) -> CheckResult:
        """Teach a tree by VIPER, and let both play fresh episodes."""
        from appliednn.explain.policies import surrogate_tree

        if len(context.model.observation_space_.shape) != 1:
            raise NotApplicable("a tree reads vectors, and this agent sees images")
        no_memory(context)
        tree = surrogate_tree(
            context.model,
            context.env,
            max_depth=count_option(context, SECTION, "max_depth", 3),
            n_iterations=count_option(context, SECTION, "n_iterations", 5),
            n_evaluation=count_option(context, SECTION, "n_episodes", 20, least=2),
            max_steps=context.max_steps,
            max_seconds=seconds_option(context, SECTION, "max_seconds", 60.0),
            random_state=context.seed(self.id) % 2**31,
        )
        estimates = _of_tree(tree, context.seed(self.id))
        rows = [
            ["Mean return of the agent", tree.teacher_evaluation.mean],
            *([e.name, e] for e in estimates.values()),
        ]
        note = (
            "VIPER: the tree plays, the agent labels what the tree meets; the best of "
            f"{len(tree.history['return'])} trees by return. States weighted by: "
            f"{tree.weights.replace('_', ' ')}. Fidelity: share of equal actions (of numbers: R² "
            "of the tree's), bootstrap over episodes."
        )
        table = Table("Tree and agent", ["what", ""], rows, note)
        own = tree.fidelity["own_states"]
        return CheckResult(
            estimates,
            self._findings(tree, own),
            [table, _rules(tree)],
            summary=f"A tree of {tree.n_leaves} leaves earns {said(tree.evaluation.mean)} and "
            f"acts like the agent at a share of {said(own)} of the states it meets.",
        )

    def _findings(self, tree, own: Estimate) -> list[Finding]:
        if tree.reliable:
            return []
        from appliednn.explain.policies import MIN_FIDELITY

        return [
            Finding(
                f"{self.id}.1",
                "low",
                f"The tree: {DO_NOT_RELY}",
                f"On the states that the tree meets it decides like the agent at {said(own)} "
                f"only (asked for: {MIN_FIDELITY:g}). Whatever it earns, its rules are a policy "
                "of their own and no account of the agent's.",
                "Give nobody these rules as the agent's reasons; allow a deeper tree.",
            )
        ]


def _of_tree(tree, seed: int) -> dict[str, Estimate]:
    """Return what a gate may ask of the tree."""
    gap = np.asarray(tree.teacher_evaluation.returns) - np.asarray(tree.evaluation.returns)
    fidelity = {
        "own_states": "Fidelity on the states that the tree meets",
        "teacher_states": "Fidelity on the states that the agent meets",
    }
    of = tree.evaluation.mean
    return {
        "tree_return": renamed(of, "Mean return of the tree"),
        "tree_return_gap": mean_of("Return of the agent above the tree's", gap, seed),
        **{
            f"tree_fidelity[{key.partition('_')[0]}]": renamed(tree.fidelity[key], name)
            for key, name in fidelity.items()
        },
        "tree_leaves": Estimate("Leaves of the tree", tree.n_leaves, None, 1, "exact"),
    }


def _rules(tree) -> Table:
    """Return the tree's leaves as conditions with an action."""
    fitted, rows = tree.tree_.tree_, []
    total = float(fitted.n_node_samples[0])

    def walk(node: int, bounds: dict[int, tuple[float, float]]) -> None:
        if fitted.children_left[node] < 0:
            share = float(fitted.n_node_samples[node]) / total
            rows.append([_condition(tree, bounds), _answer(tree, node), share])
            return
        j, at = int(fitted.feature[node]), float(fitted.threshold[node])
        low, high = bounds.get(j, (-np.inf, np.inf))
        walk(fitted.children_left[node], {**bounds, j: (low, min(high, at))})
        walk(fitted.children_right[node], {**bounds, j: (max(low, at), high)})

    walk(0, {})
    rows.sort(key=lambda row: -row[2])
    left = len(rows) - _MOST_RULES
    note = f"{left} rarer leaves are left out." if left > 0 else ""
    head = ["where", "action", "share of the states it was taught on"]
    return Table("The tree's rules", head, rows[:_MOST_RULES], note)


def _condition(tree, bounds: dict[int, tuple[float, float]]) -> str:
    parts = []
    for j, (low, high) in bounds.items():
        name = tree.feature_names[j]
        if np.isfinite(low) and np.isfinite(high):
            parts.append(f"{format_number(low)} < {name} ≤ {format_number(high)}")
        elif np.isfinite(high):
            parts.append(f"{name} ≤ {format_number(high)}")
        else:
            parts.append(f"{name} > {format_number(low)}")
    return " and ".join(parts) or "always"


def _answer(tree, node: int) -> str:
    """Return the action of a leaf in words."""
    values = tree.tree_.tree_.value[node]
    classes = getattr(tree.tree_, "classes_", None)
    if classes is None:
        return ", ".join(format_number(float(v)) for v in values.reshape(-1)[:4])
    if isinstance(classes, list):
        return ", ".join(str(c[int(np.argmax(v))]) for c, v in zip(classes, values, strict=True))
    return tree.action_names[int(classes[int(np.argmax(values[0]))])]


class WhatDecides(AgentCheck):
    """Which numbers of an observation move the chosen action's value, and tests of that."""

    id = "ANN1113"
    section = SECTION
    title = "What decisions rest on"
    keys = (
        "policy_importance",
        *(
            f"policy_{method}_{test}"
            for method in ("gradients", "shap")
            for test in (
                "completeness_gap",
                "deletion_gain",
                "insertion_gain",
                "seed_stability",
                "randomised_similarity",
            )
        ),
    )

    def run(self, context: AgentContext) -> CheckResult:
        """Attribute decisions on visited states, and test the attributions."""
        if not hasattr(context.model, "decision_function"):
            raise NotApplicable(f"{type(context.model).__name__} has no decision_function")
        no_memory(context)
        if context.visited.ndim > 2:
            return self._of_images(context)
        n = count_option(context, SECTION, "max_rows", 200, least=10)
        made = {m: self._explained(context, m, n) for m in _methods(context)}
        tested = {f"policy_{_KEYS[m]}": e.faithfulness for m, e in made.items()}
        note = (
            f"{len(next(iter(made.values())).values)} visited states; features are exchanged for "
            "those of other visited states in their order, against random orders."
        )
        result = tests_result(self.id, tested, note)
        # What is drawn is a method that passed its tests, where one did.
        explained = list(made.values())
        main = next((e for e in explained if not e.faithfulness.failed), explained[0])
        ranked = main.importance()[:_MOST_FEATURES]
        result.estimates |= {f"policy_importance[{e.name}]": e for e in ranked}
        result.figures.append(
            interval_chart(
                "What decisions rest on",
                {e.name: e for e in ranked},
                x_label=f"mean size of the {main.method} attribution ({main.unit})",
            )
        )
        result.tables.insert(0, _by_action(made))
        result.summary = f"Decisions rest most on {listed([e.name for e in ranked], 2)}; "
        result.summary += "; ".join(f"{f.method}: {f.verdict}" for f in tested.values()) + "."
        return result

    def _explained(self, context: AgentContext, method: str, n: int):
        from appliednn.explain.policies import explain_policy

        return explain_policy(
            context.model,
            context.states,
            context.env,
            method=method,
            n_states=n,
            n_background=count_option(context, SECTION, "n_background", 100, least=2),
            test=True,
            random_state=context.seed(self.id) % 2**31,
        )

    def _of_images(self, context: AgentContext) -> CheckResult:
        from appliednn.explain.policies import explain_policy

        if not hasattr(context.model, "decision_gradient"):
            raise NotApplicable("images are explained by gradients, which this agent has none of")
        made = explain_policy(
            context.model,
            context.states,
            context.env,
            method="saliency",
            n_states=count_option(context, SECTION, "max_rows", 200, least=10),
            random_state=context.seed(self.id) % 2**31,
        )
        return CheckResult(
            figures=[_map(made)],
            summary="Mean size of the gradient of the chosen action's value, pixel by pixel; a "
            "map of gradients is no test of what the agent needs to see.",
        )


_KEYS = {"integrated_gradients": "gradients", "shap": "shap"}


def _methods(context: AgentContext) -> list[str]:
    gradient = hasattr(context.model, "decision_gradient")
    return ["shap", "integrated_gradients"] if gradient else ["shap"]


def _by_action(made: dict) -> Table:
    """Return mean attributions by the action they speak for."""
    rows = []
    for explanation in made.values():
        frame = explanation.to_frame()
        for target, part in frame.groupby("target", sort=False):
            top = part.sort_values("mean_size", ascending=False).head(3)
            said_ = ", ".join(
                f"{r.feature} {r.mean:+.3g}".replace("-", "−") for r in top.itertuples()
            )
            rows.append([explanation.method, str(target), int(part["n"].iloc[0]), said_])
    head = ["method", "explained", "states", "largest, with the mean attribution"]
    note = "Positive: speaks for the action, on average over the states in which it was chosen."
    return Table("By action", head, rows, note)


def _map(made) -> Figure:
    """Draw the mean size of gradients over an image, in at most 16 by 16 cells."""
    sizes = np.abs(made.maps).mean(axis=0)
    sizes = sizes.sum(axis=-1) if sizes.ndim == 3 else sizes
    steps = [-(-side // _CELLS) for side in sizes.shape]
    pad = [(0, -side % step) for side, step in zip(sizes.shape, steps, strict=True)]
    padded = np.pad(sizes, pad)
    h, w = (side // step for side, step in zip(padded.shape, steps, strict=True))
    cells = padded.reshape(h, steps[0], w, steps[1]).mean(axis=(1, 3))
    rows, columns = ([str(i * s) for i in range(n)] for n, s in zip((h, w), steps, strict=True))
    shares = np.round(100 * cells / max(float(cells.max()), 1e-12)).astype(np.int64)
    return heatmap("Where the gradient is large (largest: 100)", rows, columns, shares)
