"""What an automatic choice of models tried, as a section of the report shows it."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.audit._base import Table

_SHOWN = 15


def chosen_table(model: Any) -> list[Table]:
    """Return the candidates that an automatic estimator or a search tried, best first.

    Parameters
    ----------
    model : estimator or None
        With ``report_``: rows, as ``AutoTabularClassifier`` has them, or sentences, as
        ``TabularSearchCV``; None gives no table.
    """
    if model is None or not type(model).__module__.startswith("appliednn.search."):
        return []
    if not hasattr(model, "summary"):
        return [_searched(model)]
    rows = [
        [
            row["candidate"],
            "not trained" if row["score"] is None else float(f"{row['score']:.5g}"),
            round(row["weight"], 3),
            round(row["seconds"], 1),
            row["state"],
        ]
        for row in model.report_
    ]
    said = " ".join(model.summary().split())
    left = f" Not shown: {len(rows) - _SHOWN} more." if len(rows) > _SHOWN else ""
    columns = ["candidate", "score on held-out rows", "share", "seconds", "state"]
    return [Table("Candidates", columns, rows[:_SHOWN], said + left)]


def _searched(search: Any) -> Table:
    """Return the candidates of a search by their mean score."""
    results = search.cv_results_
    order = np.argsort(results["rank_test_score"], kind="stable")[:_SHOWN]
    scores = [f"{score:.5g}" for score in results["mean_test_score"]]
    rows = [
        [
            ", ".join(f"{k}={v}" for k, v in results["params"][i].items())[:200],
            float(scores[i]) if np.isfinite(float(scores[i])) else "failed",
        ]
        for i in order
    ]
    said = " ".join(search.report_)
    return Table("Candidates", ["parameters", "score on held-out rows"], rows, said)
