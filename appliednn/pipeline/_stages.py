"""The stages of a run, each a small function that leaves its result in the run folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.pipeline._artifacts import load_model, save_model
from appliednn.pipeline._environment import PreparedEnv
from appliednn.pipeline._journal import Journal
from appliednn.pipeline._lock import file_sha256
from appliednn.pipeline._model import build_recipe
from appliednn.pipeline._prepare import Prepared
from appliednn.pipeline._run_folder import RunFolder, write_json
from appliednn.pipeline._search import search_parameters
from appliednn.pipeline._seeds import stage_seed
from appliednn.pipeline._sentences import spread
from appliednn.pipeline._train import (
    calibrate,
    fit_model,
    positive_index,
    set_threshold,
    training_rows,
)
from appliednn.pipeline.registry import estimator


@dataclass(frozen=True)
class RunState:
    """What every stage reads.

    Attributes
    ----------
    loaded : LoadedConfig
        The config.
    data : Prepared or PreparedEnv
        The rows, or the environment.
    folder : RunFolder
        Where results go.
    journal : Journal
        Finished work.
    """

    loaded: Any
    data: Prepared | PreparedEnv
    folder: RunFolder
    journal: Journal

    @property
    def config(self) -> Any:
        """The validated config."""
        return self.loaded.config


def contract_stage(state: RunState) -> list[str]:
    """Learn the data contract from the training rows; return what the test rows break."""
    from appliednn.datasets import DataContract

    data, target = state.data, state.config.data.target
    if state.config.task == "anomaly":
        target = None  # later rows have no label, and the labels of a test part may all be new
    columns = [*data.X.columns, *([] if target is None else [target])]
    train, test = (data.frame[columns].iloc[rows] for rows in (data.train, data.test))
    if state.config.kind == "tagging":  # of tokens, as later files hold them
        train, test = spread(train, columns), spread(test, columns)
    contract = DataContract.learn(train, target=target)
    contract.save(state.folder / "contract.json")
    found = contract.check(test)
    for violation in found:
        state.folder.log("contract", **violation.to_dict())
    return [f"{v.column}: {v.message}" for v in found if v.level == "violation"]


def search_stage(state: RunState) -> dict[str, Any] | None:
    """Search parameters, if the config says so."""
    if state.config.search.type == "none":
        return None
    found = state.journal.get_json("search")
    if found is None:
        rows = _rows(state)
        recipe = build_recipe(state.config)
        found = search_parameters(state.config, recipe, rows.X, rows.y, rows.groups, state.journal)
        state.journal.put_json("search", found)
    return found


def fit_stage(state: RunState, search: dict[str, Any] | None) -> Any:
    """Fit the model; a fit that a killed run had finished is read from its journal."""
    path = state.journal.folder / "fitted.ann"
    known = state.journal.get_json("fit")
    if known is not None and path.is_file() and file_sha256(path) == known["sha256"]:
        return load_model(path)
    fitted = save_model(fit_model(_recipe(state, search), _rows(state)), path)
    state.journal.put_json("fit", {"sha256": file_sha256(path)})
    return fitted


def decide_stage(state: RunState, search: dict[str, Any] | None, model: Any) -> tuple[Any, Any]:
    """Calibrate, choose the threshold, save model.ann; return the loaded model and the choice."""
    path = state.folder / "model.ann"
    known = state.journal.get_json("decide")
    if known is not None and path.is_file() and file_sha256(path) == known["sha256"]:
        return load_model(path), known["threshold"]
    rows = _rows(state)
    model = calibrate(state.config, model, rows)
    model, chosen = set_threshold(state.config, _recipe(state, search), model, rows)
    chosen = None if chosen is None else chosen.to_dict()
    model = save_model(model, path)
    state.journal.put_json("decide", {"sha256": file_sha256(path), "threshold": chosen})
    return model, chosen


def audit_stage(state: RunState, model: Any) -> Any:
    """Audit the model on the test rows; finished checks come from the journal."""
    from appliednn.audit import audit

    data, config = state.data, state.config
    train = data.train
    if config.anomalies.train == "drop":
        train = train[data.y[train] == 0]  # what the detector was fitted on
    y_test, y_train = (None if data.y is None else data.y[rows] for rows in (data.test, train))
    if config.anomalies.train == "drop":
        y_train = None  # all of one kind
    positive = None
    if config.kind == "classification" and len(model.classes_) == 2:
        positive = model.classes_[positive_index(config, model.classes_)].item()
    return audit(
        model,
        data.X.iloc[data.test].reset_index(drop=True),
        y_test,
        X_train=data.X.iloc[train].reset_index(drop=True),
        y_train=y_train,
        sensitive=_sensitive(state),
        positive=positive,
        gates=[gate.model_dump() for gate in config.gates] or None,
        options=audit_options(config),
        random_state=stage_seed(config.seed, "audit"),
        journal=state.journal,
        card=card_texts(config),
        config=state.loaded.text,
    )


def audit_options(config: Any) -> dict[str, Any]:
    """Return the audit's options as the config's sections say."""
    sections = {
        "robustness": config.robustness,
        "explanations": config.explain,
        "fairness": config.fairness,
    }
    options: dict[str, Any] = {
        name: section.model_dump(exclude={"enabled"}, exclude_none=True)
        for name, section in sections.items()
    }
    options["skip"] = [name for name, section in sections.items() if not section.enabled]
    if config.task == "anomaly":
        return _detector_options(config, options)
    if config.reads == "text":
        return _text_options(config, options)
    if config.kind == "tagging":
        skip = [] if config.robustness.enabled else ["ANN1044"]
        return {"tagging": {"max_rows": config.robustness.max_rows}, "skip": skip}
    options["baselines"] = {"names": list(config.baselines)}
    if config.threshold.type == "cost":
        options["threshold"] = config.threshold.model_dump(exclude={"type"})
    return options


def _detector_options(config: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options where what robustness and explain ask is asked of a detector."""
    skip = [name for name in options["skip"] if name == "fairness"]
    skip += ["ANN904"] * (not config.robustness.enabled) + ["ANN906"] * (
        not config.explain.enabled
    )
    if estimator(config.model.type).marks:
        skip.append("ANN903")  # its refits would learn without the marks
    detection = {"max_explained": config.explain.max_rows}
    return {"fairness": options["fairness"], "detection": detection, "skip": skip}


