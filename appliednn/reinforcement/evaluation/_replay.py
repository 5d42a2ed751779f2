"""An episode as one animated SVG, that plays without scripts."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.reinforcement.envs._make import make_env
from appliednn.reinforcement.evaluation._episodes import Episodes
from appliednn.reinforcement.evaluation._replay_strip import strip
from appliednn.reinforcement.evaluation.scenes import _classic, _generic, _own
from appliednn.reinforcement.evaluation.scenes._motion import (
    WIDTH,
    Scene,
    moving_markup,
    number,
    still_markup,
)

if TYPE_CHECKING:
    from appliednn.reinforcement.envs._make import EnvLike

_DARK = ("#6fabee", "#ee9658", "#45c2a2", "#cf97e2", "#d9b748", "#a2acb8")
_STYLE = (
    "svg{color:#1b2026;background:#fff}"
    "@media(prefers-color-scheme:dark){svg{color:#e6e9ec;background:#1a1e24}"
    + "".join(f".f{k}{{fill:{c}}}.k{k}{{stroke:{c}}}" for k, c in enumerate(_DARK, start=1))
    + "}"
    "@media(prefers-reduced-motion:reduce){.moving{display:none}.still{display:inline}}"
    "@media print{.moving{display:none}.still{display:inline}}"
)
_SCENES: dict[str, Callable[..., Scene]] = {
    "CartPoleEnv": _classic.cart_pole,
    "MountainCarEnv": _classic.mountain_car,
    "Continuous_MountainCarEnv": _classic.mountain_car,
    "PendulumEnv": _classic.pendulum,
    "AcrobotEnv": _classic.acrobot,
    "GridWorld": _own.grid_world,
    "RobotArm": _own.robot_arm,
    "Catch": _own.catch,
}


def replay_svg(
    episode: Episodes | tuple[np.ndarray, np.ndarray],
    env: EnvLike,
    index: int = 0,
    *,
    title: str | None = None,
    max_frames: int = 200,
    standalone: bool = True,
) -> str:
    """Return an episode as an animated picture, in one piece and without scripts.

    Classic control problems and this package's environments are drawn as what they are; of any
    other the observations are shown, as curves or as coarse pictures. Below run the return so
    far and the actions.

    Parameters
    ----------
    episode : Episodes or tuple of (observations, rewards)
        Episodes that were recorded, or arrays of shape (length, *obs_shape) and (length,).
    env : str, callable or gymnasium.Env
        Where it was played, as for ``make_env``. Of a frame stack the last frame is drawn.
    index : int
        Which of several episodes.
    title : str, optional
        Name of the picture, for readers that do not see it and as a tooltip.
    max_frames : int
        Most frames; a longer episode is thinned evenly.
    standalone : bool
        Bring a style element for a file of its own: dark pages, and a still picture in print and
        for readers who want no motion. Without it, a page that shows the picture decides with
        the classes ``moving`` and ``still``.

    Returns
    -------
    str
        SVG.

    Raises
    ------
    UsageError
        The episodes were not recorded.

    Examples
    --------
    >>> from appliednn.reinforcement.evaluation import heuristic_policy, run_episodes
    >>> act = heuristic_policy("Pendulum-v1")
    >>> svg = replay_svg(run_episodes(act, "Pendulum-v1", [0], record=True), "Pendulum-v1")
    >>> svg.startswith("<svg"), "<script" in svg, len(svg) < 50_000
    (True, False, True)
    """
    made = make_env(env)
    observations, rewards, actions, ended = _tracks(episode, index)
    shape = made.observation_space.shape
    observations = observations[..., -shape[-1] :]
    frames = _thinned(len(observations), max_frames)
    scene = _scene(made, shape, observations, rewards, actions, frames)
    picture, actors, height = strip(made, rewards, actions, frames)
    total, length = float(rewards.sum()), len(rewards)
    name = title or f"An episode of {_name_of(made)}"
    told = f"{scene.summary} Return {total:.4g} after {length} steps{ended}."
    # As quick as 25 steps a second, within what one cares to watch; then a short rest.
    seconds = float(np.clip(length / 25, 4, 14)) + 1
    moving = "".join(moving_markup(actor, seconds) for actor in [*scene.actors, *actors])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot replay" role="img" '
        f'viewBox="0 0 {WIDTH} {number(height)}" font-size="12" '
        f'font-family="system-ui,sans-serif" fill="currentColor">'
        f"<title>{escape(name)}</title><desc>{escape(told)}</desc>"
        + (f"<style>{_STYLE}</style>" if standalone else "")
        + scene.backdrop
        + picture
        + f'<g class="moving">{moving}</g>'
        + f'<g class="still" display="none">{_poses(scene, len(frames))}</g></svg>'
    )


def _tracks(episode, index: int):
    """Return observations, rewards and actions, each over the steps, and how it ended."""
    if not isinstance(episode, Episodes):
        observations, rewards = (np.asarray(part) for part in episode)
        return observations, rewards.astype(float), None, ""
    if episode.observations is None:
        raise UsageError(
            "these episodes were not recorded; run them with record=True to draw them"
        )
    final = np.asarray(episode.final_observations[index])[None]
    observations = np.concatenate([episode.observations[index], final])
    # The frame after the last step shows the action that led to it.
    actions = episode.actions[index]
    actions = np.concatenate([actions, actions[-1:]])
    ended = ", terminated" if episode.terminated[index] else ", cut off"
    return observations, episode.rewards[index].astype(float), actions, ended


def _thinned(n: int, most: int) -> np.ndarray:
    """Return the steps that are drawn: evenly spread, the last one held for a while."""
    frames = np.unique(np.rint(np.linspace(0, n - 1, min(n, most))).astype(int))
    rest = max(1, len(frames) // 12)
    return np.concatenate([frames, np.full(rest, n - 1)])


def _scene(env, shape, observations, rewards, actions, frames) -> Scene:
    kind, inner = type(env.unwrapped).__name__, env.unwrapped
    own = env.unwrapped.observation_space.shape in (None, (), shape)
    if kind == "TradingEnv":
        return _own.trading(observations, inner, rewards, frames)
    if own and kind in _SCENES:
        taken = None if actions is None else actions[frames]
        return _SCENES[kind](observations[frames], taken, inner)
    if len(shape) == 3:
        return _generic.pictures(observations[frames])
    return _generic.curves(observations, frames)


def _name_of(env) -> str:
    return env.spec.id if env.spec is not None else type(env.unwrapped).__name__


def _poses(scene: Scene, n_frames: int) -> str:
    """Return a few moments, the later the clearer."""
    if scene.poses == 1:
        return "".join(still_markup(actor, n_frames - 1) for actor in scene.actors)
    chosen = np.unique(np.linspace(0, n_frames - 1, scene.poses).astype(int))
    shades = np.linspace(0.15, 1.0, len(chosen))
    return "".join(
        f'<g opacity="{shade:.2f}">'
        + "".join(still_markup(actor, int(frame)) for actor in scene.actors)
        + "</g>"
        for frame, shade in zip(chosen, shades, strict=True)
    )
