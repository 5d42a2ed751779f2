"""The config of ``task: reinforcement``: an environment in place of rows, an agent as model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from appliednn.pipeline.config._base import Count, Label, Positive, Section, Text
from appliednn.pipeline.config._metrics import REINFORCEMENT
from appliednn.pipeline.config._models import ModelConfig
from appliednn.pipeline.config._schema import GateConfig, Name, ReportConfig


class EnvConfig(Section):
    """What the agent acts in: an environment that gymnasium knows by its id."""

    id: Text = Field(
        description="Id of gymnasium, such as CartPole-v1, or appliednn/GridWorld-v0."
    )
    kwargs: dict[str, Label | list[Any] | None] = Field(
        {}, description="Keyword arguments of the environment."
    )
    max_episode_steps: Count | None = Field(
        None, description="Steps after which an episode is cut off; null: as the id says."
    )


class EvaluationConfig(Section):
    """The episodes that the audit judges by; none of them was trained on."""

    n_episodes: Annotated[int, Field(ge=10)] = Field(50, description="Episodes, each with a seed.")
    max_steps: Count | None = Field(
        None, description="Steps after which the audit cuts an episode off; null: never."
    )
    costs: list[Text] | None = Field(
        None,
        description="Numbers of info that count broken constraints; null: cost, violation, ...",
    )


class CurvesConfig(Section):
    """Copies of the agent trained with other seeds, to see what the seed of training does."""

    n_seeds: Annotated[int, Field(ge=0)] = Field(
        3, description="Copies; each takes as long as the training itself. 0: none."
    )
    total_timesteps: Count | None = Field(
        None, description="Steps that each trains for; null: as many as the model."
    )
    max_seconds: Positive = Field(600.0, description="Seconds for all of them together.")


class PolicyRobustnessConfig(Section):
    """Return under noise and attacks on what is seen, and under changed laws of motion."""

    enabled: bool = Field(True, description="Run this part of the audit.")
    noise: list[Positive] = Field(
        [0.1, 0.2, 0.5],
        min_length=1,
        description="Noise on observations, in standard deviations of what was visited.",
    )
    eps: list[Positive] = Field(
        [0.05, 0.1, 0.2],
        min_length=1,
        description="Largest changes an attacker may make, in the same unit.",
    )
    dynamics: dict[str, list[float]] | None = Field(
        None,
        description="Factors for attributes of the environment, such as {length: [0.5, 2.0]}; "
        "null: known ones of classic environments.",
    )
    n_episodes: Annotated[int, Field(ge=10)] = Field(20, description="Episodes for each size.")


class PolicyExplainConfig(Section):
    """A tree that acts like the agent, and what single actions rest on."""

    enabled: bool = Field(True, description="Run this part of the audit.")
    max_depth: Count = Field(3, description="Depth of the tree.")
    max_rows: Count = Field(200, description="Visited states that are explained.")
    n_episodes: Annotated[int, Field(ge=10)] = Field(20, description="Episodes the tree plays.")


class AgentRunConfig(Section):
    """One run of an agent: environment, agent, audit and gates."""

    version: Literal[1] = Field(description="Version of this format.")
    name: Name = Field(description="Name of the run; its folder starts with it.")
    task: Literal["reinforcement"] = Field(description="What is learned.")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Root of every seed.")
    env: EnvConfig = Field(description="What the agent acts in.")
    model: ModelConfig = Field(description="The estimator and its parameters.")
    evaluation: EvaluationConfig = Field(EvaluationConfig(), description="Episodes of the audit.")
    curves: CurvesConfig = Field(
        CurvesConfig(), description="Learning curves over several seeds of training."
    )
    robustness: PolicyRobustnessConfig = Field(
        PolicyRobustnessConfig(), description="Noise, attacks, changed dynamics."
    )
    explain: PolicyExplainConfig = Field(
        PolicyExplainConfig(), description="A tree that acts alike; reasons of actions."
    )
    gates: list[GateConfig] = Field(
        [], description="Conditions to meet; without any, the audit's default gates apply."
    )
    report: ReportConfig = Field(ReportConfig(), description="Where the run writes.")

    @property
    def kind(self) -> str:
        """What is learned."""
        return self.task

    @property
    def reads(self) -> str:
        """What the model reads."""
        return "environment"


def is_agent_config(values: Any) -> bool:
    """Return whether values are meant as those of ``task: reinforcement``.

    They are where an environment stands in place of rows, however the task is spelt.

    Examples
    --------
    >>> is_agent_config({"task": "reinforcement"}), is_agent_config({"task": "regression"})
    (True, False)
    >>> is_agent_config({"task": "reinforcment", "env": {"id": "CartPole-v1"}})
    True
    """
    if not isinstance(values, dict):
        return False
    return values.get("task") == REINFORCEMENT or ("env" in values and "data" not in values)


def root_model(values: Any) -> type[Section]:
    """Return the model of a whole config, by its task."""
    from appliednn.pipeline.config._schema import RunConfig

    return AgentRunConfig if is_agent_config(values) else RunConfig
