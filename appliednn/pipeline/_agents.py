"""The stages of a run in which an agent learns in an environment."""

from __future__ import annotations

import inspect
from typing import Any

from appliednn.core.errors import UsageError
from appliednn.pipeline._artifacts import load_model, save_model
from appliednn.pipeline._lock import file_sha256
from appliednn.pipeline._run_folder import write_json
from appliednn.pipeline._seeds import stage_seed
from appliednn.pipeline.registry import estimator


def build_agent(config: Any) -> Any:
    """Return the agent that a config describes, not yet trained."""
    cls = estimator(config.model.type).load()
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in config.model.parameters().items()
    }
    if given.get("random_state") is None and "random_state" in inspect.signature(cls).parameters:
        given["random_state"] = stage_seed(config.seed, "model")
    return cls(env=config.env.id, **given)


def agent_stage(state: Any) -> Any:
    """Train the agent and save model.ann; what a killed run had trained is read from its file."""
    path = state.folder / "model.ann"
    known = state.journal.get_json("fit")
    if known is not None and path.is_file() and file_sha256(path) == known["sha256"]:
        return load_model(path)
    try:
        agent = build_agent(state.config).fit(state.data.env)
    except ValueError as error:
        raise UsageError(f"the agent cannot be trained: {error}") from error
    agent = save_model(agent, path)
    state.journal.put_json("fit", {"sha256": file_sha256(path)})
    return agent


def audit_agent_stage(state: Any, agent: Any) -> Any:
    """Audit the agent on fresh episodes; finished checks and copies come from the journal."""
    from appliednn.audit import audit_agent
    from appliednn.pipeline._stages import card_texts

    config = state.config
    return audit_agent(
        agent,
        state.data.env,
        n_episodes=config.evaluation.n_episodes,
        train_seeds=config.curves.n_seeds,
        max_steps=config.evaluation.max_steps,
        gates=[gate.model_dump() for gate in config.gates] or None,
        options=agent_options(config),
        random_state=stage_seed(config.seed, "audit"),
        journal=state.journal,
        card=card_texts(config),
        config=state.loaded.text,
    )


def agent_options(config: Any) -> dict[str, Any]:
    """Return the audit's options as the config's sections say."""
    off = [n for n, s in _SWITCHED.items() if not getattr(config, s).enabled]
    options: dict[str, Any] = {
        "performance": {"costs": config.evaluation.costs},
        "training": config.curves.model_dump(exclude={"n_seeds"}),
        **{name: _options(getattr(config, section)) for name, section in _SWITCHED.items()},
    }
    options = {
        name: {key: value for key, value in given.items() if value is not None}
        for name, given in options.items()
    }
    return {**options, "skip": off}


#: Sections of the audit that a section of the config can switch off.
_SWITCHED = {"robustness": "robustness", "explanations": "explain"}


def _options(section: Any) -> dict[str, Any]:
    return section.model_dump(exclude={"enabled"})


def agent_results_stage(state: Any, report: Any, agent: Any) -> None:
    """Write metrics.json, gates.json, report.json and report.html."""
    from appliednn.pipeline._stages import write_documents

    history = getattr(agent, "history_", None) or {}
    head = {
        "n_episodes": state.config.evaluation.n_episodes,
        "n_steps": getattr(agent, "n_steps_", None),
        "best_return": getattr(agent, "best_return_", None),
        "stop_reason": getattr(agent, "stop_reason_", None),
    }
    write_documents(state, report, head)
    # Times differ between runs that are otherwise alike; they stand in the log.
    kept = {name: values for name, values in history.items() if name != "seconds"}
    write_json(state.folder / "history.json", {"format": 1, "history": _finite(kept)})


def _finite(history: dict[str, list]) -> dict[str, list]:
    """Return a history as JSON takes it: what was not measured yet is null."""
    from appliednn.audit._report import json_safe

    return {name: json_safe(list(values)) for name, values in history.items()}


def agent_plan(loaded: Any, data: Any, root: Any) -> list[str]:
    """Return the plan of a run, in lines."""
    config = loaded.config
    agent = build_agent(config)
    about, curves = data.about, config.curves
    limit = about["max_episode_steps"]
    arguments = ", ".join(f"{k}={v!r}" for k, v in about["kwargs"].items())
    steps = getattr(agent, "total_timesteps", None)
    lines = [
        f"plan of {config.name} (nothing is written)",
        f"environment: {about['id']}" + (f" ({arguments})" if arguments else ""),
        f"observations: {about['observations']}",
        f"actions: {about['actions']}",
        f"episodes: {'no limit of steps' if limit is None else f'at most {limit} steps'}",
        f"stage: train {config.model.type}" + (f" for {steps} steps" if steps else ""),
    ]
    off = [s for s in _SWITCHED.values() if not getattr(config, s).enabled]
    copies = f", {curves.n_seeds} copies with other seeds" if curves.n_seeds else ""
    without = f" without {', '.join(off)}" if off else ""
    lines.append(f"stage: audit on {config.evaluation.n_episodes} episodes{copies}{without}")
    lines += [
        f"gate: {g.metric} {g.op} {g.threshold:g} (undecided: {g.inconclusive})"
        for g in config.gates
    ] or ["gate: the audit's default gates"]
    lines.append(f"results: {root / config.name}-<time>")
    return lines
