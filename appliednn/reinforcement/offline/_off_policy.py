"""off_policy_value: what a policy would have earned, from the log of another."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from appliednn.core.statistics import Estimate
from appliednn.reinforcement.offline._decision_log import DecisionLog, read_log, sorted_labels
from appliednn.reinforcement.offline._policy_value import PolicyValue
from appliednn.reinforcement.offline._reward_model import RidgeCrossFit, cross_fit
from appliednn.reinforcement.offline._target_policy import policy_labels, policy_probabilities
from appliednn.reinforcement.offline._value_checks import (
    check_needs,
    unsupported_share,
    value_notes,
)
from appliednn.reinforcement.offline._value_intervals import (
    bernstein_interval,
    bootstrap_draws,
    hall_interval,
    normal_interval,
    percentile_interval,
)
from appliednn.reinforcement.offline._value_terms import (
    MODEL_BOUND,
    NEEDS_MODEL,
    choose_threshold,
    importance_weights,
    influence,
    row_terms,
)

# Of so many rows a doubly robust value no longer varies with the ridge regression it rests on, and
# fitting that hundreds of times takes minutes.
_MANY_ROWS = 50_000
_METHODS = {"ips", "snips", "dm", "dr", "switch", "switch-dr"}


@validate_params(
    {
        "method": [StrOptions(_METHODS)],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "clip": [Interval(Real, 0, None, closed="neither"), None],
        "threshold": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "interval": [StrOptions({"auto", "hall", "normal", "bootstrap", "bernstein"})],
        "level": [Interval(Real, 0, 1, closed="neither")],
        "n_boot": [Interval(Integral, 2, None, closed="left")],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def off_policy_value(
    policy: Any,
    actions: Any,
    rewards: Any,
    propensity: Any = None,
    X: Any = None,
    *,
    method: str = "dr",
    labels: Any = None,
    reward_model: Any = None,
    n_folds: int = 5,
    clip: float | None = None,
    threshold: float | str = "auto",
    interval: str = "auto",
    reward_range: tuple[float, float] | None = None,
    level: float = 0.95,
    n_boot: int = 400,
    random_state: int = 0,
) -> PolicyValue:
    """Estimate the mean reward of a policy from decisions that another one has made.

    Parameters
    ----------
    policy : estimator, callable, ndarray or label
        What is evaluated: a fitted estimator (``predict_proba`` if it has one and says its
        ``classes_``, else ``predict``), a function of X, probabilities of shape
        (n, n_actions), a label for each row, or one label for all. It must not have learnt from
        these rows.
    actions : array-like of shape (n,)
        Labels of what was done.
    rewards : array-like of shape (n,)
        What followed.
    propensity : array-like of shape (n,) or (n, n_actions), optional
        Probability of what was done, or of every action in the order of ``labels``. Not needed
        for ``"dm"``; ``"switch"`` needs every action's.
    X : array-like or DataFrame of shape (n, n_features), optional
        Contexts: what policy and reward model read.
    method : {"ips", "snips", "dm", "dr", "switch", "switch-dr"}, default="dr"
        Inverse propensity scoring, the same divided by the weights' mean, the direct method (a
        model's rewards), doubly robust, or SWITCH: inverse propensity scoring (doubly robust)
        for actions of small weight and the model for others.
    labels : array-like of shape (n_actions,), optional
        All actions; those of log and policy if not given.
    reward_model : regressor or ndarray of shape (n, n_actions), optional
        A scikit-learn regressor, cloned for each action and cross-fitted, or expected rewards
        that were not learnt from these rows. By default ridge regression on encoded rows.
    n_folds : int, default=5
        Parts of the cross-fit.
    clip : float, optional
        Largest weight; more is cut, which biases towards 0 (or the model).
    threshold : float or "auto", default="auto"
        Weight above which SWITCH leaves an action to the model; ``"auto"``: the least bound of
        the squared error.
    interval : {"auto", "hall", "normal", "bootstrap", "bernstein"}, default="auto"
        By the central limit theorem, ``"normal"``, with a correction for skewness, ``"hall"``,
        or by a bootstrap that fits the model anew on each sample. ``"auto"``: the bootstrap for
        methods in which a model's error stays (``"dm"``, ``"switch"``) and for the ridge
        regression on at most 50 000 rows, which is fast; else ``"hall"``, whose ``"dr"`` does not
        know how much a model learnt from these rows varies, and is a little short for few.
        ``"bernstein"`` holds for every n; for ``"ips"`` and ``"dr"``, with ``clip`` and
        ``reward_range``.
    reward_range : (float, float), optional
        Least and greatest possible reward.
    level : float, default=0.95
        Of the interval.
    n_boot : int, default=400
        Bootstrap samples.
    random_state : int, default=0
        Seeds folds and bootstrap.

    Returns
    -------
    PolicyValue
        Estimate with interval, diagnostics of the weights, notes.

    Raises
    ------
    ValueError
        For columns that do not fit together, and for methods without what they need.

    Warns
    -----
    UserWarning
        If the policy does what the log never did, the weights' mean is far from 1, or the value
        rests on fewer than 20 decisions.

    References
    ----------
    M. Dudik, J. Langford, L. Li, "Doubly Robust Policy Evaluation and Learning", ICML 2011.
    A. Swaminathan, T. Joachims, "The Self-Normalized Estimator for Counterfactual Learning",
    NIPS 2015.
    Y.-X. Wang, A. Agarwal, M. Dudik, "Optimal and Adaptive Off-policy Evaluation in Contextual
    Bandits", ICML 2017 (SWITCH).

    Examples
    --------
    Each action was shown to half of the visitors; ``"b"`` earned 3 in four visits, ``"a"`` 1.

    >>> actions = ["a", "b"] * 20
    >>> rewards = [0, 1, 1, 1, 0, 0, 0, 1] * 5
    >>> result = off_policy_value("b", actions, rewards, [0.5] * 40, method="ips")
    >>> result.value, result.effective_n, result.mean_weight
    (0.75, 20.0, 1.0)
    """
    log, target = _read(policy, actions, rewards, propensity, X, labels)
    check_needs(method, log, X, reward_model, interval, clip, reward_range)
    weights = None if log.propensity is None else importance_weights(log, target, clip)
    cross, model = None, None
    if method in NEEDS_MODEL:
        cross, model = _model(reward_model, X, log, n_folds, random_state)
        if interval == "bernstein":
            model = np.clip(model, *reward_range)  # as the bound of the terms supposes
    cut = None
    if method.startswith("switch"):
        cut = threshold
        if threshold == "auto":
            cut = choose_threshold(method, log, target, weights, model)
    terms = influence(method, row_terms(method, log, target, weights, model, cut), weights)
    if interval == "auto":
        quick = isinstance(cross, RidgeCrossFit) and log.n <= _MANY_ROWS
        refits = method in MODEL_BOUND or quick
        interval = "bootstrap" if refits else "hall"

    def resampled(rows: np.ndarray) -> float:
        again = model if cross is None else cross.predict(rows)
        own = row_terms(method, log, target, weights, again, cut)[rows]
        return own.mean() / (weights.taken[rows].mean() if method == "snips" else 1.0)

    draws = None
    if interval == "bootstrap":
        draws = bootstrap_draws(resampled, log.n, n_boot, random_state)
        ci = percentile_interval(draws, level)
    elif interval == "bernstein":
        ci = bernstein_interval(terms, _bounds(method, reward_range, clip), level)
    else:
        ci = (hall_interval if interval == "hall" else normal_interval)(terms, level)
    return _result(
        method, log, target, weights, terms, draws, ci, interval, level, cut, random_state
    )


def _read(policy, actions, rewards, propensity, X, labels) -> tuple[DecisionLog, np.ndarray]:
    """Return the log and the policy's probabilities of its actions."""
    if labels is None and (own := policy_labels(policy)) is not None:
        labels = (
            own
            if np.ndim(propensity) == 2
            else sorted_labels(np.concatenate([own, sorted_labels(actions)]))
        )
    log = read_log(actions, rewards, propensity, labels)
    if log.n < 2:
        raise ValueError("the log holds 1 decision; an interval needs at least 2")
    return log, policy_probabilities(policy, X, log.n, log.labels)


