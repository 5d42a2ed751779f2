"""From a fitted model and rows to a pool: which score stands for the model's answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from appliednn.core._inner import inner_estimator
from appliednn.explain._head import ClassHead, NumberHead
from appliednn.explain._pool import FramePool, NetworkPool, ScorePool
from appliednn.explain._ranks import rank_correlation

_TRIED = 200


def make_pool(
    model, frame: pd.DataFrame, *, convert: Callable[[pd.DataFrame], object] | None = None
) -> ScorePool:
    """Return the rows with the score that explanations are of.

    One of our networks (alone or in a wrapper that follows it) is explained by its log-odds or
    prediction, in the encoded space. Any other classifier by its decision function where it has
    one, else by its probabilities; any other regressor by its prediction.

    Parameters
    ----------
    model : fitted estimator
        Classifier or regressor with one target.
    frame : DataFrame of shape (n, n_features)
        Rows to explain and rows to compare with.
    convert : callable, optional
        From such a DataFrame to what the model takes; default: the DataFrame itself.

    Returns
    -------
    ScorePool

    Raises
    ------
    ValueError
        If the model has several targets, or gives labels and no score.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> frame = pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]})
    >>> make_pool(LinearRegression().fit(frame, [0.0, 2.0]), frame).unit
    'units of the target'
    """
    convert = convert or (lambda rows: rows)
    network = _network_pool(model, frame, convert)
    if network is not None:
        return network
    if not _classifies(model):
        score, unit = model.predict, "units of the target"
    elif hasattr(model, "decision_function") and _two_sided(model, convert(frame[:5])) is not None:
        score, unit = (lambda X: _two_sided(model, X)), "decision function"
    elif hasattr(model, "predict_proba"):
        score, unit = model.predict_proba, "probability"
    else:
        raise ValueError(
            f"{type(model).__name__} gives labels only; an explanation needs a score "
            "(predict_proba or decision_function)"
        )
    pool = FramePool(frame, lambda rows: score(convert(rows)), unit)
    tried = pool.scores(pool.whole(np.arange(min(2, len(frame)))))
    wanted = len(model.classes_) if _classifies(model) else 1
    if tried.shape[1] != wanted:
        raise ValueError(
            f"{type(model).__name__} gives {tried.shape[1]} scores a row; expected {wanted}: "
            "models with several targets are not explained"
        )
    return pool


def _classifies(model) -> bool:
    from sklearn.base import is_regressor

    return hasattr(model, "classes_") and not (
        hasattr(model, "__sklearn_tags__") and is_regressor(model)
    )


def _two_sided(model, X) -> np.ndarray | None:
    """Return a decision function with one column a class, or None if it has another shape."""
    values = np.asarray(model.decision_function(X), dtype=np.float64)
    if values.ndim == 1 and len(model.classes_) == 2:
        return np.column_stack([-values, values])
    return values if values.ndim == 2 and values.shape[1] == len(model.classes_) else None


def _network_pool(model, frame: pd.DataFrame, convert) -> NetworkPool | None:
    """Return the encoded pool of a network that reads these very features, or None."""
    est = _network_of(model)
    if est is None:
        return None
    Z = np.ascontiguousarray(est.encode(convert(frame)), dtype=np.float32)
    if Z.ndim != 2:
        return None
    encoder = getattr(est, "encoder_", None)
    source = np.arange(Z.shape[1]) if encoder is None else np.asarray(encoder.input_index_)
    if source.max(initial=0) >= frame.shape[1] or (
        encoder is None and len(source) != frame.shape[1]
    ):
        return None
    if not hasattr(est, "classes_"):
        if est.network_.n_outputs != 1:
            return None
        head = NumberHead(est, Z)
    elif np.asarray(est.logits(Z[:1])).shape[1] != len(est.classes_):
        return None
    else:
        head = ClassHead(est, Z)
    pool = NetworkPool(frame, Z, source, head)
    return pool if est is model or _follows(model, pool, frame, convert) else None


def _network_of(model):
    """Return the neural estimator inside wrappers that hand it the rows as they are, or None."""
    seen: set[int] = set()
    while model is not None and id(model) not in seen:
        seen.add(id(model))
        if "network_" in vars(model):  # not handed through by a wrapper such as FrozenEstimator
            target = getattr(model, "_target", None)
            return None if getattr(target, "kind", "") == "multilabel" else model
        if hasattr(model, "steps"):
            model = model.steps[-1][1] if len(model.steps) == 1 else None
        else:
            model = inner_estimator(model)
    return None


def _follows(model, pool: NetworkPool, frame: pd.DataFrame, convert) -> bool:
    """Whether a wrapper's answers go with its network's: calibration does, a new model not."""
    scores = pool.head.scores(pool.Z[:_TRIED])
    X = convert(frame[:_TRIED])
    if scores.shape[1] > 2 or (scores.shape[1] == 2 and not hasattr(model, "predict_proba")):
        labels = np.asarray(pool.head.est.classes_)[scores.argmax(axis=1)]
        return float(np.mean(labels == np.asarray(model.predict(X)))) >= 0.9
    given = model.predict_proba(X)[:, 1] if scores.shape[1] == 2 else model.predict(X)
    return rank_correlation(scores[:, -1], np.asarray(given, dtype=np.float64)) >= 0.98
