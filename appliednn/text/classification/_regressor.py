"""TextRegressor."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import Interval

from appliednn.core._target import NumberTarget, read_numbers
from appliednn.text.classification._base import BaseText
from appliednn.text.classification._docs import document
from appliednn.text.classification._linear import LinearPart


@document
class TextRegressor(MultiOutputMixin, RegressorMixin, BaseText):
    """Predicts numbers from texts: a price, a rating, a time to resolution.

    The sources are those of :class:`TextClassifier`; the linear model is a ridge regression.

    Parameters
    ----------
    {parameters}
    alpha : float, default=1.0
        Strength of the linear model's penalty.

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> texts = ["two", "one and one", "three", "one", "two and one", "one and two"] * 3
    >>> model = TextRegressor(epochs=5, random_state=0).fit(texts, [2, 2, 3, 1, 3, 3] * 3)
    >>> model.predict(["three"]).shape
    (1,)
    """

    _parameter_constraints: dict = {
        **BaseText._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        architecture="bag",
        *,
        encoder=None,
        fine_tune=False,
        embeddings=None,
        word_ngrams=(1, 2),
        char_ngrams="auto",
        linear=True,
        alpha=1.0,
        max_features=300_000,
        max_tokens=50_000,
        min_count=1,
        max_length="p95",
        normalization="NFKC",
        fold_case=True,
        embedding_dim=64,
        hidden_layer_sizes=(),
        units=64,
        n_layers=1,
        heads=4,
        dropout=0.5,
        learning_rate=None,
        weight_decay=0.0,
        epochs=30,
        batch_size=64,
        early_stopping=True,
        validation_fraction=0.1,
        n_iter_no_change=3,
        refit="auto",
        max_seconds=None,
        callbacks=None,
        verbose="auto",
        random_state=None,
    ):
        self.architecture = architecture
        self.encoder = encoder
        self.fine_tune = fine_tune
        self.embeddings = embeddings
        self.word_ngrams = word_ngrams
        self.char_ngrams = char_ngrams
        self.linear = linear
        self.alpha = alpha
        self.max_features = max_features
        self.max_tokens = max_tokens
        self.min_count = min_count
        self.max_length = max_length
        self.normalization = normalization
        self.fold_case = fold_case
        self.embedding_dim = embedding_dim
        self.hidden_layer_sizes = hidden_layer_sizes
        self.units = units
        self.n_layers = n_layers
        self.heads = heads
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.refit = refit
        self.max_seconds = max_seconds
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train on texts.

        Parameters
        ----------
        X : 1-D container of str, n texts
            List, array, pandas Series or Arrow array; None and NaN count as empty texts.
        y : array-like of shape (n,) or (n, n_outputs)
            Numbers.
        sample_weight : array-like of shape (n,), optional
            A zero weight equals removal.
        X_val, y_val : like X and y, optional
            Held-out texts, in place of a share of the training texts.

        Returns
        -------
        TextRegressor
            self

        Raises
        ------
        ValueError
            For a single string, rows that are no strings, numbers that are none.
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    def predict(self, X) -> np.ndarray:
        """Return the prediction for each text, float64 (n,) or (n, n_outputs)."""
        raw = self._raw(X)
        return self._target.decode(raw)

    # -- what the machinery asks ----------------------------------------------------------------

    def _read_target(self, y):
        return read_numbers(y)

    def _learn_target(self, y, weights) -> NumberTarget:
        return NumberTarget.learn(y, weights, "mse")

    def _row_factors(self, target, weights) -> np.ndarray:
        return weights

    def _fit_linear(self, matrix, target, weights, seed: int) -> LinearPart:
        return LinearPart.fit_numbers(matrix, target, weights, self.alpha, seed)

    def _right(self, raw, target) -> np.ndarray:
        return -np.mean((raw - target.reshape(raw.shape)) ** 2, axis=1)

    def _score_raw(self, raw, target, weights) -> float:
        if len(raw) < 2:
            return float("nan")
        return float(r2_score(target.reshape(raw.shape), raw, sample_weight=weights))
