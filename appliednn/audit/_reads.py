"""What a model reads: the rows of a table, one text a row, or lists of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

Reads = Literal["table", "text", "tokens"]

#: Name of the one column of a table of texts.
TEXT_COLUMN = "text"


def what_it_reads(model: Any, X: Any) -> Reads:
    """Return what a model reads, from the form of its rows and from scikit-learn's tags.

    A tagger is known by ``predict_entities``. A one-column table counts as texts where the model,
    or the first step of a pipeline, takes strings and no tables.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    >>> what_it_reads(model, ["a text", "another"]), what_it_reads(model, [[1.0], [2.0]])
    ('text', 'text')
    >>> what_it_reads(LogisticRegression(), [[1.0], [2.0]])
    'table'
    """
    if _is_tagger(model):
        return "tokens"
    if _n_columns(X) == 0:
        return "text" if takes_strings(model) or _holds_strings(X) else "table"
    return "text" if _n_columns(X) == 1 and takes_strings(model) else "table"


def takes_strings(model: Any) -> bool:
    """Whether a model, or what it hands its rows to first, takes strings in one dimension.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import HashingVectorizer
    >>> takes_strings(HashingVectorizer())
    True
    """
    from sklearn.utils import get_tags

    seen: set[int] = set()
    while model is not None and id(model) not in seen:
        seen.add(id(model))
        if hasattr(model, "steps"):
            model = next(
                (step for _, step in model.steps if step not in (None, "passthrough")), None
            )
            continue
        if hasattr(model, "__sklearn_tags__"):
            tags = get_tags(model).input_tags
            if tags.string and not tags.two_d_array:
                return True
        model = _inside(model)
    return False


def is_language_model(model: Any) -> bool:
    """Whether a model judges how probable texts are, and answers nothing.

    Examples
    --------
    >>> from appliednn.text import LanguageModel, TextClassifier
    >>> is_language_model(LanguageModel()), is_language_model(TextClassifier())
    (True, False)
    """
    return hasattr(model, "perplexity") and hasattr(model, "score_samples")


def holds_texts(y: Any) -> bool:
    """Whether labels are texts: strings, one a row.

    Examples
    --------
    >>> holds_texts(["a text", "another"]), holds_texts([1.0, 2.0])
    (True, False)
    """
    return y is not None and _n_columns(y) == 0 and _holds_strings(y)


def texts_of(X: Any, name: str) -> pd.DataFrame:
    """Return texts as a table of one column.

    Examples
    --------
    >>> texts_of(["a text", "another"], "X").shape
    (2, 1)
    """
    from appliednn.text import as_texts

    return pd.DataFrame({TEXT_COLUMN: as_texts(X, name)})


def lists_of(rows: Any) -> np.ndarray:
    """Return a list for each row as an object array, (n,); rows may differ in length.

    Examples
    --------
    >>> lists_of([("a", "b"), ["c"]]).tolist()
    [['a', 'b'], ['c']]
    """
    rows = rows.iloc[:, 0] if isinstance(rows, pd.DataFrame) else rows
    rows = rows.tolist() if hasattr(rows, "tolist") else list(rows)
    out = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        out[i] = list(row)
    return out


def _is_tagger(model: Any) -> bool:
    """Whether a model, or the last step of a pipeline, tags tokens."""
    while hasattr(model, "steps"):
        model = model.steps[-1][1]
    return hasattr(model, "predict_entities")


def _inside(model: Any) -> Any:
    """Return what a wrapper fitted or was given, or None."""
    from appliednn.core._inner import inner_estimator

    found = inner_estimator(model)
    if found is None:
        several = getattr(model, "estimators_", None)
        found = several[0] if isinstance(several, Sequence) and len(several) else None
    if found is None and hasattr(model, "calibrated_classifiers_"):
        found = model.calibrated_classifiers_[0].estimator
    return found if hasattr(found, "predict") else None


def _n_columns(X: Any) -> int:
    """Return how many columns rows have; 0 where each is a single value."""
    shape = getattr(X, "shape", None)
    if shape is None:
        if isinstance(X, str | bytes) or not isinstance(X, Sequence) or not len(X):
            return 0
        shape = (len(X),) if isinstance(X[0], str) else np.shape(X[:1])
    return 0 if len(shape) < 2 else int(shape[1])


def _holds_strings(X: Any) -> bool:
    """Whether the first known value of a single column is a string."""
    if isinstance(X, str | bytes) or not hasattr(X, "__iter__"):
        return False
    for value in X.to_pylist() if hasattr(X, "to_pylist") else X:
        if isinstance(value, str):
            return True
        if value is not None and value is not pd.NA and value == value:
            return False
    return False
