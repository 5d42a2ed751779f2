import numpy as np
import pytest
from audit_toys import CHECKS, Accuracy, Broken, Inapplicable, toy_data

from appliednn.audit import Gate, Verdict, audit, default_gates
from appliednn.audit._gates import as_gates, check_gate_names, judge
from appliednn.audit._records import CheckRecord, NotChecked
from appliednn.audit._verdict import overall
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate, not_estimable, wilson_interval


def _estimate(low, high):
    return Estimate("m", (low + high) / 2, (low, high), 100)


@pytest.mark.parametrize(
    ("op", "low", "high", "expected"),
    [
        (">=", 0.80, 0.90, "PASS"),
        (">=", 0.75, 0.90, "PASS"),
        (">=", 0.70, 0.749, "FAIL"),
        (">=", 0.70, 0.75, "INCONCLUSIVE"),
        (">=", 0.70, 0.80, "INCONCLUSIVE"),
        ("<=", 0.60, 0.75, "PASS"),
        ("<=", 0.751, 0.80, "FAIL"),
        ("<=", 0.75, 0.80, "INCONCLUSIVE"),
        ("<=", 0.70, 0.80, "INCONCLUSIVE"),
    ],
)
def test_three_states_follow_the_interval(op, low, high, expected):
    assert Gate("m", op, 0.75).status(_estimate(low, high)) == expected


def test_exact_numbers_are_compared_themselves():
    gate = Gate("m", "<=", 0.0)
    assert gate.status(Estimate("m", 0.0, None, 10, "exact")) == "PASS"
    assert gate.status(Estimate("m", 1.0, None, 10, "exact")) == "FAIL"


def test_what_cannot_be_estimated_is_inconclusive():
    gate = Gate("m", ">=", 0.5)
    assert gate.status(not_estimable("m", 0, "no positives")) == "INCONCLUSIVE"
    assert gate.status(Estimate("m", 0.9, (float("nan"), float("nan")), 5)) == "INCONCLUSIVE"
    assert gate.status(Estimate("m", float("nan"), None, 5)) == "INCONCLUSIVE"


def test_a_gate_at_the_truth_fails_no_oftener_than_its_interval_allows():
    rng = np.random.default_rng(0)
    gate = Gate("m", ">=", 0.8)
    hits = rng.binomial(400, 0.8, size=2000)
    states = [gate.status(Estimate("m", k / 400, wilson_interval(k, 400), 400)) for k in hits]
    # One side of a 95 % interval: 2.5 %, with three standard errors of 2000 draws.
    assert np.mean([s == "FAIL" for s in states]) <= 0.025 + 3 * np.sqrt(0.025 / 2000)
    assert np.mean([s == "PASS" for s in states]) <= 0.025 + 3 * np.sqrt(0.025 / 2000)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"metric": "a", "op": ">", "threshold": 1}, "op must be one of >=, <=, got '>'"),
        ({"metric": "a", "op": ">=", "threshold": "1"}, "threshold must be a finite number"),
        ({"metric": "a", "op": ">=", "threshold": float("nan")}, "finite number"),
        ({"metric": "a", "op": ">=", "threshold": True}, "finite number"),
        ({"metric": "a", "op": ">="}, "misses threshold"),
        ({"metric": "a", "op": ">=", "treshold": 1}, "did you mean 'threshold'"),
        ({"metric": "", "op": ">=", "threshold": 1}, "must be a name"),
        (
            {"metric": "a", "op": ">=", "threshold": 1, "inconclusive": "pass"},
            "'warn' or 'fail', got 'pass'",
        ),
        ("roc_auc >= 0.8", "a gate is a mapping"),
    ],
)
def test_a_wrong_gate_says_what_is_wrong(entry, message):
    with pytest.raises(UsageError, match=message):
        as_gates([entry])


def test_gates_must_be_a_list_without_doubles():
    gate = {"metric": "a", "op": ">=", "threshold": 1}
    with pytest.raises(UsageError, match="must be a list"):
        as_gates(gate)
    with pytest.raises(UsageError, match="given twice"):
        as_gates([gate, dict(gate)])


def test_an_unknown_metric_is_refused_before_anything_runs():
    with pytest.raises(UsageError, match="unknown metric 'toy_acuracy'; did you mean 'toy_acc"):
        check_gate_names([Gate("toy_acuracy", ">=", 0.5)], CHECKS)
    model, X, y = toy_data()
    gates = [{"metric": "toy_acuracy", "op": ">=", "threshold": 0.5}]
    told = []
    with pytest.raises(UsageError, match="did you mean 'toy_accuracy'"):
        audit(model, X, y, checks=CHECKS, gates=gates, progress=lambda *a: told.append(a))
    assert told == []


