"""What one section must know of another: a small registry of functions, one question each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path as FilePath
from typing import NamedTuple

from appliednn.pipeline.config._columns import csv_columns
from appliednn.pipeline.config._metrics import (
    ATTACKS,
    FAIRNESS,
    REINFORCEMENT,
    TASKS,
    known_metrics,
    split_key,
)
from appliednn.pipeline.config._models import MODELS
from appliednn.pipeline.config._parameters import sampler_problems, value_problem
from appliednn.pipeline.config._problems import closest
from appliednn.pipeline.config._schema import RunConfig
from appliednn.pipeline.config._yaml import Path
from appliednn.pipeline.registry._entries import ESTIMATORS
from appliednn.pipeline.registry._tables import numbers, preset


class Issue(NamedTuple):
    """What a check found: where, what, and a name that was probably meant."""

    path: Path
    message: str
    suggestion: str | None = None


Check = Callable[[RunConfig, FilePath], Iterator[Issue]]
_CHECKS: list[tuple[frozenset[str], Check, str]] = []


def check(*sections: str, of: str = "rows") -> Callable[[Check], Check]:
    """Register a check with the sections it reads; it is skipped where one of them is broken.

    ``of``: whether it is for configs of ``"rows"``, of an ``"environment"``, or of ``"both"``.
    """

    def register(function: Check) -> Check:
        _CHECKS.append((frozenset(sections), function, of))
        return function

    return register


def run_checks(config: RunConfig, base_dir: FilePath, broken: set[str]) -> Iterator[Issue]:
    """Yield what the registered checks find.

    Parameters
    ----------
    config : RunConfig
        Valid; a broken section is replaced by a stand-in.
    base_dir : pathlib.Path
        Folder the paths of the config start from.
    broken : set of str
        Sections not to be judged.
    """
    own = "environment" if config.task == REINFORCEMENT else "rows"
    for sections, function, of in _CHECKS:
        if of in (own, "both") and not sections & broken:
            yield from function(config, base_dir)


def _task_fits(name: str, task: str, path: Path) -> Iterator[Issue]:
    if task in ESTIMATORS[name].tasks:
        return
    fitting = [n for n, e in ESTIMATORS.items() if task in e.tasks]
    twin = name.replace("Classifier", "Regressor")
    twin = name.replace("Regressor", "Classifier") if twin == name else twin
    near = twin if twin in fitting else None
    if near is None and (task.startswith("text-") or task == REINFORCEMENT):
        near = fitting[0]
    what = "anomaly detection" if task == "anomaly" else task
    message = f"{name} does not do {what}; expected one of {', '.join(fitting)}"
    yield Issue(path, message, near)


@check("task", "model", of="both")
def model_does_the_task(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for a classifier for classes, a regressor for numbers."""
    yield from _task_fits(config.model.type, config.task, ("model", "type"))


