"""Replay: what is kept, how it is drawn, and returns over n steps against plain loops."""

import pickle

import numpy as np
import pytest
from scipy import stats

from appliednn.core.errors import IntegrityError
from appliednn.reinforcement.replay import (
    NStepWindow,
    PrioritizedReplayBuffer,
    ReplayBuffer,
    SumTree,
)


def _rows(values):
    values = np.asarray(values, float)
    return values[:, None], values, 10 * values, values[:, None] + 0.5, 0.9 * np.ones(len(values))


def test_the_newest_rows_stay():
    buffer = ReplayBuffer(5, (1,))
    for start in range(0, 12, 3):
        buffer.add(*_rows(range(start, start + 3)))
    kept = buffer.rows(np.arange(len(buffer)))
    assert sorted(kept["actions"].tolist()) == [7, 8, 9, 10, 11]
    assert np.array_equal(kept["rewards"], 10 * kept["actions"])
    assert np.array_equal(kept["next_observations"], kept["observations"] + 0.5)


def test_images_are_kept_as_bytes():
    buffer = ReplayBuffer(4, (3, 3, 1), observation_dtype=np.uint8, action_dtype=np.int64)
    image = np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1)
    buffer.add(image, np.array([2]), np.ones(1), image + 1, np.zeros(1))
    row = buffer.rows(np.zeros((2, 1), int))
    assert row["observations"].dtype == np.uint8 and row["observations"].shape == (2, 1, 3, 3, 1)
    assert np.array_equal(row["next_observations"][1, 0], image[0] + 1)


def test_uniform_draws_are_uniform_over_what_was_written():
    buffer = ReplayBuffer(50, (1,))
    buffer.add(*_rows(range(20)))
    indices, weights = buffer.draw(np.random.default_rng(0), 40, 500)
    counts = np.bincount(indices.ravel(), minlength=50)
    assert counts[20:].sum() == 0 and np.all(weights == 1)
    assert stats.chisquare(counts[:20]).pvalue > 1e-3


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="at least 1 row"):
        ReplayBuffer(0, (1,))
    with pytest.raises(ValueError, match="buffer is empty"):
        ReplayBuffer(3, (1,)).draw(np.random.default_rng(0), 1, 1)
    with pytest.raises(ValueError, match="raise buffer_size"):
        ReplayBuffer(3, (1,)).add(*_rows(range(4)))


@pytest.mark.parametrize("capacity", [1, 2, 7, 64])
def test_the_sum_tree_finds_what_a_cumulative_sum_finds(capacity):
    rng = np.random.default_rng(capacity)
    tree, leaves = SumTree(capacity), np.zeros(capacity)
    for _ in range(20):
        where = rng.integers(capacity, size=5)
        values = rng.random(5) * (rng.random(5) < 0.7) + (capacity == 1)
        tree.set(where, values)
        for i, value in zip(where, values, strict=True):
            leaves[i] = value
    assert tree.total == pytest.approx(leaves.sum(), rel=1e-12)
    assert np.array_equal(tree.get(np.arange(capacity)), leaves)
    masses = rng.random(200) * tree.total
    expected = np.searchsorted(np.cumsum(leaves), masses, side="right")
    assert np.array_equal(tree.find(masses), np.minimum(expected, capacity - 1))


def test_the_end_of_the_total_is_never_an_empty_leaf():
    tree = SumTree(8)
    tree.set(np.arange(3), np.array([0.1, 0.2, 0.3]))
    assert tree.find(np.array([tree.total, np.nextafter(tree.total, 1)])).tolist() == [2, 2]


def test_priorities_set_the_frequencies_and_the_weights():
    """Chances p^alpha / sum and weights (N P)^-beta, as section 3.3 of the paper defines them."""
    buffer = PrioritizedReplayBuffer(16, (1,), alpha=0.7, beta=0.5)
    where = buffer.add(*_rows(range(6)))
    errors = np.array([0.1, 1.0, -2.0, 5.0, 0.0, 0.5])
    buffer.update_priorities(where, errors)
    exact = (np.abs(errors) + 1e-6) ** 0.7
    exact /= exact.sum()
    assert buffer.probabilities() == pytest.approx(exact, rel=1e-12)
    indices, weights = buffer.draw(np.random.default_rng(1), 300, 64)
    counts = np.bincount(indices.ravel(), minlength=6)
    frequent = exact > 1e-3
    # One draw from each share of the total varies less than free draws would.
    assert counts[frequent] / counts.sum() == pytest.approx(exact[frequent], abs=0.005)
    assert counts[~frequent].sum() <= 10
    raw = (6 * exact[indices]) ** -0.5
    assert weights == pytest.approx(raw / raw.max(axis=1, keepdims=True), rel=1e-5)


