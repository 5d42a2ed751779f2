"""Settings that are known to learn an environment, kept as data."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources


@cache
def _all() -> dict[str, dict[str, dict]]:
    folder = resources.files("appliednn.reinforcement.agents") / "presets"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    read = (json.loads(f.read_text(encoding="utf-8")) for f in files)
    return {agent: settings for table in read for agent, settings in table.items()}


def presets() -> dict[str, list[str]]:
    """Return the environments for which each agent has settings.

    Examples
    --------
    >>> "CartPole-v1" in presets()["PPOAgent"]
    True
    """
    return {agent: sorted(table) for agent, table in _all().items()}


def preset(agent: str, env_id: str) -> dict:
    """Return an agent's parameters for an environment.

    Raises
    ------
    ValueError
        If there are none.
    """
    table = _all().get(agent, {})
    if env_id not in table:
        raise ValueError(
            f"{agent} has no preset for {env_id!r}; it has some for {sorted(table) or 'none'}"
        )
    # lists become tuples, as the constructors write them
    settings = table[env_id].items()
    return {name: tuple(v) if isinstance(v, list) else v for name, v in settings}
