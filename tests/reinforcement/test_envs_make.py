"""One environment from whatever names it, with vectors or images in and plain actions out."""

import subprocess
import sys
import threading

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import (
    FrameStackObservation,
    OrderEnforcing,
    PassiveEnvChecker,
    TimeLimit,
)

from appliednn.core.errors import MissingExtraError, UsageError
from appliednn.reinforcement import (
    MaskedObservation,
    VectorEnv,
    make_env,
    own_ids,
    run_episodes,
)


class Echo(gymnasium.Env):
    """Shows samples of any observation space and keeps the actions that it was given."""

    def __init__(self, observation_space, action_space=None):
        self.observation_space = observation_space
        self.action_space = spaces.Discrete(2) if action_space is None else action_space
        self.taken = []
        self.shown = []

    def _show(self):
        self.shown.append(self.observation_space.sample())
        return self.shown[-1]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._show(), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        self.taken.append(action)
        return self._show(), 0.0, False, False, {}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("CartPol-v1", "did you mean 'CartPole-v1'"),
        ("appliednn/Gridworld-v0", "did you mean 'appliednn/GridWorld-v0'"),
        ("LunarLander-v2", "LunarLander-v3"),
        ("my_envs:Maze-v0", "import my_envs yourself"),
        ("NothingLikeThis", "no environment that gymnasium knows"),
    ],
)
def test_unknown_id_says_what_to_do(name, says):
    with pytest.raises(UsageError, match=says):
        make_env(name)


def test_what_is_no_environment_is_refused():
    with pytest.raises(UsageError, match="give an id such as"):
        make_env(3)
    with pytest.raises(UsageError, match="returned str"):
        make_env(lambda: "CartPole-v1")
    with pytest.raises(UsageError, match="frame_stack=0"):
        make_env("CartPole-v1", frame_stack=0)


def test_package_that_an_environment_needs_is_named():
    def entry_point(**kwargs):
        raise gymnasium.error.DependencyNotInstalled('pip install "gymnasium[box2d]"')

    gymnasium.register("NeedsMore-v0", entry_point=entry_point)
    try:
        with pytest.raises(MissingExtraError, match=r"NeedsMore-v0.*gymnasium\[box2d\]"):
            make_env("NeedsMore-v0")
    finally:
        del gymnasium.registry["NeedsMore-v0"]


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(5),
        spaces.Discrete(5, start=-2),
        spaces.MultiDiscrete([2, 3]),
        spaces.MultiBinary(4),
        spaces.Box(-1, 1, (2, 3), np.float64),
        spaces.Box(0, 9, (4,), np.int64),
        spaces.Dict({"b": spaces.Discrete(3), "a": spaces.Box(0, 1, (2,))}),
        spaces.Tuple((spaces.MultiBinary(2), spaces.Box(-1, 1, (1, 2)))),
    ],
)
def test_observations_are_flattened_as_gymnasium_flattens(space):
    env = make_env(lambda: Echo(space))
    observation, _ = env.reset(seed=0)
    expected = spaces.flatten(space, env.unwrapped.shown[-1])
    assert env.observation_space.shape == expected.shape == observation.shape
    assert observation.dtype == env.observation_space.dtype == np.float32
    np.testing.assert_allclose(observation, expected, rtol=1e-6)
    assert env.observation_space.contains(observation)


def test_float32_vectors_and_channels_last_images_are_not_wrapped():
    assert type(make_env(lambda: Echo(spaces.Box(-1, 1, (3,))))) is Echo
    assert type(make_env(lambda: Echo(spaces.Box(0, 255, (8, 9, 3), np.uint8)))) is Echo


@pytest.mark.parametrize(("shape", "axes"), [((8, 9), None), ((3, 8, 9), (1, 2, 0))])
def test_images_have_channels_last(shape, axes):
    env = make_env(lambda: Echo(spaces.Box(0, 255, shape, np.uint8)))
    observation, _ = env.reset(seed=0)
    shown = env.unwrapped.shown[-1]
    expected = shown[..., None] if axes is None else shown.transpose(axes)
    np.testing.assert_array_equal(observation, expected)
    assert env.observation_space.contains(observation)


@pytest.mark.parametrize(
    ("space", "becomes", "given", "taken"),
    [
        (spaces.Discrete(3, start=4), spaces.Discrete(3), 2, 6),
        (
            spaces.MultiBinary((2, 2)),
            spaces.MultiDiscrete([2] * 4),
            [1, 0, 0, 1],
            [[1, 0], [0, 1]],
        ),
        (spaces.MultiDiscrete([[2], [3]]), spaces.MultiDiscrete([2, 3]), [1, 2], [[1], [2]]),
        (spaces.MultiDiscrete([2, 3], start=[1, 5]), spaces.MultiDiscrete([2, 3]), [1, 2], [2, 7]),
        (
            spaces.Box(-1, 2, (2, 1), np.float64),
            spaces.Box(-1, 2, (2,), np.float32),
            [0.5, -1.0],
            [[0.5], [-1.0]],
        ),
    ],
)
def test_actions_reach_the_environment_in_its_own_form(space, becomes, given, taken):
    env = make_env(lambda: Echo(spaces.Discrete(2), space))
    assert env.action_space == becomes
    env.reset(seed=0)
    env.step(np.asarray(given) if np.ndim(given) else given)
    np.testing.assert_array_equal(env.unwrapped.taken[-1], taken)


