"""Parts of the on-policy agents against closed forms, brute force, scipy and Keras."""

import numpy as np
import pytest
from scipy import stats

from appliednn.core._architecture import Architecture
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._updates import Phase, Recipe, Updater
from appliednn.reinforcement.agents._acting import dense_forward
from appliednn.reinforcement.agents._normalizer import (
    ObservationNormalizer,
    RewardScaler,
    RunningMoments,
)
from appliednn.reinforcement.agents._spaces import SpaceSpec
from appliednn.reinforcement.agents.on_policy._distributions import Sampler, entropy, log_prob
from appliednn.reinforcement.agents.on_policy._memory import LstmMemory
from appliednn.reinforcement.agents.on_policy._rollout import Rollout, Values, advantages

rng = np.random.default_rng(0)


def log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


# -- distributions ----------------------------------------------------------------------------


def test_gaussian_is_scipys():
    means, log_std = rng.normal(size=(5, 2)), np.array([-0.5, 0.3])
    actions = rng.normal(size=(5, 2))
    wanted = stats.norm.logpdf(actions, means, np.exp(log_std)).sum(axis=1)
    sampler = Sampler("gaussian", (2,))
    np.testing.assert_allclose(sampler.log_prob(means, log_std, actions), wanted)
    ours = log_prob("gaussian", (2,), *(a.astype("f4") for a in (means, log_std, actions)))
    np.testing.assert_allclose(ours, wanted, rtol=1e-5)
    wanted = sum(stats.norm(0, s).entropy() for s in np.exp(log_std))
    np.testing.assert_allclose(
        entropy("gaussian", (2,), means, log_std.astype("f4")), wanted, rtol=1e-6
    )


def test_several_decisions_are_independent_softmaxes():
    scores, sizes = rng.normal(size=(6, 5)).astype("f4"), (2, 3)
    actions = np.stack([rng.integers(0, 2, 6), rng.integers(0, 3, 6)], axis=1)
    parts = log_softmax(scores[:, :2]), log_softmax(scores[:, 2:])
    wanted = sum(p[np.arange(6), actions[:, j]] for j, p in enumerate(parts))
    sampler = Sampler("categorical", sizes)
    np.testing.assert_allclose(sampler.log_prob(scores, None, actions), wanted, rtol=1e-5)
    np.testing.assert_allclose(
        log_prob("categorical", sizes, scores, None, actions), wanted, rtol=1e-5
    )
    wanted = sum(stats.entropy(np.exp(p), axis=1) for p in parts)
    np.testing.assert_allclose(entropy("categorical", sizes, scores, None), wanted, rtol=1e-5)


def test_drawn_actions_have_the_softmaxs_frequencies():
    scores, n = np.array([[0.0, 1.0, -1.0]], np.float32), 20_000
    sampler = Sampler("categorical", (3,))
    noise = sampler.noise(np.random.default_rng(1), (n,))
    drawn = np.bincount(sampler.draw(scores, noise, None)[:, 0], minlength=3)
    assert stats.chisquare(drawn, n * np.exp(log_softmax(scores))[0]).pvalue > 0.001


# -- advantages -------------------------------------------------------------------------------


def by_definition(rewards, values, last, ends, gamma, lam):
    """Sum (gamma lam)^k delta_{t+k} up to the end of the episode, one environment."""
    n, out = len(rewards), []
    deltas = []
    for t in range(n):
        after = ends[t] if ends[t] is not None else (values[t + 1] if t + 1 < n else last)
        deltas.append(rewards[t] + gamma * after - values[t])
    for t in range(n):
        total = 0.0
        for k in range(t, n):
            total += (gamma * lam) ** (k - t) * deltas[k]
            if ends[k] is not None:
                break
        out.append(total)
    return out


