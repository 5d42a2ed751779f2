"""What checks share: the model, the data, its predictions (computed once) and seeds."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from appliednn.core._inner import inner_estimator

Task = Literal["binary", "multiclass", "regression"]


class AuditContext:
    """The audited model with its data; everything a check may read.

    Parameters
    ----------
    model : estimator
        Fitted, scikit-learn-compatible.
    X_test, y_test : array-like of shape (n, n_features) and (n,)
        Held-out data.
    X_train, y_train : array-like, optional
        Training data; checks that need it are not applicable without.
    sensitive : DataFrame of shape (n, n_attributes), optional
        Sensitive attributes of the test rows (columns need not be features).
    positive : label, optional
        The positive class of a binary task; default: the second of ``classes_``.
    options : mapping of str to mapping
        Options by section (``{"robustness": {"eps": [0.1]}}``).
    random_state : int
        Root of every seed.

    Attributes
    ----------
    task : {"binary", "multiclass", "regression"}
    classes : ndarray or None
        The model's ``classes_``.
    X_test, X_train : DataFrame
        Columns are named; arrays get ``x0``, ``x1``, ...
    y_test, y_train : ndarray of shape (n,)
    shared : dict
        What the checks of a section compute once for each other, by the section's key.
    """

    def __init__(
        self,
        model,
        X_test,
        y_test,
        *,
        X_train=None,
        y_train=None,
        sensitive=None,
        positive=None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self._X_given = X_test
        self.X_test = as_frame(X_test)
        self.y_test = _labels(y_test)
        self.X_train = None if X_train is None else as_frame(X_train)
        self.y_train = None if y_train is None else _labels(y_train)
        self.sensitive = None if sensitive is None else as_frame(sensitive)
        self.options = dict(options or {})
        self.random_state = int(random_state)
        self.shared: dict[str, Any] = {}
        self.classes = np.asarray(model.classes_) if _is_classifier(model) else None
        if self.classes is None:
            self.task: Task = "regression"
        else:
            self.task = "binary" if len(self.classes) == 2 else "multiclass"
        self.positive = positive
        if self.task == "binary" and positive is None:
            self.positive = self.classes[1]

    def seed(self, name: str) -> int:
        """Return a seed that belongs to ``name`` alone (from ``SeedSequence``, never shared)."""
        sequence = np.random.SeedSequence([self.random_state, zlib.crc32(name.encode())])
        return int(sequence.generate_state(1)[0] >> 1)

    def rng(self, name: str) -> np.random.Generator:
        """Return a generator that belongs to ``name`` alone."""
        return np.random.default_rng(self.seed(name))

    def option(self, section: str, key: str, default):
        """Return an option of a section, or ``default``."""
        return self.options.get(section, {}).get(key, default)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predictions for rows like ``X_test``, handed over in the form the model was given."""
        return np.asarray(self.model.predict(self.model_input(X)))

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Probabilities of shape (n, n_classes)."""
        return np.asarray(self.model.predict_proba(self.model_input(X)))

    def model_input(self, X: pd.DataFrame):
        """Return ``X`` in the form ``X_test`` was given in: array, or DataFrame so labelled."""
        if not isinstance(self._X_given, pd.DataFrame):
            return X.to_numpy()
        labels = self._X_given.columns
        if len(labels) == X.shape[1] and list(X.columns) != list(labels):
            return X.set_axis(labels, axis=1)  # the checks' texts need names, the model its own
        return X

    @property
    def has_proba(self) -> bool:
        """Whether the model gives probabilities."""
        return self.classes is not None and hasattr(self.model, "predict_proba")

    @cached_property
    def y_pred(self) -> np.ndarray:
        """Predictions for the test rows."""
        return self.predict(self.X_test)

    @cached_property
    def proba(self) -> np.ndarray:
        """Probabilities for the test rows, shape (n, n_classes)."""
        return self.predict_proba(self.X_test)

    @cached_property
    def score_positive(self) -> np.ndarray:
        """Probability of the positive class for the test rows of a binary task, shape (n,)."""
        column = int(np.flatnonzero(self.classes == self.positive)[0])
        return self.proba[:, column]

    @cached_property
    def y_true_binary(self) -> np.ndarray:
        """1 where the test label is the positive class, else 0 (binary tasks)."""
        return (self.y_test == self.positive).astype(np.int64)

    @cached_property
    def y_pred_binary(self) -> np.ndarray:
        """1 where the positive class is predicted, else 0 (binary tasks)."""
        return (self.y_pred == self.positive).astype(np.int64)

    @cached_property
    def network_model(self):
        """The appliednn estimator inside the model that exposes its network, or None."""
        return self.inner("network_")

    def inner(self, attribute: str) -> Any:
        """Return the first estimator inside the model that has a fitted attribute, or None.

        Looks through a Pipeline's last step and through wrappers to what answers for them.
        """
        seen, model = set(), self.model
        while model is not None and id(model) not in seen:
            seen.add(id(model))
            if hasattr(model, attribute):
                return model
            model = model.steps[-1][1] if hasattr(model, "steps") else inner_estimator(model)
        return None


def _labels(y) -> np.ndarray:
    """Return labels as an array of shape (n,), a single column laid flat."""
    array = np.asarray(y)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _is_classifier(model) -> bool:
    """Whether a model classifies: scikit-learn's tag, or ``classes_`` where it has no type."""
    from sklearn.utils import get_tags

    kind = get_tags(model).estimator_type if hasattr(model, "__sklearn_tags__") else None
    return hasattr(model, "classes_") and kind in (None, "classifier")


def as_frame(X) -> pd.DataFrame:
    """Return ``X`` as a DataFrame with string column names and a fresh index."""
    if isinstance(X, pd.DataFrame):
        frame = X.reset_index(drop=True)
        frame.columns = [str(c) for c in frame.columns]
        return frame
    if isinstance(X, pd.Series):
        return X.reset_index(drop=True).to_frame(str(X.name or "x0"))
    array = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    if array.ndim == 1:
        array = array[:, None]
    return pd.DataFrame(array, columns=[f"x{j}" for j in range(array.shape[1])])
