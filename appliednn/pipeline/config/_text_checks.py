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
    if data.sentence is not None and config.reads != "tokens":
        yield Issue(("data", "sentence"), f"is for tagging; the task is {config.task}")
    if config.reads == "table":
        if data.text is not None:
            yield Issue(path, f"is for tasks on text and for tagging; the task is {config.task}")
        return
    what = "texts" if config.reads == "text" else "tokens"
    if data.text is None:
        yield Issue(path, f"is required: the column of the {what}; the task is {config.task}")
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
    if config.reads == "table":
        return
    if config.missing.type != "model":
        yield Issue(("missing",), "a missing text is read as an empty one; expected {type: model}")
    if config.imbalance.type in ("class_weight", "sampler"):
        message = (
            "texts are not resampled; set class_weight of the model, or expected {type: none}"
        )
        yield Issue(("imbalance",), message)
    if config.baselines:
        beside = "a guess and a linear model on TF-IDF"
        if config.reads == "tokens":
            beside = "the most frequent tag of each word"
        yield Issue(("baselines",), f"the audit stands {beside} beside the model; expected []")


@check("task", "robustness")
def texts_have_no_sizes_of_attack(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Refuse sizes of attacks on numbers, which a text has none of."""
    if config.reads != "table" and "eps" in config.robustness.model_fields_set:
        message = "a text has no numbers to move; leave it out"
        yield Issue(("robustness", "eps"), message)


@check("task", "data", "split", "search", "explain", "fairness")
def sentences_are_told_apart(config: RunConfig, base_dir: FilePath) -> Iterator[Issue]:
    """Ask for the column of the sentences, and refuse what a tagger cannot be asked."""
    if config.kind != "tagging":
        return
    if config.data.sentence is None:
        message = "is required: the column that says which sentence a token belongs to"
        yield Issue(("data", "sentence"), message)
    if config.split.type == "stratified":
        yield Issue(("split",), "sentences have many tags; expected {type: random}, or grouped")
    if config.search.type != "none":
        yield Issue(("search",), "taggers are not searched; expected {type: none}")
    if config.data.sensitive:
        message = "the audit compares no groups of sentences; expected []"
        yield Issue(("data", "sensitive"), message)
    for name in ("explain", "fairness"):
        if getattr(config, name).model_fields_set:
            yield Issue((name,), "the audit of a tagger has no such part; leave it out")
