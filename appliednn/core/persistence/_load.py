"""Load a model file: verify it whole, then rebuild the estimator from data; no code runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from appliednn.core.errors import IntegrityError
from appliednn.core.persistence._arrays import load_arrays
from appliednn.core.persistence._container import ARRAYS, read_container
from appliednn.core.persistence._nodes import build


def load(path: str | Path) -> Any:
    """Return the estimator that :func:`~appliednn.core.persistence.save` wrote.

    Before anything is built, the whole file is checked: the list, names, sizes and hashes of
    its members, and every declared array shape against the bytes that are there. Classes come
    from a closed registry, scikit-learn objects from a reviewed list; the file can name neither
    modules nor functions, and nothing in it is run.

    A hash tells that a file is whole, not who wrote it: someone who may replace the file may
    replace the numbers of the model too.

    Parameters
    ----------
    path : str or Path
        A model file.

    Returns
    -------
    estimator
        Fitted, giving the predictions it gave when it was saved.

    Raises
    ------
    UsageError
        If there is no such file.
    IntegrityError
        If it is not a model file, was changed, is of a newer format, or holds what may not be
        loaded; the message says which.
    """
    manifest, members = read_container(path)
    arrays = load_arrays(members[ARRAYS]) if ARRAYS in members else {}
    objects = {name: data for name, data in members.items() if name != ARRAYS}
    try:
        return build(manifest.get("nodes"), arrays, objects)
    except IntegrityError as error:
        raise IntegrityError(f"{path}: {error}") from error
    except RecursionError as error:
        raise IntegrityError(f"{path}: it is nested too deeply to be a model.") from error


def inspect(path: str | Path) -> dict[str, Any]:
    """Return a model file's manifest, verified, without building anything.

    Parameters
    ----------
    path : str or Path
        A model file.

    Returns
    -------
    dict
        ``format_version``, ``estimator``, ``packages``, ``schema`` (``n_features``,
        ``feature_names``, ``kinds``), ``classes``, ``n_params``, ``verdict``, ``members`` (with
        sizes and sha256) and ``nodes`` (classes, parameters and what was learned).

    Raises
    ------
    UsageError, IntegrityError
        As for :func:`load`.
    """
    return read_container(path)[0]
