"""What a worker of ``anomaly.py`` does, and which fits there are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

from _anomaly_sets import PROTOCOLS, chosen_sets
from _runner import Fits, run_all, serve, timed

KEY = ("set", "method", "rows", "protocol", "seed")


def measure(method, X, y, fits, job: dict) -> dict:
    """Fit and score once; return the areas under the two curves, and seconds."""
    import numpy as np
    from _anomaly_sets import split
    from sklearn import metrics

    part, X_test, truth = split(X, y, job["seed"], job["protocol"])
    score, fit_wall, fit_cpu = timed(lambda: method.fit(part))
    found, score_wall, score_cpu = timed(lambda: score(X_test))
    found = np.asarray(found, dtype=float)
    if found.shape != truth.shape or not np.isfinite(found).all():
        raise ValueError(f"expected {truth.shape} finite scores, got {found.shape}, maybe NaN")
    return {
        "scores": {
            "auroc": float(metrics.roc_auc_score(truth, found)),
            "aupr": float(metrics.average_precision_score(truth, found)),
        },
        "distinct": len(np.unique(found)),
        "n_train": len(part.X),
        "n_test": len(truth),
        "n_features": X.shape[1],
        "fit_of_process": next(fits),
        "fit_seconds": round(fit_wall, 4),
        "fit_cpu": round(fit_cpu, 4),
        "score_seconds": round(score_wall, 5),
        "score_cpu": round(score_cpu, 5),
    }


def _start(set_name: str, method_name: str, rows: int):
    from _anomaly_methods import METHODS
    from _anomaly_sets import load

    method = METHODS[method_name]
    method.prepare()
    return partial(measure, method, *load(set_name, rows), count())


def work(pipe, log: str, *what) -> None:
    """Serve fits of one method on one set until the pipe closes."""
    serve(pipe, log, partial(_start, *what))


class DetectorFits(Fits):
    """Both protocols of each seed."""

    key = KEY
    work = work

    def wanted(self, had: dict[tuple, dict]) -> Iterator[dict]:
        """Yield the (seed, protocol)."""
        for seed in range(self.options.seeds):
            for protocol in PROTOCOLS:
                yield {"seed": seed, "protocol": protocol}


def run(options) -> None:
    """Run what is asked for and not yet in the file."""
    from _anomaly_methods import chosen_methods

    run_all(DetectorFits, options, chosen_sets(options.sets), chosen_methods(options.methods))
