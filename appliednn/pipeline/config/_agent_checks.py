"""What the sections must know of each other where an agent learns in an environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from appliednn.core.errors import AppliedNNError, MissingExtraError, import_extra
from appliednn.pipeline.config._agent_schema import AgentRunConfig
from appliednn.pipeline.config._checks import Issue, check
from appliednn.pipeline.config._metrics import split_key

_NOISE, _PGD, _SHIFT = "return_noise", "return_pgd", "return_shifted"
_OF_ROBUSTNESS = {
    name: section
    for section, names in {
        "noise": (_NOISE, f"{_NOISE}_drop"),
        "eps": (_PGD, f"{_PGD}_drop"),
    }.items()
    for name in names
}
_OF_CURVES = ("seed_return_mean", "seed_return_spread", "failed_seed_share")
_OF_TREE = ("tree_return", "tree_return_gap", "tree_fidelity")


@check("env", of="environment")
def environment_is_known(config: AgentRunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that gymnasium, where it is installed, knows the id."""
    if config.env.id == "stand-in":
        return
    from appliednn.reinforcement.envs._make import _known_spec
    from appliednn.reinforcement.envs._registered import register_own

    try:
        import_extra("gymnasium", "rl")
        register_own()
        _known_spec(config.env.id)
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
        if name in _OF_CURVES and config.curves.n_seeds < 2:
            yield Issue(path, "needs learning curves: expected curves.n_seeds of at least 2")
        elif name in _OF_TREE and not config.explain.enabled:
            yield Issue(path, "explain is not enabled, so the gate has nothing to judge")
        elif name in _OF_ROBUSTNESS or name.startswith(_SHIFT):
            if not config.robustness.enabled:
                yield Issue(path, "robustness is not enabled, so the gate has nothing to judge")
            elif name in _OF_ROBUSTNESS:
                yield from _sizes(path, name, inner, config)


def _sizes(path, name: str, inner: str | None, config: AgentRunConfig) -> Iterator[Issue]:
    section = _OF_ROBUSTNESS[name]
    sizes = [f"{size:g}" for size in getattr(config.robustness, section)]
    if inner not in sizes:
        message = f"expected one of the sizes in robustness.{section} ({', '.join(sizes)}) in "
        yield Issue(path, f"{message}brackets", f"{name}[{sizes[0]}]")


@check("curves", of="environment")
def one_curve_is_none(config: AgentRunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for two seeds at least, where any."""
    if config.curves.n_seeds == 1:
        yield Issue(("curves", "n_seeds"), "one seed shows no spread; expected 0, or 2 and more")
