"""Pictures of episodes: they show what was played, move without scripts, and stay small."""

from xml.etree import ElementTree

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from appliednn.core.errors import UsageError
from appliednn.reinforcement import (
    RandomPolicy,
    TradingEnv,
    heuristic_policy,
    make_env,
    own_ids,
    replay_svg,
    run_episodes,
)

CLASSIC = [
    "CartPole-v1",
    "MountainCar-v0",
    "MountainCarContinuous-v0",
    "Pendulum-v1",
    "Acrobot-v1",
]
DRAWN = {"svg", "title", "desc", "style", "g", "path", "rect", "circle", "text"}


def elements(svg, name):
    return [e for e in ElementTree.fromstring(svg).iter() if e.tag.rpartition("}")[2] == name]


def frames_of(svg, kind):
    """Return what each transform of a kind goes through, as lists of numbers."""
    found = [e for e in elements(svg, "animateTransform") if e.get("type") == kind]
    return [np.array([v.split() for v in e.get("values").split(";")], float) for e in found]


def recorded(name, policy=None, n=1, **more):
    policy = policy or heuristic_policy(name) or RandomPolicy(name)
    return run_episodes(policy, name, range(n), record=True, **more)


class Pictures(gymnasium.Env):
    """A bright square that moves to the right."""

    observation_space = spaces.Box(0, 255, (40, 60, 3), np.uint8)
    action_space = spaces.Discrete(2)

    def _picture(self):
        picture = np.zeros((40, 60, 3), np.uint8)
        picture[10:20, 2 * self.time : 2 * self.time + 10] = 255
        return picture

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return self._picture(), {}

    def step(self, action):
        self.time += 1
        return self._picture(), 1.0, self.time == 20, False, {}


@pytest.mark.parametrize("name", [*CLASSIC, *own_ids(), "FrozenLake-v1"])
def test_every_picture_is_small_and_only_draws_and_moves(name):
    svg = replay_svg(recorded(name), name)
    assert len(svg) < 60_000
    root = ElementTree.fromstring(svg)
    names = {e.tag.rpartition("}")[2] for e in root.iter()}
    assert names <= DRAWN | {"animate", "animateTransform"}
    moved = {e.get("attributeName") for e in root.iter()} - {None}
    assert moved <= {"transform", "visibility"}
    assert "nan" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_cart_and_pole_stand_where_they_stood():
    episodes = recorded("CartPole-v1", RandomPolicy("CartPole-v1"))
    svg = replay_svg(episodes, "CartPole-v1")
    seen = np.vstack([episodes.observations[0], episodes.final_observations[0]])
    (angle,) = frames_of(svg, "rotate")
    place = frames_of(svg, "translate")[0]
    np.testing.assert_allclose(angle[: len(seen), 0], np.degrees(seen[:, 2]), atol=0.06)
    np.testing.assert_allclose(place[: len(seen), 0], 240 + 88 * seen[:, 0], atol=0.06)
    assert (angle[len(seen) :] == angle[len(seen) - 1]).all()  # the rest at the end


def test_the_tip_of_the_arm_is_where_the_links_lead():
    episodes = recorded("appliednn/RobotArm-v0")
    first, second = frames_of(replay_svg(episodes, "appliednn/RobotArm-v0"), "rotate")
    n = episodes.lengths[0]
    first, second = np.radians(-first[:n, 0]), np.radians(-second[:n, 0])
    tip = 0.5 * np.exp(1j * first) + 0.5 * np.exp(1j * (first + second))
    seen = episodes.observations[0]
    expected = (seen[:, 6] - seen[:, 8]) + 1j * (seen[:, 7] - seen[:, 9])
    np.testing.assert_allclose(tip, expected, atol=0.005)


def test_the_walker_goes_from_cell_to_cell():
    svg = replay_svg(recorded("appliednn/GridWorld-v0"), "appliednn/GridWorld-v0")
    steps = np.abs(np.diff(frames_of(svg, "translate")[0], axis=0)).max(axis=1)
    side = steps.max()
    assert set(np.round(steps / side, 2)) <= {0.0, 1.0}


def test_a_long_episode_is_thinned_from_its_first_to_its_last_step():
    episodes = recorded("CartPole-v1")
    (angle,) = frames_of(replay_svg(episodes, "CartPole-v1", max_frames=50), "rotate")
    assert episodes.lengths[0] == 500
    assert len(angle) == 50 + 50 // 12
    ends = np.degrees([episodes.observations[0][0][2], episodes.final_observations[0][2]])
    np.testing.assert_allclose(angle[[0, -1], 0], ends, atol=0.06)


def test_the_description_tells_what_happened():
    episodes = recorded("MountainCar-v0", n=2)
    svg = replay_svg(episodes, "MountainCar-v0", 1, title="a < b")
    assert elements(svg, "title")[0].text == "a < b"
    told = elements(svg, "desc")[0].text
    assert f"Return {episodes.returns[1]:.4g} after {episodes.lengths[1]} steps" in told
    assert "terminated" in told


def test_a_still_picture_is_inside_and_a_style_only_in_a_file_of_its_own():
    episodes = recorded("Acrobot-v1")
    alone, inside = (
        replay_svg(episodes, "Acrobot-v1", standalone=standalone) for standalone in (True, False)
    )
    assert "prefers-reduced-motion" in elements(alone, "style")[0].text
    assert not elements(inside, "style")
    (still,) = [e for e in elements(inside, "g") if e.get("class") == "still"]
    assert still.get("display") == "none"
    assert len(list(still)) >= 4
    assert not [e for e in still.iter() if "animate" in e.tag]


def test_prices_and_wealth_are_told_of():
    prices = np.array([100.0, 100.0, 110.0, 121.0])
    make = lambda: TradingEnv(prices, window=1, cost=0.0, slippage=0.0)  # noqa: E731
    episodes = run_episodes(lambda o, f: np.full(len(o), 2), make, [0], record=True)
    told = elements(replay_svg(episodes, make), "desc")[0].text
    assert "Prices changed by +21.0%, the wealth by +21.0%" in told


def test_images_are_shown_in_coarse_pixels():
    svg = replay_svg(recorded(Pictures, RandomPolicy(Pictures)), Pictures)
    shown = [e for e in elements(svg, "animate") if e.get("attributeName") == "visibility"]
    assert len(shown) >= 20
    left = [float(e.get("d")[1:].split()[0]) for e in elements(svg, "path") if e.get("opacity")]
    assert len(set(left[:20])) > 8  # the square moves
    assert len(svg) < 60_000


def test_a_frame_stack_is_drawn_by_its_last_frame():
    plain = recorded("Pendulum-v1", n=1)
    stacked = run_episodes(
        lambda o, f: heuristic_policy("Pendulum-v1")(o[:, -3:], f),
        "Pendulum-v1",
        [0],
        record=True,
        frame_stack=3,
    )
    assert replay_svg(stacked, "Pendulum-v1") == replay_svg(plain, "Pendulum-v1")


def test_arrays_are_enough_and_what_was_not_recorded_is_refused():
    env = make_env("CartPole-v1")
    seen = [env.reset(seed=0)[0]] + [env.step(1)[0] for _ in range(5)]
    svg = replay_svg((np.array(seen[:5]), np.ones(5)), "CartPole-v1")
    assert "Return 5 after 5 steps" in elements(svg, "desc")[0].text
    with pytest.raises(UsageError, match="record=True"):
        replay_svg(run_episodes(lambda o, f: [1], "CartPole-v1", [0]), "CartPole-v1")
