"""What an estimator does to be saved: hand out its state as data, and take it back.

An estimator (or a part of one, such as a network) that can be saved has two methods::

    def __ann_state__(self) -> AnnState: ...

    @classmethod
    def __ann_restore__(cls, state: AnnState) -> Self: ...

and a name in the closed registry (``_registry.py``; other code adds to it by
:func:`~appliednn.core.persistence.register`, a file never does). :class:`SaveMixin` brings both
methods for any class whose attributes are values as below, and ``save(path)``.

Values that ``params`` and ``meta`` may hold, nested in lists, tuples and dicts (of any keys that
are values): None, bool, int, float, str, NumPy scalars, arrays of numbers, booleans or strings
(labels), estimators (ours, scikit-learn's, or either inside the other), and the registered small
value classes (dataclasses such as a loss or an architecture). Nothing else can be written, and
so nothing else can come back: no function, no class, no pickle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np


@dataclass
class AnnState:
    """State of one estimator, as data.

    Attributes
    ----------
    params : dict of str to value
        Constructor parameters.
    arrays : dict of str to ndarray
        Large arrays of numbers or booleans, by name (weights).
    meta : dict of str to value
        Everything else that was learned, and what a reader of the manifest may want to see.
    objects : dict of str to scikit-learn object
        Fitted scikit-learn objects, written by skops under a fixed list of allowed types.
    children : dict of str to estimator
        Inner estimators of either kind; a wrapper names the model it wraps here.
    """

    params: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    children: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class Saveable(Protocol):
    """An object that hands out its state and is rebuilt from it."""

    def __ann_state__(self) -> AnnState:
        """Return the state; called on a fitted estimator."""

    @classmethod
    def __ann_restore__(cls, state: AnnState) -> Any:
        """Return the estimator that has this state; raise IntegrityError if it cannot be."""
