"""What a run says at its end."""

from appliednn.audit._base import Finding
from appliednn.pipeline._outcome import verdict_lines


def test_severe_findings_are_said_on_the_terminal():
    class Report:
        findings = (
            Finding("ANN602.1", "high", "Groups differ", "They do.", ""),
            Finding("ANN101.2", "low", "Constant columns", "One.", ""),
        )

        def __str__(self):
            return "PASS: All gates pass.\n  PASS         a >= 0: 1"

    assert verdict_lines(Report()) == [
        "PASS: All gates pass.",
        "  PASS         a >= 0: 1",
        "  high         Groups differ (ANN602.1)",
    ]
