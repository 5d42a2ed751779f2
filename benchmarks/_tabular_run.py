"""What a worker of ``tabular.py`` does, and which fits there are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from _runner import Fits, run_all, serve, timed
from _tabular_sets import N_FOLDS, chosen_sets

# Probabilities are clipped here: float32 and float64 then pay the same for a sure error.
LEAST_PROBABILITY = 1e-7
AUTOMATIC_TIMES_CATBOOST = 3
KEY = ("set", "method", "rows", "seed", "fold")


def scores(table, truth, predicted) -> dict[str, float]:
    """Return the scores of predictions: AUC, log loss and accuracy, or RMSE and R2."""
    import numpy as np
    from sklearn import metrics

    if not np.isfinite(predicted).all():
        raise ValueError("the predictions hold NaN or infinity")
    if table.task == "regression":
        predicted = np.asarray(predicted, dtype=float).reshape(truth.shape)
        return {
            "rmse": float(metrics.root_mean_squared_error(truth, predicted)),
            "r2": float(metrics.r2_score(truth, predicted)),
        }
    predicted = np.asarray(predicted, dtype=float).clip(LEAST_PROBABILITY, 1)
    predicted /= predicted.sum(axis=1, keepdims=True)
    of_class = predicted[:, 1] if len(table.classes) == 2 else predicted
    return {
        "auc": float(metrics.roc_auc_score(truth, of_class, multi_class="ovr", average="macro")),
        "log_loss": float(metrics.log_loss(truth, predicted, labels=range(len(table.classes)))),
        "accuracy": float((predicted.argmax(axis=1) == truth).mean()),
    }


def measure(method, table, job: dict) -> dict:
    """Fit and predict once; return scores and seconds."""
    from _tabular_sets import folds

    train, test = folds(table, job["seed"])[job["fold"]]
    X, y = table.X.iloc[train].reset_index(drop=True), table.y[train]
    X_test = table.X.iloc[test].reset_index(drop=True)
    fitted, fit_wall, fit_cpu = timed(
        lambda: method.fit(X, y, table.task, job["seed"], job["budget"])
    )
    predict = fitted.predict_proba if table.task == "classification" else fitted.predict
    predicted, predict_wall, predict_cpu = timed(lambda: predict(X_test))
    return {
        "scores": scores(table, table.y[test], predicted),
        "n_train": len(train),
        "n_test": len(test),
        "n_features": table.X.shape[1],
        "fit_seconds": round(fit_wall, 4),
        "fit_cpu": round(fit_cpu, 4),
        "predict_seconds": round(predict_wall, 5),
        "predict_cpu": round(predict_cpu, 5),
    }


def _start(set_name: str, method_name: str, rows: int):
    from _tabular_methods import METHODS
    from _tabular_sets import load

    table, method = load(set_name, rows), METHODS[method_name]
    method.prepare(table.task)
    return partial(measure, method, table)


def work(pipe, log: str, *what) -> None:
    """Serve fits of one method on one set until the pipe closes."""
    serve(pipe, log, partial(_start, *what))


class TableFits(Fits):
    """The folds of each seed; ``AutoTabular*`` waits for the seconds of CatBoost."""

    key = KEY
    work = work

    def wanted(self, had: dict[tuple, dict]) -> Iterator[dict]:
        """Yield the (seed, fold, budget)."""
        from _tabular_methods import METHODS

        waiting = 0
        for seed in range(self.options.seeds):
            for fold in range(min(self.options.folds, N_FOLDS)):
                budget = None
                if METHODS[self.method].needs_budget:
                    place = (self.set_name, "catboost", self.options.rows, seed, fold)
                    paid = had.get(place, {}).get("fit_cpu")
                    if paid is None:
                        waiting += 1
                        continue
                    budget = AUTOMATIC_TIMES_CATBOOST * paid
                yield {"seed": seed, "fold": fold, "budget": budget}
        if waiting:
            print(f"{self.set_name} {self.method}: {waiting} fits wait for catboost's seconds")


def run(options) -> None:
    """Run what is asked for and not yet in the file."""
    from _tabular_methods import chosen_methods

    run_all(TableFits, options, chosen_sets(options.sets), chosen_methods(options.methods))
