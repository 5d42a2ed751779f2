"""Returns of policies that nobody trained, for each environment: chance, a constant, a rule.

    python benchmarks/reference_policies.py

Mean returns of the episodes of seeds 0 to 19; the constant action is chosen on five other seeds.
"""

from __future__ import annotations

import argparse

from appliednn.reinforcement import (
    RandomPolicy,
    best_constant_action,
    heuristic_policy,
    run_episodes,
)

ENVIRONMENTS = [
    "CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1", "Pendulum-v1",
    "appliednn/RobotArm-v0", "appliednn/Catch-v0",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=20)
    n = parser.parse_args().episodes
    print("| environment | chance | best constant action | rule of thumb |\n|---|---|---|---|")
    for env in ENVIRONMENTS:
        policies = (RandomPolicy(env), best_constant_action(env, range(1000, 1005)),
                    heuristic_policy(env))  # fmt: skip
        means = [
            "" if act is None else f"{run_episodes(act, env, range(n)).returns.mean():.1f}"
            for act in policies
        ]
        print(f"| {env} | " + " | ".join(means) + " |", flush=True)


if __name__ == "__main__":
    main()
