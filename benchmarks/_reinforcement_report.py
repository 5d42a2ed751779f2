"""Tables of the benchmark of agents: returns, processor seconds, ratios paired by seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _reinforcement_cases import CASES, TEST_EPISODES, Case
from _reinforcement_run import METHODS, PEER, UNEVALUATED
from _report_parts import machine_sentence
from _runner import fits_by_key, read_lines


def report(files: list[Path]) -> str:
    """Return title, machine and table as Markdown."""
    lines = list(read_lines(files))
    fits = fits_by_key(lines, ("set", "method", "seed"))
    done = {key: fit for key, fit in fits.items() if fit["status"] == "ok"}
    table = [
        "| environment, algorithm | method | seeds | kept policy: mean return (worst to best) | "
        f"goal | last policy | CPU s | steps per CPU s | times {PEER} | goal |",
        "|" + "---|" * 10,
    ]
    table += filter(None, (_line(case, m, done) for case in CASES for m in METHODS))
    load = np.median([fit["load"] for fit in done.values() if "load" in fit])
    parts = [
        "# Agents beside stable-baselines3",
        f"`python benchmarks/reinforcement.py run`, then `report`. {machine_sentence(lines)} "
        f"One thread for each training; other work on the machine, median load {load:.1f}.",
        f"Returns are means of {TEST_EPISODES} episodes without exploring, the same for all, that "
        "no training has seen. CPU seconds are of learning, with compilation and, but for rows "
        "without evaluations, with those that choose the policy to keep. Ratios are geometric "
        "means, paired by seed, with 95 % bootstrap intervals over seeds; a speed goal is met "
        "where the whole interval reaches it.",
        "\n".join(table),
    ]
    failed = [key for key, fit in fits.items() if fit["status"] != "ok"]
    if failed:
        parts.append("Not finished: " + "; ".join(map(str, failed)))
    return "\n\n".join(parts) + "\n"


def _line(case: Case, method: str, done: dict) -> str | None:
    own = {s: f for (name, m, s), f in done.items() if (name, m) == (case.name, method)}
    rival = PEER + UNEVALUATED * method.endswith(UNEVALUATED)
    peer = {s: f for (name, m, s), f in done.items() if (name, m) == (case.name, rival)}
    if not own:
        return None
    kept = np.array([f["scores"]["kept"] for f in own.values() if "kept" in f["scores"]])
    last = [f["scores"]["last"] for f in own.values() if "last" in f["scores"]]
    cpu = np.array([f["fit_cpu"] for f in own.values()])
    wanted, faster = case.goals
    cells = [
        case.name,
        method,
        str(len(own)),
        f"{kept.mean():.1f} ({kept.min():.1f} to {kept.max():.1f})" if len(kept) else "",
        f"{wanted:g}: {'yes' if kept.mean() >= wanted else 'no'}"
        if len(kept) and method != PEER
        else "",
        f"{np.mean(last):.1f}" if last else "",
        f"{cpu.mean():.1f}",
        f"{case.steps / cpu.mean():.0f}",
    ]
    both = sorted(set(own) & set(peer))
    if method == rival or not both:
        cells += ["", ""]
    else:
        ratios = np.array([peer[s]["fit_cpu"] / own[s]["fit_cpu"] for s in both])
        low, high = _interval(ratios)
        cells.append(f"{np.exp(np.log(ratios).mean()):.2f} ({low:.2f} to {high:.2f})")
        met = "" if faster is None else f"{faster:g}: {'yes' if low >= faster else 'no'}"
        cells.append(met)
    return "| " + " | ".join(cells) + " |"


def _interval(ratios: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the geometric mean."""
    rng, logs = np.random.default_rng(0), np.log(ratios)
    draws = rng.choice(logs, (2000, len(logs))).mean(axis=1)
    return tuple(np.exp(np.quantile(draws, [0.025, 0.975])))
