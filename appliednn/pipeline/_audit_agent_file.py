"""An audit of a saved agent in the environment of a config, or of the run that made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from appliednn.core.errors import UsageError


def agent_report(agent: Any, model_path: Path, loaded: Any) -> Any:
    """Return the audit of an agent.

    Parameters
    ----------
    agent : agent
        Fitted.
    model_path : Path
        Its file; without a config the environment, the episodes and the parts of the audit are
        those of the ``resolved.yaml`` beside it.
    loaded : LoadedConfig, optional
        Config of ``task: reinforcement``: environment, episodes, gates, options and card.

    Returns
    -------
    AuditReport

    Raises
    ------
    UsageError
        If nothing tells the environment, or it is none that the agent can act in.
    """
    from appliednn.audit import audit_agent
    from appliednn.pipeline._agents import agent_options
    from appliednn.pipeline._environment import prepare_environment
    from appliednn.pipeline._sentences import run_config
    from appliednn.pipeline._stages import card_texts

    config = run_config(model_path) if loaded is None else loaded.config
    if config is None or config.reads != "environment":
        raise UsageError(
            f"{model_path} is an agent, which is judged in an environment: give --config with a "
            "config of task: reinforcement"
        )
    prepared = prepare_environment(config)
    _check_spaces(agent, prepared.env)
    of_config = {} if loaded is None else {
        "gates": [gate.model_dump() for gate in config.gates] or None,
        "card": card_texts(config),
        "config": loaded.text,
    }  # fmt: skip
    return audit_agent(
        agent,
        prepared.env,
        n_episodes=config.evaluation.n_episodes,
        train_seeds=config.curves.n_seeds,
        max_steps=config.evaluation.max_steps,
        options=agent_options(config),
        random_state=config.seed,
        **of_config,
    )


def _check_spaces(agent: Any, env: Any) -> None:
    """Refuse an environment whose observations or actions are not those of the agent."""
    from appliednn.reinforcement import make_env

    made = make_env(env, int(getattr(agent, "frame_stack", 1) or 1))
    pairs = (
        ("observations", made.observation_space, agent.observation_space_),
        ("actions", made.action_space, agent.action_space_),
    )
    made.close()
    for what, here, there in pairs:
        sizes = [getattr(space, "n", getattr(space, "shape", None)) for space in (here, there)]
        if sizes[0] != sizes[1]:
            raise UsageError(
                f"the environment's {what} are {here}, the agent was trained on {there}"
            )
