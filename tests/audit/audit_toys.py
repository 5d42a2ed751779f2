"""A model, data and checks small enough to audit in milliseconds."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from appliednn.audit import Check, CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit.report.svg import interval_chart, line_chart
from appliednn.core.statistics import Estimate, not_estimable, wilson_interval


class Accuracy(Check):
    id = "ANN901"
    section = "performance"
    title = "How often it is right"
    keys = ("toy_accuracy", "toy_undefined", "toy_rate")

    def run(self, context):
        right = int((context.y_pred == context.y_test).sum())
        n = len(context.y_test)
        share = Estimate("accuracy", right / n, wilson_interval(right, n), n, "wilson")
        low = Finding("ANN901.1", "low", "A weakness", "It is wrong at times.", "Look at it.")
        estimates = {
            "toy_accuracy": share,
            "toy_undefined": not_estimable("undefined rate", 0, "no positives in the group"),
            "toy_rate[a]": Estimate("rate in a", 0.4, None, n, "exact"),
        }
        table = Table(
            "By set",
            ["set", "accuracy", "rows"],
            [["test", share, n], ["<b>other</b>", estimates["toy_undefined"], None]],
            note="Wilson intervals.",
        )
        figures = [
            interval_chart("Accuracy", {"test": share}, x_label="accuracy"),
            line_chart("Curve", {"a": ([0, 1, 2], [0.1, 0.5, 0.7])}, "step", "value"),
        ]
        return CheckResult(estimates, [low], [table], figures, "Right most of the time.")


class Alarming(Check):
    id = "ANN902"
    section = "data"
    title = "Columns that look odd"
    keys = ("toy_odd",)

    def run(self, context):
        names = ", ".join(context.X_test.columns)
        high = Finding("ANN902.1", "high", f"Odd columns: {names}", f"They are {names}.", "Fix.")
        hint = Finding("ANN902.2", "info", "A hint", "Two columns say the same.")
        return CheckResult({"toy_odd": Estimate("odd share", 0.2, (0.1, 0.3), 50)}, [hint, high])


class Inapplicable(Check):
    id = "ANN903"
    section = "fairness"
    title = "Groups"
    keys = ("toy_gap",)

    def run(self, context):
        raise NotApplicable("no sensitive attribute was given")


class Broken(Check):
    id = "ANN904"
    section = "robustness"
    title = "Noise"
    keys = ("toy_noise",)

    def run(self, context):
        return CheckResult(
            figures=[Figure("f", "<svg/>", str(1 // int(context.random_state * 0)))]
        )


CHECKS = (Accuracy, Alarming, Inapplicable)


def toy_data(columns=("age", "income"), n=120, seed=0):
    """Return a fitted model and labelled rows."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, len(columns))), columns=list(columns))
    y = np.where(X.iloc[:, 0] + 0.3 * rng.normal(size=n) > 0, "yes", "no")
    return LogisticRegression().fit(X, y), X, y
