"""Own environments of the package under ids of gymnasium, so that a saved agent names a string."""

from __future__ import annotations

_ROOM = "appliednn.reinforcement.envs"
# id: (entry point, steps after which an episode is cut off or None, keyword arguments)
_OWN: dict[str, tuple[str, int | None, dict]] = {
    "appliednn/CartPoleHidden-v0": (
        "_hidden:hidden",
        None,
        {"id": "CartPole-v1", "keep": (0, 2)},
    ),
    "appliednn/MountainCarHidden-v0": (
        "_hidden:hidden",
        None,
        {"id": "MountainCar-v0", "keep": (0,)},
    ),
    "appliednn/PendulumHidden-v0": (
        "_hidden:hidden",
        None,
        {"id": "Pendulum-v1", "keep": (0, 1)},
    ),
    "appliednn/Catch-v0": ("_catch:Catch", None, {}),
    "appliednn/GridWorld-v0": ("_grid_world:GridWorld", 100, {}),
    "appliednn/RecallCue-v0": ("_recall_cue:RecallCue", None, {}),
    "appliednn/RobotArm-v0": ("_robot_arm:RobotArm", 100, {}),
    "appliednn/Trading-v0": ("_trading:TradingEnv", None, {"actions": "positions"}),
    "appliednn/TradingWeights-v0": ("_trading:TradingEnv", None, {"actions": "weights"}),
}


def register_own() -> None:
    """Register what is not registered yet; safe to call any number of times."""
    import gymnasium

    for name, (entry_point, steps, kwargs) in _OWN.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                name, f"{_ROOM}.{entry_point}", max_episode_steps=steps, kwargs=kwargs
            )


def own_ids() -> list[str]:
    """Return the ids of this package's environments.

    Examples
    --------
    >>> "appliednn/CartPoleHidden-v0" in own_ids()
    True
    """
    return sorted(_OWN)
