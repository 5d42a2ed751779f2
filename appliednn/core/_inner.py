"""What answers inside of a wrapper: one step inwards."""

from __future__ import annotations

from typing import Any


def inner_estimator(model: Any) -> Any:
    """Return the fitted estimator that answers for a wrapper, or None where there is none.

    A search answers by its ensemble where it says so (``uses_ensemble_``), else by
    ``best_estimator_``; other wrappers by ``estimator_`` or, if they keep what they were given,
    ``estimator``. A wrapper with ``estimators_`` answers by several, so by none alone.

    Examples
    --------
    >>> from types import SimpleNamespace as Wrapper
    >>> inner_estimator(Wrapper(estimator="given", estimator_="fitted"))
    'fitted'
    >>> inner_estimator(Wrapper(estimator="given", estimators_=["a", "b"])) is None
    True
    """
    from sklearn.frozen import FrozenEstimator

    if isinstance(model, FrozenEstimator):
        return model.estimator
    if getattr(model, "uses_ensemble_", False):
        return model.ensemble_
    for name in ("best_estimator_", "estimator_"):
        if hasattr(model, name):
            return getattr(model, name)
    return None if hasattr(model, "estimators_") else getattr(model, "estimator", None)
