"""The page in a real browser: it is quiet, loads nothing, and is accessible in both themes."""

import shutil
from pathlib import Path

import pytest
from audit_toys import CHECKS, Broken, toy_data

from appliednn.audit import audit

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for path in map(shutil.which, NAMES) if path), None)
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"phone": (360, 740), "desktop": (1280, 900)}

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=ARGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    model, X, y = toy_data(("age", "<script>alert(1)</script>"))
    gates = [
        {"metric": "toy_accuracy", "op": ">=", "threshold": 0.5},
        {"metric": "toy_accuracy", "op": ">=", "threshold": 0.9},
        {"metric": "toy_odd", "op": "<=", "threshold": 0.05},
        {
            "metric": "toy_gap[a_rather_long_attribute_name & another_one]",
            "op": "<=",
            "threshold": 0.1,
        },
    ]
    report = audit(
        model,
        X,
        y,
        X_train=X,
        y_train=y,
        checks=(*CHECKS, Broken),
        gates=gates,
        card={"title": "Credit risk", "intended_use": "Rank applications."},
        config="version: 1\nname: a" + "b" * 300 + "\n",
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.to_html(path)
    return path


@pytest.fixture(params=["light", "dark"])
def opened(request, browser, page_file):
    context = browser.new_context(color_scheme=request.param, bypass_csp=True)
    page = context.new_page()
    page.goto(page_file.as_uri())
    yield page
    context.close()


def test_the_page_is_quiet_and_loads_nothing(browser, page_file):
    context = browser.new_context()
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    page.emulate_media(media="print")
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]
    assert page_file.stat().st_size < 1_000_000
    assert page.locator("script").count() == 0
    context.close()


def test_the_style_sheet_is_let_in_by_the_policy(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).display") == "grid"
    page.close()


def test_axe_finds_no_serious_violation(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    response = axe.run(opened).response
    assert len(response["passes"]) > 15  # axe did look
    found = response["violations"]
    grave = [
        (v["id"], v["help"], [n["html"][:120] for n in v["nodes"]][:3])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert grave == []


@pytest.mark.parametrize("size", SIZES)
def test_the_page_never_scrolls_sideways(browser, page_file, size):
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(page_file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_verdict_is_seen_without_scrolling_and_skipped_to(browser, page_file):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(page_file.as_uri())
    box = page.locator("#verdict").bounding_box()
    assert box["y"] + box["height"] < 900
    assert page.locator("#verdict h2").inner_text().strip() == "FAIL"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.close()


def test_a_title_from_the_data_is_text_not_markup(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    assert page.get_by_text("Odd columns: age, <script>alert(1)</script>").count() >= 1
    page.close()


def test_folded_detail_is_printed(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    inside = page.locator("details .inside table").first
    assert not inside.is_visible()
    page.emulate_media(media="print")
    assert (
        page.locator("details .inside").first.evaluate("e => e.getBoundingClientRect().height") > 0
    )
    page.close()
