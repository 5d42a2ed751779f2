"""What a worker of ``text.py`` does, and which fits there are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

from _options import chosen
from _runner import Fits, run_all, serve, timed
from _text_methods import METHODS, chosen_methods
from _text_sets import GROUPS, load

KEY = ("set", "method", "rows", "seed")


def measure(method, data, fits, job: dict) -> dict:
    """Fit and score once; return scores and seconds."""
    from sklearn.metrics import accuracy_score, f1_score

    texts, labels, test, right = data.split(job["seed"])
    model = method.make(job["seed"])
    _, fit_wall, fit_cpu = timed(lambda: model.fit(texts, labels))
    found, predict_wall, predict_cpu = timed(lambda: model.predict(test))
    mix = getattr(model, "mix_", None)  # ours: how much network and linear model count
    return {
        "network_counts": None if mix is None else bool(mix.network),
        "scores": {
            "accuracy": float(accuracy_score(right, found)),
            "macro_f1": float(f1_score(right, found, average="macro")),
        },
        "n_train": len(texts),
        "n_test": len(test),
        "fit_of_process": next(fits),
        "fit_seconds": round(fit_wall, 4),
        "fit_cpu": round(fit_cpu, 4),
        "predict_seconds": round(predict_wall, 5),
        "predict_cpu": round(predict_cpu, 5),
    }


def _start(set_name: str, method_name: str, rows: int | None):
    method = METHODS[method_name]
    method.prepare()
    return partial(measure, method, load(set_name, rows), count())


def work(pipe, log: str, *what) -> None:
    """Serve fits of one method until the pipe closes."""
    serve(pipe, log, partial(_start, *what))


class TextFits(Fits):
    """Every seed of a method on a set."""

    key = KEY
    work = work

    def wanted(self, had: dict[tuple, dict]) -> Iterator[dict]:
        """Yield the seeds."""
        yield from ({"seed": seed} for seed in range(self.options.seeds))


def run(options) -> None:
    """Run what is asked for and not yet in the file."""
    sets = chosen("--sets", options.sets, GROUPS)
    run_all(TextFits, options, sets, chosen_methods(options.methods))