@check("task", "baselines")
def baselines_do_the_task(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask the same of the baselines, each once."""
    if config.task == "anomaly" or config.reads != "table":
        return  # takes none
    for i, name in enumerate(config.baselines):
        yield from _task_fits(name, config.task, ("baselines", i))
    yield from repeated(config.baselines, ("baselines",))


@check("task", "data", "imbalance", "calibration", "threshold")
def classification_only(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for positive label, weights and thresholds only where there are classes."""
    if config.kind == "classification":
        return
    message = f"is for classification only; the task is {config.task}"
    if config.data.positive is not None and config.kind in ("regression", "tagging"):
        yield Issue(("data", "positive"), message)
    for name, off in (("imbalance", "none"), ("calibration", "none"), ("threshold", "default")):
        if getattr(config, name).type != off:
            yield Issue((name,), f"{message}; expected {{type: {off}}}")


@check("task", "fairness")
def fairness_metric_fits_the_task(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for a group metric of the task, where one was written."""
    section, known = config.fairness, FAIRNESS[config.kind]
    if "metric" in section.model_fields_set and section.metric not in known:
        message = f"{section.metric} is not for {config.task}; expected one of {', '.join(known)}"
        yield Issue(("fairness", "metric"), message)


@check("imbalance")
def sampler_parameters(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that the resampler takes these parameters."""
    section = config.imbalance
    if section.type == "sampler":
        for path, message, near in sampler_problems(section.name, section.params):
            yield Issue(("imbalance", "params", *path), message, near)


@check("imbalance", "model")
def weights_once(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that class weights come from one place."""
    if config.imbalance.type == "class_weight" and getattr(config.model, "class_weight", None):
        message = "class weights are set here and in imbalance; keep one of them"
        yield Issue(("model", "class_weight"), message)


@check("imbalance", "model")
def bags_of_real_rows(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that the fold a network is judged on holds no copies of its training rows."""
    if config.imbalance.type == "sampler" and config.model.bags:
        message = "resampled rows would stand in several folds; use imbalance: class_weight"
        yield Issue(("model", "n_bags"), message)


@check("model", of="both")
def one_kind_of_clipping(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that a gradient is clipped in one way."""
    kinds = ("clip_value", "clip_norm", "clip_global_norm")
    given = [k for k in kinds if getattr(config.model, k, None) is not None]
    for name in given[1:]:
        yield Issue(("model", name), f"{given[0]} is given too; expected at most one of them")


@check("model")
def networks_take_these_numbers(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that schedule, optimiser and loss take the numbers they are given."""
    for what in ("schedule", "optimizer", "loss"):
        given = getattr(config.model, f"{what}_params", None) or {}
        name = getattr(config.model, what, "")
        if name is None:
            name = preset(config.model.type, config.model.preset).get(what, "")
        if name == "auto":
            name = "cross_entropy" if config.kind == "classification" else "mse"
        known = numbers(f"{what}_params", name)
        for key in given:
            if known is not None and key not in known:
                takes = ", ".join(known) or "none"
                message = f"{name} has no such number; it takes {takes}"
                yield Issue(("model", f"{what}_params", key), message, closest(key, known))


@check("data")
def columns_have_one_role(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that the target is neither dropped nor audited, and no column listed twice."""
    data = config.data
    audited = [s.column for s in data.sensitive]
    for role, columns in (("drop", data.drop), ("sensitive", audited)):
        yield from repeated(columns, ("data", role))
        for i, column in enumerate(columns):
            if column == data.target:
                yield Issue(("data", role, i), f"{column!r} is the target")


@check("data", "split")
def split_column_is_no_target(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that rows are not grouped or ordered by what is predicted."""
    column = getattr(config.split, "column", None)
    if column is not None and column == config.data.target:
        yield Issue(("split", "column"), f"{config.data.target!r} is the target")


@check("search", "model")
def space_fits_the_model(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that what is searched is a parameter of the model, with values it takes."""
    model = MODELS[config.model.type]
    known = model.parameter_names()
    for name, space in getattr(config.search, "space", {}).items():
        path = ("search", "space", name)
        if name not in known:
            message = f"{config.model.type} has no such parameter"
            yield Issue(path, message, closest(name, known))
            continue
        tried = (
            [((*path, "values", i), value) for i, value in enumerate(space.values)]
            if space.values is not None
            else [((*path, "low"), space.low), ((*path, "high"), space.high)]
        )
        for place, value in tried:
            message = value_problem(model, name, value)
            if message:
                yield Issue(place, message)


@check("task", "gates", of="both")
def gates_name_metrics(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that a gate names an estimate of the audit."""
    known = known_metrics(config.task)
    others = [task for task in (*TASKS, REINFORCEMENT) if task != config.task]
    for i, gate in enumerate(config.gates):
        name, inner = split_key(gate.metric)
        if name in known:
            continue
        path = ("gates", i, "metric")
        other = next((task for task in others if name in known_metrics(task)), None)
        if other is not None:
            yield Issue(path, f"{name} is for {other}; the task is {config.task}")
        else:
            message = f"no estimate of the audit is called {gate.metric!r}"
            near = closest(name, known)
            yield Issue(path, message, f"{near}[{inner}]" if near and inner else near)
    yield from repeated([(g.metric, g.op) for g in config.gates], ("gates",))


@check("gates", "data", "fairness", "robustness")
def gates_are_measured(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that what a gate on groups or attacks names is switched on."""
    audited = [s.column for s in config.data.sensitive]
    sizes = [f"{eps:g}" for eps in config.robustness.eps]
    for i, gate in enumerate(config.gates):
        name, inner = split_key(gate.metric)
        path = ("gates", i, "metric")
        if name in (*FAIRNESS["classification"], *FAIRNESS["regression"]):
            yield from _group_gate(path, name, inner, config.fairness.enabled, audited)
        elif name in ATTACKS:
            yield from _attack_gate(path, name, inner, config.robustness.enabled, sizes)


def _group_gate(
    path: Path, name: str, inner: str | None, enabled: bool, audited: list[str]
) -> Iterator[Issue]:
    if not enabled:
        yield Issue(path, "fairness is not enabled, so the gate has nothing to judge")
    elif not audited:
        yield Issue(path, "data.sensitive is empty, so the gate has nothing to judge")
    elif inner is None:
        yield Issue(path, "a group metric needs its attribute", f"{name}[{audited[0]}]")
    elif unknown := [c for c in inner.split(" & ") if c not in audited]:
        near = closest(unknown[0], audited)
        message = f"{unknown[0]!r} is not in data.sensitive ({', '.join(audited)})"
        hint = f"{name}[{inner.replace(unknown[0], near)}]" if near else None
        yield Issue(path, message, hint)


def _attack_gate(
    path: Path, name: str, inner: str | None, enabled: bool, sizes: list[str]
) -> Iterator[Issue]:
    if not enabled:
        yield Issue(path, "robustness is not enabled, so the gate has nothing to judge")
    elif inner not in sizes:
        message = f"expected one of the sizes in robustness.eps ({', '.join(sizes)}) in brackets"
        yield Issue(path, message, f"{name}[{sizes[0]}]")


@check("data")
def data_set_is_known(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that a data set given by name exists."""
    source = config.data.source
    if source.type != "dataset":
        return
    from appliednn import datasets

    known = [record["name"] for record in datasets.list()]
    if source.name not in known:
        message = f"no data set is called {source.name!r}; expected one of {', '.join(known)}"
        yield Issue(("data", "source", "name"), message, closest(source.name, known))


@check("data")
def source_file_is_there(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that the data file exists."""
    name = getattr(config.data.source, "path", None)
    if name is None or (base_dir / name).is_file():
        return
    file = base_dir / name
    path = ("data", "source", "path")
    if file.is_dir():
        yield Issue(path, "is a folder; expected a file")
        return
    if file.is_symlink():
        yield Issue(path, f"{file} is a link to {file.readlink()}, which is not there")
        return
    folder = file.parent
    near = closest(file.name, [p.name for p in folder.iterdir()]) if folder.is_dir() else None
    yield Issue(
        path, f"no such file: {file}", str(FilePath(name).with_name(near)) if near else None
    )


@check("data", "split")
def columns_are_there(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask that columns stand in the header of a CSV file (other sources: at reading)."""
    columns = csv_columns(config.data.source, base_dir)
    if columns is None:
        return
    named: list[tuple[Path, str]] = []
    if config.data.target is not None:
        named.append((("data", "target"), config.data.target))
    if config.data.text is not None:
        named.append((("data", "text"), config.data.text))
    if config.data.sentence is not None:
        named.append((("data", "sentence"), config.data.sentence))
    named += [(("data", "drop", i), c) for i, c in enumerate(config.data.drop)]
    named += [
        (("data", "sensitive", i, "column"), s.column) for i, s in enumerate(config.data.sensitive)
    ]
    if getattr(config.split, "column", None):
        named.append((("split", "column"), config.split.column))
    for path, column in named:
        if column not in columns:
            message = f"the data have no column {column!r}"
            if len(columns) == 1:  # most often the separator is another one
                message += f": with the separator {config.data.source.separator!r} they have one "
                message += f"column only, {columns[0][:60]!r}"
            yield Issue(path, message, closest(column, columns))


def repeated(items: Sequence, path: Path) -> Iterator[Issue]:
    for item, count in Counter(items).items():
        if count > 1:
            last = len(items) - 1 - list(reversed(items)).index(item)
            what = item[0] if isinstance(item, tuple) else item
            yield Issue((*path, last), f"{what!r} is listed {count} times")
