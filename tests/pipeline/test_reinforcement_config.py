"""Configs of ``task: reinforcement``: what they hold, what is wrong with them, where."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from appliednn.core.errors import UsageError
from appliednn.pipeline.config import ConfigError, describe, json_schema, load_config
from appliednn.pipeline.config._agent_schema import AgentRunConfig
from appliednn.pipeline.config._metrics import known_metrics
from appliednn.pipeline.config._template import write_template
from appliednn.pipeline.registry import ESTIMATORS

AGENT = """
version: 1
name: pole
task: reinforcement
env: {id: CartPole-v1}
model: {type: PPOAgent, total_timesteps: 1000}
"""
CARTPOLE = Path(__file__).parents[2] / "pipelines" / "cartpole.yaml"


@pytest.fixture
def load(tmp_path):
    def read(text, *overrides):
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path, overrides).config

    return read


@pytest.fixture
def one(load):
    """The single problem of a config."""

    def read(text, *overrides):
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides)
        (problem,) = caught.value.problems
        return problem

    return read


def test_a_config_of_an_agent_needs_an_environment_and_no_rows(load):
    config = load(AGENT)
    assert isinstance(config, AgentRunConfig)
    assert (config.env.id, config.env.kwargs) == ("CartPole-v1", {})
    assert config.model.parameters() == {"total_timesteps": 1000}
    assert (config.evaluation.n_episodes, config.curves.n_seeds) == (50, 3)


@pytest.mark.parametrize(
    ("change", "path", "said", "suggestion"),
    [
        ("env.id=CartPol-v1", "env.id", "no environment that gymnasium knows", None),
        ("env.id=os:system", "env.id", "names a module to import", None),
        ("task=reinforcment", "task", "expected 'reinforcement'", "reinforcement"),
        ("model.type=PPOAgnt", "model.type", "expected one of", "PPOAgent"),
        ("model.type=Ridge", "model.type", "Ridge does not do reinforcement", "PPOAgent"),
        ("model.gama=0.9", "model.gama", "unknown key of PPOAgent", "gamma"),
        ("model.gamma=1.5", "model.gamma", "expected a number of at most 1", None),
        ("evaluation.n_episodes=3", "evaluation.n_episodes", "at least 10", None),
        ("curves.n_seeds=1", "curves.n_seeds", "expected 0, or 2 and more", None),
        ("robustness.noise=[-1.0]", "robustness.noise.0", "above 0", None),
        ("split={type: random}", "split", "unknown key", None),
        ("enviroment={id: x}", "enviroment", "unknown key", None),
    ],
)
def test_what_is_wrong_is_said_at_its_place(one, change, path, said, suggestion):
    text = AGENT.replace("total_timesteps: 1000", "") if "model.type" in change else AGENT
    problem = one(text, change)
    assert (problem.path, problem.suggestion) == (path, suggestion)
    assert said in problem.message


def test_an_agent_is_no_model_of_rows(one):
    text = """