def _text_options(config: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options where what robustness and explain ask is asked of texts."""
    skip = [*options["skip"]]
    skip += [] if config.robustness.enabled else ["ANN1021", "ANN1022"]
    skip += [] if config.explain.enabled else ["ANN1011", "ANN1012", "ANN1013", "ANN1014"]
    skip += [] if config.fairness.enabled else ["ANN1031"]
    text = {"max_rows": config.robustness.max_rows}
    if "max_rows" in config.explain.model_fields_set:
        text["max_explained"] = config.explain.max_rows
    made: dict[str, Any] = {"fairness": options["fairness"], "text": text, "skip": skip}
    if config.threshold.type == "cost":
        made["threshold"] = config.threshold.model_dump(exclude={"type"})
    return made


def card_texts(config: Any) -> dict[str, str]:
    """Return the owner's words for the report."""
    texts = {
        "title": config.report.title or config.name,
        "owner": config.report.owner,
        "intended_use": config.report.intended_use,
    }
    return {name: text for name, text in texts.items() if text}


def results_stage(
    state: RunState, report: Any, search: dict[str, Any] | None, chosen: Any, broken: list[str]
) -> None:
    """Write metrics.json, gates.json, report.json and report.html."""
    data = state.data
    head = {
        "n_train": len(data.train),
        "n_test": len(data.test),
        "threshold": chosen,
        "search": search,
        "contract_violations": broken,
    }
    write_documents(state, report, head)


def write_documents(state: RunState, report: Any, head: dict[str, Any]) -> None:
    """Write the files of results; ``head`` is what metrics.json says besides the estimates."""
    folder, documents = state.folder, report.to_dict()
    estimates: dict[str, dict[str, Any]] = {"metrics": {}, "resources": {}}
    for name, records in documents["sections"].items():
        part = estimates["resources" if name == "resources" else "metrics"]
        for record in records:
            part.update(record["estimates"])
    metrics = {
        "format": 1,
        "name": state.config.name,
        "task": documents["task"],
        **head,
        **estimates,
    }
    write_json(folder / "metrics.json", metrics)
    verdict = documents["verdict"]
    write_json(folder / "gates.json", {"format": 1, **verdict, "gates": documents["gates"]})
    report.to_json(folder / "report.json")
    report.to_html(folder / "report.html")


def _rows(state: RunState) -> Any:
    data = state.data
    groups = None if data.groups is None else data.groups[data.train]
    y = None if data.y is None else data.y[data.train]
    return training_rows(state.config, data.X.iloc[data.train], y, groups)


def _recipe(state: RunState, search: dict[str, Any] | None) -> Any:
    return build_recipe(state.config, None if search is None else search["best"])


def _sensitive(state: RunState) -> Any:
    if not state.config.data.sensitive:
        return None
    return state.data.sensitive.iloc[state.data.test].reset_index(drop=True)


def check_labels(config: Any, y: np.ndarray | None) -> None:
    """Refuse sections that need two classes where the target has more."""
    if config.kind != "classification":
        return
    classes = np.unique(y)
    if len(classes) == 2:
        return
    wrong = []
    if config.data.positive is not None:
        wrong.append("data.positive")
    if config.threshold.type != "default":
        wrong.append(f"threshold: {config.threshold.type}")
    if config.imbalance.type == "prior_correction":
        wrong.append("imbalance: prior_correction")
    if wrong:
        raise UsageError(
            f"{', '.join(wrong)}: only for two classes; {config.data.target!r} has {len(classes)}"
        )
