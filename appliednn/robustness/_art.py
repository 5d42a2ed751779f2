"""ART's view of a neural classifier: its attacks run on the encoded space, through our network."""

from __future__ import annotations

import warnings

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.robustness._margins import class_gradients

with warnings.catch_warnings():
    # ART says at import that its PyTorch-only parts are left out; nothing here uses them.
    warnings.filterwarnings("ignore", message="PyTorch not found", category=UserWarning)
    from art.estimators import BaseEstimator, LossGradientsMixin, NeuralNetworkMixin
    from art.estimators.classification import ClassGradientsMixin, ClassifierMixin


class ArtClassifier(
    ClassGradientsMixin, ClassifierMixin, LossGradientsMixin, NeuralNetworkMixin, BaseEstimator
):
    """A fitted neural classifier as an ART estimator with logits and exact gradients.

    Inputs are encoded rows (``est.encode(X)``), outputs are logits; a binary network with one
    output is shown as the two logits ``[0, z]``, which is what ART's attacks need. Keep
    categories and indicators still with ``mask=est.encoder_.numeric_mask_`` in ``generate``.

    Parameters
    ----------
    est : fitted neural classifier
        Has ``network_``, ``classes_``, ``logits`` and ``encode_target``.
    clip_values : tuple of (float or ndarray, float or ndarray), optional
        Bounds of the encoded features.
    batch_size : int
        Rows for a call of the network where an attack does not say.

    Raises
    ------
    UsageError
        When ``est`` is no fitted neural classifier.

    Examples
    --------
    >>> from art.attacks.evasion import ProjectedGradientDescent
    >>> from appliednn.robustness import make_art_classifier
    >>> art_model = make_art_classifier(model)  # doctest: +SKIP
    >>> attack = ProjectedGradientDescent(art_model, eps=0.1, eps_step=0.01)  # doctest: +SKIP
    """

    estimator_params = (
        BaseEstimator.estimator_params
        + NeuralNetworkMixin.estimator_params
        + ClassifierMixin.estimator_params
    )

    def __init__(self, est, clip_values=None, batch_size: int = 4096) -> None:
        if not hasattr(est, "network_") or not hasattr(est, "classes_"):
            raise UsageError(
                f"{type(est).__name__} is not a fitted neural classifier; fit an appliednn "
                "classifier first, or use ART's BlackBoxClassifier for other models"
            )
        super().__init__(model=est, clip_values=clip_values, channels_first=False)
        self.nb_classes = len(est.classes_)
        self.batch_size = int(batch_size)

    @property
    def input_shape(self) -> tuple[int]:
        """Shape of an encoded row."""
        return (self.model.network_.n_inputs,)

    @property
    def layer_names(self) -> list[str]:
        """Names of the hidden layers, in order."""
        return list(self.model.network_.layer_outputs(np.zeros((1, *self.input_shape), "f4")))

    def predict(self, x, batch_size=None, training_mode=False, **_unused) -> np.ndarray:
        """Return logits of shape (n, n_classes); ART's own flags (``logits``) change nothing."""
        return self._by_batch(self.model.logits, x, batch_size)

    def loss_gradient(self, x, y, training_mode=False, **_unused) -> np.ndarray:
        """Return the gradient of each row's training loss; ``y`` one-hot or class indices."""
        targets = self._targets(y)
        gradient = self.model.network_.loss_gradient
        return self._by_batch(gradient, x, None, targets)

    def class_gradient(self, x, label=None, training_mode=False, **_unused) -> np.ndarray:
        """Return gradients of the logits.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            Encoded rows.
        label : int, array of int of shape (n,) or None
            One class for all rows, one for each row, or all classes.

        Returns
        -------
        ndarray of shape (n, n_classes, n_inputs) or (n, 1, n_inputs)
        """
        slopes = self._by_batch(lambda Z: class_gradients(self.model, Z), x, None)
        if label is None:
            return slopes
        chosen = np.broadcast_to(np.asarray(label, dtype=np.int64).reshape(-1), len(slopes))
        return slopes[np.arange(len(slopes)), chosen][:, None, :]

    def compute_loss(self, x, y, reduction: str = "none", **_unused) -> np.ndarray:
        """Return the cross-entropy of the logits: of each row, their mean or their sum."""
        logits = np.asarray(self.predict(x), dtype=np.float64)
        labels = _indices(y)
        top = logits.max(axis=1)
        log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        loss = log_sum - logits[np.arange(len(logits)), labels]
        return {"none": lambda a: a, "mean": np.mean, "sum": np.sum}[reduction](loss)

    def get_activations(self, x, layer, batch_size=None, framework=False) -> np.ndarray:
        """Return a hidden layer's outputs; ``layer`` is its name or position."""
        if framework:
            raise NotImplementedError("framework tensors are not handed out; use framework=False")
        names = self.layer_names
        if isinstance(layer, int | np.integer):
            layer = names[layer]
        if layer not in names:
            raise UsageError(f"no hidden layer {layer!r}; there are {names}")
        outputs = self.model.network_.layer_outputs
        return self._by_batch(lambda Z: outputs(Z)[layer], x, batch_size)

    def fit(self, x, y, batch_size=128, nb_epochs=10, **_unused) -> None:
        """Refuse: the estimator is trained through its own ``fit``, on raw rows."""
        raise NotImplementedError("fit the estimator itself; ART sees it through this bridge")

    def _by_batch(self, function, x, batch_size, *more) -> np.ndarray:
        """Apply a function to rows in batches."""
        Z = np.ascontiguousarray(x, dtype=np.float32)
        size = int(batch_size or self.batch_size)
        parts = [
            np.asarray(function(Z[i : i + size], *(a[i : i + size] for a in more)))
            for i in range(0, len(Z), size)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _targets(self, y) -> np.ndarray:
        """Return ``y`` as the network was trained on it."""
        return np.asarray(self.model.encode_target(self.model.classes_[_indices(y)]))


def make_art_classifier(est, clip_values=None, batch_size: int = 4096) -> ArtClassifier:
    """Return the ART estimator of a fitted neural classifier.

    Parameters
    ----------
    est, clip_values, batch_size
        As in :class:`ArtClassifier`.

    Returns
    -------
    ArtClassifier
        For ART's FGSM, PGD, AutoPGD (``loss_type=None``), DeepFool, Carlini-Wagner, HopSkipJump
        and others that take 2-D input.

    Examples
    --------
    >>> make_art_classifier(object())
    Traceback (most recent call last):
    ...
    appliednn.core.errors.UsageError: object is not a fitted neural classifier; ...
    """
    return ArtClassifier(est, clip_values=clip_values, batch_size=batch_size)


def _indices(y) -> np.ndarray:
    """Return class indices from indices or one-hot (or soft) rows."""
    y = np.asarray(y)
    return (y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)).astype(np.int64)
