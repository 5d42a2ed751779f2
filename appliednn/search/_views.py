"""A table as each kind of model reads it, encoded once for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing

from appliednn.tabular import TabularEncoder

# Trees read numbers as they are; few categories as one-hot columns or all of them as codes, whose
# means of the target are learned in each fold. Linear models need scaled numbers.
_SETTINGS: dict[str, dict[str, Any]] = {
    "mixed": {"numeric": "passthrough", "categorical": "auto", "max_onehot": 8},
    "means": {"numeric": "passthrough", "categorical": "embedding"},
    "linear": {"numeric": "robust", "categorical": "onehot", "max_categories": 100},
}


class TableViews:
    """Encoders of one table, learned without the target when they are first asked for.

    Parameters
    ----------
    encoders : dict of str to TabularEncoder, optional
        Those learned before.
    w : ndarray of shape (n,), optional
        Weights of the rows to learn from, as they were given: whole numbers count repeated rows.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"n": [1.0, 2.0], "c": ["a", "b"]})
    >>> views = TableViews()
    >>> views.learn("means", X)
    >>> views.encode("means", X).tolist()
    [[1.0, 1.0], [2.0, 2.0]]
    """

    def __init__(
        self, encoders: dict[str, TabularEncoder] | None = None, w: np.ndarray | None = None
    ) -> None:
        self.encoders = {} if encoders is None else encoders
        self._w = w

    def learn(self, view: str, X: Any) -> None:
        """Learn a view's encoder, unless it is known."""
        if view not in self.encoders:
            encoder = TabularEncoder(**_SETTINGS[view])
            self.encoders[view] = encoder.fit(X, sample_weight=self._w)

    def encode(self, view: str, X: Any) -> np.ndarray:
        """Return rows in a view, float32 (n, n_outputs)."""
        return self.encoders[view].transform(X)

    def cardinalities(self, view: str) -> list[int]:
        """Return the number of codes of a view's trailing code columns."""
        return list(self.encoders[view].cardinalities_)


class EncodedRows:
    """Rows and their views, each encoded when it is first read.

    Parameters
    ----------
    views : TableViews
        Encoders.
    X : DataFrame, array or sparse matrix of shape (n, n_features)
        Rows.
    """

    def __init__(self, views: TableViews, X: Any) -> None:
        self.views, self.X = views, X
        self._encoded: dict[str, Any] = {"raw": X}

    def read(self, view: str) -> Any:
        """Return the rows in a view; ``"raw"`` gives them as they came."""
        if view not in self._encoded:
            self._encoded[view] = self.views.encode(view, self.X)
        return self._encoded[view]

    def take(self, index: np.ndarray) -> EncodedRows:
        """Return some of the rows, with the views that were read before."""
        part = EncodedRows(self.views, _safe_indexing(self.X, index))
        read = {view: Z[index] for view, Z in self._encoded.items() if view != "raw"}
        part._encoded.update(read)
        return part
