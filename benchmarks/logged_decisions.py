"""Decisions from logs against closed forms: coverage of the intervals, and regret of the bandits.

``python benchmarks/logged_decisions.py coverage`` logs 1 000 decisions among four actions, 200
times, by a policy that is known, and estimates the value of another one. The contexts are the 16
corners of a cube, so that the true value is a finite sum. It prints, for each estimator, how often
the 95 % interval held the value, with the binomial interval of that share, beside bias, standard
deviation and root mean squared error; an interval is too high where its lower end is.

``python benchmarks/logged_decisions.py regret`` lets each bandit serve visitors whose best action
is known and learn from what follows; it prints the reward lost to the best actions.

``python benchmarks/logged_decisions.py episodes`` logs 200 times 60 episodes of a random decision
process that is solved by linear algebra, and counts how often the interval of fitted-Q evaluation
held the value. ``cartpole`` learns from 150 episodes of a clumsy policy on CartPole, and evaluates
three policies by the same log beside what they bring when they act.

``--out FILE`` adds the table to a file instead.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from appliednn.core.statistics import wilson_interval
from appliednn.reinforcement import (
    BehaviorCloning,
    ContextualBandit,
    DiscreteCQL,
    FittedQEvaluation,
    LoggedTransitions,
    off_policy_value,
    run_episodes,
)

ACTIONS = np.array(["a", "b", "c", "d"])
CORNERS = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))
METHODS = {
    "ips": {"method": "ips"},
    "snips": {"method": "snips"},
    "dm": {"method": "dm"},
    "dr": {"method": "dr"},
    "switch": {"method": "switch"},
    "switch, threshold 2": {"method": "switch", "threshold": 2.0},
    "switch-dr": {"method": "switch-dr"},
    "switch-dr, threshold 2": {"method": "switch-dr", "threshold": 2.0},
    "ips, normal": {"method": "ips", "interval": "normal"},
    "snips, normal": {"method": "snips", "interval": "normal"},
    "ips, bootstrap": {"method": "ips", "interval": "bootstrap"},
    "snips, bootstrap": {"method": "snips", "interval": "bootstrap"},
    "dr, hall": {"method": "dr", "interval": "hall"},
    "dr, weights cut at 5": {"method": "dr", "clip": 5.0},
    "ips, Bernstein": {
        "method": "ips",
        "interval": "bernstein",
        "clip": 8.4,
        "reward_range": (-8.0, 8.0),
    },
}


def process():
    """Return the mean reward of each action in each corner, and two policies, all (16, 4)."""
    rng = np.random.default_rng(5)
    means = CORNERS @ rng.normal(0, 0.5, (4, 4)) + rng.normal(0.5, 0.5, 4)
    policies = []
    for slope in (0.5, -0.4):  # the log prefers good actions, the policy asked for less good ones
        odds = np.exp(slope * means + CORNERS @ rng.normal(0, 0.3, (4, 4)))
        policies.append(odds / odds.sum(axis=1, keepdims=True))
    return means, *policies


def logged(rng, n: int, means, logging):
    """Return n decisions: corners, contexts, actions, rewards and all actions' probabilities."""
    corner = rng.integers(0, len(CORNERS), n)
    cumulative = np.cumsum(logging[corner], axis=1)
    action = np.minimum((rng.random((n, 1)) > cumulative).sum(axis=1), len(ACTIONS) - 1)
    rewards = means[corner, action] + rng.normal(0, 1, n)
    return corner, CORNERS[corner], ACTIONS[action], rewards, logging[corner]


