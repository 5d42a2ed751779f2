"""The cheap models every other one stands beside: a guess, a line, boosted trees, a forest."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError
from appliednn.diagnostics._columns import Kind, column_kinds, plain_frame

#: The part of a key after ``_vs_``, and how the report calls it.
KINDS: dict[str, str] = {
    "dummy": "the guess that looks at no feature",
    "linear": "a linear model",
    "boosting": "gradient boosting",
    "forest": "a random forest",
    "tfidf": "a linear model of words and letters (TF-IDF)",
}
_ALWAYS = ("dummy", "linear", "boosting")
_NAMES = {
    "DummyClassifier": "dummy",
    "DummyRegressor": "dummy",
    "LogisticRegression": "linear",
    "Ridge": "linear",
    "HistGradientBoostingClassifier": "boosting",
    "HistGradientBoostingRegressor": "boosting",
    "RandomForestClassifier": "forest",
    "RandomForestRegressor": "forest",
}
_MOST_CATEGORIES = 50
_MANY_CELLS = 1_000_000
_LARGEST = 1e30  # squares of larger numbers leave the range of a float


@dataclass(frozen=True)
class Fitted:
    """A fitted baseline.

    Attributes
    ----------
    kind : str
        Key of :data:`KINDS`.
    pipeline : Pipeline
    kinds : dict
        What each column is.
    """

    kind: str
    pipeline: object
    kinds: dict[str, Kind]

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return predictions (class codes, or numbers) for rows like the training rows."""
        with _threads(X):
            return np.asarray(self.pipeline.predict(_prepare(X, self.kinds)))

    def predict_proba(self, X: pd.DataFrame, n_classes: int) -> np.ndarray:
        """Return probabilities of shape (n, n_classes); 0 for classes not trained on."""
        with _threads(X):
            given = self.pipeline.predict_proba(_prepare(X, self.kinds))
        out = np.zeros((len(X), n_classes))
        out[:, self.pipeline.classes_] = given
        return out


def wanted_kinds(names) -> list[str]:
    """Return the baselines to fit: three always, more by scikit-learn's name.

    Raises
    ------
    UsageError
        For a name that is not known.

    Examples
    --------
    >>> wanted_kinds(["LogisticRegression", "RandomForestClassifier"])
    ['dummy', 'linear', 'boosting', 'forest']
    """
    if isinstance(names, str):
        names = [names]
    kinds = list(_ALWAYS)
    for name in names:
        kind = _NAMES.get(name, name)
        if kind not in KINDS or kind == "tfidf":
            known = ", ".join([*(k for k in KINDS if k != "tfidf"), *_NAMES])
            raise UsageError(f"baselines.names: {name!r} is not known; choose from {known}")
        if kind not in kinds:
            kinds.append(kind)
    return kinds


def fit_baseline(
    kind: str, X: pd.DataFrame, y: np.ndarray, *, classify: bool, seed: int
) -> Fitted:
    """Return a fitted baseline.

    Parameters
    ----------
    kind : str
        Key of :data:`KINDS`.
    X : DataFrame of shape (n, n_features)
        Of any dtypes, with missing values.
    y : ndarray of shape (n,)
        Class codes, or numbers.
    classify : bool
    seed : int
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import make_pipeline

    kinds = {c: kind for c, kind in column_kinds(X).items() if X[c].notna().any()}
    n_classes = max(2, int(y.max()) + 1) if classify else 1
    pipeline = make_pipeline(_encoder(kind, kinds), _estimator(kind, kinds, n_classes, seed))
    with warnings.catch_warnings(), _threads(X):
        # Stopped early it is still a baseline; a worse one, in the model's favour.
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(_prepare(X, kinds), y)
    return Fitted(kind, pipeline, kinds)


def _threads(X: pd.DataFrame) -> AbstractContextManager:
    """Keep small work on one thread: waiting for others costs more than they help."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1) if X.size < _MANY_CELLS else nullcontext()


def _estimator(kind: str, kinds: dict, n_classes: int, seed: int):
    from sklearn import dummy, ensemble, linear_model

    classify = n_classes > 1
    if kind == "dummy":
        return dummy.DummyClassifier(strategy="prior") if classify else dummy.DummyRegressor()
    if kind == "linear":
        return linear_model.LogisticRegression(max_iter=500) if classify else linear_model.Ridge()
    if kind == "forest":
        make = ensemble.RandomForestClassifier if classify else ensemble.RandomForestRegressor
        return make(n_estimators=200, min_samples_leaf=2, random_state=seed)
    names = ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
    make = getattr(ensemble, names[0] if classify else names[1])
    n_numbers = sum(k == "numeric" for k in kinds.values())
    categories = list(range(n_numbers, len(kinds)))  # the encoder puts them behind the numbers
    return make(
        # Each round grows a tree a class: the same work for many classes as for ten.
        max_iter=int(np.clip(1000 // n_classes, 10, 100)),
        early_stopping=False,
        categorical_features=categories or None,
        random_state=seed,
    )


def _encoder(kind: str, kinds: dict[str, Kind]):
    """Return what makes numbers of all columns: one-hot for a line, codes for trees."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    numbers = [c for c, k in kinds.items() if k == "numeric"]
    texts = [c for c, k in kinds.items() if k == "category"]
    if kind == "linear":
        filled = SimpleImputer(strategy="median", add_indicator=True)
        scaled = make_pipeline(filled, StandardScaler())
        coded = OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=_MOST_CATEGORIES
        )
    else:
        scaled = "passthrough"
        if kind == "forest":
            scaled = SimpleImputer(strategy="median", add_indicator=True)
        unknown = np.nan if kind == "boosting" else -1
        coded = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=unknown,
            max_categories=4 * _MOST_CATEGORIES,
        )
    return ColumnTransformer([("numbers", scaled, numbers), ("texts", coded, texts)])


def _prepare(X: pd.DataFrame, kinds: dict[str, Kind]) -> pd.DataFrame:
    """Return plain columns whose numbers stay in range; infinity counts as missing."""
    frame = plain_frame(X[list(kinds)], kinds)
    numbers = [c for c, k in kinds.items() if k == "numeric"]
    values = frame[numbers].to_numpy()
    values = np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), np.nan)
    frame[numbers] = values
    return frame
