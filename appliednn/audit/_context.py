"""What checks share: the model, the data, its predictions (computed once) and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from appliednn.audit._context_base import SharedContext
from appliednn.audit._labels import anomaly_labels
from appliednn.audit._reads import (
    Reads,
    holds_texts,
    is_language_model,
    lists_of,
    texts_of,
    what_it_reads,
)

Task = Literal["binary", "multiclass", "regression", "anomaly", "tagging", "writing", "language"]


class AuditContext(SharedContext):
    """The audited model with its data; everything a check may read.

    Parameters
    ----------
    model : estimator
        Fitted, scikit-learn-compatible.
    X_test, y_test : array-like of shape (n, n_features) and (n,)
        Held-out data; ``y_test`` may be None for an anomaly detector. Texts: any container.
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
    task : {"binary", "multiclass", "regression", "anomaly", "tagging", "writing", "language"}
    reads : {"table", "text", "tokens"}
        What the model reads; texts and lists of tokens stand in a table of one column.
    classes : ndarray or None
        The model's ``classes_``.
    X_test, X_train : DataFrame
        Columns are named; arrays get ``x0``, ``x1``, ...
    y_test, y_train : ndarray of shape (n,) or None
        Of an anomaly detector: 1 for anomalies and 0 for other rows, where labels were given. Of
        a tagger: a list of tags for each row.
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
        super().__init__(model, options, random_state)
        self._X_given = X_test
        self.reads: Reads = what_it_reads(model, X_test)
        self.X_test = self._read_rows("X_test", X_test)
        self.X_train = None if X_train is None else self._read_rows("X_train", X_train)
        self.sensitive = None if sensitive is None else as_frame(sensitive)
        self.classes = np.asarray(model.classes_) if _is_classifier(model) else None
        self.task: Task = "regression"
        if self.reads == "tokens":
            self.task = "tagging"
        elif is_language_model(model):
            self.task = "language"
        elif self.reads == "text" and self.classes is None and holds_texts(y_test):
            self.task = "writing"
        elif self.classes is not None:
            self.task = "binary" if len(self.classes) == 2 else "multiclass"
        elif is_detector(model):
            self.task = "anomaly"
        self.y_test = self._read_labels("y_test", y_test)
        self.y_train = self._read_labels("y_train", y_train)
        self.positive = positive
        if self.task == "binary" and positive is None:
            self.positive = self.classes[1]

    def _read_rows(self, name: str, X) -> pd.DataFrame:
        if self.reads == "tokens":
            return pd.DataFrame({"tokens": lists_of(X)})
        return texts_of(X, name) if self.reads == "text" else as_frame(X)

    def _read_labels(self, name: str, y) -> np.ndarray | None:
        if y is None:
            return None
        if self.task == "tagging":
            return lists_of(y)
        if self.task == "writing":
            return texts_of(y, name).iloc[:, 0].to_numpy(dtype=object)
        return anomaly_labels(_labels(y), name) if self.task == "anomaly" else _labels(y)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predictions for rows like ``X_test``, handed over in the form the model was given."""
        if self.task == "language":
            return np.zeros(len(X))  # it answers nothing; how surprised it is is asked by ANN1053
        given = self.model.predict(self.model_input(X))
        if self.task == "writing":
            return np.array([str(text) for text in given], dtype=object)
        return lists_of(given) if self.task == "tagging" else np.asarray(given)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Probabilities of shape (n, n_classes)."""
        return np.asarray(self.model.predict_proba(self.model_input(X)))

    def model_input(self, X: pd.DataFrame):
        """Return ``X`` in the form ``X_test`` was given in: array, or DataFrame so labelled.

        Texts, and lists of tokens, are handed over as a list.
        """
        if self.reads != "table":
            return X.iloc[:, 0].tolist()
        if not isinstance(self._X_given, pd.DataFrame):
            return X.to_numpy()
        labels = self._X_given.columns
        if len(labels) == X.shape[1] and list(X.columns) != list(labels):
            return X.set_axis(labels, axis=1)  # the checks' texts need names, the model its own
        return X

    @property
    def has_proba(self) -> bool:
        """Whether the model gives a probability for each class and row."""
        known = self.classes is not None and self.task != "tagging"
        return known and hasattr(self.model, "predict_proba")

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

    @property
    def about_gates(self) -> dict[str, bool]:
        """What the default gates depend on."""
        return {"probabilities": self.has_proba, "labels": self.y_test is not None}

    @property
    def outputs(self) -> list[np.ndarray]:
        """What the model says of the test rows: an audit knows the model by it."""
        given = [self.y_pred] + ([self.proba] if self.has_proba else [])
        return given + ([self.scores] if self.task == "anomaly" else [])

    def anomaly_score(self, X: pd.DataFrame) -> np.ndarray:
        """Return how anomalous a detector finds rows, (n,); higher is more anomalous."""
        name = "score_samples" if hasattr(self.model, "score_samples") else "decision_function"
        given = getattr(self.model, name)(self.model_input(X))
        return -np.asarray(given, dtype=np.float64).reshape(-1)

    @cached_property
    def scores(self) -> np.ndarray:
        """Anomaly scores of the test rows, shape (n,)."""
        return self.anomaly_score(self.X_test)

    @cached_property
    def train_scores(self) -> np.ndarray:
        """Anomaly scores of the training rows, shape (n_train,).

        A local outlier factor finds each training row beside itself and calls it normal: what it
        kept of its training stands in.
        """
        kept = self.inner("negative_outlier_factor_")
        if kept is not None and len(kept.negative_outlier_factor_) == len(self.X_train):
            return -np.asarray(kept.negative_outlier_factor_, dtype=np.float64)
        return self.anomaly_score(self.X_train)

    def calls(self, X: pd.DataFrame) -> np.ndarray:
        """Return which rows a detector calls anomalies, bool (n,)."""
        return self.predict(X).reshape(-1) == -1

    @property
    def flagged(self) -> np.ndarray:
        """Which test rows a detector calls anomalies, bool (n,)."""
        return self.y_pred.reshape(-1) == -1

    def like(self, model) -> AuditContext:
        """Return the context of another model on the same rows, as for a refit."""
        return AuditContext(model, self._X_given, None, random_state=self.random_state)

    @property
    def reads_text(self) -> bool:
        """Whether the model takes one text a row."""
        return self.reads == "text"

    @property
    def texts(self) -> list[str]:
        """The test rows of a model that reads text."""
        return self.X_test.iloc[:, 0].tolist()

    @property
    def reads_series(self) -> bool:
        """Whether a detector takes the rows of a table as the time points of a series."""
        found = self.inner("reads_series")
        return found is not None and bool(found.reads_series)


def _labels(y) -> np.ndarray:
    """Return labels as an array of shape (n,), a single column laid flat."""
    array = np.asarray(y)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _is_classifier(model) -> bool:
    """Whether a model classifies: scikit-learn's tag, or ``classes_`` where it has no type."""
    from sklearn.utils import get_tags

    kind = get_tags(model).estimator_type if hasattr(model, "__sklearn_tags__") else None
    return hasattr(model, "classes_") and kind in (None, "classifier")


def is_detector(model) -> bool:
    """Whether scikit-learn's tags call a model an outlier detector."""
    from sklearn.utils import get_tags

    tagged = hasattr(model, "__sklearn_tags__")
    return tagged and get_tags(model).estimator_type == "outlier_detector"


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