def test_a_known_metric_of_an_unknown_group_names_those_that_exist():
    model, X, y = toy_data()
    gates = [{"metric": "toy_rate[b]", "op": ">=", "threshold": 0.5}]
    with pytest.raises(UsageError, match=r"did you mean 'toy_rate\[a\]'"):
        audit(model, X, y, checks=CHECKS, gates=gates)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("toy_gap[sex]", "ANN903 .Groups. gave nothing: no sensitive attribute was given."),
        ("toy_noise[0.1]", "ANN904 .Noise. gave nothing: failed: ZeroDivisionError"),
        ("toy_undefined", "Not estimable: no positives in the group."),
    ],
)
def test_a_gate_without_evidence_is_inconclusive_and_says_why(metric, reason):
    model, X, y = toy_data()
    gates = [{"metric": metric, "op": "<=", "threshold": 0.5}]
    report = audit(model, X, y, checks=(*CHECKS, Broken), gates=gates)
    assert report.gates[0].status == "INCONCLUSIVE"
    assert report.gates[0].reason.startswith(reason[:6])
    import re

    assert re.match(reason, report.gates[0].reason)
    assert report.verdict == "INCONCLUSIVE"


def test_a_number_that_the_task_does_not_give_is_inconclusive():
    record = CheckRecord("ANN901", "performance", "t", _Empty(), 0.0)
    results = judge([Gate("toy_accuracy", ">=", 0.5)], [record], [], [Accuracy])
    assert results[0].status == "INCONCLUSIVE"
    assert results[0].reason == "ANN901 ran and gave no such number for this task."


class _Empty:
    estimates: dict = {}


def _result(status, inconclusive="warn"):
    ci = {"PASS": (0.8, 0.9), "FAIL": (0.1, 0.2), "INCONCLUSIVE": (0.4, 0.6)}[status]
    gate = Gate("m", ">=", 0.5, inconclusive)
    record = CheckRecord("ANN1", "s", "t", _Empty(), 0.0)
    from appliednn.audit._gates import _decide

    result = _decide(gate, _estimate(*ci), record)
    assert result.status == status
    return result


BROKE = NotChecked("ANN904", "robustness", "Noise", "failed: ValueError: x", failed=True)
IDLE = NotChecked("ANN903", "fairness", "Groups", "no attribute")


@pytest.mark.parametrize(
    ("gates", "not_checked", "verdict"),
    [
        ([_result("PASS")], [IDLE], "PASS"),
        ([_result("PASS"), _result("FAIL")], [BROKE], "FAIL"),
        ([_result("PASS"), _result("INCONCLUSIVE")], [], "INCONCLUSIVE"),
        ([_result("PASS"), _result("INCONCLUSIVE", "fail")], [], "FAIL"),
        ([_result("PASS")], [BROKE], "INCONCLUSIVE"),
        ([], [], "INCONCLUSIVE"),
    ],
)
def test_the_verdict_follows_gates_and_broken_checks(gates, not_checked, verdict):
    outcome = overall(gates, not_checked)
    assert outcome == verdict
    assert outcome.exit_code == (4 if verdict == "FAIL" else 0)
    assert outcome.reason.endswith(".")


def test_an_undecided_gate_that_counts_as_failed_is_said_to_be_undecided():
    outcome = overall([_result("INCONCLUSIVE", "fail")])
    assert outcome.reason == (
        "1 of 1 gate fails: m. 1 of them undecided, which was set to count as failed."
    )


def test_a_verdict_survives_pickling():
    import pickle

    verdict = pickle.loads(pickle.dumps(Verdict("FAIL", "because")))
    assert (verdict, verdict.reason, verdict.status) == ("FAIL", "because", "FAIL")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_default_gates_are_few_and_kept_to_the_checks_that_run(task):
    gates = default_gates(task)
    assert 2 <= len(gates) <= 6
    assert all(gate.reason and gate.inconclusive == "warn" for gate in gates)
    assert default_gates(task, [Accuracy, Inapplicable]) == []


def test_default_gates_judge_decisions_where_there_are_no_probabilities():
    first = {p: default_gates("binary", probabilities=p)[0].metric for p in (True, False)}
    assert first == {True: "roc_auc_vs_dummy", False: "balanced_accuracy_vs_dummy"}


def test_every_default_gate_names_a_metric_of_some_check():
    from appliednn.audit.checks import all_checks

    for task in ("binary", "multiclass", "regression"):
        for probabilities in (True, False):
            check_gate_names(default_gates(task, probabilities=probabilities), all_checks())


def test_default_gates_refuse_an_unknown_task():
    with pytest.raises(UsageError, match="got 'ranking'"):
        default_gates("ranking")
