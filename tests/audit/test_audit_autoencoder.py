"""A whole audit of a neural detector on a table with categories and gaps."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from appliednn.anomaly import AutoencoderDetector
from appliednn.audit import audit


@pytest.fixture(scope="module")
def report():
    rng, n = np.random.default_rng(0), 400
    a = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "a": a,
            "b": a + 0.3 * rng.normal(size=n),
            "c": rng.normal(size=n),
            "city": rng.choice(["x", "y", "z"], n),
        }
    )
    frame.loc[rng.random(n) < 0.05, "c"] = np.nan
    y = rng.random(n) < 0.06
    frame.loc[y, "b"] += 6.0
    X, X_test, y_train, y_test = train_test_split(
        frame, y, test_size=0.5, random_state=0, stratify=y
    )
    model = AutoencoderDetector((16, 2), epochs=8, random_state=0).fit(X)
    return audit(
        model,
        X_test,
        y_test,
        X_train=X,
        y_train=y_train,
        checks=["detection", "data", "training"],
        options={"detection": {"n_refits": 2}},
    )


def test_every_check_of_a_detector_gives_its_evidence(report):
    ran = [r.id for records in report.sections.values() for r in records]
    assert [i for i in ran if i.startswith("ANN9")] == [f"ANN90{k}" for k in range(1, 8)]
    assert {"ANN101", "ANN102", "ANN103", "ANN105", "ANN401", "ANN402"} <= set(ran)
    assert not [n for n in report.not_checked if n.failed]
    given = {k for r in report.sections["detection"] for k in r.result.estimates}
    assert {"roc_auc", "injected_recall[new level]", "top_contribution_share[city]"} <= given


def test_numbers_and_gates_of_a_network_make_sense(report):
    by_id = {r.id: r.result for r in report.sections["detection"]}
    assert by_id["ANN901"].estimates["roc_auc"].value > 0.7
    assert by_id["ANN904"].estimates["injected_roc_auc[5 sd]"].ci[0] > 0.7
    assert by_id["ANN906"].estimates["injected_column_found"].ci[0] > 0.4
    assert [g.gate.metric for g in report.gates if g.status == "FAIL"] == []
    assert "loss" in report.sections["training"][0].result.summary


def test_the_page_shows_no_value_of_any_row(report):
    page = report.to_html()
    assert len(page.encode()) < 1_000_000
    assert 'id="ANN901"' in page and "Detection of anomalies" in page
    rows = {r.id: r.result for r in report.sections["detection"]}["ANN906"].tables[1].rows
    assert {cell for row in rows for cell in row[1:]} <= {"a", "b", "c", "city"}