def test_a_reset_that_breaks_its_word_is_told_of():
    class Wrong(Echo):
        def reset(self, *, seed=None, options=None):
            return self.answer

    env = Wrong(spaces.Box(-1, 1, (3,)))
    env.answer = np.zeros(3, np.float32)
    with pytest.raises(UsageError, match="returns a pair"):
        VectorEnv(env).reset()
    env.answer = np.zeros(2, np.float32), {}
    with pytest.raises(UsageError, match=r"shape \(2,\)"):
        run_episodes(lambda o, f: [0], env, [0])


def test_spaces_without_a_fixed_size_are_refused():
    with pytest.raises(UsageError, match="no fixed number of values"):
        make_env(lambda: Echo(spaces.Sequence(spaces.Discrete(2))))
    with pytest.raises(UsageError, match="cannot be learned"):
        make_env(lambda: Echo(spaces.Discrete(2), spaces.Dict({"a": spaces.Discrete(2)})))


@pytest.mark.parametrize("name", ["MountainCarContinuous-v0", "appliednn/Catch-v0"])
def test_frame_stack_agrees_with_gymnasiums(name):
    ours, theirs = make_env(name, frame_stack=3), FrameStackObservation(make_env(name), 3)
    mine, other = ours.reset(seed=5)[0], theirs.reset(seed=5)[0]
    for _ in range(5):
        np.testing.assert_array_equal(mine, np.concatenate(list(other), axis=-1))
        action = theirs.action_space.sample()
        mine, other = ours.step(action)[0], theirs.step(action)[0]
    assert ours.observation_space.shape == mine.shape


def test_masked_observations_are_the_kept_components():
    env, plain = make_env("appliednn/CartPoleHidden-v0"), make_env("CartPole-v1")
    np.testing.assert_array_equal(env.reset(seed=2)[0], plain.reset(seed=2)[0][[0, 2]])
    with pytest.raises(UsageError, match="from 0 to 3"):
        MaskedObservation(plain, keep=(4,))


def test_an_environment_is_copied_with_what_was_changed_in_it():
    changed = gymnasium.make("CartPole-v1")
    changed.unwrapped.gravity = 1.0
    changed.reset(seed=0)
    copied = make_env(changed)
    copied.reset(seed=7)
    assert copied.unwrapped.gravity == 1.0
    changed.step(0)  # the given one is still in its own episode
    assert changed.unwrapped.np_random_seed == 0


def test_what_cannot_be_copied_is_made_anew_or_used_alone():
    with_id = gymnasium.make("CartPole-v1")
    with_id.unwrapped.handle = threading.Lock()
    assert make_env(with_id).unwrapped is not with_id.unwrapped
    without = Echo(spaces.Box(-1, 1, (3,)))
    without.handle = threading.Lock()
    assert make_env(without) is without
    assert VectorEnv(without, n_envs=1).reset().shape == (1, 3)
    with pytest.raises(UsageError, match="give a callable"):
        VectorEnv(without, n_envs=2)


def test_what_make_env_returned_can_be_given_to_it_again():
    env = make_env("appliednn/GridWorld-v0", frame_stack=2)
    assert make_env(env).observation_space == env.observation_space
    assert gymnasium.make(env.spec).observation_space == env.observation_space


# Advice on spaces: the hidden classics keep gymnasium's, log returns have no bound.
@pytest.mark.filterwarnings("ignore:.*(normalized space|too low|too high|different from the unwr)")
@pytest.mark.parametrize("name", own_ids())
def test_own_environments_pass_gymnasiums_check(name):
    make_env("CartPole-v1")  # registers the ids
    made = gymnasium.make(name)
    while isinstance(made, OrderEnforcing | PassiveEnvChecker | TimeLimit):
        made = made.env
    check_env(made, skip_render_check=True)
    assert gymnasium.make(name).spec.id == name


@pytest.mark.parametrize("use", ["make_env('CartPole-v1')", "GridWorld()", "RandomPolicy('A-v0')"])
def test_without_gymnasium_the_extra_is_named(use):
    program = (
        "import sys\n"
        "sys.modules['gymnasium'] = None\n"
        "import appliednn.reinforcement as room\n"
        "from appliednn.core.errors import MissingExtraError\n"
        "try:\n"
        f"    room.{use}\n"
        "except MissingExtraError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'appliednn[rl]'" in done.stdout, done.stderr


def test_importing_the_room_loads_nothing_heavy():
    program = (
        "import sys, appliednn.reinforcement\n"
        "print({'gymnasium', 'keras', 'pandas', 'scipy', 'tensorflow'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_a_callable_may_make_an_environment_of_this_package_by_its_id():
    import subprocess
    import sys

    code = (
        "import gymnasium; from appliednn.reinforcement import make_env; "
        "print(make_env(lambda: gymnasium.make('appliednn/GridWorld-v0')).spec.id)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "appliednn/GridWorld-v0"
