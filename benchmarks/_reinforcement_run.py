"""Trains agents of both libraries: a process of its own for each, so that each compiles anew."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable

import numpy as np
from _reinforcement_cases import (
    BY_NAME,
    EVALUATION_EPISODES,
    EVALUATIONS,
    TEST_EPISODES,
    TEST_SEED,
    Case,
)
from _runner import Fits, Results, cpu_seconds, import_all, serve

PEER, UNEVALUATED = "stable-baselines3", ", unevaluated"
METHODS = (
    "appliednn",
    "appliednn, preset",
    PEER,
    f"appliednn{UNEVALUATED}",
    f"{PEER}{UNEVALUATED}",
)


def work(pipe, log: str, set_name: str, method: str, rows: int) -> None:
    """Live as a worker: train what is asked for, one seed a job."""
    serve(pipe, log, lambda: _prepared(BY_NAME[set_name], method))


def _prepared(case: Case, method: str) -> Callable[[dict], dict]:
    """Import all that learning needs; return the function that trains with a job's seed."""
    evaluates = not method.endswith(UNEVALUATED)
    if method.startswith(PEER):
        import_all(("stable_baselines3", "torch"))
        return lambda job: _measured(case, lambda: _train_peer(case, job["seed"], evaluates))
    import_all(("tensorflow", "keras"))
    import appliednn.reinforcement

    getattr(appliednn.reinforcement, case.agent)  # imports it
    preset = method.endswith("preset")
    return lambda job: _measured(case, lambda: _train_ours(case, job["seed"], preset, evaluates))


def preset_differs(case: Case) -> bool:
    """Whether our preset for the environment has other settings than the peer gets."""
    from appliednn.reinforcement import presets
    from appliednn.reinforcement.agents import preset

    if case.env not in presets().get(case.agent, []):
        return False
    settings = preset(case.agent, case.env)
    return any(case.ours.get(k, v) != v for k, v in settings.items() if k != "total_timesteps")


def _measured(case: Case, train: Callable[[], tuple[Callable, Callable]]) -> dict:
    """Return the returns of the kept and of the last policy, and what learning cost."""
    from appliednn.reinforcement import Evaluation, run_episodes

    wall, cpu = time.perf_counter(), cpu_seconds()
    kept, last = train()
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    seeds = range(TEST_SEED, TEST_SEED + TEST_EPISODES)
    scores = {}
    for name, act in (("kept", kept), ("last", last)):
        if act is not None:
            evaluation = Evaluation(run_episodes(act, case.env, seeds))
            scores[name] = evaluation.mean.value
            scores[f"{name}_iqm"] = evaluation.iqm.value
    return {"scores": scores, "fit_cpu": cpu, "fit_wall": wall, "steps": case.steps}


def _train_ours(case: Case, seed: int, preset: bool, evaluates: bool) -> tuple:
    import appliednn.reinforcement

    cls = getattr(appliednn.reinforcement, case.agent)
    common = {"total_timesteps": case.steps, "random_state": seed, "verbose": False}
    if preset:
        agent = cls.from_preset(case.env, **common)
    else:
        evaluated = {
            "eval_freq": case.steps // EVALUATIONS if evaluates else None,
            "n_eval_episodes": EVALUATION_EPISODES,
        }
        agent = cls(case.env, **case.ours, **evaluated, **common)
    policy = agent.fit().policy()
    return (policy, None) if evaluates else (None, policy)


def _train_peer(case: Case, seed: int, evaluates: bool) -> tuple:
    """Train with stable-baselines3; its EvalCallback keeps the best policy, as ours is kept."""
    import gymnasium
    import stable_baselines3
    from stable_baselines3.common.callbacks import EvalCallback
    from stable_baselines3.common.env_util import make_vec_env

    cls = getattr(stable_baselines3, case.peer)
    settings = dict(case.settings)
    n_envs = settings.pop("n_envs", 1)
    envs = make_vec_env(case.env, n_envs, seed=seed)
    if "linear" in settings:
        names = iter(settings.pop("linear"))
        settings |= {name: _linear(start) for name, start in zip(names, names, strict=True)}
    if "noise" in settings:
        settings["action_noise"] = _noise(envs, settings.pop("noise"))
    model = cls(
        "MlpPolicy", envs, policy_kwargs=case.policy_kwargs or None, seed=seed, device="cpu",
        **settings,
    )  # fmt: skip
    if not evaluates:
        return None, _acts(model.learn(case.steps))
    with tempfile.TemporaryDirectory() as folder:
        held = make_vec_env(lambda: gymnasium.make(case.env), 1, seed=seed + 1000)
        keeper = EvalCallback(
            held, n_eval_episodes=EVALUATION_EPISODES, best_model_save_path=folder,
            eval_freq=case.steps // EVALUATIONS // n_envs, verbose=0,
        )  # fmt: skip
        model.learn(case.steps, callback=keeper)
        best = cls.load(f"{folder}/best_model", device="cpu")
    return _acts(best), _acts(model)


def _linear(start: float) -> Callable[[float], float]:
    return lambda left: left * start


def _noise(envs, scale: float):
    from stable_baselines3.common.noise import NormalActionNoise

    size = envs.action_space.shape[0]
    return NormalActionNoise(np.zeros(size), np.full(size, scale))


def _acts(model) -> Callable:
    return lambda observations, first: model.predict(observations, deterministic=True)[0]


class Training(Fits):
    """One method in one environment with one seed, in a process of its own."""

    key = ("set", "method", "seed")
    work = staticmethod(work)

    def __init__(self, options, results: Results, set_name, method, stop_at, seed: int):
        super().__init__(options, results, set_name, method, stop_at)
        self._seed = seed

    def wanted(self, had):
        """Yield the one job."""
        yield {"seed": self._seed}
