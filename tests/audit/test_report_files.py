import copy
import json
import re

import jsonschema
import numpy as np
import pandas as pd
import pytest
from audit_toys import CHECKS, Broken, toy_data

from appliednn.audit import AuditReport, Check, CheckResult, Figure, Table, audit, report_schema
from appliednn.audit._frameworks import CARD_KEYS, ITEMS
from appliednn.audit.checks import SECTIONS
from appliednn.core.errors import UsageError

NASTY = ("<script>alert(1)</script>", "größe \u202e\"'&{{ 7*7 }}")
GATES = [
    {"metric": "toy_accuracy", "op": ">=", "threshold": 0.5},
    {"metric": "toy_odd", "op": "<=", "threshold": 0.05},
    {"metric": "toy_gap", "op": "<=", "threshold": 0.1, "inconclusive": "fail"},
]


def _report(columns=("age", "income"), checks=(*CHECKS, Broken), **more) -> AuditReport:
    model, X, y = toy_data(columns)
    more = {"gates": GATES, "X_train": X, "y_train": y, **more}
    return audit(model, X, y, checks=checks, **more)


REPORT = _report()


def test_the_json_meets_the_shipped_schema():
    jsonschema.Draft202012Validator.check_schema(report_schema())
    jsonschema.validate(json.loads(REPORT.to_json()), report_schema())
    jsonschema.validate(
        _report(gates=[], config="a: 1", card={"owner": "me"}).to_dict(), report_schema()
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("verdict"),
        lambda d: d["verdict"].update(status="OK"),
        lambda d: d["gates"][0].update(status="pass"),
        lambda d: d["gates"][0].pop("n"),
        lambda d: d["findings"][0].update(severity="critical"),
        lambda d: d["provenance"].update(config_sha256="abc"),
        lambda d: d["sections"]["performance"][0]["estimates"]["toy_accuracy"].pop("seed"),
        lambda d: d.update(rows=[1, 2]),
    ],
)
def test_the_schema_refuses_a_damaged_report(damage):
    data = REPORT.to_dict()
    damage(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, report_schema())


def _without_times(data):
    data = copy.deepcopy(data)
    data["provenance"].pop("started")
    data["provenance"].pop("duration_s")
    data["provenance"].pop("git")  # somebody may commit between the two
    for checks in data["sections"].values():
        for check in checks:
            check.pop("seconds")
    return data


def test_two_audits_with_one_seed_differ_only_in_times():
    assert _without_times(_report().to_dict()) == _without_times(_report().to_dict())


def test_numbers_that_json_does_not_know_become_null():
    class Odd(Check):
        id, section, title = "ANN908", "data", "Odd numbers"

        def run(self, context):
            row = [np.float64("nan"), np.int64(3), float("inf"), pd.NaT, True, None]
            return CheckResult(tables=[Table("t", list("abcdef"), [row])])

    data = json.loads(_report(checks=[Odd], gates=[]).to_json())
    table = data["sections"]["data"][0]["tables"][0]
    assert table["rows"] == [[None, 3, "inf", "NaT", True, None]]
    jsonschema.validate(data, report_schema())


def test_files_are_written_whole_or_not_at_all(tmp_path):
    REPORT.to_json(tmp_path / "report.json")
    REPORT.to_html(tmp_path / "report.html")
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == REPORT.to_dict()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "report.json"]
    with pytest.raises(FileNotFoundError):
        REPORT.to_json(tmp_path / "nowhere" / "report.json")


def test_no_row_of_the_data_is_in_either_file():
    model, X, y = toy_data()
    text = REPORT.to_json() + REPORT.to_html()
    values = X.to_numpy().ravel()
    assert not [v for v in values if f"{v:.6f}"[:8].lstrip("-") in text]


