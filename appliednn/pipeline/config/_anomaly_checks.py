"""What the sections must know of each other where anomalies are looked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from appliednn.pipeline.config._checks import Issue, check
from appliednn.pipeline.config._schema import RunConfig
from appliednn.pipeline.registry._entries import ESTIMATORS


@check("task", "data")
def a_target_is_given(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for the target, which only a search for anomalies can do without."""
    if config.task == "anomaly":
        if config.data.positive is not None and config.data.target is None:
            message = "names a label of data.target, which is not given"
            yield Issue(("data", "positive"), message)
        return
    if config.data.target is None:
        yield Issue(("data", "target"), f"is required; the task is {config.task}")
    if isinstance(config.data.positive, list):
        message = "expected one label; a list is for task: anomaly"
        yield Issue(("data", "positive"), message)


@check("task", "data", "anomalies", "model")
def marked_anomalies(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that anomalies are left out only where something marks them."""
    path = ("anomalies", "train")
    if config.task == "anomaly" and ESTIMATORS[config.model.type].marks:
        if config.data.target is None:
            message = (
                "learns from marked anomalies: name the column that marks them in data.target"
            )
            yield Issue(("model", "type"), f"{config.model.type} {message}")
        elif config.anomalies.train == "drop":
            message = f"{config.model.type} learns from marked anomalies: expected keep"
            yield Issue(path, message)
        return
    if config.anomalies.train == "keep":
        return
    if config.task != "anomaly":
        yield Issue(path, f"is for task: anomaly; the task is {config.task}")
    elif config.data.target is None:
        yield Issue(path, "nothing marks anomalies: name the column in data.target, or keep them")
    elif ESTIMATORS[config.model.type].series:
        message = f"{config.model.type} reads a series, which points cannot be left out of: "
        message += "expected keep; move the border of the split to where the anomalies begin"
        yield Issue(path, message)


@check("task", "data")
def groups_need_marks(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for the target where groups are to be compared."""
    if config.task == "anomaly" and config.data.sensitive and config.data.target is None:
        message = "groups are compared by what is missed and what is flagged in vain: name the "
        message += "column that marks anomalies in data.target, or expected []"
        yield Issue(("data", "sensitive"), message)


@check("task", "search", "baselines")
def detectors_have_no_search(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Refuse what needs labels while training, and baselines that are there anyway."""
    if config.task != "anomaly":
        return
    if config.search.type != "none":
        message = "a detector trains without labels, so nothing tells which parameters are better"
        yield Issue(("search",), f"{message}; expected {{type: none}}")
    if config.baselines:
        message = "the audit stands an isolation forest, nearest neighbours, a local outlier "
        message += "factor and ECOD beside every detector; expected []"
        yield Issue(("baselines",), message)


@check("task", "data", "split", "model", "missing")
def order_of_a_series(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that the order of a series is kept, and that strata have labels."""
    if config.task != "anomaly":
        return
    split, name = config.split, config.model.type
    if ESTIMATORS[name].series:
        if split.type != "time":
            message = (
                f"{name} reads a series, whose points cannot be drawn one by one: expected "
                "{type: time}, which trains on the first part and judges the rest (without a "
                "column rows count as in order)"
            )
            yield Issue(("split",), message)
        if config.missing.type not in ("model", "simple"):
            message = f"{name} reads a series: expected {{type: model}} or {{type: simple}}"
            yield Issue(("missing",), message)
    elif split.type == "stratified" and config.data.target is None:
        message = "stratified needs data.target, which is not given; expected {type: random}"
        yield Issue(("split",), message)
