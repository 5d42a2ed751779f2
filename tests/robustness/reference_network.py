"""An independent reference: scikit-learn's MLP with exact NumPy gradients, no TensorFlow.

It has the members of a fitted neural estimator that attacks use, so that they can be tested
against arithmetic done a second time by other means.
"""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor


class NumpyNetwork:
    """Dense network with tanh hidden layers: forward, gradients, a plain PGD loop."""

    def __init__(self, kernels, biases, loss):
        self.kernels = [np.asarray(k, np.float64) for k in kernels]
        self.biases = [np.asarray(b, np.float64) for b in biases]
        self.loss = loss  # "bce", "ce" or "mse"
        self.n_inputs, self.n_outputs = self.kernels[0].shape[0], self.kernels[-1].shape[1]

    def _pass(self, Z):
        activations = [np.asarray(Z, np.float64)]
        for k, b in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            activations.append(np.tanh(activations[-1] @ k + b))
        return activations, activations[-1] @ self.kernels[-1] + self.biases[-1]

    def forward(self, Z):
        return self._pass(Z)[1].astype(np.float32)

    def layer_outputs(self, Z):
        hidden = self._pass(Z)[0][1:]
        return {f"hidden_{i}": h.astype(np.float32) for i, h in enumerate(hidden)}

    def _backward(self, activations, slope):
        for i in range(len(self.kernels) - 1, -1, -1):
            slope = slope @ self.kernels[i].T
            if i:
                slope = slope * (1 - activations[i] ** 2)
        return slope.astype(np.float32)

    def output_gradient(self, Z, k):
        activations, raw = self._pass(Z)
        slope = np.zeros_like(raw)
        slope[:, k] = 1
        return self._backward(activations, slope)

    def loss_rows(self, Z, y):
        raw = self._pass(Z)[1]
        if self.loss == "bce":
            return np.logaddexp(0, raw[:, 0]) - np.asarray(y, float) * raw[:, 0]
        if self.loss == "ce":
            return -np.log(softmax(raw, axis=1)[np.arange(len(raw)), np.asarray(y)])
        return (raw[:, 0] - np.asarray(y, float)) ** 2

    def _rival(self, Z, y):
        """Return raw outputs, true classes and the strongest other class of each row."""
        raw = self._pass(Z)[1]
        true = np.asarray(y, int)
        others = raw.copy()
        others[np.arange(len(raw)), true] = -np.inf
        return raw, true, others.argmax(axis=1)

    def margin_rows(self, Z, y):
        if self.loss == "bce":
            return -(2 * np.asarray(y, float) - 1) * self._pass(Z)[1][:, 0]
        raw, true, rival = self._rival(Z, y)
        rows = np.arange(len(raw))
        return raw[rows, rival] - raw[rows, true]

    def margin_gradient(self, Z, y):
        activations, raw = self._pass(Z)
        if self.loss == "bce":
            return self._backward(activations, -(2 * np.asarray(y, float) - 1)[:, None])
        _, true, rival = self._rival(Z, y)
        one_hot = np.eye(raw.shape[1])
        return self._backward(activations, one_hot[rival] - one_hot[true])

    def loss_gradient(self, Z, y):
        activations, raw = self._pass(Z)
        if self.loss == "bce":
            slope = expit(raw) - np.asarray(y, float)[:, None]
        elif self.loss == "ce":
            slope = softmax(raw, axis=1) - np.eye(raw.shape[1])[np.asarray(y)]
        else:
            slope = 2 * (raw - np.asarray(y, float)[:, None])
        return self._backward(activations, slope)

    def projected_gradient(
        self,
        Z,
        y,
        eps,
        step,
        n_steps,
        mask=None,
        lower=-np.inf,
        upper=np.inf,
        random_start=False,
        seed=0,
        start=None,
        objective="loss",
    ):
        Z = np.asarray(Z, np.float32)
        move = np.ones(Z.shape[1], bool) if mask is None else mask
        low = np.where(move, np.minimum(np.maximum(Z - np.float32(eps), lower), Z), Z)
        high = np.where(move, np.maximum(np.minimum(Z + np.float32(eps), upper), Z), Z)
        points = Z.copy() if start is None else np.asarray(start, np.float32)
        rows, gradient = self.loss_rows, self.loss_gradient
        if objective == "margin":
            rows, gradient = self.margin_rows, self.margin_gradient
        if random_start:
            points = np.random.default_rng(seed).uniform(low, high).astype(np.float32)
        best, best_loss = Z, rows(Z, y)
        for _ in range(n_steps):
            points = points + np.float32(step) * np.sign(gradient(points, y))
            points = np.clip(points, low, high).astype(np.float32)
            loss = rows(points, y)
            worse = loss > best_loss
            best = np.where(worse[:, None], points, best)
            best_loss = np.where(worse, loss, best_loss)
        return best


