"""Deep SAD: Deep SVDD that also learns from a few rows known to be anomalies."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _num_samples

from appliednn.anomaly._deep_svdd import DeepSVDDDetector
from appliednn.anomaly._docs import document
from appliednn.core._losses import Loss


@document(
    own="""    hidden_layer_sizes : tuple of int, default=(64,)
        Units of the hidden layers.
    n_components : int, default=32
        Dimensions of the space in which rows are to lie near the centre.
    eta : float, default=1.0
        Weight of a labelled row, in units of one without a label.
""",
    activation="elu",
    learning_rate="1e-3",
    weight_decay="1e-4",
    epochs=50,
)
class DeepSADDetector(DeepSVDDDetector):
    """Deep semi-supervised anomaly detection in tables.

    As :class:`DeepSVDDDetector`, except that rows known to be anomalies are pushed away from the
    centre: their inverse squared distance is lowered. Without labels it is Deep SVDD.

    Parameters
    ----------
    {shared}
    center_ : ndarray of shape (n_components,)
        The centre.

    References
    ----------
    L. Ruff et al., "Deep Semi-Supervised Anomaly Detection", ICLR 2020.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 4))
    >>> X[:5, 0] += 2.5
    >>> labels = np.zeros(300)
    >>> labels[:5] = -1
    >>> detector = DeepSADDetector(random_state=0).fit(X, labels=labels)
    >>> bool(detector.anomaly_score([[2.5, 0, 0, 0]]) > detector.anomaly_score([[-2.5, 0, 0, 0]]))
    True
    """

    _parameter_constraints: dict = {
        **DeepSVDDDetector._parameter_constraints,
        "eta": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(64,),
        *,
        n_components=32,
        eta=1.0,
        contamination="auto",
        novelty=False,
        trim="auto",
        trim_by="isolation_forest",
        activation="elu",
        learning_rate=1e-3,
        weight_decay=1e-4,
        epochs=50,
        batch_size=64,
        numeric="standard",
        missing="median",
        max_seconds=None,
        precision=None,
        callbacks=None,
        verbose="auto",
        random_state=None,
    ):
        super().__init__(
            hidden_layer_sizes,
            n_components=n_components,
            contamination=contamination,
            novelty=novelty,
            trim=trim,
            trim_by=trim_by,
            activation=activation,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            epochs=epochs,
            batch_size=batch_size,
            numeric=numeric,
            missing=missing,
            max_seconds=max_seconds,
            precision=precision,
            callbacks=callbacks,
            verbose=verbose,
            random_state=random_state,
        )
        self.eta = eta

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None, labels=None):
        """Learn what is normal, and what is not, and set the threshold.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows: numbers, categories, strings, booleans, dates, missing values.
        y : array-like of shape (n,), optional
            Not learnt from: what is known of rows goes into ``labels``. A scikit-learn callback
            scores each epoch by it.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.
        labels : array-like of shape (n,), optional
            What is known of each row, as ``predict`` says it: -1 for an anomaly, 1 for a normal
            row, 0 for a row of which nothing is known. Labelled rows are never left out.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If ``labels`` is of another length or holds anything else.
        """
        labels = _checked(labels, _num_samples(X))
        return self._fit_with_callbacks(X, y, sample_weight, labels)

    def _loss(self) -> Loss:
        return Loss("deep_sad", "regression", hyper={"eta": float(self.eta)})

    def _target(self, Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return labels.astype(Z.dtype)


def _checked(labels, n: int) -> np.ndarray:
    if labels is None:
        return np.zeros(n, dtype=np.int8)
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise ValueError(f"labels has shape {labels.shape}; expected one for each of the {n} rows")
    known = np.isin(labels, (-1, 0, 1)) if labels.dtype.kind in "biuf" else np.zeros(n, bool)
    if labels.dtype.kind == "b" or not known.all():
        strange = "booleans" if labels.dtype.kind == "b" else repr(labels[~known][0].item())
        raise ValueError(
            f"labels holds {strange}; expected -1 for an anomaly, 1 for a normal row and 0 for a "
            "row of which nothing is known (from a mask of anomalies: np.where(mask, -1, 0))"
        )
    return labels.astype(np.int8)
