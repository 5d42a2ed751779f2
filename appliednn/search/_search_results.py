"""Results of a search in scikit-learn's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from appliednn.search._trials import Trial


def make_results(rounds: Sequence[tuple[int | None, Sequence[Trial]]]) -> dict[str, Any]:
    """Return ``cv_results_``: one row for each candidate and round.

    Parameters
    ----------
    rounds : sequence of (int or None, sequence of Trial)
        Resource of each round (None: no rounds) and the state of its trials then.

    Returns
    -------
    dict of str to array
        ``params``, ``param_<name>`` (masked where a candidate does not set it),
        ``split<i>_test_score``, ``mean_test_score``, ``std_test_score``, ``rank_test_score``,
        times, and with rounds ``iter`` and ``n_resources``.
    """
    rows = [(number, resource, t) for number, (resource, ts) in enumerate(rounds) for t in ts]
    trials = [t for _, _, t in rows]
    scores = np.stack([t.scores for t in trials])
    results: dict[str, Any] = {}
    for name, values in (("fit", "fit_seconds"), ("score", "score_seconds")):
        times = np.stack([getattr(t, values) for t in trials])
        results[f"mean_{name}_time"] = times.mean(axis=1)
        results[f"std_{name}_time"] = times.std(axis=1)
    for name in sorted({name for t in trials for name in t.params}):
        results[f"param_{name}"] = _column([t.params for t in trials], name)
    results["params"] = [t.params for t in trials]
    for i, column in enumerate(scores.T):
        results[f"split{i}_test_score"] = column
    mean = scores.mean(axis=1)
    results["mean_test_score"], results["std_test_score"] = mean, scores.std(axis=1)
    last = np.array([number for number, _, _ in rows])
    # Rounds with more of the resource come first; a failed candidate is last of its round.
    order = np.where(np.isnan(mean), -np.inf, mean)
    ranks = np.zeros(len(mean), dtype=np.int32)
    for number in range(len(rounds)):
        own = last == number
        ranks[own] = rankdata(-order[own], method="min") + (last > number).sum()
    results["rank_test_score"] = ranks
    if rounds[0][0] is not None:
        results["iter"] = last
        results["n_resources"] = np.array([resource for _, resource, _ in rows])
    return results


def _column(params: list[dict[str, Any]], name: str) -> np.ma.MaskedArray:
    values = np.ma.MaskedArray(np.empty(len(params), dtype=object), mask=True)
    for i, own in enumerate(params):
        if name in own:
            values[i] = own[name]
    return values
