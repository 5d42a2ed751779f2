"""compare_policies: several policies by one log, and their differences by paired decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from appliednn.core.statistics import Estimate
from appliednn.reinforcement.offline._decision_log import read_log
from appliednn.reinforcement.offline._off_policy import off_policy_value
from appliednn.reinforcement.offline._policy_value import PolicyComparison, PolicyValue
from appliednn.reinforcement.offline._value_intervals import (
    bootstrap_draws,
    hall_interval,
    percentile_interval,
)


def compare_policies(
    policies: Mapping[str, Any],
    actions: Any,
    rewards: Any,
    propensity: Any = None,
    X: Any = None,
    *,
    baseline: str = "logged",
    **options: Any,
) -> PolicyComparison:
    """Estimate the values of several policies by one log, and how much each is better.

    Parameters
    ----------
    policies : mapping of str to policy
        As :func:`off_policy_value` takes them; ``"logged"`` is the log's own, added by itself.
    actions, rewards, propensity, X
        The log, as in :func:`off_policy_value`.
    baseline : str, default="logged"
        Whose value is subtracted.
    **options
        Passed on to :func:`off_policy_value`.

    Returns
    -------
    PolicyComparison

    Raises
    ------
    ValueError
        If the baseline is not among the policies, or one is called ``"logged"``.
    TypeError
        If the policies have no names.

    Examples
    --------
    >>> actions, rewards = ["a", "b"] * 20, [0, 1, 1, 1, 0, 0, 0, 1] * 5
    >>> shown = compare_policies({"b": "b"}, actions, rewards, [0.5] * 40, method="snips")
    >>> round(shown.differences["b"].value, 3)
    0.25
    """
    if not isinstance(policies, Mapping):
        raise TypeError(
            f"policies is of type {type(policies).__name__}; expected a dictionary of names and "
            'policies, such as {"bandit": bandit, "always b": "b"}'
        )
    if "logged" in policies:
        raise ValueError(
            "policies has a key 'logged', the name of the log's own policy; rename it"
        )
    if baseline not in (*policies, "logged"):
        raise ValueError(f"baseline={baseline!r} is none of the policies {[*policies, 'logged']}")
    values = {
        name: off_policy_value(policy, actions, rewards, propensity, X, **options)
        for name, policy in policies.items()
    }
    drawn = next((v.draws for v in values.values() if v.draws is not None), None)
    numbers = read_log(actions, rewards).rewards
    values["logged"] = _logged(numbers, drawn, options)
    base, level = values[baseline], options.get("level", 0.95)
    differences = {
        name: _difference(name, value, base, baseline, level)
        for name, value in values.items()
        if name != baseline
    }
    return PolicyComparison(values, differences, baseline)


def _logged(rewards: np.ndarray, drawn, options: Mapping[str, Any]) -> PolicyValue:
    """Return the log's own value: its mean reward."""
    level, seed = options.get("level", 0.95), options.get("random_state", 0)
    draws = None
    ci, how = hall_interval(rewards, level), "hall"
    if drawn is not None:
        draws = bootstrap_draws(lambda rows: rewards[rows].mean(), len(rewards), len(drawn), seed)
        ci, how = percentile_interval(draws, level), "bootstrap"
    n = len(rewards)
    estimate = Estimate("value (logged)", float(rewards.mean()), ci, n, how, level)
    error = float(rewards.std(ddof=1) / np.sqrt(n))
    return PolicyValue("logged", estimate, error, n, terms=rewards, draws=draws)


def _difference(
    name: str, value: PolicyValue, base: PolicyValue, baseline: str, level: float
) -> Estimate:
    """Return value less base with the interval of paired rows or paired bootstrap samples."""
    if value.draws is not None and base.draws is not None:
        ci, how = percentile_interval(value.draws - base.draws, level), "bootstrap"
    else:
        ci, how = hall_interval(value.terms - base.terms, level), "hall"
    title = f"value of {name} less {baseline}"
    return Estimate(title, value.value - base.value, ci, value.n, how, level)
