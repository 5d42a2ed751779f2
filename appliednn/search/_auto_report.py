"""What an automatic choice tells: a table of candidates, and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from appliednn.search._course import Course

_SHOWN = 5


def make_report(course: Course, weights: np.ndarray) -> list[dict[str, Any]]:
    """Return a row for each candidate, ready for ``pandas.DataFrame``.

    Parameters
    ----------
    course : Course
        Finished.
    weights : ndarray of shape (n_trained,)
        Shares of the trained candidates.

    Returns
    -------
    list of dict
        ``candidate``, ``model``, ``parameters``, ``seconds``, ``score`` (of rows held out, higher
        is better; None if it was not trained), ``weight`` and ``state`` ("trained", or why not).
        The trained ones come first, in the order of their score.
    """
    rows = [
        {
            "candidate": t.candidate.name,
            "model": t.candidate.model,
            "parameters": dict(t.candidate.settings),
            "seconds": round(t.seconds, 3),
            "score": -t.loss,
            "weight": float(w),
            "state": "trained",
        }
        for t, w in zip(course.trained, weights, strict=True)
    ]
    rows.sort(key=lambda row: -row["score"])
    for candidate, why, seconds in course.skipped:
        rows.append(
            {
                "candidate": candidate.name,
                "model": candidate.model,
                "parameters": dict(candidate.settings),
                "seconds": round(seconds, 3),
                "score": None,
                "weight": 0.0,
                "state": why,
            }
        )
    return rows


def summary_text(
    report: Sequence[dict[str, Any]],
    *,
    metric: str,
    n_folds: int,
    score: float,
    temperature: float | None,
    seconds: float,
    budget: float,
    interrupted: bool,
) -> str:
    """Return what was chosen and why, in sentences.

    Parameters
    ----------
    report : list of dict
        From :func:`make_report`.
    metric : str
        Name of the score.
    n_folds : int
        Models of each candidate.
    score : float
        Of the ensemble on rows held out.
    temperature : float or None
        What logits are divided by; None for numbers.
    seconds, budget : float
        Time taken and allowed.
    interrupted : bool
        Whether the user ended the choice.
    """
    trained = [row for row in report if row["state"] == "trained"]
    chosen = sorted((r for r in trained if r["weight"] > 0), key=lambda r: -r["weight"])
    parts = ", ".join(f"{r['candidate']} ({r['weight']:.0%})" for r in chosen[:_SHOWN])
    more = f" and {len(chosen) - _SHOWN} more" if len(chosen) > _SHOWN else ""
    best = trained[0]
    lines = [
        f"{_counted(len(trained), 'candidate')} trained in {seconds:.1f} of {budget:g} seconds, "
        f"each on {n_folds} folds, and judged on the rows they had not seen by {metric} (higher "
        "is better).",
        f"Chosen: {parts}{more}.",
        f"The best single candidate, {best['candidate']}, has {best['score']:.5g} there, the "
        f"weighted mean {score:.5g}.",
    ]
    if temperature is not None and temperature != 1.0:
        sign = "too sure" if temperature > 1 else "not sure enough"
        lines.append(
            f"The candidates were {sign} on held-out rows: their logits are divided by "
            f"{temperature:.3g}."
        )
    late = [row for row in report if row["state"].startswith("no time")]
    if late:
        names = ", ".join(row["candidate"] for row in late[:_SHOWN])
        lines.append(f"{len(late)} more did not fit into the time: {names}.")
    failed = [row for row in report if row["state"].startswith("failed")]
    lines += [f"{row['candidate']} {row['state']}." for row in failed]
    if interrupted:
        lines.append("It was interrupted; what was trained until then is used.")
    return "\n".join(lines)


def _counted(n: int, word: str) -> str:
    return f"1 {word} was" if n == 1 else f"{n} {word}s were"