class _Encoder:
    """Standardises numbers (missing: 0 and an indicator), one-hot encodes the rest."""

    def fit(self, frame):
        self.numbers = list(frame.select_dtypes("number").columns)
        self.texts = [c for c in frame.columns if c not in self.numbers]
        self.mean, self.scale = frame[self.numbers].mean(), frame[self.numbers].std()
        self.levels = {c: sorted(frame[c].dropna().unique()) for c in self.texts}
        n = len(self.numbers)
        width = 2 * n + sum(len(v) for v in self.levels.values())
        self.numeric_mask_ = np.arange(width) < n
        order = [frame.columns.get_loc(c) for c in self.numbers]
        codes = [frame.columns.get_loc(c) for c in self.texts for _ in self.levels[c]]
        self.input_index_ = np.array(order + order + codes)
        return self

    def transform(self, frame):
        z = (frame[self.numbers] - self.mean) / self.scale
        parts = [z.fillna(0).to_numpy(), z.isna().to_numpy()]
        for c in self.texts:
            parts.append(frame[c].to_numpy()[:, None] == np.array(self.levels[c], dtype=object))
        return np.ascontiguousarray(np.hstack(parts), dtype=np.float32)


def _frame(X):
    return X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))


class ReferenceClassifier(ClassifierMixin, BaseEstimator):
    """scikit-learn's MLP (tanh) with the members that attacks use."""

    def __init__(self, hidden=(8,), alpha=1e-3, max_iter=60):
        self.hidden = hidden
        self.alpha = alpha
        self.max_iter = max_iter

    def fit(self, X, y):
        self.encoder_ = _Encoder().fit(_frame(X))
        inner = MLPClassifier(
            self.hidden,
            activation="tanh",
            solver="lbfgs",
            alpha=self.alpha,
            max_iter=self.max_iter,
            random_state=0,
        )
        # A fit stopped early is what a test wants: it is small and fast.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            inner.fit(self.encode(X), y)
        self.inner_, self.classes_ = inner, inner.classes_
        loss = "bce" if len(self.classes_) == 2 else "ce"
        self.network_ = NumpyNetwork(inner.coefs_, inner.intercepts_, loss)
        return self

    def encode(self, X):
        return self.encoder_.transform(_frame(X))

    def encode_target(self, y):
        index = np.searchsorted(self.classes_, np.asarray(y))
        return index.astype(np.float32) if len(self.classes_) == 2 else index

    def logits(self, Z):
        raw = self.network_.forward(Z)
        return np.hstack([np.zeros_like(raw), raw]) if raw.shape[1] == 1 else raw

    def predict_encoded(self, Z):
        return softmax(self.logits(Z).astype(np.float64), axis=1)

    def predict_proba(self, X):
        return self.predict_encoded(self.encode(X))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class ReferenceRegressor(RegressorMixin, BaseEstimator):
    """scikit-learn's MLP regressor (tanh) on a standardised target."""

    def __init__(self, hidden=(8,), max_iter=60):
        self.hidden = hidden
        self.max_iter = max_iter

    def fit(self, X, y):
        self.encoder_ = _Encoder().fit(_frame(X))
        self.target_ = SimpleNamespace(mean=np.mean(y), scale=np.std(y))
        inner = MLPRegressor(
            hidden_layer_sizes=self.hidden,
            activation="tanh",
            solver="lbfgs",
            alpha=1e-3,
            max_iter=self.max_iter,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            inner.fit(self.encode(X), self.encode_target(y))
        self.network_ = NumpyNetwork(inner.coefs_, inner.intercepts_, "mse")
        return self

    def encode(self, X):
        return self.encoder_.transform(_frame(X))

    def encode_target(self, y):
        return ((np.asarray(y, float) - self.target_.mean) / self.target_.scale).astype(np.float32)

    def predict_encoded(self, Z):
        raw = self.network_.forward(Z)[:, 0].astype(np.float64)
        return raw * self.target_.scale + self.target_.mean

    def predict(self, X):
        return self.predict_encoded(self.encode(X))
