"""Parameter text that the detectors for series share."""

from __future__ import annotations

_FIRST = """
    window : int or "auto", default="auto"
        Time points of a window. ``"auto"``: four periods of the series (the median over the
        channels), rounded to a power of two from 16 to 128 so that fits share compiled programs;
        {window} if it has none. At most an eighth of the series, or a quarter where nothing
        is trimmed, if that is 16 or more.
{own}    contamination : float in (0, 0.5] or "auto", default="auto"
        Share of the training time points that lie above the threshold; ``"auto"``: Tukey's fence
        of the scores' logarithms, at least the top 1 %.
    novelty : bool, default=False
        Whether the training series are known to be clean.
    trim : float in [0, 1) or "auto", default="auto"
        Share of the training windows, the most anomalous first, that nothing is learned from;
        ``"auto"``: 0.1, or nothing with ``novelty=True``. Scores and threshold know all of them.
"""
_NETWORK = """    trim_by : {{"windowed_pca", "losses"}}, default="windowed_pca"
        What ranks the windows for that: their distance as in :class:`WindowedPCADetector`, or the
        network's own losses after a fifth of the epochs, whereupon it starts afresh.
"""
_SMOOTHING = """    smoothing : int or "auto", default="auto"
        Time points around each, half of them later, over which the scores are averaged, twice
        (near ones weigh more); 1 finds single points most sharply. ``"auto"``: {smoothing}.
"""
_TRAINING = """    learning_rate : float, default=3e-3
        Of Adam.
    epochs : int, default={epochs}
        Passes over the training windows.
    batch_size : int, default=64
        Windows of a step.
    max_windows : int, default=1000
        Windows of an epoch, spread evenly over the series: what training costs at most.
    max_seconds : float, optional
        Longest training time.
    verbose : bool or "auto", default="auto"
        ``"auto"``: a progress bar on a terminal once training has taken three seconds.
    random_state : int, RandomState or None, default=None
        Seeds weights and shuffles.
"""
_SEED = """    random_state : int, RandomState or None, default=None
        Unused: nothing is drawn. Kept so that detectors can be exchanged.
"""
_LEARNED = """
    Attributes
    ----------
    threshold_, offset_ : float
        Time points with a higher ``anomaly_score`` are outliers; ``offset_ = -threshold_``.
    decision_scores_ : ndarray of shape (n_timepoints,)
        Anomaly scores of the training time points, of several series one after the other.
    labels_ : ndarray of int, shape (n_timepoints,)
        1 for training time points that are outliers, 0 for others.
    window_, smoothing_ : int
        Time points of a window, and of a mean of the scores.
    n_trimmed_ : int
        Windows nothing was learned from.
    scaler_ : ChannelScaler
        Scale of each channel.
    n_features_in_, feature_names_in_
        Channels, and their names if a frame was given.
"""
_LEARNED_NETWORK = """    network_ : Network
        The trained network.
    history_ : dict of str to list
        One value an epoch: ``loss``, ``lr``, ``seconds``.
    n_epochs_, stop_reason_
        Epochs run and why training ended.
"""


def document(own: str, network: bool = False, **words):
    """Return a decorator that fills the shared parameters in where the docstring says {shared}."""
    parts = [_FIRST, _NETWORK if network else "", _SMOOTHING, _TRAINING if network else _SEED]
    parts += [_LEARNED, _LEARNED_NETWORK if network else ""]

    def decorate(cls):
        shared = "".join(parts).format(own=own, **words).strip("\n")
        cls.__doc__ = cls.__doc__.replace("    {shared}", shared)
        return cls

    return decorate
