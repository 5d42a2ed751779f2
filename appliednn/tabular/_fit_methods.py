"""``fit`` and ``partial_fit`` of the networks, for labels and for numbers."""

from __future__ import annotations

from sklearn.base import _fit_context
from sklearn.callback import with_callbacks


class ClassifierFit:
    """Fit methods of a classifier."""

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows: numbers, categories, strings, booleans, dates, missing values.
        y : array-like of shape (n,), or a 0/1 indicator of shape (n, n_labels)
            Labels of any type.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.
        X_val, y_val : array-like, optional
            Rows that pick the epoch, instead of a share of the training rows.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one more epoch on these rows; the first call fits the encoder on them.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features)
            Rows.
        y : array-like of shape (n,)
            Labels.
        classes : array-like, optional
            All labels; needed in the first call.
        sample_weight : array-like of shape (n,), optional
            Weights.

        Returns
        -------
        self
        """
        if not hasattr(self, "network_") and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._fit(X, y, sample_weight, classes=classes, partial=True)


class RegressorFit:
    """Fit methods of a regressor."""

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows: numbers, categories, strings, booleans, dates, missing values.
        y : array-like of shape (n,) or (n, n_outputs)
            Numbers.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.
        X_val, y_val : array-like, optional
            Rows that pick the epoch, instead of a share of the training rows.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train one more epoch on these rows; the first call fits the encoder on them.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features)
            Rows.
        y : array-like of shape (n,) or (n, n_outputs)
            Numbers.
        sample_weight : array-like of shape (n,), optional
            Weights.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, partial=True)
