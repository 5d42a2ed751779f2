"""What the sections must know of each other where a model reads text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from appliednn.pipeline.config._checks import Issue, check
from appliednn.pipeline.config._schema import RunConfig


@check("task", "data")
def texts_have_a_column(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for the column of the texts, and for nothing else as a feature."""
    data, path = config.data, ("data", "text")
    if config.reads != "text":
        if data.text is not None:
            message = f"is for text-classification and text-regression; the task is {config.task}"
            yield Issue(path, message)
        return
    if data.text is None:
        yield Issue(path, f"is required: the column of the texts; the task is {config.task}")
    elif data.text == data.target:
        yield Issue(path, f"{data.text!r} is the target")
    if data.drop:
        message = "the model reads the column data.text and no other; expected []"
        yield Issue(("data", "drop"), message)
    for i, audited in enumerate(data.sensitive):
        if audited.column == data.text:
            yield Issue(("data", "sensitive", i), f"{data.text!r} is what the model reads")


@check("task", "missing", "imbalance", "baselines", "model")
def texts_need_no_table_steps(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Refuse steps that make sense of columns only."""
    if config.reads != "text":
        return
    if config.missing.type != "model":
        yield Issue(("missing",), "a missing text is read as an empty one; expected {type: model}")
    if config.imbalance.type in ("class_weight", "sampler"):
        message = (
            "texts are not resampled; set class_weight of the model, or expected {type: none}"
        )
        yield Issue(("imbalance",), message)
    if config.baselines:
        message = "the audit stands a guess and a linear model on TF-IDF beside every model of "
        message += "texts; expected []"
        yield Issue(("baselines",), message)


@check("task", "robustness")
def texts_have_no_sizes_of_attack(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Refuse sizes of attacks on numbers, which a text has none of."""
    if config.reads == "text" and "eps" in config.robustness.model_fields_set:
        message = "a text has no numbers to move; leave it out"
        yield Issue(("robustness", "eps"), message)
