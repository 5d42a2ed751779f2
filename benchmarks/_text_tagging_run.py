"""What a worker of ``text_tagging.py`` does, and which fits there are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from _runner import Fits, run_all, serve, timed

KEY = ("set", "method", "rows", "seed")
# Test sentences are counted in so many runs of neighbours, which the intervals resample.
N_BLOCKS = 200


def block_counts(true, pred) -> list[list[int]]:
    """Return entities found rightly, found, and there, in each block of test sentences."""
    from appliednn.text import entities_of

    counts = np.zeros((len(true), 3), dtype=int)
    for row, (t, p) in enumerate(zip(true, pred, strict=True)):
        t, p = set(entities_of(t)), set(entities_of(p))
        counts[row] = len(t & p), len(p), len(t)
    return [part.sum(axis=0).tolist() for part in np.array_split(counts, N_BLOCKS)]


def measure(method, data, job: dict) -> dict:
    """Fit and tag once; return scores, counts and seconds."""
    from appliednn.text import entity_scores

    (X, y), (X_test, y_test) = data
    tag, fit_wall, fit_cpu = timed(lambda: method.fit(X, y, job["seed"]))
    found, score_wall, score_cpu = timed(lambda: tag(X_test))
    scores = entity_scores(y_test, found)
    return {
        "scores": {name: scores[name] for name in ("f1", "precision", "recall", "macro_f1")},
        "types": {kind: round(of["f1"], 4) for kind, of in scores["types"].items()},
        "blocks": block_counts(y_test, found),
        "n_train": len(X),
        "n_test": len(X_test),
        "fit_seconds": round(fit_wall, 3),
        "fit_cpu": round(fit_cpu, 3),
        "score_seconds": round(score_wall, 3),
        "score_cpu": round(score_cpu, 3),
    }


def _start(set_name: str, method_name: str, rows: int):
    from _text_tagging_methods import METHODS
    from _text_tagging_sets import load

    method = METHODS[method_name]
    method.prepare()
    return partial(measure, method, load(set_name, rows))


def work(pipe, log: str, *what) -> None:
    """Serve fits of one method on one set until the pipe closes."""
    serve(pipe, log, partial(_start, *what))


class TaggerFits(Fits):
    """One fit for each seed."""

    key = KEY
    work = work

    def wanted(self, had: dict[tuple, dict]) -> Iterator[dict]:
        """Yield the seeds; one where nothing is drawn."""
        from _text_tagging_methods import METHODS

        for seed in range(self.options.seeds if METHODS[self.method].seeded else 1):
            yield {"seed": seed}


def run(options) -> None:
    """Run what is asked for and not yet in the file."""
    from _text_tagging_methods import chosen_methods
    from _text_tagging_sets import chosen_sets

    run_all(TaggerFits, options, chosen_sets(options.sets), chosen_methods(options.methods))
