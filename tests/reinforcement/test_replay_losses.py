"""Losses of the replay agents: several steps of Adam against NumPy with numeric gradients."""

import numpy as np
import pytest
from scipy import integrate

from appliednn.core._architecture import Architecture
from appliednn.core._updates import Follow, Phase, Recipe, Updater
from appliednn.reinforcement.agents.off_policy._q_network import numpy_q

_RATE, _EPSILON, _ROWS, _STEPS = 0.01, 1e-5, 5, 3


def _numeric_gradient(loss, params):
    """Return central differences of ``loss(params)``, float64."""
    out = []
    for array in params:
        gradient = np.zeros_like(array)
        for i in np.ndindex(array.shape):
            kept, h = array[i], 1e-5
            array[i] = kept + h
            above = loss(params)
            array[i] = kept - h
            gradient[i] = (above - loss(params)) / (2 * h)
            array[i] = kept
        out.append(gradient)
    return out


class _Adam:
    """Adam as section 2 of Kingma and Ba writes its fast form."""

    def __init__(self, params):
        self.params, self.t = params, 0
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]

    def step(self, loss):
        self.t += 1
        rate = _RATE * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        gradients = _numeric_gradient(loss, self.params)
        for p, g, m, v in zip(self.params, gradients, self.m, self.v, strict=True):
            m *= 0.9
            m += 0.1 * g
            v *= 0.999
            v += 0.001 * g * g
            p -= rate * m / (np.sqrt(v) + _EPSILON)


def _as_float64(arrays):
    return [np.array(a, np.float64) for a in arrays]


def _mlp(w, x):
    for i in range(0, len(w) - 2, 2):
        x = np.tanh(x @ w[i] + w[i + 1])
    return x @ w[-2] + w[-1]


def _critics(w, x, a):
    """Return values of all critics, (n, k): kernels have a leading axis for the critics."""
    k = len(w[0])
    each = [_mlp([p[j] for p in w], np.concatenate([x, a], axis=1)) for j in range(k)]
    return np.concatenate(each, axis=1)


def _batches(rng, actions, **more):
    shape = (_STEPS, _ROWS)
    steps = {
        "observations": rng.normal(size=(*shape, 2)),
        "next_observations": rng.normal(size=(*shape, 2)),
        "rewards": rng.normal(size=shape),
        "discounts": 0.9 * (rng.random(shape) < 0.7),
        **more,
    }
    return {k: v.astype(np.float32) for k, v in steps.items()} | {"actions": actions}


def _run(updater, steps, scalars):
    index = np.zeros((_STEPS, 1), np.int32)
    return updater.run({}, index, {"learning_rate": _RATE, **scalars}, steps)


def _assert_equal(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a == pytest.approx(b, abs=2e-5)


@pytest.mark.parametrize("loss", ["dqn_loss", "double_dqn_loss"])
def test_deep_q_learning_takes_the_steps_that_its_papers_define(loss):
    net = Architecture.of(
        "q_network", observation_shape=[2], n_actions=3, hidden_layer_sizes=[4],
        activation="tanh",
    )  # fmt: skip
    recipe = Recipe(
        (Phase(loss, "q", rows=("errors",)),), (Follow("q", "target", every=2),), epsilon=_EPSILON
    )
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.2, 1, (_STEPS, _ROWS))
    steps = _batches(rng, rng.integers(0, 3, (_STEPS, _ROWS)), weights=weights)
    updater = Updater(net, recipe)
    with updater.session(seed=1):
        q, target = _as_float64(updater.group("q")), _as_float64(updater.group("target"))
        _assert_equal(q, target)  # a fresh target is a copy
        out = _run(updater, steps, {"tau": 0.3, "huber_delta": 0.4})
        found_q, found_target = updater.group("q"), updater.group("target")

    adam, errors, rows = _Adam(q), [], np.arange(_ROWS)
    for t in range(_STEPS):
        b = {name: value[t] for name, value in steps.items()}
        after = _mlp(target, b["next_observations"])
        best = _mlp(q, b["next_observations"]) if loss == "double_dqn_loss" else after
        goal = b["rewards"] + b["discounts"] * after[rows, best.argmax(axis=1)]

        def size(w, b=b, goal=goal):
            return np.abs(_mlp(w, b["observations"])[rows, b["actions"]] - goal)

        def huber(w, b=b, size=size):
            e = size(w)
            return np.mean(b["weights"] * np.where(e <= 0.4, e * e / 2, 0.4 * (e - 0.2)))

        errors.append(size(q))
        adam.step(huber)
        if t == 1:
            for slow, fast in zip(target, q, strict=True):
                slow += 0.3 * (fast - slow)
    _assert_equal(found_q, q)
    _assert_equal(found_target, target)
    assert out["errors"] == pytest.approx(np.array(errors), abs=1e-4)


