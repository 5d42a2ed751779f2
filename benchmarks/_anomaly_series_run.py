"""What a worker of ``anomaly_series.py`` does, and which fits there are.

A worker keeps a method for all series, as a user's process would: what one window length needs
compiled is compiled once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

from _anomaly_series_sets import chosen_series, load, period
from _runner import Fits, run_all, serve, timed

COLLECTION = "nab"
KEY = ("set", "method", "series", "protocol", "seed")


def scores(labels, found, flagged, buffer: int) -> dict[str, float]:
    """Return the volumes and areas of scores, and the affiliation F of predictions."""
    from sklearn import metrics

    from appliednn.diagnostics import affiliation_f1, vus_pr, vus_roc

    return {
        "vus_pr": vus_pr(labels, found, buffer),
        "vus_roc": vus_roc(labels, found, buffer),
        "pr_auc": float(metrics.average_precision_score(labels, found)),
        "roc_auc": float(metrics.roc_auc_score(labels, found)),
        "affiliation_f": affiliation_f1(labels, flagged),
    }


def measure(method, all_series: dict, fits, job: dict) -> dict:
    """Fit and score once; return scores and seconds."""
    import numpy as np

    series = all_series[job["series"]]
    train, begin = series.split(job["protocol"])
    detector = method.make(job["seed"], job["protocol"] == "clean")
    _, fit_wall, fit_cpu = timed(lambda: detector.fit(train))
    found, score_wall, score_cpu = timed(lambda: detector.anomaly_score(series.values))
    found = np.asarray(found, dtype=float)
    if found.shape != series.labels.shape:
        raise ValueError(f"{len(series.labels)} points got scores of shape {found.shape}")
    labels, found = series.labels[begin:], found[begin:]
    flagged = np.asarray(detector.predict(series.values))[begin:] == -1
    buffer = period(series.values)
    return {
        "scores": scores(labels, found, flagged, buffer),
        "flagged": round(float(flagged.mean()), 5),
        "anomalous": round(float(labels.mean()), 5),
        "distinct": len(np.unique(found)),
        "buffer": buffer,
        "n_train": len(train),
        "n_points": len(series.values),
        "fit_of_process": next(fits),
        "fit_seconds": round(fit_wall, 4),
        "fit_cpu": round(fit_cpu, 4),
        "score_seconds": round(score_wall, 5),
        "score_cpu": round(score_cpu, 5),
    }


def _start(collection: str, method_name: str, rows: None):
    from _anomaly_series_methods import METHODS

    method = METHODS[method_name]
    method.prepare()
    return partial(measure, method, load(), count())


def work(pipe, log: str, *what) -> None:
    """Serve fits of one method until the pipe closes."""
    serve(pipe, log, partial(_start, *what))


class SeriesFits(Fits):
    """Both protocols of each series and seed."""

    key = KEY
    work = work

    def wanted(self, had: dict[tuple, dict]) -> Iterator[dict]:
        """Yield the (series, protocol, seed); one seed where nothing is drawn."""
        from _anomaly_series_methods import METHODS

        series = load()
        names = chosen_series(self.options.series, series)
        for seed in range(self.options.seeds if METHODS[self.method].seeded else 1):
            for name in names:
                for protocol in self.options.protocols:
                    if series[name].has(protocol):
                        yield {"series": name, "protocol": protocol, "seed": seed}


def run(options) -> None:
    """Run what is asked for and not yet in the file."""
    from _anomaly_series_methods import chosen_methods

    run_all(SeriesFits, options, [COLLECTION], chosen_methods(options.methods))
