import copy
import json

import pytest
from audit_toys import CHECKS, toy_data

from appliednn.audit import audit, diff_reports

MODEL, X, Y = toy_data()
GATES = [{"metric": "toy_accuracy", "op": ">=", "threshold": 0.5}]
REPORT = audit(MODEL, X, Y, checks=CHECKS, gates=GATES)
BASE = REPORT.to_dict()


def _changed(change):
    data = copy.deepcopy(BASE)
    change(data)
    return data


def _set_gate(data, status, fails=False):
    data["gates"][0].update(status=status, fails=fails)


def _set_metric(data, value, ci):
    estimate = data["sections"]["performance"][0]["estimates"]["toy_accuracy"]
    estimate.update(value=value, ci=ci)


def test_a_report_does_not_differ_from_itself():
    diff = diff_reports(REPORT, REPORT)
    assert diff.exit_code == 0
    assert (diff.gates, diff.metrics, diff.findings) == ([], [], [])
    assert diff.lines == ["verdict: PASS", "4 metrics did not move beyond their intervals"]


def test_files_mappings_and_reports_compare_alike(tmp_path):
    path = tmp_path / "report.json"
    REPORT.to_json(path)
    for source in (path, str(path), BASE):
        assert diff_reports(source, REPORT).lines == diff_reports(REPORT, source).lines
        assert diff_reports(source, REPORT).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "code", "change"),
    [
        (("PASS", False), ("FAIL", True), 4, "worse"),
        (("PASS", False), ("INCONCLUSIVE", False), 4, "worse"),
        (("INCONCLUSIVE", False), ("FAIL", True), 4, "worse"),
        (("INCONCLUSIVE", False), ("INCONCLUSIVE", True), 4, "worse"),
        (("FAIL", True), ("PASS", False), 0, "better"),
        (("INCONCLUSIVE", True), ("FAIL", True), 0, None),
    ],
)
def test_a_gate_that_got_worse_is_a_regression(old, new, code, change):
    diff = diff_reports(
        _changed(lambda d: _set_gate(d, *old)), _changed(lambda d: _set_gate(d, *new))
    )
    assert diff.exit_code == code
    assert [g["change"] for g in diff.gates] == ([change] if change else [])
    if change:
        expected = f"gate {change}: toy_accuracy >= 0.5: {old[0]} -> {new[0]}"
        assert expected in diff.lines


def test_a_worse_verdict_is_a_regression_even_without_a_worse_gate():
    new = _changed(lambda d: d["verdict"].update(status="FAIL"))
    assert diff_reports(BASE, new).exit_code == 4
    assert diff_reports(BASE, new).lines[0] == "verdict: FAIL (was PASS)"
    assert diff_reports(new, BASE).exit_code == 0


def test_gates_that_are_new_or_gone_are_told():
    without = _changed(lambda d: d["gates"].clear())
    assert diff_reports(without, BASE).gates[0]["change"] == "new"
    assert diff_reports(BASE, without).gates[0]["change"] == "gone"


@pytest.mark.parametrize(
    ("value", "ci", "moved"),
    [
        (0.70, [0.60, 0.78], True),
        (0.70, [0.60, 0.95], False),
        (0.88, [0.80, 0.90], False),
        (None, None, True),
    ],
)
def test_a_metric_moves_only_beyond_both_intervals(value, ci, moved):
    old = _changed(lambda d: _set_metric(d, 0.917, [0.853, 0.954]))
    diff = diff_reports(old, _changed(lambda d: _set_metric(d, value, ci)))
    assert [m["metric"] for m in diff.metrics] == (["toy_accuracy"] if moved else [])
    assert diff.exit_code == 0
    if moved and value:
        assert "metric down: toy_accuracy: 0.917 (0.853 to 0.954) -> 0.7 (0.6 to 0.78)" in (
            diff.lines
        )


def test_findings_are_new_or_gone():
    fewer = _changed(lambda d: d["findings"].pop(0))
    assert [f["change"] for f in diff_reports(fewer, BASE).findings] == ["new"]
    assert "finding gone: ANN902.1 (high) Odd columns: age, income" in (
        diff_reports(BASE, fewer).lines
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[1]", "is no report"),
        ("{}", "has no schema_version"),
        ('{"schema_version": "2.0"}', "has schema_version '2.0'; this version reads 1.0"),
        ('{"schema_version": "1.0"}', "is damaged: KeyError"),
    ],
)
def test_what_cannot_be_read_is_said_and_ends_with_two(tmp_path, content, said):
    path = tmp_path / "old.json"
    path.write_text(content)
    diff = diff_reports(path, BASE)
    assert diff.exit_code == 2
    assert said in diff.lines[0] and str(path) in diff.lines[0]


def test_both_unreadable_reports_are_named(tmp_path):
    diff = diff_reports(tmp_path / "a.json", tmp_path / "b.json")
    assert diff.exit_code == 2
    assert len(diff.lines) == 2
    assert "No such file" in diff.lines[0]


def test_the_difference_is_json_ready():
    diff = diff_reports(BASE, _changed(lambda d: _set_gate(d, "FAIL", True)))
    assert json.loads(json.dumps(diff.to_dict()))["gates"][0]["new"] == "FAIL"
