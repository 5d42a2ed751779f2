"""Parameter text that the detectors share."""

from __future__ import annotations

_PARAMETERS = """
    contamination : float in (0, 0.5] or "auto", default="auto"
        Share of the training rows that lie above the threshold; ``"auto"``: Tukey's fence of the
        scores' logarithms.
    novelty : bool, default=False
        Whether the training rows are known to be clean; otherwise some may be anomalies
        themselves.
    trim : float in [0, 1) or "auto", default="auto"
        Share of the training rows, the most anomalous first, that the network is not trained on;
        ``"auto"``: 0.1, or nothing with ``novelty=True``. Scores and threshold know all rows.
    trim_by : {{"isolation_forest", "losses"}}, default="isolation_forest"
        What ranks the rows for that: an isolation forest, or the network's own scores after a
        fifth of the epochs, whereupon it starts afresh.
{own}    activation : str, default="{activation}"
        Name of a Keras activation of the hidden layers.
    learning_rate : float, default={learning_rate}
        Of Adam.
    weight_decay : float, default={weight_decay}
        Decoupled decay of the kernels, times the learning rate.
    epochs : int, default={epochs}
        Passes over the training rows.
    batch_size : int or "full", default=64
        Rows of a step.
    numeric, missing : str
        As in :class:`~appliednn.tabular.TabularEncoder`. What is missing is no evidence unless
        ``missing="median_indicator"``.
    max_seconds : float, optional
        Longest training time.
    precision : None or "float64", default=None
        Double precision throughout.
    callbacks : list of keras.callbacks.Callback, optional
        Copied for each fit; scikit-learn's go to ``set_callbacks``.
    verbose : bool or "auto", default="auto"
        ``"auto"``: a progress bar on a terminal once training has taken three seconds.
    random_state : int, RandomState or None, default=None
        Seeds weights, shuffles, noise and the isolation forest.

    Attributes
    ----------
    threshold_, offset_ : float
        Rows with a higher ``anomaly_score`` are outliers; ``offset_ = -threshold_``.
    decision_scores_ : ndarray of shape (n,)
        Anomaly scores of the training rows.
    labels_ : ndarray of int, shape (n,)
        1 for training rows that are outliers, 0 for others.
    n_trimmed_ : int
        Rows the network was not trained on.
    network_ : Network
        The trained network.
    encoder_ : TabularEncoder
        From rows to numbers.
    history_ : dict of str to list
        One value an epoch: ``loss``, ``lr``, ``seconds``.
    n_epochs_, stop_reason_
        Epochs run and why training ended.
    n_features_in_, feature_names_in_
        As in scikit-learn.
"""


def document(own: str, **numbers):
    """Return a decorator that fills the shared parameters in where the docstring says {shared}."""

    def decorate(cls):
        shared = _PARAMETERS.format(own=own, **numbers).strip("\n")
        cls.__doc__ = cls.__doc__.replace("    {shared}", shared)
        return cls

    return decorate
