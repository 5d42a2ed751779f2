"""What the sections must know of each other where an agent learns in an environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from appliednn.core.errors import AppliedNNError, MissingExtraError
from appliednn.pipeline.config._agent_schema import AgentRunConfig
from appliednn.pipeline.config._checks import Issue, check
from appliednn.pipeline.config._metrics import split_key

#: Where the sizes in the brackets of a metric come from.
_SIZES = {
    "return_noise": "noise",
    "return_noise_lost": "noise",
    "return_pgd": "eps",
    "return_pgd_lost": "eps",
    "return_random_change": "eps",
    "return_random_change_lost": "eps",
}
_SWITCHES = {
    "robustness": ("return_sticky", "return_shifted", "changed_decisions", *_SIZES),
    "explain": ("tree_", "policy_", "decision_", "decided_"),
}
_OF_CURVES = ("seed_return_", "failed_seed_share")


@check("env", of="environment")
def environment_is_known(config: AgentRunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that gymnasium, where it is installed, knows the id."""
    if config.env.id == "stand-in":
        return
    from appliednn.reinforcement.envs import known_spec

    try:
        known_spec(config.env.id)
    except MissingExtraError:
        return  # a config can be looked at where it cannot be run
    except AppliedNNError as error:
        yield Issue(("env", "id"), str(error).removeprefix("env="))


@check("curves", "gates", "robustness", "explain", of="environment")
def agent_gates_are_measured(config: AgentRunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that what a gate names is switched on."""
    for i, gate in enumerate(config.gates):
        name, inner = split_key(gate.metric)
        path = ("gates", i, "metric")
        if name.startswith(_OF_CURVES) and config.curves.n_seeds < 2:
            yield Issue(path, "needs learning curves: expected curves.n_seeds of at least 2")
            continue
        off = [s for s, stems in _SWITCHES.items() if name.startswith(stems)]
        off = [section for section in off if not getattr(config, section).enabled]
        if off:
            yield Issue(path, f"{off[0]} is not enabled, so the gate has nothing to judge")
        elif name in _SIZES:
            section = _SIZES[name]
            sizes = [f"{size:g}" for size in getattr(config.robustness, section)]
            if inner not in sizes:
                message = f"expected one of the sizes in robustness.{section} "
                message += f"({', '.join(sizes)}) in brackets"
                yield Issue(path, message, f"{name}[{sizes[0]}]")


@check("curves", of="environment")
def one_curve_is_none(config: AgentRunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for two seeds at least, where any."""
    if config.curves.n_seeds == 1:
        yield Issue(("curves", "n_seeds"), "one seed shows no spread; expected 0, or 2 and more")