def test_provenance_names_versions_hashes_and_shapes():
    import sklearn

    origin = REPORT.provenance
    assert origin["packages"]["scikit-learn"] == sklearn.__version__
    assert origin["seeds"] == {"random_state": 0}
    assert origin["model"]["class"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert origin["model"]["framework"] == f"scikit-learn {sklearn.__version__}"
    assert origin["model"]["n_params"] == 3
    assert [(d["role"], d["n_rows"], d["n_cols"]) for d in origin["data"]] == [
        ("test", 120, 2),
        ("train", 120, 2),
    ]
    assert origin["data"][0]["schema"][0] == {"name": "age", "dtype": "float64"}
    other = _report(config="seed: 0\n").provenance
    import hashlib

    assert other["config_sha256"] == hashlib.sha256(b"seed: 0\n").hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.assign(age=X["age"] + 1e-9),
        lambda X: X.rename(columns={"age": "Age"}),
        lambda X: X[::-1],
        lambda X: X.astype("float32"),
    ],
)
def test_the_data_hash_sees_every_change(change):
    from appliednn.audit._provenance import table_hash

    _, X, y = toy_data()
    assert table_hash(X, y) == table_hash(X.copy(), y.copy())
    assert table_hash(change(X), y) != table_hash(X, y)
    assert table_hash(X, y[::-1]) != table_hash(X, y)


def test_mixed_and_missing_values_can_be_hashed():
    from appliednn.audit._provenance import table_hash

    frame = pd.DataFrame({"a": [1, "x", None, [2]], "b": pd.Categorical(["u", None, "v", "u"])})
    assert table_hash(frame) == table_hash(frame.copy())


def test_a_model_that_cannot_be_pickled_has_no_hash():
    model, X, y = toy_data()
    model.callback = lambda: None
    origin = audit(model, X, y, checks=CHECKS, gates=[]).provenance
    assert origin["model"]["sha256"] is None


def test_the_page_escapes_every_text_of_the_caller():
    page = _report(
        NASTY,
        card={"title": NASTY[0], "owner": "<img src=x onerror=y>"},
        config="<script>x</script>",
    ).to_html()
    assert "<script" not in page
    assert "<img" not in page
    assert "{{" in page  # the column's braces are text, not template
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "größe" in page


def test_the_page_loads_nothing_and_runs_nothing():
    page = REPORT.to_html()
    assert len(page.encode()) < 100_000
    assert not re.search(r"<(script|iframe|object|embed|link rel=.stylesheet)", page)
    assert not re.search(r"\son\w+=", page)
    urls = set(re.findall(r"""(?:https?:)?//[^\s"'<>)]+""", page))
    assert urls <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>alert(1)</script></svg>",
        '<svg onload="alert(1)"></svg>',
        '<svg><a href="https://example.org"><path/></a></svg>',
        '<svg><use href="https://example.org/x.svg#a"/></svg>',
        '<svg><path fill="url(https://example.org/a)"/></svg>',
        "<svg><foreignObject><b/></foreignObject></svg>",
        "<svg><style>*{color:red}</style></svg>",
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>',
        "<svg><path></svg>",
        "<p>no svg</p>",
    ],
)
def test_a_figure_that_does_more_than_draw_is_shown_in_words(svg):
    class Drawing(Check):
        id, section, title = "ANN909", "data", "Drawing"

        def run(self, context):
            return CheckResult(figures=[Figure("A figure", svg, "what it shows in words")])

    page = _report(checks=[Drawing], gates=[]).to_html()
    assert svg not in page
    assert "what it shows in words" in page


