"""Classic environments whose velocities are hidden, for policies with a memory."""

from __future__ import annotations

import gymnasium

from appliednn.reinforcement.envs._wrappers import MaskedObservation


def hidden(id: str, keep: tuple[int, ...], render_mode: str | None = None) -> gymnasium.Env:
    """Return the environment ``id`` with only the components ``keep`` of its observations."""
    env = gymnasium.make(id, disable_env_checker=True, render_mode=render_mode)
    return MaskedObservation(env, keep)
