"""What a run would do, in lines: the answer to ``--dry-run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from appliednn.pipeline._model import build_recipe


def plan_lines(loaded: Any, data: Any, root: Path) -> list[str]:
    """Return the plan of a run: rows, columns, stages, gates, where results would go.

    Parameters
    ----------
    loaded : LoadedConfig
        The config.
    data : Prepared
        Its rows.
    root : Path
        Folder of run folders.
    """
    config = loaded.config
    build_recipe(config)  # a parameter that an estimator refuses is found here
    megabytes = data.frame.memory_usage(deep=True).sum() / 1e6
    used = "" if config.data.target is None else f"; {len(data.frame)} rows with a target"
    unit = "sentences" if config.kind == "tagging" else "rows"
    if config.kind == "tagging":
        used = f"; {len(data.frame)} sentences"
    lines = [
        f"plan of {config.name} (nothing is written)",
        f"data: {data.n_read} rows, {data.frame.shape[1]} columns, {megabytes:.1f} MB{used}",
        f"features: {data.X.shape[1]} ({', '.join(data.X.columns[:12])}"
        + (", ...)" if data.X.shape[1] > 12 else ")"),
        f"target: {_target(config, data)}",
        f"missing: {_missing(data)}; {config.missing.type}",
        f"split: {config.split.type}, {len(data.train)} training and {len(data.test)} test {unit}",
    ]
    if config.data.sensitive:
        lines.append(f"sensitive: {_attributes(data)}")
    lines += [f"stage: {stage}" for stage in _stages(config)]
    lines += [
        f"gate: {g.metric} {g.op} {g.threshold:g} (undecided: {g.inconclusive})"
        for g in config.gates
    ] or ["gate: the audit's default gates"]
    lines.append(f"results: {root / config.name}-<time>")
    return lines


def _target(config: Any, data: Any) -> str:
    name = config.data.target
    if name is None:
        return "none, so no label judges the detector"
    if config.task == "anomaly":
        counts = [f"{int(data.y[r].sum())} of {len(r)}" for r in (data.train, data.test)]
        return f"{name} marks {counts[0]} training and {counts[1]} test rows as anomalies"
    if config.kind == "tagging":
        labels, counts = np.unique([tag for row in data.y for tag in row], return_counts=True)
        order = np.argsort(-counts)[:6]
        shown = ", ".join(f"{labels[i]}: {counts[i]}" for i in order)
        return (
            f"{name}, {len(labels)} tags of tokens ({shown}{', ...' if len(labels) > 6 else ''})"
        )
    if config.kind == "regression":
        low, middle, high = np.quantile(data.y, [0, 0.5, 1])
        return f"{name} (from {low:g} to {high:g}, median {middle:g})"
    labels, counts = np.unique(data.y, return_counts=True)
    order = np.argsort(-counts)[:6]
    shown = ", ".join(f"{labels[i]}: {counts[i]}" for i in order)
    more = f" and {len(labels) - 6} more classes" if len(labels) > 6 else ""
    return f"{name} ({shown}{more})"


def _missing(data: Any) -> str:
    columns = int(data.X.isna().any().sum())
    share = float(data.X.isna().to_numpy().mean())
    return f"{columns} features with gaps, {share:.1%} of all values"


def _attributes(data: Any) -> str:
    return ", ".join(f"{c} ({data.sensitive[c].nunique()} groups)" for c in data.sensitive)


def _stages(config: Any) -> list[str]:
    stages = ["data contract"]
    if config.search.type != "none":
        n = config.search.n_candidates
        stages.append(f"{config.search.type} search, {n} candidates, {config.search.cv} folds")
    balance = "" if config.imbalance.type == "none" else f" ({config.imbalance.type})"
    bags = config.model.bags
    rows = " on unmarked rows" if config.anomalies.train == "drop" else ""
    stages.append(f"fit {f'{bags} bags of ' if bags else ''}{config.model.type}{balance}{rows}")
    if config.kind == "classification":
        if config.calibration.type != "none":
            share = config.calibration.fraction
            stages.append(f"{config.calibration.type} calibration on {share:.0%} of training rows")
        if config.threshold.type != "default":
            stages.append(f"threshold by {config.threshold.type}")
    off = [n for n in ("robustness", "explain", "fairness") if not getattr(config, n).enabled]
    stages.append("audit" + (f" without {', '.join(off)}" if off else ""))
    return stages
