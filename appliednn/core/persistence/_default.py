"""The state of a class whose attributes are all values: parameters, and what was learned."""

from __future__ import annotations

import inspect
import re
from typing import Any

from appliednn.core.errors import IntegrityError
from appliednn.core.persistence._protocol import AnnState

_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9_]*")
# scikit-learn's own bookkeeping: written anew, or about how fit is called, not what it learned
_SKIP = {"_sklearn_version", "_metadata_request", "_skl_callbacks", "_parent_callback_ctx"}


def default_state(estimator: Any, skip: tuple[str, ...] = ()) -> AnnState:
    """Return parameters as ``params`` and every other attribute as ``meta``."""
    params = estimator.get_params(deep=False)
    left_out = {*params, *skip, *_SKIP}
    attributes = estimator.__getstate__()
    meta = {name: value for name, value in attributes.items() if name not in left_out}
    return AnnState(params=params, meta=meta)


def default_restore(cls: type, state: AnnState) -> Any:
    """Return an instance of ``cls`` with this state.

    Raises
    ------
    IntegrityError
        If the state names a parameter ``cls`` does not have, or an attribute that is a method.
    """
    try:
        estimator = cls(**state.params)
    except TypeError as error:
        raise IntegrityError(f"{cls.__name__} has other parameters: {error}") from error
    for name, value in state.meta.items():
        own = inspect.getattr_static(cls, name, None)
        if not _NAME.fullmatch(name) or callable(own) or hasattr(own, "__get__"):
            raise IntegrityError(f"{cls.__name__} cannot learn an attribute {name!r}.")
        setattr(estimator, name, value)
    return estimator