def test_advantages_are_their_definition_with_ends_and_cuts():
    n, gamma, lam = 12, 0.9, 0.7
    box = SpaceSpec("box", (1,), "float32", np.array([-1.0]), np.array([1.0]))
    rollout = Rollout(n, 2, box, SpaceSpec("discrete", (), "int64", sizes=(2,)))
    rewards = rng.normal(size=(n, 2)).astype("f4")
    seen, last = rng.normal(size=(n, 2)).astype("f4"), rng.normal(size=2).astype("f4")
    rollout.terminated[:], rollout.truncated[:] = False, False
    rollout.terminated[3, 0] = rollout.truncated[6, 0] = rollout.truncated[3, 1] = True
    rollout.finals = [(3, np.array([0, 1]), None), (6, np.array([0]), None)]
    finals = [np.array([5.0, -2.0], np.float32), np.array([3.0], np.float32)]
    ours, returns = advantages(rollout, rewards, Values(seen, last, finals), gamma, lam)
    ends = np.full((n, 2), None)
    ends[3, 0], ends[6, 0], ends[3, 1] = 0.0, 3.0, -2.0  # an end is worth nothing, a cut its value
    for i in range(2):
        wanted = by_definition(rewards[:, i], seen[:, i], last[i], ends[:, i], gamma, lam)
        np.testing.assert_allclose(ours[:, i], wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(returns, ours + seen, rtol=1e-6)


# -- losses -----------------------------------------------------------------------------------


def numpy_ppo_loss(flat, shapes, batch, clip, value_coef, entropy_coef):
    """PPO's loss in NumPy, float64, of a network 3-4-2 and 3-4-1 whose weights are in a row."""
    weights, start = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        weights.append(flat[start : start + size].reshape(shape))
        start += size
    x = batch["observations"]
    logits = np.tanh(x @ weights[0] + weights[1]) @ weights[2] + weights[3]
    values = (np.tanh(x @ weights[4] + weights[5]) @ weights[6] + weights[7])[:, 0]
    logs = log_softmax(logits)
    chosen = logs[np.arange(len(x)), batch["actions"][:, 0]]
    ratio, advantage = np.exp(chosen - batch["log_probs"]), batch["advantages"]
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    surrogate = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)
    bonus = -(np.exp(logs) * logs).sum(axis=1).mean()
    squares = np.square(values - batch["returns"]).mean()
    return -surrogate.mean() + value_coef * squares - entropy_coef * bonus


def test_a_step_of_ppo_is_adams_on_the_papers_loss():
    architecture = Architecture.of(
        "actor_critic",
        observation_shape=[3],
        kind="categorical",
        sizes=[2],
        hidden_layer_sizes=[4],
    )
    recipe = Recipe((Phase("ppo_loss", ("actor", "critic"), scalars=("entropy",)),), epsilon=1e-5)
    n = 9
    batch = {
        "observations": rng.normal(size=(n, 3)),
        "actions": rng.integers(0, 2, (n, 1)),
        "log_probs": np.log(rng.uniform(0.3, 0.7, n)),
        "advantages": rng.normal(size=n),
        "returns": rng.normal(size=n),
    }
    rows = {k: v if k == "actions" else v.astype("f4") for k, v in batch.items()}
    scalars = {
        "learning_rate": 0.01, "clip_range": 0.2, "value_coef": 0.5, "entropy_coef": 0.1,
        "normalize_advantage": 1.0,
    }  # fmt: skip
    updater = Updater(architecture, recipe)
    with updater.session(None, 3):
        before = updater.group("actor") + updater.group("critic")
        out = updater.run(rows, np.arange(n)[None], scalars)
        after = updater.group("actor") + updater.group("critic")
    shapes = [w.shape for w in before]
    flat = np.concatenate([w.ravel() for w in before]).astype(float)

    def loss(at):
        return numpy_ppo_loss(at, shapes, batch, 0.2, 0.5, 0.1)

    np.testing.assert_allclose(out["ppo_loss"], loss(flat), rtol=1e-5)
    slopes = np.array([(loss(flat + d) - loss(flat - d)) / 2e-5 for d in 1e-5 * np.eye(len(flat))])
    # Adam's first step: both moments are those of one gradient
    correction = np.sqrt(1 - 0.999) / (1 - 0.9)
    wanted = 0.01 * correction * 0.1 * slopes / (np.sqrt(0.001 * slopes**2) + 1e-5)
    moved = flat - np.concatenate([w.ravel() for w in after])
    np.testing.assert_allclose(moved, wanted, rtol=2e-3, atol=2e-6)