def test_new_rows_have_the_largest_priority_so_far():
    buffer = PrioritizedReplayBuffer(4, (1,), alpha=1.0)
    buffer.update_priorities(buffer.add(*_rows(range(2))), np.array([9.0, 1.0]))
    buffer.add(*_rows([2]))
    assert buffer.probabilities() == pytest.approx(np.array([9, 1, 9]) / 19, rel=1e-5)
    buffer.add(*_rows([3, 4]))  # the second overwrites row 0
    assert buffer.probabilities() == pytest.approx(np.array([9, 1, 9, 9]) / 28, rel=1e-5)


def _brute_force(steps, n, gamma):
    """Return the transitions of one environment's stream by walking ahead from each step."""
    out = []
    for i in range(len(steps)):
        total, power = 0.0, 1.0
        for j in range(i, min(i + n, len(steps))):
            _, _, reward, after, terminated, truncated = steps[j]
            total, power = total + power * reward, power * gamma
            if terminated or truncated or j == i + n - 1:
                row = (steps[i][0], steps[i][1], total, after, 0.0 if terminated else power)
                out.append(row)
                break
    return out


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_returns_over_n_steps_end_with_the_episode(n):
    rng = np.random.default_rng(n)
    n_envs, length, gamma = 3, 60, 0.9
    window = NStepWindow(n, gamma, n_envs, (1,))
    streams, found = [[] for _ in range(n_envs)], []
    for t in range(length):
        now = np.arange(n_envs) * 1000.0 + t
        action, reward = rng.normal(size=n_envs), rng.normal(size=n_envs)
        terminated, truncated = rng.random(n_envs) < 0.15, rng.random(n_envs) < 0.15
        rows = window.add(now[:, None], action, reward, now[:, None] + 0.5, terminated, truncated)
        found += zip(*(np.array(part) for part in rows), strict=True)
        for e in range(n_envs):
            step = (now[e], action[e], reward[e], now[e] + 0.5, terminated[e], truncated[e])
            streams[e].append(step)
    found = np.array([(o[0], a, r, after[0], d) for o, a, r, after, d in found])
    expected = np.array([row for stream in streams for row in _brute_force(stream, n, gamma)])
    assert len(found) == len(expected)
    order, wanted = np.argsort(found[:, 0]), np.argsort(expected[:, 0])
    assert found[order] == pytest.approx(expected[wanted], rel=1e-5)


def test_the_oldest_transition_comes_first():
    window = NStepWindow(3, 1.0, 1, (1,))
    for t in range(5):
        end = np.array([t == 4])
        rows = window.add(np.array([[t]]), [t], [1.0], np.array([[t + 1]]), [False], end)
    assert rows[0].ravel().tolist() == [2, 3, 4] and rows[2].tolist() == [3, 2, 1]


@pytest.mark.parametrize("kind", [ReplayBuffer, PrioritizedReplayBuffer])
def test_a_pickled_buffer_goes_on_as_the_first(kind):
    buffer = kind(1000, (1,))
    where = buffer.add(*_rows(range(7)))
    buffer.update_priorities(where, np.arange(7.0))
    data = pickle.dumps(buffer)
    assert len(data) < 6000  # 7 rows, not 1000
    twin = pickle.loads(data)
    restored = kind.__ann_restore__(buffer.__ann_state__())
    for other in (buffer, twin, restored):
        other.add(*_rows([8, 9]))
    indices, weights = buffer.draw(np.random.default_rng(0), 3, 5)
    for other in (twin, restored):
        drawn = other.draw(np.random.default_rng(0), 3, 5)
        assert np.array_equal(drawn[0], indices) and np.array_equal(drawn[1], weights)
        assert np.array_equal(other.rows(indices)["rewards"], buffer.rows(indices)["rewards"])


@pytest.mark.parametrize("kind", [ReplayBuffer, PrioritizedReplayBuffer])
def test_a_changed_file_is_refused(kind):
    buffer = kind(10, (2,))
    buffer.add(np.zeros((3, 2)), np.zeros(3), np.zeros(3), np.zeros((3, 2)), np.zeros(3))
    for damage in ({"size": 11}, {"size": 2}, {"position": 10}, {"size": "3"}):
        state = buffer.__ann_state__()
        state.meta.update(damage)
        with pytest.raises(IntegrityError, match="does not fit"):
            kind.__ann_restore__(state)
    state = buffer.__ann_state__()
    state.arrays["observations"] = state.arrays["observations"][:, :1]
    with pytest.raises(IntegrityError, match="does not fit"):
        kind.__ann_restore__(state)
