"""The data sets that can be loaded by name, as records."""

from __future__ import annotations

from dataclasses import asdict

from appliednn.datasets._registry import DATASETS

_SHOWN = ("name", "rows", "features", "task", "target", "missing", "sensitive", "licence")


def list() -> list[dict]:
    """Return one record for each data set that :func:`appliednn.datasets.load` knows.

    Returns
    -------
    list of dict
        Keys ``name``, ``rows``, ``features``, ``task``, ``target``, ``missing`` (features with
        missing values), ``sensitive`` (names joined by commas) and ``licence``;
        ``pandas.DataFrame(datasets.list())`` is a table. No file is read.

    Examples
    --------
    >>> from appliednn import datasets
    >>> [(d["name"], d["rows"]) for d in datasets.list()][:2]
    [('credit', 4454), ('ames', 2930)]
    """
    records = []
    for info in DATASETS.values():
        facts = {**asdict(info), "sensitive": ", ".join(info.sensitive)}
        records.append({key: facts[key] for key in _SHOWN})
    return records
