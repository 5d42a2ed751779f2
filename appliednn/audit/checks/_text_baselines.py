"""The cheap models that a model of texts stands beside: a guess, and lines on counted words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError

#: Kinds of baselines that are fitted to texts.
TEXT_KINDS = ("dummy", "tfidf")
_LEAST_CALIBRATED = 3


@dataclass(frozen=True)
class FittedText:
    """A fitted baseline for texts.

    Attributes
    ----------
    kind : str
        One of :data:`TEXT_KINDS`.
    count : transformer or None
        Makes numbers of texts; None where none are looked at.
    model : estimator
        Decides.
    calibrated : estimator or None
        Gives the probabilities; None where there are none.
    """

    kind: str
    count: Any
    model: Any
    calibrated: Any

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return predictions (class codes, or numbers) for texts in the first column."""
        return np.asarray(self.model.predict(self._counted(X)))

    def predict_proba(self, X: pd.DataFrame, n_classes: int) -> np.ndarray | None:
        """Return probabilities of shape (n, n_classes), or None where there are none."""
        if self.calibrated is None:
            return None
        out = np.zeros((len(X), n_classes))
        out[:, self.calibrated.classes_] = self.calibrated.predict_proba(self._counted(X))
        return out

    def _counted(self, X: pd.DataFrame):
        texts = X.iloc[:, 0].tolist()
        return np.zeros((len(texts), 1)) if self.count is None else self.count.transform(texts)


def text_kinds(names) -> list[str]:
    """Return the baselines of a model of texts; others cannot be asked for.

    Raises
    ------
    UsageError
        For a name that is none of them.

    Examples
    --------
    >>> text_kinds(())
    ['dummy', 'tfidf']
    """
    for name in [names] if isinstance(names, str) else names:
        if name not in TEXT_KINDS:
            raise UsageError(
                f"baselines.names: {name!r} reads tables; a model of texts stands beside "
                f"{' and '.join(TEXT_KINDS)} anyway: leave the names out"
            )
    return list(TEXT_KINDS)


def fit_text_baseline(
    kind: str, X: pd.DataFrame, y: np.ndarray, *, classify: bool, seed: int
) -> FittedText:
    """Return a fitted baseline.

    Words and pairs of words, and runs of two to five letters inside of words, are weighted by
    TF-IDF; a linear support vector machine classifies them, ridge regression predicts numbers.
    The machine's probabilities come from Platt's sigmoid on held-out thirds; its decisions are
    its own.

    Source: S. Wang and C. Manning, ACL 2012 (how hard such lines are to beat); J. Platt, Advances
    in Large Margin Classifiers (1999).

    Parameters
    ----------
    kind : {"dummy", "tfidf"}
    X : DataFrame of shape (n, 1)
        Texts.
    y : ndarray of shape (n,)
        Class codes, or numbers.
    classify : bool
    seed : int
    """
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import Ridge
    from sklearn.svm import LinearSVC

    texts = X.iloc[:, 0].tolist()
    if kind == "dummy":
        guess = DummyClassifier(strategy="prior") if classify else DummyRegressor()
        guess.fit(np.zeros((len(texts), 1)), y)
        return FittedText(kind, None, guess, guess if classify else None)
    count, counted = _count(texts)
    if not classify:
        return FittedText(
            kind, count, Ridge(solver="sag", random_state=seed).fit(counted, y), None
        )
    model = LinearSVC(random_state=seed)
    return FittedText(kind, count, model.fit(counted, y), _calibrated(counted, y, seed))


def _count(texts: list[str]):
    """Return what counts words and letters, fitted, and the counts."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    parts = [
        ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")),
        ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
    ]
    count = FeatureUnion(parts)
    # Texts of nothing but blanks have no word; one more keeps the vocabulary from being empty.
    return count, count.fit([*texts, "empty"]).transform(texts)


def _calibrated(counted, y: np.ndarray, seed: int):
    """Return calibrated probabilities of the same machine, or None where a class is too rare."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import LinearSVC

    if np.unique(y, return_counts=True)[1].min() < _LEAST_CALIBRATED:
        return None
    folds = StratifiedKFold(_LEAST_CALIBRATED, shuffle=True, random_state=seed)
    machine = LinearSVC(random_state=seed)
    return CalibratedClassifierCV(machine, cv=folds, ensemble=False).fit(counted, y)
