"""Renders a report as one HTML page: what the template shows, made ready in plain values."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from appliednn.audit.report._format import format_number
from appliednn.audit.report._page_sections import SECTION_TITLES, section_views
from appliednn.audit.report._page_tables import table_view
from appliednn.audit.report._page_top import (
    count_views,
    gate_views,
    not_checked_views,
    verdict_view,
    worst_views,
)

if TYPE_CHECKING:
    from appliednn.audit._report import AuditReport

_STATES = {
    "evidence": ("hint", "evidence"),
    "user_text": ("plain", "owner's words"),
    "missing": ("missing", "MISSING"),
}
#: Shown as MISSING when the owner did not write them; the others only when written.
_CARD_ALWAYS = ("owner", "intended_use", "users", "out_of_scope", "caveats", "sign_off")


def render(report: AuditReport) -> str:
    """Return the report as an HTML page that stands alone.

    Parameters
    ----------
    report : AuditReport
        What the audit found.

    Returns
    -------
    str
        Without scripts, links out or rows of data; every text of the caller is escaped.
    """
    template, style = _assets()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    worst, n_more, worst_title = worst_views(report)
    return template.render(
        title=report.title,
        subtitle=_subtitle(report),
        style=Markup(style),
        style_hash=f"sha256-{digest}",
        verdict=verdict_view(report.verdict),
        counts=count_views(report),
        gates=gate_views(report.gates),
        worst=worst,
        worst_title=worst_title,
        n_more=n_more,
        not_checked=not_checked_views(report.not_checked),
        origin=report.provenance,
        origin_line=_origin_line(report.provenance),
        sections=section_views(report),
        card=_card(report.card),
        frameworks=_frameworks(report),
        facts=_facts(report.provenance),
        data_table=_data_table(report.provenance["data"]),
        config=report.config,
        limits=_limits(report),
    )


@lru_cache(maxsize=1)
def _assets():
    """Return the compiled template and the style sheet."""
    from jinja2 import Environment, StrictUndefined

    folder = files("appliednn.audit.report")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(folder.joinpath("page.html.j2").read_text("utf-8"))
    return template, folder.joinpath("style.css").read_text("utf-8")


def _subtitle(report: AuditReport) -> str:
    """Return model, task, rows or episodes, and date on one line."""
    origin = report.provenance
    name = origin["model"]["class"].rpartition(".")[2]
    rows = format_number(origin["data"][0]["n_rows"])
    day = str(origin["started"]).partition("T")[0]
    task = {
        "binary": "binary classification",
        "multiclass": "multi-class classification",
        "anomaly": "anomaly detection",
        "reinforcement": "reinforcement learning",
    }
    unit = "fresh episodes" if report.task == "reinforcement" else "held-out rows"
    return f"{name} · {task.get(report.task, report.task)} · {rows} {unit} · {day}"


def _origin_line(origin: dict) -> str:
    """Return the provenance on one line."""
    parts = [
        f"appliednn {origin['tool_version']}",
        f"Python {origin['python']}",
        f"seed {origin['seeds']['random_state']}",
        f"model sha256 {_short(origin['model']['sha256'])}",
    ]
    for table in origin["data"][:2]:
        rows = format_number(table["n_rows"])
        many = (
            f"{rows} episodes" if table["role"] == "episodes" else f"{table['role']} {rows} rows"
        )
        parts.append(f"{many}, sha256 {_short(table['sha256'])}")
    if origin["git"]:
        dirty = " with changes" if origin["git"]["dirty"] else ""
        parts.append(f"commit {origin['git']['commit'][:10]}{dirty}")
    parts.append(f"{origin['started']}, {format_number(origin['duration_s'])} s")
    return "Provenance: " + " · ".join(parts)


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:12]


def _facts(origin: dict) -> list[dict]:
    """Return the environment as label and text."""
    model, git = origin["model"], origin["git"]
    packages = ", ".join(f"{k} {v}" for k, v in origin["packages"].items())
    commit = "none"
    if git:
        commit = git["commit"] + (" (with uncommitted changes)" if git["dirty"] else "")
    n_params = model["n_params"]
    rows = [
        ("Model", model["class"], True),
        ("Framework", model["framework"], False),
        ("Parameters", "not counted" if n_params is None else format_number(n_params), False),
        ("Model hash", _hash_text(model), True),
        ("Started", str(origin["started"]), False),
        ("Took", f"{format_number(origin['duration_s'])} s", False),
        ("Seed", str(origin["seeds"]["random_state"]), False),
        ("Commit", commit, True),
        ("Python", origin["python"], False),
        ("Packages", packages, False),
        ("Platform", origin["platform"], False),
        ("Devices", ", ".join(origin["device"]), False),
    ]
    if origin["config_sha256"]:
        rows.append(("Configuration hash", f"sha256 {origin['config_sha256']}", True))
    return [{"label": label, "text": text, "mono": mono} for label, text, mono in rows]


def _hash_text(model: dict) -> str:
    if model["sha256"] is None:
        return "none: the model cannot be pickled"
    of = "weights and settings" if model["sha256_of"] == "weights" else model["sha256_of"]
    return f"sha256 {model['sha256']} of its {of}"


def _data_table(tables: list[dict]) -> dict:
    """Return the tables of the audit with shape and hash."""
    rows = [[t["role"], t["n_rows"], t["n_cols"], t["sha256"][:24] + "\u2026"] for t in tables]
    if tables[0]["role"] == "episodes":
        told = "; ".join(f"{part['name']}: {part['dtype']}" for part in tables[0]["schema"])
        return table_view(
            "Environment", ["what", "episodes", "numbers seen", "sha256"], rows, told
        )
    return table_view("Data", ["table", "rows", "columns", "sha256"], rows, "")


def _card(card: dict[str, str]) -> list[dict]:
    """Return the card's entries, those that matter most even when they are missing."""
    from appliednn.audit._frameworks import CARD_KEYS

    return [
        {"key": key, "label": label, "text": card.get(key, "")}
        for key, label in CARD_KEYS.items()
        if key != "title" and (key in card or key in _CARD_ALWAYS)
    ]


