"""Trees in place of policies on CartPole: return and fidelity by depth and by weighting.

    python benchmarks/surrogate_trees.py

Prints the table of docs/policies.md: PPO agents trained on 50 000 steps, two searches for each;
means over all of them, and the worst return. One thread is enough: OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

# What is printed, the weights asked for, rounds of play.
VARIANTS = (
    ("plain imitation", "plain", 1),
    ("equal weights", "plain", 10),
    ("range of logits, equal", "decision_gap", 10),
    ("one step ahead, equal", "lookahead", 10),
    ('all of them (`"auto"`)', "auto", 10),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teachers", type=int, default=3)
    parser.add_argument("--searches", type=int, default=2)
    parser.add_argument("--depths", type=int, nargs="+", default=[2, 3, 4])
    options = parser.parse_args()
    teachers = [_teacher(seed) for seed in range(options.teachers)]
    print("| depth | weights | return | worst | own states | policy's states | seconds |")
    print("|---|---|---|---|---|---|---|")
    for depth in options.depths:
        for name, weights, rounds in VARIANTS:
            print(_row(teachers, options.searches, depth, name, weights, rounds), flush=True)


def _teacher(seed: int):
    """Return a fitted agent."""
    from appliednn.reinforcement import PPOAgent

    agent = PPOAgent.from_preset(
        "CartPole-v1", total_timesteps=50_000, random_state=seed, verbose=False
    ).fit()
    print(f"teacher {seed}: return {agent.evaluate().mean.value:.1f}", flush=True)
    return agent


def _row(teachers, searches: int, depth: int, name: str, weights: str, rounds: int) -> str:
    """Return a line of the table."""
    from appliednn.explain.policies import surrogate_tree

    started = time.process_time()
    trees = [
        surrogate_tree(
            agent, max_depth=depth, weights=weights, n_iterations=rounds, random_state=seed
        )
        for agent in teachers
        for seed in range(searches)
    ]
    seconds = (time.process_time() - started) / len(trees)
    returns = [tree.evaluation.mean.value for tree in trees]
    own, theirs = (
        np.mean([tree.fidelity[key].value for tree in trees])
        for key in ("own_states", "teacher_states")
    )
    return (
        f"| {depth} | {name} | {np.mean(returns):.0f} | {min(returns):.0f} | {own:.2f} | "
        f"{theirs:.2f} | {seconds:.1f} |"
    )


if __name__ == "__main__":
    main()
