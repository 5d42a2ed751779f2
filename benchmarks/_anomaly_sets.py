"""The data sets of ``anomaly.py``: where they lie, which rows are kept, the two protocols.

A set is a file ``<root>/anomaly/<name>.npz`` with ``X`` (n, d) and ``y`` (n,), 1 for an anomaly;
``<root>`` as in ``_tabular_sets.py``. The sets are those of ADBench (Han et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _options import chosen
from _tabular_sets import data_root, stratified_sample
from sklearn.model_selection import train_test_split

TEST_SHARE = 0.3
# What the labels of the training part are used for.
PROTOCOLS = {
    "contaminated": "trained on the training part with its anomalies, no label seen",
    "clean": "trained on the normal rows of the training part",
}
# By rising cost. Our defaults were chosen on these.
DEVELOPMENT = ("WBC", "breastw", "Pima", "Ionosphere", "vowels", "thyroid", "cardio",
               "mammography", "annthyroid", "pendigits", "satimage-2", "satellite", "optdigits",
               "mnist", "shuttle")  # fmt: skip
HELD_OUT = ("http", "donors", "cover", "celeba")
SETS = DEVELOPMENT + HELD_OUT
# Labelled anomalies of the training part for methods that take a few labels.
N_LABELLED = 10


@dataclass(frozen=True)
class Part:
    """What a method is trained on.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Rows.
    clean : bool
        Whether they are all normal; a method may be told so.
    seed : int
        For the method's own random numbers.
    labelled, others : ndarray of shape (k, d) and (m, d)
        For methods that take a few labels: known anomalies, and the rows of ``X`` without them.
    """

    X: np.ndarray
    clean: bool
    seed: int
    labelled: np.ndarray
    others: np.ndarray


def chosen_sets(words: list[str]) -> list[str]:
    """Return names of sets for names, "all", "development" or "held_out".

    >>> chosen_sets(["cover", "held_out"])
    ['cover', 'http', 'donors', 'celeba']
    """
    groups = {"all": list(SETS), "development": list(DEVELOPMENT), "held_out": list(HELD_OUT)}
    return chosen("--sets", words, groups)


def load(name: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return X (n, d) float64 and y (n,), at most ``rows`` rows, anomalies in proportion."""
    path = data_root() / "anomaly" / f"{name}.npz"
    if not path.exists():
        raise SystemExit(
            f"{path} is not there; set APPLIEDNN_BENCH_DATA to the folder that holds "
            f"anomaly/{name}.npz (arrays X and y; source: ADBench)"
        )
    with np.load(path) as file:
        X, y = file["X"], file["y"].astype(int)
    keep = stratified_sample(y, rows, seed=0)
    return X[keep].astype(np.float64), y[keep]


def split(X: np.ndarray, y: np.ndarray, seed: int, protocol: str):
    """Return the training part, the test rows and their labels; the test part is of both."""
    train, test = train_test_split(
        np.arange(len(y)), test_size=TEST_SHARE, random_state=seed, stratify=y
    )
    anomalies = train[y[train] == 1]
    few = np.random.default_rng(seed).permutation(anomalies)[:N_LABELLED]
    seen = train[y[train] == 0] if protocol == "clean" else train
    others = X[np.setdiff1d(seen, few)]
    return Part(X[seen], protocol == "clean", seed, X[few], others), X[test], y[test]