def _frameworks(report: AuditReport) -> list[dict]:
    """Return the regulatory rows by framework."""
    views: dict[str, dict] = {}
    for row in report.regulatory:
        view = views.setdefault(row["framework"], {"name": row["framework"], "rows": []})
        kind, state = _STATES[row["status"]]
        refs = [_ref(ref) for ref in row["refs"]]
        view["rows"].append({**row, "kind": kind, "state": state, "refs": refs})
    for view in views.values():
        states = [row["status"] for row in view["rows"]]
        view["tally"] = (
            f"{states.count('evidence')} with evidence, {states.count('user_text')} in the "
            f"owner's words, {states.count('missing')} missing"
        )
    return list(views.values())


def _ref(ref: str) -> dict:
    """Return where a row of the regulatory table points."""
    if ref.startswith("card."):
        key = ref.removeprefix("card.")
        return {"href": f"card-{key}", "text": f"card: {key.replace('_', ' ')}"}
    href = {"provenance": "environment"}.get(ref, ref)
    titles = {"provenance": "Environment", "gates": "Gates", **SECTION_TITLES}
    return {"href": href, "text": titles.get(ref, ref)}


def _agent_limits(report: AuditReport) -> list[str]:
    """Return what a reader must not conclude from the page of an agent."""
    return [
        "It describes one trained agent in one environment. A simulator is not the world: what "
        "the environment leaves out is not tested.",
        *(_UNKNOWN if report.not_checked else []),
        "Intervals are at 95 % unless a table says otherwise and hold one by one, not all "
        "together. They come from playing other episodes, not from training again; what training "
        "again does is shown where copies were trained.",
        "A gate that is inconclusive calls for more episodes, not for a wider threshold.",
        "Robustness is measured against the noise, the attacks and the changes that were tried; "
        "others may do more harm.",
        "A return says what was rewarded. Whether that is what is wanted, no number here tells.",
        "It states no conformity with any law or standard.",
    ]


_UNKNOWN = ["What was not checked, listed above, is unknown, not fine."]


def _limits(report: AuditReport) -> list[str]:
    """Return what a reader must not conclude from the page."""
    if report.task == "reinforcement":
        return _agent_limits(report)
    tried = (
        "Robustness is measured against the attacks and the noise that were tried; others may do "
        "more harm."
    )
    if report.task == "anomaly":
        tried = (
            "Injected anomalies are of the kinds and sizes that were tried; real ones may be of "
            "others, and harder to see."
        )
    limits = [
        "It describes one fitted model on one set of held-out rows. Other people, places and "
        "times are evidence only as far as these rows stand for them.",
        "Intervals are at 95 % unless a table says otherwise and hold one by one, not all "
        "together. They come from drawing rows again, not from training again.",
        "A gate passes when its whole interval is on the good side. A gate that is inconclusive "
        "calls for more rows, not for a wider threshold.",
        tried,
        "Explanations describe the model, not the world: no importance here is a cause.",
        "It states no conformity with any law or standard.",
    ]
    if report.not_checked:
        limits[1:1] = _UNKNOWN
    if "train" not in {table["role"] for table in report.provenance["data"]}:
        limits.insert(1, "No training rows were given: leakage and duplicates are unknown.")
    return limits
