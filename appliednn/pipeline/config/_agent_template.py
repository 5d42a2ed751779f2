"""``init`` for an environment: a commented config of an agent that suits its actions."""

from __future__ import annotations

import re

from appliednn.core.errors import UsageError, import_extra

_TEXT = """\
# An agent in {env}.
#
#   appliednn run {name}.yaml
#
# `appliednn schema reinforcement` lists every key, `appliednn schema model.{agent}` the agent's.
version: 1
name: {name}
task: reinforcement
seed: 0

env: {{id: {env}}}          # kwargs: {{...}} are handed to the environment

model:
  type: {agent}            # {others}
  total_timesteps: {steps}

evaluation: {{n_episodes: 50}}    # fresh episodes, each with a seed of its own
curves: {{n_seeds: 3}}            # copies trained with other seeds; 0: none

robustness:
  noise: [0.1, 0.2, 0.5]        # in standard deviations of what the agent visits
  eps: [0.05, 0.1, 0.2]
  # dynamics: {{gravity: [0.5, 2.0]}}    # attributes of the environment, and factors
explain: {{max_depth: 3}}         # of the tree that acts like the agent

# What the agent must reach, you know: return_mean, cost_episode_share[cost], ...
gates:
  - {{metric: return_vs_random, op: ">=", threshold: 0, inconclusive: fail}}
  - {{metric: return_vs_constant, op: ">=", threshold: 0, inconclusive: fail}}

report:
  dir: reports
  title: An agent in {env}
  # intended_use: who uses it for what
  # owner: who answers for it
"""


def agent_template(env: str, name: str) -> tuple[str, list[str]]:
    """Return the text of a config for an environment, and what was read from it.

    Parameters
    ----------
    env : str
        Id that gymnasium knows.
    name : str
        Name of the run.

    Raises
    ------
    UsageError
        If gymnasium does not know the id.
    """
    import_extra("gymnasium", "rl")
    from appliednn.reinforcement import make_env

    made = make_env(env)
    observations, actions = str(made.observation_space), str(made.action_space)
    continuous = hasattr(made.action_space, "low")
    made.close()
    agent, steps = ("SACAgent", 20_000) if continuous else ("PPOAgent", 50_000)
    others = "TD3Agent, DDPGAgent, PPOAgent" if continuous else "DQNAgent, A2CAgent, ..."
    text = _TEXT.format(env=env, name=name, agent=agent, steps=steps, others=others)
    return text, [f"observations: {observations}", f"actions: {actions}, so {agent}"]


def environment_name(env: str) -> str:
    """Return a run name from the id of an environment.

    Examples
    --------
    >>> environment_name("appliednn/GridWorld-v0")
    'grid-world'
    """
    stem = re.sub(r"-v\d+$", "", env.rpartition("/")[2])
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", stem).lower()
    name = re.sub(r"[^a-z0-9._-]+", "-", words).strip("-._")
    if not name:
        raise UsageError(f"{env!r} is no id of an environment; expected one such as CartPole-v1")
    return name
