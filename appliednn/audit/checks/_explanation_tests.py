"""What the tests of explanations say, of tables and of texts alike."""

from __future__ import annotations

from collections.abc import Mapping

from appliednn.audit._base import CheckResult, Finding, Table
from appliednn.audit.checks._words import said
from appliednn.explain import DO_NOT_RELY, Faithfulness


def tests_result(check: str, tested: Mapping[str, Faithfulness], note: str) -> CheckResult:
    """Return a table of all tests, their estimates, and a stamp for each method that failed.

    Parameters
    ----------
    check : str
        Id of the check.
    tested : mapping of str to Faithfulness
        How each method fared, by what its estimates' keys begin with.
    note : str
        What the tests are.
    """
    result = CheckResult(
        tables=[_table(list(tested.values()), note)],
        summary="; ".join(f"{t.method}: {t.verdict}" for t in tested.values()) + ".",
    )
    for i, (key, outcome) in enumerate(tested.items(), start=1):
        result.estimates |= {f"{key}_{t.key}": t.estimate for t in outcome.tests}
        if outcome.failed:
            result.findings.append(_stamp(f"{check}.{i}", outcome))
    return result


def _stamp(finding: str, outcome: Faithfulness) -> Finding:
    why = "; ".join(f"{t.estimate.name} is {said(t.estimate)}" for t in outcome.failed)
    return Finding(
        finding,
        "medium" if outcome.method == "SHAP" else "low",
        f"{outcome.method}: {DO_NOT_RELY}",
        f"The explanation by {outcome.method} fails its own test: {why}.",
        f"Give nobody a reason for a prediction on the word of {outcome.method} here.",
    )


def _table(tested: list[Faithfulness], note: str) -> Table:
    words = {True: "passed", False: "failed", None: "not applicable"}
    rows = []
    for outcome in tested:
        rows.append([outcome.method, "verdict", None, "", outcome.verdict])
        rows += [
            [outcome.method, t.estimate.name, t.estimate, t.demand, words[t.passed]]
            for t in outcome.tests
        ]
    head = ["method", "test", "result", "to pass", ""]
    return Table("Tests of the explanations", head, rows, note)
