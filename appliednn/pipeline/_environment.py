"""The environment of a run: from a config to something an agent can be trained in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliednn.core.errors import UsageError, import_extra


class MadeFromId:
    """Makes an environment by its id, with keyword arguments; one after the other is alike.

    Parameters
    ----------
    id : str
        Known to gymnasium.
    kwargs : mapping
        Keyword arguments of the environment.
    max_episode_steps : int, optional
        Steps after which an episode is cut off; None: as the id says.

    Examples
    --------
    >>> make = MadeFromId("CartPole-v1", {"sutton_barto_reward": True}, 20)
    >>> make().spec.max_episode_steps
    20
    """

    def __init__(
        self, id: str, kwargs: Mapping[str, Any], max_episode_steps: int | None = None
    ) -> None:
        self.id, self.kwargs = id, dict(kwargs)
        self.max_episode_steps = max_episode_steps

    def __call__(self) -> Any:
        """Return a new environment.

        Raises
        ------
        UsageError
            If the environment does not take these arguments.
        """
        gymnasium = import_extra("gymnasium", "rl")
        from appliednn.reinforcement.envs import register_own

        register_own()
        more = {}
        if self.max_episode_steps is not None:
            more["max_episode_steps"] = self.max_episode_steps
        try:
            # As make_env makes them: the collectors reset before they step.
            return gymnasium.make(self.id, disable_env_checker=True, **more, **self.kwargs)
        except (TypeError, ValueError) as error:
            raise UsageError(f"env.kwargs: {self.id} refuses them: {error}") from error

    def __repr__(self) -> str:
        return f"MadeFromId({self.id!r}, {self.kwargs!r}, {self.max_episode_steps!r})"


@dataclass(frozen=True)
class PreparedEnv:
    """The environment of a run, found usable.

    Attributes
    ----------
    env : str or MadeFromId
        What agents are given.
    about : dict
        Id, arguments and spaces, in plain values.
    sha256 : str
        Fingerprint of ``about`` and of gymnasium's version.
    warnings : list of str
        What a reader should know.
    """

    env: Any
    about: dict[str, Any]
    sha256: str
    warnings: list[str] = field(default_factory=list)

    def for_lock(self) -> dict[str, Any]:
        """Return what the lock says of it."""
        return {"sha256": self.sha256, "environment": self.about}


def prepare_environment(config: Any) -> PreparedEnv:
    """Make the environment once and look at it.

    Parameters
    ----------
    config : AgentRunConfig

    Raises
    ------
    UsageError
        If gymnasium does not know it, it cannot be made, the model does not learn its actions,
        or it has none of the attributes that are to be changed.
    """
    from importlib import metadata

    from appliednn.reinforcement import make_env

    section = config.env
    env: Any = section.id
    if section.kwargs or section.max_episode_steps is not None:
        make_env(section.id).close()  # an unknown id is told of in its own words
        env = MadeFromId(section.id, section.kwargs, section.max_episode_steps)
    made = make_env(env)
    about = {
        "id": section.id,
        "kwargs": dict(section.kwargs),
        "max_episode_steps": None if made.spec is None else made.spec.max_episode_steps,
        "observations": str(made.observation_space),
        "actions": str(made.action_space),
        "gymnasium": metadata.version("gymnasium"),
    }
    _check_dynamics(config.robustness, made)
    made.close()
    _check_actions(config.model.type, made.action_space)
    text = json.dumps(about, sort_keys=True)
    warnings = []
    if about["max_episode_steps"] is None:
        warnings.append(
            f"{section.id} has no limit on the steps of an episode; set env.max_episode_steps if "
            "episodes need not end"
        )
    return PreparedEnv(env, about, hashlib.sha256(text.encode()).hexdigest(), warnings)


def _check_actions(name: str, space: Any) -> None:
    """Refuse actions that the agent does not learn, before anything is trained."""
    from appliednn.pipeline.registry import estimator
    from appliednn.reinforcement.agents import SpaceSpec

    kinds = estimator(name).load()._action_kinds
    if SpaceSpec.of(space).kind not in kinds:
        instead = "SACAgent or PPOAgent" if hasattr(space, "low") else "PPOAgent"
        raise UsageError(
            f"model.type: {name} learns {' or '.join(kinds)} actions; this environment's are "
            f"{space} (did you mean {instead}?)"
        )


def _check_dynamics(section: Any, env: Any) -> None:
    """Refuse attributes that the environment does not have, before anything is trained."""
    from appliednn.robustness.policies import scaled

    for attribute in (section.dynamics or {}) if section.enabled else ():
        try:
            scaled(env, attribute, 1.0)
        except UsageError as error:
            raise UsageError(f"robustness.dynamics: {error}") from error
