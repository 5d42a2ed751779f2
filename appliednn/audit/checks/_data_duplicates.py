"""Rows that occur in both training and test, or twice in one; equal rows with unlike labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliednn.audit._base import Check, CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._outcome import encode
from appliednn.audit.checks._words import percent, said
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._duplicates import chance_of_twins, contradicting, repeated, row_hashes


class Duplicates(Check):
    """How many test rows the model has seen in training, and rows that repeat."""

    id = "ANN103"
    section = "data"
    title = "Duplicate rows"
    keys = (
        "duplicate_share_train_test",
        "duplicate_share_beyond_chance",
        "duplicate_share_test",
        "duplicate_share_train",
        "contradicting_share",
    )
    reads = ("table",)
    unread = "texts, and near copies of them, are compared by ANN1002"

    def run(self, context: AuditContext) -> CheckResult:
        """Compare all features of each row exactly; missing equals missing."""
        if context.reads_series:
            raise NotApplicable("time points of a series may repeat each other")
        if context.X_train is None:
            hashes = {"test": row_hashes(context.X_test)[0]}
        else:
            train, test = row_hashes(context.X_train, context.X_test)
            hashes = {"train": train, "test": test}
        estimates = self._estimates(context, hashes)
        chance = None
        if "train" in hashes and estimates["duplicate_share_train_test"].value > 0:
            chance = chance_of_twins(context.X_train, context.X_test)
        if "train" in hashes:
            estimates["duplicate_share_beyond_chance"] = _beyond_chance(
                estimates["duplicate_share_train_test"], chance or 0.0
            )
        rows = [[e.name, round(e.value * e.n), e] for e in estimates.values()]
        note = "Rows equal in every feature. Wilson intervals."
        if chance is not None:
            note += (
                f" By chance alone, were the columns independent, {percent(chance)} of the test "
                "rows would have a twin in training."
            )
        first = next(iter(estimates.values()))
        return CheckResult(
            estimates,
            self._findings(estimates, chance),
            [Table("Duplicates", ["what", "rows", "share"], rows, note)],
            summary=f"{first.name}: {said(first)}.",
        )

    def _estimates(self, context: AuditContext, hashes: dict) -> dict[str, Estimate]:
        out, test = {}, hashes["test"]
        if "train" in hashes:
            seen = int(np.isin(test, hashes["train"]).sum())
            name = "Test rows that also occur in training"
            out["duplicate_share_train_test"] = share_estimate(name, seen, len(test), "")
            again = int(repeated(hashes["train"]).sum())
            out["duplicate_share_train"] = share_estimate(
                "Training rows that repeat another", again, len(hashes["train"]), ""
            )
        again = int(repeated(test).sum())
        out["duplicate_share_test"] = share_estimate(
            "Test rows that repeat another", again, len(test), ""
        )
        labelled = context.y_test is not None
        if "train" in hashes:
            labelled = labelled and context.y_train is not None
        if labelled and context.task != "regression":
            parts = [context.y_test]
            if "train" in hashes:
                parts.insert(0, context.y_train)
            labels: list = []
            y = np.concatenate([encode(part, labels) for part in parts])
            odd = int(contradicting(np.concatenate(list(hashes.values())), y).sum())
            out["contradicting_share"] = share_estimate(
                "Rows whose twin has another label", odd, len(y), ""
            )
        return out

    def _findings(self, estimates: dict[str, Estimate], chance: float | None) -> list[Finding]:
        findings = []
        seen = estimates.get("duplicate_share_train_test")
        if seen is not None and seen.ci[0] > 0.01:
            findings.append(self._seen(seen, chance))
        within = estimates["duplicate_share_test"]
        if within.ci[0] > 0.05 and not (chance is not None and chance > 0.05):
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "low",
                    "Test rows that repeat each other",
                    f"A share of {said(within)} of the test rows repeats another: the intervals "
                    "of this report count them as independent.",
                    "Remove the repeats, or say why the same row may come twice.",
                )
            )
        odd = estimates.get("contradicting_share")
        if odd is not None and odd.ci[0] > 0.01:
            findings.append(
                Finding(
                    f"{self.id}.3",
                    "low",
                    "Equal rows with unlike labels",
                    f"A share of {said(odd)} of all rows has a twin with another label: no model "
                    "of these features can get all of them right.",
                    "Check the labels, or add the feature that tells them apart.",
                )
            )
        return findings

    def _seen(self, seen: Estimate, chance: float | None) -> Finding:
        """Say how many test rows were trained on; where chance explains them, as a hint."""
        expected = chance is not None and chance >= seen.value / 2
        severity = "info" if expected else "high" if seen.ci[0] > 0.1 else "medium"
        why = " They flatter every score."
        if expected:
            why = f" Few distinct rows are possible: {percent(chance)} would repeat by chance."
        return Finding(
            f"{self.id}.1",
            severity,
            "Test rows that were trained on",
            f"{round(seen.value * seen.n)} of {seen.n} test rows, a share of {said(seen)}, occur "
            f"in the training data, equal in every feature.{why}",
            "Remove duplicates before splitting, or split by group.",
        )


def _beyond_chance(seen: Estimate, chance: float) -> Estimate:
    """Return the share of known rows less what independent columns of few values would repeat."""
    low, high = (max(0.0, bound - chance) for bound in seen.ci)
    return replace(
        seen,
        name="Test rows that also occur in training, beyond chance",
        value=max(0.0, seen.value - chance),
        ci=(low, high),
    )