def _model(reward_model, X, log: DecisionLog, n_folds: int, seed: int):
    """Return the cross-fit (None for given rewards) and the expected rewards (n, K)."""
    if isinstance(reward_model, np.ndarray):
        if reward_model.shape != (log.n, len(log.labels)) or not np.isfinite(reward_model).all():
            raise ValueError(
                f"reward_model has shape {reward_model.shape}; expected finite rewards of shape "
                f"({log.n}, {len(log.labels)}), a column for each of {log.labels.tolist()}"
            )
        return None, reward_model.astype(np.float64)
    cross = cross_fit(reward_model, X, log.codes, log.rewards, len(log.labels), n_folds, seed)
    return cross, cross.predict()


def _bounds(method: str, reward_range, clip: float) -> tuple[float, float]:
    """Return what a term of IPS or DR can be at least and at most."""
    low, high = map(float, reward_range)
    if method == "ips":
        return min(0.0, clip * low), max(0.0, clip * high)
    return low - clip * (high - low), high + clip * (high - low)


def _result(method, log, target, weights, terms, draws, ci, interval, level, cut, seed):
    """Put numbers, diagnostics and notes together; warn of the notes."""
    unsupported = unsupported_share(log, target)
    notes = value_notes(method, log, weights, unsupported)
    for note in notes:
        warnings.warn(note, UserWarning, stacklevel=3)
    spread = terms.std(ddof=1) / np.sqrt(log.n) if draws is None else draws.std(ddof=1)
    name = f"value ({method})"
    drawn = seed if draws is not None else None
    estimate = Estimate(name, float(terms.mean()), ci, log.n, interval, level, drawn)
    diagnostics = {}
    if weights is not None:
        total, squares = weights.taken.sum(), (weights.taken**2).sum()
        diagnostics = {
            "effective_n": float(total**2 / squares) if squares else 0.0,
            "mean_weight": float(weights.raw.mean()),
            "max_weight": float(weights.raw.max()),
            "clipped": float((weights.taken < weights.raw).mean()),
        }
    return PolicyValue(
        method,
        estimate,
        float(spread),
        log.n,
        unsupported=unsupported,
        threshold=cut,
        notes=notes,
        terms=terms,
        draws=draws,
        **diagnostics,
    )
