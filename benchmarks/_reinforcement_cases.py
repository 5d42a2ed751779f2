"""What the benchmark of agents trains: environments, and the settings of both libraries.

The settings are those that rl-baselines3-zoo gives for stable-baselines3; ``ours`` names them as
our agents do. Where a preset of ours differs, it is a method of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """An algorithm in an environment.

    Attributes
    ----------
    env, agent, peer : str
        The gymnasium id, our class, stable-baselines3's.
    steps : int
        Steps of the environment in training, for all methods.
    settings : dict
        For the peer: constructor's arguments, ``policy_kwargs`` among them.
    ours : dict
        The same settings for our agent.
    goals : tuple
        Mean return to reach, and times the peer's steps per CPU second (None: no goal).
    """

    env: str
    agent: str
    peer: str
    steps: int
    settings: dict
    ours: dict
    goals: tuple[float, float | None]
    policy_kwargs: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Environment and algorithm."""
        return f"{self.env} {self.peer}"


def _dqn(**settings) -> dict:
    """Return settings of the peer's DQN as ours names them: neither double nor dueling."""
    names = {"exploration_fraction", "exploration_final_eps", "learning_rate", "batch_size",
             "buffer_size", "learning_starts", "gamma", "target_update_interval", "train_freq",
             "gradient_steps"}  # fmt: skip
    return {k: v for k, v in settings.items() if k in names} | {
        "double": False, "n_step": 1, "n_envs": 1,
    }  # fmt: skip


_CARTPOLE_DQN = {
    "learning_rate": 2.3e-3, "batch_size": 64, "buffer_size": 100_000, "learning_starts": 1000,
    "gamma": 0.99, "target_update_interval": 10, "train_freq": 256, "gradient_steps": 128,
    "exploration_fraction": 0.16, "exploration_final_eps": 0.04,
}  # fmt: skip
_MOUNTAIN_CAR_DQN = {
    "learning_rate": 4e-3, "batch_size": 128, "buffer_size": 10_000, "learning_starts": 1000,
    "gamma": 0.98, "target_update_interval": 600, "train_freq": 16, "gradient_steps": 8,
    "exploration_fraction": 0.2, "exploration_final_eps": 0.07,
}  # fmt: skip
_ACROBOT_DQN = {
    "learning_rate": 6.3e-4, "batch_size": 128, "buffer_size": 50_000, "learning_starts": 0,
    "gamma": 0.99, "target_update_interval": 250, "train_freq": 4, "gradient_steps": 4,
    "exploration_fraction": 0.12, "exploration_final_eps": 0.1,
}  # fmt: skip
_WIDE = {"net_arch": [256, 256]}

CASES = [
    Case(
        "CartPole-v1", "PPOAgent", "PPO", 50_000,
        {"n_envs": 8, "n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98,
         "n_epochs": 20, "ent_coef": 0.0, "linear": ("learning_rate", 1e-3, "clip_range", 0.2)},
        {"n_envs": 8, "n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98,
         "n_epochs": 20, "entropy_coef": 0.0, "schedule": "linear", "learning_rate": 1e-3,
         "clip_range": 0.2},
        (490, 2.0),
    ),
    Case("CartPole-v1", "DQNAgent", "DQN", 50_000, _CARTPOLE_DQN, _dqn(**_CARTPOLE_DQN),
         (475, 1.5), _WIDE),
    Case("Acrobot-v1", "DQNAgent", "DQN", 100_000, _ACROBOT_DQN, _dqn(**_ACROBOT_DQN),
         (-85, 1.5), _WIDE),
    Case("MountainCar-v0", "DQNAgent", "DQN", 120_000, _MOUNTAIN_CAR_DQN,
         _dqn(**_MOUNTAIN_CAR_DQN), (-115, 1.5), _WIDE),
    Case("Pendulum-v1", "SACAgent", "SAC", 20_000, {"learning_rate": 1e-3},
         {"learning_rate": 1e-3}, (-170, 1.5)),
    Case("Pendulum-v1", "TD3Agent", "TD3", 20_000,
         {"learning_rate": 1e-3, "gamma": 0.98, "buffer_size": 200_000, "learning_starts": 10_000,
          "train_freq": 1, "gradient_steps": 1, "noise": 0.1},
         {"learning_rate": 1e-3, "gamma": 0.98, "buffer_size": 200_000, "learning_starts": 10_000,
          "train_freq": 1, "gradient_steps": 1, "action_noise": 0.1,
          "hidden_layer_sizes": (400, 300)},
         (-170, None), {"net_arch": [400, 300]}),
]  # fmt: skip
BY_NAME = {case.name: case for case in CASES}
EVALUATIONS = 10
EVALUATION_EPISODES = 10
TEST_EPISODES = 100
TEST_SEED = 77_000