version: 1
name: rows
task: classification
data: {source: {type: dataset, name: wine}, target: target}
model: {type: PPOAgent}
"""
    problem = one(text)
    assert "PPOAgent does not do classification" in problem.message


@pytest.mark.parametrize(
    ("metric", "change", "said", "suggestion"),
    [
        ("retrun_mean", "seed=0", "no estimate of the audit", "return_mean"),
        ("roc_auc", "seed=0", "roc_auc is for classification", None),
        ("return_noise[0.3]", "seed=0", "robustness.noise", "return_noise[0.1]"),
        ("return_pgd[0.1]", "robustness.enabled=false", "robustness is not enabled", None),
        ("return_shifted[length 2]", "robustness.enabled=false", "not enabled", None),
        ("tree_fidelity[own]", "explain.enabled=false", "explain is not enabled", None),
        ("seed_return_mean", "curves.n_seeds=0", "needs learning curves", None),
    ],
)
def test_a_gate_names_what_the_audit_will_measure(one, metric, change, said, suggestion):
    gates = f"gates:\n  - {{metric: '{metric}', op: '>=', threshold: 0}}\n"
    problem = one(AGENT + gates, change)
    assert (problem.path, problem.suggestion) == ("gates.0.metric", suggestion)
    assert said in problem.message


def test_metrics_of_agents_are_their_own():
    known = known_metrics("reinforcement")
    assert {"return_mean", "return_vs_rule", "cost_episode_share", "tree_fidelity"} <= set(known)
    assert not set(known) & {"roc_auc", "rmse", "alert_rate"}
    assert "return_mean" not in known_metrics("classification")


def test_the_schema_for_editors_tells_rows_and_environments_apart():
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    good = {
        "version": 1,
        "name": "a",
        "task": "reinforcement",
        "env": {"id": "CartPole-v1", "kwargs": {"sutton_barto_reward": True}},
        "model": {"type": "DQNAgent", "hidden_layer_sizes": [8]},
        "robustness": {"dynamics": {"length": [0.5, 2.0]}},
    }
    assert list(validator.iter_errors(good)) == []
    AgentRunConfig.model_validate(good)
    rows = {"source": {"type": "csv", "path": "a.csv"}, "target": "y"}
    for bad in (
        {**good, "data": rows},
        {k: v for k, v in good.items() if k != "env"},
        {**good, "robustness": {"max_rows": 3}},
        {**good, "task": "classification"},
        {**good, "task": "classification", "data": rows},
    ):
        assert list(validator.iter_errors(bad)), bad


def test_places_of_an_agent_s_config_are_described():
    assert any("total_timesteps" in line for line in describe("model.PPOAgent"))
    assert any("CartPole-v1" in line for line in describe("env"))
    assert any("dynamics" in line for line in describe("reinforcement.robustness"))
    assert not any("dynamics" in line for line in describe("robustness"))
    with pytest.raises(UsageError, match="curves"):
        describe("reinforcement.curvs")


def test_every_key_has_words_for_editors():
    nameless = [
        (section.__name__, key)
        for section in (AgentRunConfig, *(f.annotation for f in _sections()))
        for key, field in section.model_fields.items()
        if key != "type" and not field.description
    ]
    assert nameless == []


def _sections():
    fields = AgentRunConfig.model_fields.values()
    return [f for f in fields if hasattr(f.annotation, "model_fields")]


def test_every_agent_of_the_registry_can_be_named(load):
    agents = [name for name, entry in ESTIMATORS.items() if "reinforcement" in entry.tasks]
    assert {"PPOAgent", "DQNAgent", "SACAgent", "TD3Agent", "A2CAgent"} <= set(agents)
    for name in agents:
        config = load(AGENT.replace("PPOAgent", name))
        assert ESTIMATORS[name].load()(**config.model.parameters()).total_timesteps == 1000


def test_validating_loads_neither_tensorflow_nor_keras():
    code = (
        "import sys; from appliednn.cli import main; "
        f"main(['validate', {str(CARTPOLE)!r}]); "
        "print([m for m in ('tensorflow', 'keras', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]"), done.stdout


def test_the_resolved_config_is_whole_and_plain(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(AGENT)
    resolved = load_config(path).resolved
    json.dumps(resolved)
    assert resolved["model"]["type"] == "PPOAgent"
    assert resolved["robustness"]["noise"] == [0.1, 0.2, 0.5]


@pytest.mark.parametrize(
    ("env", "name", "agent"),
    [
        ("CartPole-v1", "cart-pole", "PPOAgent"),
        ("Pendulum-v1", "pendulum", "SACAgent"),
        ("appliednn/GridWorld-v0", "grid-world", "PPOAgent"),
    ],
)
def test_init_writes_a_config_of_an_environment_that_is_valid(tmp_path, env, name, agent):
    path, notes = write_template(env, out=tmp_path / "c.yaml", task="reinforcement")
    config = load_config(path).config
    assert (config.name, config.env.id, config.model.type) == (name, env, agent)
    assert agent in notes[1]


def test_init_asks_for_the_id_that_was_meant(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'CartPole-v1'"):
        write_template("CartPol-v1", out=tmp_path / "c.yaml", task="reinforcement")
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_agent_is_answered_with_agents_only(tmp_path):
    path = tmp_path / "agent.yaml"
    path.write_text(
        "version: 1\nname: a\ntask: reinforcement\nenv: {id: CartPole-v1}\n"
        "model: {type: PPOAgnet}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "did you mean 'PPOAgent'?" in str(caught.value)
    assert "SACAgent" in str(caught.value)
    assert "Classifier" not in str(caught.value)