def coverage(n_runs: int, n: int, names: list[str]) -> list[str]:
    """Return the table of coverage as lines of markdown."""
    means, logging, target = process()
    truth = float((target * means).sum(axis=1).mean())
    found = {name: [] for name in names}
    seconds = dict.fromkeys(names, 0.0)
    for run in range(n_runs):
        rng = np.random.default_rng([run, 1])
        corner, X, actions, rewards, propensity = logged(rng, n, means, logging)
        for name in names:
            began = time.process_time()
            given = {"labels": ACTIONS, "random_state": run, **METHODS[name]}
            result = off_policy_value(target[corner], actions, rewards, propensity, X, **given)
            seconds[name] += time.process_time() - began
            found[name].append((result.value, *result.ci))
    lines = [
        f"True value {truth:.4f}, value of the log's policy "
        f"{float((logging * means).sum(axis=1).mean()):.4f}, {n_runs} logs of {n} decisions, "
        f"largest possible weight {(target / logging).max():.1f}.",
        "",
        "| estimator | covered | 95 % interval | too high | too low | bias | deviation | RMSE "
        "| width | s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        value, low, high = np.array(rows).T
        held = int(((low <= truth) & (truth <= high)).sum())
        share = wilson_interval(held, n_runs)
        lines.append(
            f"| {name} | {held}/{n_runs} = {held / n_runs:.3f} | {share[0]:.3f} to {share[1]:.3f} "
            f"| {int((low > truth).sum())} | {int((high < truth).sum())} "
            f"| {value.mean() - truth:+.4f} | {value.std(ddof=1):.4f} "
            f"| {np.sqrt(((value - truth) ** 2).mean()):.4f} | {(high - low).mean():.3f} "
            f"| {seconds[name] / n_runs:.3f} |"
        )
    return lines


BANDITS = {
    "linucb": {"policy": "linucb", "alpha": 0.5},
    "thompson": {"policy": "thompson", "alpha": 0.5},
    "epsilon_greedy (linear)": {"policy": "epsilon_greedy"},
    "neural": {"policy": "neural", "hidden_layer_sizes": 32, "learning_rate": 0.01},
    "drawn evenly": {"policy": "epsilon_greedy", "epsilon": 1.0},
}


def serve(options: dict, rounds: int, batch: int, seed: int) -> np.ndarray:
    """Return the regret of each round: the best action's mean reward less the taken one's."""
    rng = np.random.default_rng([seed, 3])
    theta = np.random.default_rng([seed, 4]).normal(0, 1, (5, 4))
    bandit = ContextualBandit(actions=np.arange(5), random_state=seed, **options)
    regret = np.zeros(rounds)
    for t in range(rounds):
        X = rng.normal(size=(batch, 4))
        means = X @ theta.T
        taken = rng.integers(0, 5, batch) if t == 0 else bandit.select(X, random_state=t)[0]
        earned = means[np.arange(batch), taken]
        bandit.partial_fit(X, taken, earned + rng.normal(0, 0.5, batch))
        regret[t] = (means.max(axis=1) - earned).sum()
    return regret


def regret(n_runs: int, rounds: int = 400, batch: int = 10) -> list[str]:
    """Return the table of regret as lines of markdown."""
    lines = [
        f"{n_runs} worlds of five actions, rewards linear in four numbers with noise 0.5; "
        f"{rounds} rounds of {batch} visitors. The exponent is the slope of the logarithm of "
        "cumulated regret over that of time, in the last three quarters; 1 is no learning.",
        "",
        "| bandit | regret a visitor | first tenth | last tenth | exponent | s |",
        "|---|---|---|---|---|---|",
    ]
    for name, options in BANDITS.items():
        began = time.process_time()
        rows = np.array([serve(options, rounds, batch, seed) for seed in range(n_runs)]) / batch
        spent = (time.process_time() - began) / n_runs
        late = slice(rounds // 4, None)
        total = np.cumsum(rows, axis=1).mean(axis=0)
        slope = np.polyfit(np.log(np.arange(1, rounds + 1))[late], np.log(total)[late], 1)[0]
        error = rows.mean(axis=1).std(ddof=1) / np.sqrt(n_runs)
        tenth = rounds // 10
        lines.append(
            f"| {name} | {rows.mean():.4f} +- {1.96 * error:.4f} | {rows[:, :tenth].mean():.4f} "
            f"| {rows[:, -tenth:].mean():.4f} | {slope:.2f} | {spent:.1f} |"
        )
    return lines


def random_process(rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return moves (5, 2, 6), mean rewards (5, 2) and a policy (6, 2); state 5 is the end."""
    moves = rng.dirichlet(np.full(6, 0.5), (5, 2)) * 0.85
    moves[..., 5] += 0.15
    return moves, rng.normal(0, 1, (5, 2)), rng.dirichlet(np.ones(2), 6)


def process_log(rng, moves, means, n_episodes: int) -> LoggedTransitions:
    """Return episodes from state 0 of a policy that draws actions evenly."""
    rows = []
    for _ in range(n_episodes):
        state = 0
        while state != 5:
            action = int(rng.integers(2))
            following = int(rng.choice(6, p=moves[state, action]))
            reward = means[state, action] + rng.normal(0, 0.5)
            rows.append((state, action, reward, following == 5))
            state = following
    state, action, reward, ended = map(np.array, zip(*rows, strict=True))
    return LoggedTransitions.from_arrays(np.eye(6)[state], action, reward, ended)


def episodes(n_runs: int, n_episodes: int = 60, gamma: float = 0.95) -> list[str]:
    """Return the coverage of fitted-Q evaluation; each run has a process of its own."""
    held, errors, logged_errors = 0, [], []
    for run in range(n_runs):
        rng = np.random.default_rng([run, 6])
        moves, means, target = random_process(rng)
        step = np.einsum("sa,sat->st", target[:5], moves)[:, :5]
        inner = np.eye(5) - gamma * step
        truth = np.linalg.solve(inner, (target[:5] * means).sum(axis=1))[0]
        log = process_log(rng, moves, means, n_episodes)
        evaluation = FittedQEvaluation(gamma, random_state=run)
        evaluation.fit(lambda seen, target=target: seen @ target, log)
        low, high = evaluation.value_.ci
        held += low <= truth <= high
        errors.append(evaluation.value_.value - truth)
        logged_errors.append(log.returns.mean() - truth)
    low, high = wilson_interval(held, n_runs)
    rmse, logged_rmse = (np.sqrt(np.mean(np.square(e))) for e in (errors, logged_errors))
    return [
        f"Fitted-Q evaluation, {n_runs} random processes of 5 states with 60 logged episodes: "
        f"interval held the value {held}/{n_runs} = {held / n_runs:.3f} ({low:.3f} to "
        f"{high:.3f}); bias {np.mean(errors):+.3f}, RMSE {rmse:.3f} (the logged mean return as "
        f"an answer: {logged_rmse:.3f})."
    ]


def clumsy(share: float, seed: int = 0):
    """Return a CartPole policy that balances, but draws an action with probability ``share``."""
    rng = np.random.default_rng(seed)

    def act(seen, first):
        action = balance(seen)
        return np.where(rng.random(len(seen)) < share, rng.integers(0, 2, len(seen)), action)

    return act


def balance(seen) -> np.ndarray:
    """Push to where the pole falls."""
    return ((seen[:, 2] + 0.5 * seen[:, 3]) > 0).astype(int)


def by_angle(seen) -> np.ndarray:
    """Push to where the pole leans."""
    return (seen[:, 2] > 0).astype(int)


def evenly(seen) -> np.ndarray:
    """Draw."""
    return np.full((len(seen), 2), 0.5)


def cartpole(n_runs: int, gamma: float = 0.99) -> list[str]:
    """Return what is learnt from a log of CartPole, and what is said of three policies by it."""
    learners = {
        "cloned, likeliest action": BehaviorCloning("CartPole-v1"),
        "CQL, alpha 0": DiscreteCQL("CartPole-v1", alpha=0.0, n_steps=5000),
        "CQL, alpha 0.1": DiscreteCQL("CartPole-v1", alpha=0.1, n_steps=5000),
        "CQL, alpha 1": DiscreteCQL("CartPole-v1", n_steps=5000),
        "CQL, alpha 5": DiscreteCQL("CartPole-v1", alpha=5.0, n_steps=5000),
    }
    policies = {"balance": balance, "by angle": by_angle, "drawn evenly": evenly}
    returns = {name: [] for name in ("the log", *learners)}
    seconds, said = dict.fromkeys(learners, 0.0), {name: [] for name in policies}
    for run in range(n_runs):
        seeds = range(1000 * run, 1000 * run + 150)
        logged = run_episodes(clumsy(0.6, run), "CartPole-v1", seeds, record=True)
        log = LoggedTransitions.from_episodes(logged)
        returns["the log"].append(logged.returns.mean())
        for name, learner in learners.items():
            began = time.process_time()
            learner.set_params(random_state=run).fit(log)
            seconds[name] += (time.process_time() - began) / n_runs
            returns[name].append(learner.evaluate(n_episodes=20).returns.mean())
        for name, policy in policies.items():
            value = FittedQEvaluation(gamma, n_boot=0, random_state=run).fit(policy, log).value_
            said[name].append(value.value)
    lines = [f"CartPole, {n_runs} logs of 150 episodes.", "", "| policy | returns | s |"]
    lines += ["|---|---|---|"]
    for name, found in returns.items():
        each = ", ".join(f"{r:.0f}" for r in found)
        lines.append(f"| {name} | {each} | {seconds.get(name, 0):.1f} |")
    lines += [
        "",
        "| evaluated policy | discounted return | fitted-Q evaluation |",
        "|---|---|---|",
    ]
    for name, policy in policies.items():
        act = clumsy(1.0) if name == "drawn evenly" else lambda seen, first, p=policy: p(seen)
        acted = run_episodes(act, "CartPole-v1", range(9000, 9200), record=True)
        truth = np.mean([(gamma ** np.arange(len(r)) * r).sum() for r in acted.rewards])
        each = ", ".join(f"{v:.1f}" for v in said[name])
        lines.append(f"| {name} | {truth:.1f} | {each} |")
    return lines


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("part", choices=("coverage", "regret", "episodes", "cartpole"))
    parser.add_argument("--runs", type=int, help="simulations (200; of regret 10, of cartpole 5)")
    parser.add_argument("--n", type=int, default=1000, help="decisions of a log (1 000)")
    parser.add_argument("--methods", nargs="+", default=[*METHODS], help="estimators (all)")
    parser.add_argument("--out", type=Path, help="file to add the table to")
    options = parser.parse_args()
    parts = {
        "coverage": lambda: coverage(options.runs or 200, options.n, options.methods),
        "regret": lambda: regret(options.runs or 10),
        "episodes": lambda: episodes(options.runs or 200),
        "cartpole": lambda: cartpole(options.runs or 5),
    }
    lines = parts[options.part]()
    if options.out is None:
        print("\n".join(lines))
    else:
        with options.out.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