# -- memory -----------------------------------------------------------------------------------


def test_the_memory_in_numpy_is_keras_lstm_emptied_at_beginnings():
    architecture = Architecture.of(
        "recurrent_actor_critic", observation_shape=[3], kind="categorical", sizes=[2],
        hidden_layer_sizes=[5], lstm_units=4,
    )  # fmt: skip
    network = SequenceNetwork.fresh(architecture, 1)
    body = dense_forward(network.part("body"), "tanh")
    memory = LstmMemory(network.part("memory"), lambda x: np.tanh(body(x)))
    x = rng.normal(size=(1, 6, 3)).astype("f4")
    first = np.array([True, False, False, True, False, False])
    ours = np.stack([memory(x[:, t], first[t : t + 1])[0] for t in range(6)])
    import keras

    lstm = keras.layers.LSTM(4, return_sequences=True)
    encoded = np.tanh(body(x[0]))
    lstm.build((None, 3, 5))
    for variable, weight in zip(lstm.weights, network.part("memory"), strict=True):
        variable.assign(weight)
    parts = [np.asarray(lstm(encoded[None, a : a + 3]))[0] for a in (0, 3)]
    np.testing.assert_allclose(ours, np.concatenate(parts), rtol=1e-4, atol=1e-5)


def test_a_recurrent_round_starts_where_the_ratio_is_one():
    """The loss of sequences finds the probabilities with which was acted: the divergence is 0."""
    from appliednn.reinforcement import RecurrentPPOAgent

    agent = RecurrentPPOAgent(
        "CartPole-v1", total_timesteps=64, n_envs=2, n_steps=32, sequence_length=8, batch_size=64,
        n_epochs=1, eval_freq=None, random_state=0, verbose=False,
    )  # fmt: skip
    agent.fit()
    assert abs(agent.history_["kl"][0]) < 1e-6
    assert abs(agent.history_["policy_loss"][0]) < 1e-4  # mean of standardised advantages


# -- normalisation ----------------------------------------------------------------------------


def test_running_moments_are_those_of_all_rows():
    parts = [rng.normal(3, 2, (n, 2)) for n in (1, 7, 30)]
    moments = RunningMoments(np.zeros(2), np.ones(2))
    for part in parts:
        moments.update(part)
    np.testing.assert_allclose(moments.mean, np.concatenate(parts).mean(axis=0))
    np.testing.assert_allclose(moments.var, np.concatenate(parts).var(axis=0))


def test_a_clipped_observation_has_no_gradient():
    normalizer = ObservationNormalizer(RunningMoments(np.zeros(1), np.full(1, 4.0), 10.0))
    seen = np.array([[2.0], [1000.0]])
    np.testing.assert_allclose(normalizer(seen)[:, 0], [1.0, 10.0], rtol=1e-6)
    np.testing.assert_allclose(normalizer.pull_back(np.ones((2, 1)), seen)[:, 0], [0.5, 0.0])


def test_rewards_are_scaled_by_the_spread_of_the_discounted_return():
    scaler, rewards = RewardScaler(0.5), rng.normal(size=(40, 3))
    sums, seen = np.zeros(3), []
    for t, row in enumerate(rewards):
        done = np.array([t % 10 == 9, False, False])
        scaled = scaler(row, done)
        sums = 0.5 * sums + row
        seen.append(sums.copy())
        sums[done] = 0.0
    wanted = rewards[-1] / np.sqrt(np.concatenate(seen).var() + 1e-8)
    np.testing.assert_allclose(scaled, wanted, rtol=1e-5)


@pytest.mark.parametrize("kind", ["discrete", "multi_discrete", "box"])
def test_spaces_come_back_from_values(kind):
    from gymnasium import spaces

    space = {
        "discrete": spaces.Discrete(3),
        "multi_discrete": spaces.MultiDiscrete([2, 4]),
        "box": spaces.Box(-2.0, 1.0, (2,), np.float32),
    }[kind]
    assert SpaceSpec.of(space).to_gymnasium() == space
