"""Snapshot ensembles: one training run, whose learning rate falls to zero several times."""

from __future__ import annotations

import copy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import HasMethods, Interval

from appliednn.core._random import spawn_seeds
from appliednn.core._schedules import cycle_ends
from appliednn.ensemble._base import BaseEnsemble, EnsembleClassifier, EnsembleRegressor
from appliednn.ensemble._fit_members import seeded_clone


class _Copies:
    """A callback of scikit-learn's protocol that keeps the network at the end of each cycle."""

    def __init__(self, ends: set[int]) -> None:
        self._ends = ends
        self.networks: list[Any] = []
        self.epochs: list[int] = []

    def setup(self, estimator, context) -> None:
        """Begin anew."""
        self.networks, self.epochs = [], []

    def teardown(self, estimator, context) -> None:
        """Keep what was copied."""

    def on_fit_task_begin(self, estimator, context) -> None:
        """Do nothing."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None) -> bool:
        """Keep the network if this epoch ends a cycle."""
        if context.task_name == "epoch" and context.task_id + 1 in self._ends:
            self.networks.append(fitted_estimator.network_)
            self.epochs.append(int(context.task_id))
        return False


class BaseSnapshot(BaseEnsemble):
    """Parameters and the course of a fit."""

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_snapshots": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator, n_snapshots=5, *, random_state=None):
        self.estimator = estimator
        self.n_snapshots = n_snapshots
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BaseSnapshot:
        """Train one network in cycles and copy it at the end of each.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows, as the estimator takes them.
        y : array-like of shape (n,), (n, n_outputs) or a 0/1 indicator (n, n_labels)
            Target.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If the estimator is no network of this package.
        ValueError
            If it has fewer epochs than there are snapshots.
        KeyboardInterrupt
            When interrupted; the object is then as it was before.
        """
        network = seeded_clone(self.estimator, spawn_seeds(self.random_state, 1)[0])
        epochs = _epochs(type(self).__name__, network, self.n_snapshots)
        _set_cycles(network, self.n_snapshots)
        copies = _Copies({int(end) for end in cycle_ends(epochs, self.n_snapshots)})
        network.set_callbacks(*getattr(network, "_skl_callbacks", []), copies)
        network.fit(X, y, sample_weight=sample_weight)
        if network.stop_reason_ == "interrupted":
            raise KeyboardInterrupt
        network.set_callbacks()
        network.__dict__.pop("_optimizer_state", None)
        members = [_with(network, one) for one in copies.networks] or [network]
        learned = {"history_": network.history_, "stop_reason_": network.stop_reason_}
        learned["best_epoch_"] = np.array(copies.epochs or [network.n_epochs_ - 1])
        if hasattr(network, "classes_"):
            learned |= {"classes_": network.classes_, "_kind": network._target.kind}
        self._become(members, **learned)
        return self


def _epochs(owner: str, network: Any, n_snapshots: int) -> int:
    """Return the epochs of a neural estimator; refuse any other."""
    if not hasattr(network, "encode_target") or "epochs" not in network.get_params(deep=False):
        raise TypeError(
            f"{owner} copies one network while it is trained and needs a neural estimator of "
            f"appliednn.tabular, such as MLPClassifier; got {type(network).__name__} (bag other "
            "estimators with BaggedClassifier or BaggedRegressor)"
        )
    setting = getattr(network, "_setting", None)
    epochs = network.epochs if setting is None else setting("epochs")
    if epochs < n_snapshots:
        raise ValueError(
            f"n_snapshots={n_snapshots} was given and the estimator has epochs={epochs}; a cycle "
            "takes at least one epoch"
        )
    return epochs


def _set_cycles(network: Any, n_snapshots: int) -> None:
    """Let the learning rate fall to zero once a cycle, in a run that nothing ends early."""
    if callable(getattr(network, "learning_rate", None)):
        raise ValueError(
            f"{type(network).__name__} has a learning-rate schedule of its own, which snapshots "
            "replace; give learning_rate as a number"
        )
    network.early_stopping = False
    if hasattr(network, "validation_split"):
        network.validation_split = 0.0
    network.warm_start = False
    network.schedule = "cosine"
    network.schedule_params = {"warmup": 0.0, "end": 0.0, "cycles": n_snapshots}


def _with(fitted: Any, network: Any) -> Any:
    """Return a fitted estimator with another network; encoder and target are the same objects."""
    member = copy.copy(fitted)
    member.network_ = network
    return member


class SnapshotClassifier(EnsembleClassifier, BaseSnapshot):
    """Several classifiers from one training run, copied at the end of each cycle.

    One network is trained for the estimator's ``epochs``; the learning rate falls from its full
    value to zero in each of ``n_snapshots`` cosine cycles, and the network at the end of each
    cycle is a member. Training costs what one network costs. It runs on all rows to the end:
    the estimator's early stopping and schedule do not count.

    Parameters
    ----------
    estimator : neural estimator of appliednn.tabular
        The network, with the epochs of the whole run.
    n_snapshots : int, default=5
        Cycles.
    random_state : int, RandomState or None
        Seeds the network.

    Attributes
    ----------
    estimators_ : list of fitted estimators
        A member for each cycle; they share one encoder. Fewer where ``max_seconds`` ended the
        run; the network as it was, where that was before the first cycle's end.
    best_epoch_ : ndarray of shape (n_members,)
        Epoch (from 0) at which each member was copied.
    history_ : dict of str to list
        Learning curve of the run.
    stop_reason_ : str
        Why the run ended.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    network_, encoder_
        Where the networks can stand side by side: the one that gives their mean, which
        explanations and attacks then use.
    n_features_in_ : int
        Number of features.

    References
    ----------
    G. Huang, Y. Li, G. Pleiss, Z. Liu, J. Hopcroft, K. Weinberger, "Snapshot Ensembles: Train 1,
    Get M for Free", ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from appliednn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SnapshotClassifier(MLPClassifier((16,), epochs=20), n_snapshots=4, random_state=0)
    >>> len(model.fit(X, y).estimators_)
    4
    """


class SnapshotRegressor(EnsembleRegressor, BaseSnapshot):
    """Several regressors from one training run, copied at the end of each cycle.

    One network is trained for the estimator's ``epochs``; the learning rate falls from its full
    value to zero in each of ``n_snapshots`` cosine cycles, and the network at the end of each
    cycle is a member. Training costs what one network costs. It runs on all rows to the end:
    the estimator's early stopping and schedule do not count.

    Parameters
    ----------
    estimator : neural estimator of appliednn.tabular
        The network, with the epochs of the whole run.
    n_snapshots : int, default=5
        Cycles.
    random_state : int, RandomState or None
        Seeds the network.

    Attributes
    ----------
    estimators_ : list of fitted estimators
        A member for each cycle; they share one encoder. Fewer where ``max_seconds`` ended the
        run; the network as it was, where that was before the first cycle's end.
    best_epoch_ : ndarray of shape (n_members,)
        Epoch (from 0) at which each member was copied.
    history_ : dict of str to list
        Learning curve of the run.
    stop_reason_ : str
        Why the run ended.
    network_, encoder_
        Where the networks can stand side by side: the one that gives their mean, which
        explanations and attacks then use.
    n_features_in_ : int
        Number of features.

    References
    ----------
    G. Huang, Y. Li, G. Pleiss, Z. Liu, J. Hopcroft, K. Weinberger, "Snapshot Ensembles: Train 1,
    Get M for Free", ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from appliednn import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = SnapshotRegressor(MLPRegressor((16,), epochs=20), n_snapshots=4, random_state=0)
    >>> len(model.fit(X, y).estimators_)
    4
    """
