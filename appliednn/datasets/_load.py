"""Load a shipped or scikit-learn data set by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliednn.core.errors import UsageError
from appliednn.datasets._files import path_of, read_checked
from appliednn.datasets._registry import DATASETS, DatasetInfo
from appliednn.datasets._suggest import did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.utils import Bunch


def load(name: str, *, as_frame: bool = True) -> Bunch:
    """Load a data set by name.

    Parameters
    ----------
    name : str
        A name of :func:`appliednn.datasets.list`.
    as_frame : bool
        Give ``data`` and ``target`` as DataFrame and Series; else as arrays (of dtype object
        when the features are not all numbers).

    Returns
    -------
    sklearn.utils.Bunch
        ``frame`` (DataFrame with the target as a column), ``data`` (n, n_features), ``target``
        (n,), ``feature_names``, ``target_name``, ``task``, ``positive`` (label or None),
        ``sensitive`` (list of columns), ``text`` and ``sentence`` (columns or None), ``card``
        (text on source, columns and traps), ``licence`` and ``source``. The classes of iris, wine
        and breast_cancer are their names, not scikit-learn's codes (whose 0 is *malignant*).

    Raises
    ------
    UsageError
        If no data set has that name.
    IntegrityError
        If a shipped file was changed.

    Examples
    --------
    >>> from appliednn import datasets
    >>> credit = datasets.load("credit")
    >>> credit.data.shape, credit.target_name, credit.positive, credit.sensitive
    ((4454, 13), 'Status', 'bad', ['Age', 'Marital'])
    """
    from sklearn.utils import Bunch

    info = DATASETS.get(name) if isinstance(name, str) else None
    if info is None:
        raise UsageError(f"no data set is named {name!r}{did_you_mean(name, DATASETS)}")
    frame, card = _from_file(info) if info.sha256 else _from_sklearn(info)
    data, target = frame.drop(columns=info.target), frame[info.target]
    return Bunch(
        frame=frame,
        data=data if as_frame else data.to_numpy(),
        target=target if as_frame else target.to_numpy(),
        feature_names=data.columns.tolist(),
        target_name=info.target,
        task=info.task,
        positive=info.positive,
        sensitive=[*info.sensitive],
        text=info.text,
        sentence=info.sentence,
        card=card,
        licence=info.licence,
        source=info.source,
    )


def _from_file(info: DatasetInfo) -> tuple[pd.DataFrame, str]:
    """Return a shipped set and its card."""
    import pandas as pd

    path = read_checked(f"{info.name}.csv", info.sha256 or "")
    # Only an empty field is missing: a level named None or NA stays a level.
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return frame, path_of(f"{info.name}.md").read_text(encoding="utf-8")


def _from_sklearn(info: DatasetInfo) -> tuple[pd.DataFrame, str]:
    """Return one of scikit-learn's sets and its description."""
    from sklearn import datasets as bundled

    options = {"scaled": False} if info.name == "diabetes" else {}
    found = getattr(bundled, f"load_{info.name}")(as_frame=True, **options)
    frame = found.data.copy()
    target = found.target
    if info.name in ("iris", "wine", "breast_cancer"):
        target = target.map({code: str(label) for code, label in enumerate(found.target_names)})
    frame[info.target] = target
    return frame, found.DESCR
