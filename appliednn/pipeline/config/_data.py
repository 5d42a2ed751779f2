"""Sections on data: where rows come from, how they are split, what happens to missing values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from appliednn.pipeline.config._base import Count, Label, Section, Share, Text


class DatasetSource(Section):
    """A shipped or scikit-learn data set by name; ``appliednn datasets`` lists them."""

    type: Literal["dataset"]
    name: Text = Field(description="Name of the data set.")


class CsvSource(Section):
    """A CSV file."""

    type: Literal["csv"]
    path: Text = Field(description="File, relative to this config.")
    separator: Text = Field(",", description="What stands between values.")
    encoding: Text = Field("utf-8", description="Character encoding.")
    decimal: Literal[".", ","] = Field(".", description="Decimal mark of numbers.")
    na_values: list[str] | None = Field(
        None, description="Texts that mean a missing value, in place of NA, None, null, ..."
    )


class ParquetSource(Section):
    """A Parquet file."""

    type: Literal["parquet"]
    path: Text = Field(description="File, relative to this config.")


class ArrowSource(Section):
    """An Arrow (Feather) file."""

    type: Literal["arrow"]
    path: Text = Field(description="File, relative to this config.")


class ConllSource(Section):
    """Tagged sentences, a token a line: columns document, sentence, token and tag."""

    type: Literal["conll"]
    path: Text = Field(description="File, relative to this config.")
    encoding: Text = Field("utf-8", description="Character encoding.")


class SqlSource(Section):
    """The result of a query; needs the extra ``sql``."""

    type: Literal["sql"]
    url: Text = Field(
        description="SQLAlchemy URL; keep it out of the file with ${env:DATABASE_URL}."
    )
    query: Text = Field(description="SELECT statement.")


Source = Annotated[
    DatasetSource | CsvSource | ParquetSource | ArrowSource | ConllSource | SqlSource,
    Field(discriminator="type"),
]


class SensitiveConfig(Section):
    """An audited attribute; a plain column name stands for ``{column: name}``."""

    column: Text = Field(description="Column of the data.")
    bins: list[float] | None = Field(
        None, min_length=1, description="Inner edges that cut a number into groups, rising."
    )

    @field_validator("bins")
    @classmethod
    def _rising(cls, bins: list[float] | None) -> list[float] | None:
        if bins and any(a >= b for a, b in zip(bins, bins[1:], strict=False)):
            raise PydanticCustomError("bins", "bins must rise from edge to edge")
        return bins


def _expand(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class DataConfig(Section):
    """The rows, the target and the audited attributes."""

    source: Source = Field(description="Where the rows come from.")
    target: Text | None = Field(
        None,
        description="Column to predict; of anomalies the column that marks them, which only the "
        "audit reads, or null.",
    )
    text: Text | None = Field(
        None,
        description="Column of the texts, of a task on text: the one thing the model reads; of "
        "tagging the column of the tokens, a row each.",
    )
    sentence: Text | None = Field(
        None, description="Of tagging: column that says which sentence a token belongs to."
    )
    positive: Label | list[Label] | None = Field(
        None,
        description="Label that counts as positive in a two-class task; of anomalies the label, "
        "or the labels, that mark them (default: 1, true, or -1 beside 1).",
    )
    drop: list[Text] = Field([], description="Columns that are not features (ids, dates, leaks).")
    sensitive: list[
        Annotated[
            SensitiveConfig,
            BeforeValidator(_expand, json_schema_input_type=Text | SensitiveConfig),
        ]
    ] = Field(
        [],
        description="Audited attributes; they are features too unless they stand in drop.",
    )


class RandomSplit(Section):
    """Rows drawn at random."""

    type: Literal["random"]
    test_size: Share = Field(0.25, description="Share of rows held out for the audit.")


class StratifiedSplit(Section):
    """Rows drawn at random, with the class shares kept."""

    type: Literal["stratified"]
    test_size: Share = Field(0.25, description="Share of rows held out for the audit.")


class GroupedSplit(Section):
    """Whole groups (a patient, a household) on one side."""

    type: Literal["grouped"]
    column: Text = Field(description="Column that names the group.")
    test_size: Share = Field(0.25, description="Share of groups held out for the audit.")


class TimeSplit(Section):
    """The latest rows are held out."""

    type: Literal["time"]
    column: Text | None = Field(
        None, description="Column to order by; null: rows come in order of time."
    )
    test_size: Share = Field(0.25, description="Share of rows held out for the audit.")


SplitConfig = Annotated[
    RandomSplit | StratifiedSplit | GroupedSplit | TimeSplit, Field(discriminator="type")
]


class ModelMissing(Section):
    """The model's own way: median and an indicator inside the neural estimators' encoder."""

    type: Literal["model"]


class SimpleMissing(Section):
    """One value a column."""

    type: Literal["simple"]
    strategy: Literal["median", "mean", "most_frequent"] = Field(
        "median", description="For numbers; categories take the most frequent value."
    )


class KnnMissing(Section):
    """The mean of the nearest rows."""

    type: Literal["knn"]
    n_neighbors: Count = Field(5, description="Rows to average.")


class IterativeMissing(Section):
    """Each column predicted from the others, in rounds."""

    type: Literal["iterative"]
    max_iter: Count = Field(10, description="Rounds.")


class DropRowsMissing(Section):
    """Training rows with a missing value are left out."""

    type: Literal["drop_rows"]


MissingConfig = Annotated[
    ModelMissing | SimpleMissing | KnnMissing | IterativeMissing | DropRowsMissing,
    Field(discriminator="type"),
]