def test_td3_takes_the_steps_that_its_paper_defines():
    net = Architecture.of(
        "deterministic_actor_critic", observation_shape=[2], n_actions=1, hidden_layer_sizes=[3],
        activation="tanh",
    )  # fmt: skip
    follows = (
        Follow("critic", "target_critic", every=2), Follow("actor", "target_actor", every=2)
    )  # fmt: skip
    phases = Phase("critic_loss", "critic"), Phase("actor_loss", "actor", every=2)
    rng = np.random.default_rng(1)
    actions = rng.uniform(-1, 1, (_STEPS, _ROWS, 1)).astype(np.float32)
    steps = _batches(rng, actions, noise=3 * rng.normal(size=(_STEPS, _ROWS, 1)))
    updater = Updater(net, Recipe(phases, follows, epsilon=_EPSILON))
    names = ("critic", "target_critic", "actor", "target_actor")
    with updater.session(seed=2):
        critic, target_critic, actor, target_actor = (
            _as_float64(updater.group(name)) for name in names
        )
        _run(updater, steps, {"tau": 0.1, "target_noise": 0.2, "target_noise_clip": 0.5})
        found = [updater.group(name) for name in names]

    learns_critic, learns_actor = _Adam(critic), _Adam(actor)
    for t in range(_STEPS):
        b = {name: value[t] for name, value in steps.items()}
        noise = np.clip(0.2 * b["noise"], -0.5, 0.5)
        after = np.tanh(_mlp(target_actor, b["next_observations"])) + noise
        later = _critics(target_critic, b["next_observations"], np.clip(after, -1, 1))
        goal = (b["rewards"] + b["discounts"] * later.min(axis=1))[:, None]

        def critic_loss(w, b=b, goal=goal):
            error = _critics(w, b["observations"], b["actions"]) - goal
            return 0.5 * np.mean(np.sum(error**2, axis=1))

        def actor_loss(w, b=b):
            chosen = np.tanh(_mlp(w, b["observations"]))
            return -_critics(critic, b["observations"], chosen)[:, 0].mean()

        learns_critic.step(critic_loss)
        if t == 1:  # the second step: the delayed policy and its followers
            learns_actor.step(actor_loss)
            for slow, fast in ((target_critic, critic), (target_actor, actor)):
                for p, q in zip(slow, fast, strict=True):
                    p += 0.1 * (q - p)
    for a, b in zip(found, (critic, target_critic, actor, target_actor), strict=True):
        _assert_equal(a, b)


def _squash(scores, noise):
    mean, log_std = np.split(scores, 2, axis=1)
    raw = mean + np.exp(log_std) * noise
    density = np.exp(-0.5 * noise**2) / np.sqrt(2 * np.pi) / np.exp(log_std)
    return np.tanh(raw), np.log(density / (1 - np.tanh(raw) ** 2)).sum(axis=1)


def test_sac_takes_the_steps_that_its_paper_defines():
    net = Architecture.of(
        "squashed_actor_critic", observation_shape=[2], n_actions=2, hidden_layer_sizes=[3],
        activation="tanh", log_temperature=-1.0,
    )  # fmt: skip
    phases = (
        Phase("critic_loss", "critic"),
        Phase("actor_and_temperature_loss", ("actor", "temperature")),
    )
    recipe = Recipe(phases, (Follow("critic", "target_critic"),), epsilon=_EPSILON)
    rng = np.random.default_rng(2)
    actions = rng.uniform(-1, 1, (_STEPS, _ROWS, 2)).astype(np.float32)
    noises = rng.normal(size=(2, _STEPS, _ROWS, 2))
    steps = _batches(rng, actions, noise=noises[0], next_noise=noises[1])
    updater = Updater(net, recipe)
    names = ("critic", "target_critic", "actor", "temperature")
    with updater.session(seed=3):
        critic, target, actor, heat = (_as_float64(updater.group(name)) for name in names)
        scalars = {"tau": 0.1, "target_entropy": -2.0, "learn_temperature": 1.0}
        _run(updater, steps, scalars)
        found = [updater.group(name) for name in names]

    learners = _Adam(critic), _Adam(actor), _Adam(heat)
    for t in range(_STEPS):
        b = {name: value[t] for name, value in steps.items()}
        after, logs = _squash(_mlp(actor, b["next_observations"]), b["next_noise"])
        later = _critics(target, b["next_observations"], after).min(axis=1)
        alpha = np.exp(float(heat[0]))
        goal = (b["rewards"] + b["discounts"] * (later - alpha * logs))[:, None]

        def critic_loss(w, b=b, goal=goal):
            error = _critics(w, b["observations"], b["actions"]) - goal
            return 0.5 * np.mean(np.sum(error**2, axis=1))

        def actor_loss(w, b=b, alpha=alpha):
            chosen, logs = _squash(_mlp(w, b["observations"]), b["noise"])
            worth = _critics(critic, b["observations"], chosen).min(axis=1)
            return np.mean(alpha * logs - worth)

        learners[0].step(critic_loss)
        _, logs = _squash(_mlp(actor, b["observations"]), b["noise"])
        learners[1].step(actor_loss)
        learners[2].step(lambda w, logs=logs: -float(w[0]) * np.mean(logs - 2.0))
        for slow, fast in zip(target, critic, strict=True):
            slow += 0.1 * (fast - slow)
    for a, b in zip(found, (critic, target, actor, heat), strict=True):
        _assert_equal(a, b)


