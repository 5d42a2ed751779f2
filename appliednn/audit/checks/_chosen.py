"""What an automatic choice of models tried, as a section of the report shows it."""

from __future__ import annotations

from typing import Any

from appliednn.audit._base import Table

_SHOWN = 15


def chosen_table(model: Any) -> list[Table]:
    """Return the candidates that an automatic estimator tried, best first.

    Parameters
    ----------
    model : estimator or None
        With ``report_`` and ``summary()``, as ``AutoTabularClassifier`` has them; None gives no
        table.
    """
    if model is None:
        return []
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
