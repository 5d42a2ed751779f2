"""TextClassifier."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import Interval

from appliednn.core._class_weight import ClassWeights
from appliednn.core._numpy_forward import sigmoid, softmax
from appliednn.core._target import ClassTarget, read_labels
from appliednn.text.classification._base import BaseText
from appliednn.text.classification._docs import document
from appliednn.text.classification._linear import LinearPart


@document
class TextClassifier(ClassifierMixin, BaseText):
    """Classifies texts: sentiment, topic, spam, intent.

    Sources: A. Joulin et al., EACL 2017; Y. Kim, EMNLP 2014; S. Wang and C. Manning, ACL 2012 (a
    linear model as the baseline to beat).

    Parameters
    ----------
    {parameters}
    C : float, default=1.0
        Inverse strength of the linear model's penalty.
    class_weight : dict, list of dict, "balanced" or None, default=None
        As in scikit-learn; a list has one dict a label of a multi-label target.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.
    {attributes}

    Examples
    --------
    >>> texts = ["good film", "bad film", "a good one", "a bad one", "so good", "so bad"] * 3
    >>> model = TextClassifier(epochs=5, random_state=0).fit(texts, ["+", "-"] * 9)
    >>> model.predict(["a good film", "bad"]).tolist()
    ['+', '-']
    """

    _parameter_constraints: dict = {
        **BaseText._parameter_constraints,
        "C": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, list, None, object],
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
        C=1.0,
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
        class_weight=None,
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
        self.C = C
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
        self.class_weight = class_weight
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
        y : array-like of shape (n,) or (n, n_labels)
            Labels of any dtype, or a multi-label indicator of 0 and 1.
        sample_weight : array-like of shape (n,), optional
            A zero weight equals removal.
        X_val, y_val : like X and y, optional
            Held-out texts, in place of a share of the training texts.

        Returns
        -------
        TextClassifier
            self

        Raises
        ------
        ValueError
            For a single string, rows that are no strings, a single class.
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    def predict(self, X) -> np.ndarray:
        """Return the label of each text, (n,) or (n, n_labels)."""
        raw = self._raw(X)
        if self._target.kind == "multilabel":
            return (raw > 0).astype(int)
        index = (raw[:, 0] > 0).astype(int) if raw.shape[1] == 1 else raw.argmax(axis=1)
        return self.classes_[index]

    def predict_proba(self, X) -> np.ndarray:
        """Return the probability of each class, or of each label, float32 (n, n_classes)."""
        raw = self._raw(X)
        if self._target.kind == "binary":
            return np.column_stack([sigmoid(-raw[:, 0]), sigmoid(raw[:, 0])])
        return sigmoid(raw) if self._target.kind == "multilabel" else softmax(raw)

    def decision_function(self, X) -> np.ndarray:
        """Return logits: (n,) for two classes, positive for ``classes_[1]``; else one a class."""
        raw = self._raw(X)
        return raw[:, 0] if self._target.kind == "binary" else raw

    # -- what the machinery asks ----------------------------------------------------------------

    def _read_target(self, y):
        return read_labels(y)

    def _learn_target(self, y, weights) -> ClassTarget:
        target = ClassTarget.learn(y)
        self.classes_ = target.classes
        return target

    def _row_factors(self, target, weights) -> np.ndarray:
        if self.class_weight is None:
            return weights
        learned = ClassWeights.learn(self.class_weight, self._target, target, weights)
        return weights * learned.of(target)

    def _fit_linear(self, matrix, target, weights, seed: int) -> LinearPart:
        kind = self._target.kind
        n = self._target.n_outputs
        return LinearPart.fit_classes(matrix, target, kind, n, weights, self.C, seed)

    def _right(self, raw, target) -> np.ndarray:
        if self._target.kind == "binary":
            return (raw[:, 0] > 0) == (target > 0)
        if self._target.kind == "multiclass":
            return raw.argmax(axis=1) == target
        return ((raw > 0) == (target > 0)).all(axis=1)

    def _score_raw(self, raw, target, weights) -> float:
        return float(np.average(self._right(raw, target), weights=weights))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