@pytest.mark.parametrize(("mean", "log_std"), [(0.0, 0.0), (1.3, -1.0), (-0.4, 0.7)])
def test_the_density_of_squashed_actions_is_a_density(mean, log_std):
    """It integrates to 1, and its entropy is the one that integration gives."""
    from appliednn.reinforcement.agents.off_policy._replay_actor_critic import squashed_sample

    actions = np.concatenate([-1 + 10.0 ** np.linspace(-12, -3, 400),
                              np.linspace(-0.999, 0.999, 20001)[1:-1],
                              1 - 10.0 ** np.linspace(-3, -12, 400)])  # fmt: skip
    noise = ((np.arctanh(actions) - mean) / np.exp(log_std))[:, None].astype(np.float32)
    scores = np.tile(np.float32([[mean, log_std]]), (len(noise), 1))
    chosen, logs = (np.asarray(part) for part in squashed_sample(scores, noise))
    assert chosen[:, 0] == pytest.approx(actions, abs=1e-6)
    density = np.exp(logs.astype(float))
    assert integrate.trapezoid(density, actions) == pytest.approx(1.0, abs=2e-3)
    entropy = -integrate.trapezoid(density * logs, actions)
    draws = np.random.default_rng(0).normal(size=(200_000, 1)).astype(np.float32)
    rows = np.tile(np.float32([[mean, log_std]]), (len(draws), 1))
    assert -np.mean(np.asarray(squashed_sample(rows, draws)[1])) == pytest.approx(
        entropy, abs=0.01
    )


def test_large_inputs_keep_their_density_finite():
    from appliednn.reinforcement.agents.off_policy._replay_actor_critic import squashed_sample

    actions, logs = squashed_sample(np.float32([[40.0, 0.0]]), np.float32([[0.0]]))
    # log(1 - tanh(u)^2) is log 4 - 2u in the limit
    assert float(logs[0]) == pytest.approx(-0.5 * np.log(2 * np.pi) - np.log(4) + 80, abs=1e-3)
    assert float(actions[0, 0]) == 1.0


@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize("hidden", [[5], [6, 4], []])
def test_values_in_numpy_are_those_of_the_network(dueling, hidden):
    from appliednn.core._sequence_network import SequenceNetwork

    net = Architecture.of(
        "q_network", observation_shape=[3], n_actions=4, hidden_layer_sizes=hidden,
        activation="relu", dueling=dueling,
    )  # fmt: skip
    network = SequenceNetwork.fresh(net, 0)
    x = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    own = network.weights[: len(network.weights) // 2]
    expected = network.call("decision", {"observations": x})
    assert numpy_q(net.params, own)(x) == pytest.approx(expected, abs=1e-5)
    if dueling:  # the mean over actions is the state's value, whatever the advantages
        fast = numpy_q(net.params, own)(x)
        own[-1] = own[-1] + 7.0
        assert numpy_q(net.params, own)(x) == pytest.approx(fast, abs=1e-4)


@pytest.mark.parametrize("shape", [[3], [9, 7, 2], [40, 36, 1]])
@pytest.mark.parametrize("hidden", [[5], [6, 4]])
def test_sizes_are_known_without_building(shape, hidden):
    shared = {"observation_shape": shape, "hidden_layer_sizes": hidden, "activation": "relu"}
    nets = [
        Architecture.of("q_network", n_actions=3, dueling=False, **shared),
        Architecture.of("q_network", n_actions=3, dueling=True, **shared),
        Architecture.of("deterministic_actor_critic", n_actions=2, n_critics=1, **shared),
        Architecture.of("squashed_actor_critic", n_actions=2, n_critics=3, **shared),
    ]
    for net in nets:
        stored = sum(int(np.prod(v.shape)) for v in net.build().variables)
        assert net.numpy_function("count")(net.params) == stored