def test_headings_go_down_one_level_at_a_time_and_ids_are_unique():
    page = _report(config="a: 1").to_html()
    levels = [int(v) for v in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(ids)


def test_the_first_screen_comes_first_and_failures_before_passes():
    page = REPORT.to_html()
    order = [
        page.index(f'id="{i}"')
        for i in ("verdict", "gates", "findings", "not-checked", "data", "performance", "card")
    ]
    assert order == sorted(order)
    assert [g.status for g in REPORT.gates] == ["FAIL", "INCONCLUSIVE", "PASS"]
    assert page.index('id="ANN902"') < page.index('id="ANN901"')
    assert re.search(r'<details class="folded" id="ANN901"', page)
    assert re.search(r'<article class="check" id="ANN902"', page)


def test_hints_are_not_among_the_worst_findings():
    page = REPORT.to_html()
    top = page[page.index('id="findings"') : page.index('id="not-checked"')]
    assert "Odd columns" in top and "A weakness" in top
    assert "A hint" not in top
    assert "1 hint below" in top


def test_what_was_not_checked_is_on_the_first_screen_with_its_reason():
    page = REPORT.to_html()
    part = page[page.index('id="not-checked"') :]
    assert part.index("ZeroDivisionError: integer division or modulo by zero.") < part.index(
        "No sensitive attribute was given."
    )


def test_the_regulatory_table_has_the_nine_points_and_never_says_compliant():
    items = [i.item for i in ITEMS if i.framework == "EU AI Act, Annex IV"]
    assert [i.split()[0] for i in items] == [str(k) for k in range(1, 10)]
    assert all(set(i.card) <= set(CARD_KEYS) for i in ITEMS)
    known = {*SECTIONS, "provenance", "gates"}
    assert all(set(i.sections) <= known for i in ITEMS)
    assert all(i.sections or i.card for i in ITEMS)
    text = (REPORT.to_html() + REPORT.to_json()).lower()
    assert "compliant" not in text and "compliance" not in text


def test_an_item_is_evidence_words_or_missing():
    rows = {
        (r["framework"], r["item"]): r
        for r in _report(
            card={"risk_management": "Reviewed each quarter.", "owner": "  "}
        ).regulatory
    }
    annex = "EU AI Act, Annex IV"
    assert rows[annex, "5 Risk management"]["status"] == "user_text"
    assert rows[annex, "5 Risk management"]["refs"] == ["card.risk_management"]
    assert rows[annex, "7 Standards"]["status"] == "missing"
    assert rows["NIST AI RMF, MEASURE 2", "2.1"]["status"] == "evidence"
    # The fairness check did not apply: its section is no evidence.
    assert rows["NIST AI RMF, MEASURE 2", "2.11"]["status"] == "missing"
    assert "owner" in rows["Model Cards", "Model details"]["note"]


def test_the_card_refuses_unknown_entries():
    with pytest.raises(UsageError, match="'intended_usage' is no entry; did you mean 'intended_u"):
        _report(card={"intended_usage": "x"})
    with pytest.raises(UsageError, match="must be a text"):
        _report(card={"owner": 3})


def test_an_intended_use_nobody_wrote_is_missing_on_the_page():
    page = REPORT.to_html()
    assert re.search(
        r'id="card-intended_use">Intended use</dt><dd><span class="tag missing">', page
    )
    page = _report(card={"intended_use": "Rank loans."}).to_html()
    assert "Rank loans." in page


def test_the_terminal_shows_verdict_and_gates():
    lines = str(REPORT).splitlines()
    assert lines[0].startswith("FAIL: 2 of 3 gates fail: toy_odd, toy_gap.")
    assert lines[1] == "  FAIL         toy_odd <= 0.05: 0.200 (0.100 to 0.300; n = 50)"


def test_an_audit_without_gates_or_findings_has_a_whole_page():
    class Quiet(Check):
        id, section, title = "ANN910", "elsewhere", "Nothing to say"

        def run(self, context):
            return CheckResult()

    report = _report(checks=[Quiet], gates=[])
    page = report.to_html()
    assert report.verdict == "INCONCLUSIVE"
    assert "No gate was set" in page
    assert "No check found a defect or a weakness." in page
    assert "Every check of this version ran." in page
    assert ">Elsewhere</h2>" in page


def test_an_audit_asks_no_network(monkeypatch):
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError("the audit opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    report = _report()
    assert report.to_html() and report.to_json()


def test_a_notebook_shows_the_page_in_a_frame_of_its_own():
    import html

    frame = REPORT._repr_html_()
    inner = re.search(r'srcdoc="([^"]*)"', frame)[1]
    assert html.unescape(inner) == REPORT.to_html()
    assert "sandbox" in frame


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_have_a_whole_report(task):
    from sklearn.linear_model import LinearRegression, LogisticRegression

    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2))
    if task == "regression":
        y = X[:, 0] + rng.normal(size=90)
        model = LinearRegression().fit(X, y)
    else:
        y = np.digitize(X[:, 0], [-0.5, 0.5])
        model = LogisticRegression().fit(X, y)
    report = audit(model, X, y, checks=CHECKS, gates=[])
    assert report.task == task
    jsonschema.validate(report.to_dict(), report_schema())
    assert report.to_html().count("<h1") == 1
