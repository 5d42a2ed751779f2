"""Attacks that need predictions only, in raw features scaled by their robust scale."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError
from appliednn.robustness._noise import numbers, with_columns
from appliednn.robustness._search import corner_search


class RawBox:
    """Raw rows seen through their continuous columns, each in units of its robust scale.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_features)
        Clean rows.
    scale : mapping of str to float
        From :func:`robust_scale`.

    Attributes
    ----------
    Z : ndarray of shape (n, n_continuous), float64
        Scaled values; a missing value is 0 here and stays missing.
    mask : ndarray of bool, shape (n, n_continuous)
        Cells that may move.

    Examples
    --------
    >>> box = RawBox(pd.DataFrame({"a": [2.0, 4.0], "b": ["x", "y"]}), {"a": 2.0})
    >>> box.Z.ravel().tolist(), box.frame(box.Z + 1)["a"].tolist()
    ([1.0, 2.0], [4.0, 6.0])
    """

    def __init__(self, frame: pd.DataFrame, scale: Mapping[str, float]) -> None:
        if not scale:
            raise UsageError("no continuous column was found, so there is nothing to move")
        self.columns, self._frame = list(scale), frame
        self.units = np.array([scale[c] for c in self.columns])
        raw = numbers(frame, self.columns)
        self.mask = np.isfinite(raw)
        self.Z = np.where(self.mask, raw, 0.0) / self.units
        self._raw = raw

    def frame(self, Z: np.ndarray) -> pd.DataFrame:
        """Return raw rows at scaled points; unmoved cells keep their exact value."""
        stays = (Z == self.Z) | ~self.mask
        return with_columns(self._frame, self.columns, np.where(stays, self._raw, Z * self.units))


def blackbox_search(
    score: Callable[[pd.DataFrame], np.ndarray],
    box: RawBox,
    eps: float | np.ndarray,
    *,
    n_tries: int = 30,
    random_state: int = 0,
) -> pd.DataFrame:
    """Search the corners of the box around raw rows by a model's score alone.

    Parameters
    ----------
    score : callable
        Takes raw rows, returns (n,) numbers; larger is worse for the model.
    box : RawBox
        The rows in scaled form.
    eps : float or ndarray of shape (n,)
        Half-width of the box in robust scales of each column; one for all rows or one for each.
    n_tries : int
        Predictions for each row.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame
        The worst rows found; the clean row where none was worse.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [2.0, 4.0, 9.0]})
    >>> box = RawBox(frame, {"a": 2.0})
    >>> blackbox_search(lambda X: X["a"].to_numpy(), box, 0.5, n_tries=8)["a"].tolist()
    [3.0, 5.0, 10.0]
    """
    points = corner_search(
        lambda Z: score(box.frame(Z)),
        box.Z,
        eps,
        n_tries=n_tries,
        mask=box.mask,
        random_state=random_state,
    )
    return box.frame(points)


def boundary_distance(
    predict: Callable[[pd.DataFrame], np.ndarray],
    box: RawBox,
    classes: np.ndarray,
    *,
    max_iter: int = 10,
    max_eval: int = 500,
    random_state: int = 0,
) -> np.ndarray:
    """Estimate how far each row is from a change of label, with ART's HopSkipJump.

    Parameters
    ----------
    predict : callable
        Takes raw rows, returns labels.
    box : RawBox
        The rows in scaled form; rows with missing cells move in the others only.
    classes : ndarray
        All labels.
    max_iter, max_eval : int
        Effort for each row; about 0.1 s a row for a fast model.
    random_state : int
        Seed. ART draws from NumPy's global state, which is put back afterwards.

    Returns
    -------
    ndarray of shape (n,)
        Smallest L-infinity distance found, in robust scales; NaN where no change was found.

    Notes
    -----
    Source: J. Chen, M. Jordan, M. Wainwright, IEEE S&P 2020. An upper bound of the distance:
    a nearer point may exist.
    """
    distances = np.full(len(box.Z), np.nan)
    for i in range(len(box.Z)):
        one = _OneRow(box, i, predict, np.asarray(classes))
        distances[i] = one.hop(max_iter, max_eval, random_state + i)
    return distances


class _OneRow:
    """One row's movable cells as a small black-box problem."""

    def __init__(self, box: RawBox, i: int, predict, classes: np.ndarray) -> None:
        self.cells = np.flatnonzero(box.mask[i])
        self.start = box.Z[i, self.cells]
        self.units = box.units[self.cells]
        self.columns = [box.columns[j] for j in self.cells]
        self.row = box._frame.iloc[[i]]
        self.predict, self.classes = predict, classes
        self.label = predict(self.row)[0]

    def one_hot(self, Z: np.ndarray) -> np.ndarray:
        frame = self.row.loc[self.row.index.repeat(len(Z))].reset_index(drop=True)
        for j, column in enumerate(self.columns):
            frame[column] = np.asarray(Z)[:, j] * self.units[j]
        return (self.predict(frame)[:, None] == self.classes).astype(np.float32)

    def hop(self, max_iter: int, max_eval: int, seed: int) -> float:
        if len(self.cells) == 0:
            return float("nan")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="PyTorch not found", category=UserWarning)
            from art.attacks.evasion import HopSkipJump
            from art.estimators.classification import BlackBoxClassifier
        model = BlackBoxClassifier(self.one_hot, (len(self.cells),), len(self.classes))
        attack = HopSkipJump(
            model, norm=np.inf, max_iter=max_iter, max_eval=max_eval, init_eval=50, verbose=False
        )
        # ART knows no seed argument, so the global state is borrowed and given back.
        state = np.random.get_state()  # noqa: NPY002
        try:
            np.random.seed(seed % 2**32)  # noqa: NPY002
            found = attack.generate(self.start[None].astype(np.float32))[0]
        finally:
            np.random.set_state(state)  # noqa: NPY002
        if self.classes[self.one_hot(found[None]).argmax()] == self.label:
            return float("nan")
        return float(np.abs(found - self.start).max())
