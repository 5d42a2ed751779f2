"""Keys of the audit's estimates that a gate may name, known without importing the audit."""

from __future__ import annotations

import re

from appliednn.pipeline.registry._tables import metrics

TASKS = ("classification", "regression", "anomaly")
FAIRNESS: dict[str, tuple[str, ...]] = {
    "classification": (
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equalized_odds_difference",
        "equal_opportunity_difference",
        "predictive_parity_difference",
        "predictive_equality_difference",
        "calibration_gap",
        "accuracy_difference",
    ),
    "regression": ("mae_difference", "mean_residual_difference"),
}
"""Differences between groups, by task; a key has its attribute in brackets."""
ATTACKS = ("accuracy_fgsm", "accuracy_pgd", "rmse_fgsm", "rmse_pgd")
"""Metrics under attack; a key has its size in brackets."""

# A key belongs to one task if it starts with one of these words; others belong to both.
_STEMS = {
    "classification": "cost accuracy balanced precision recall f1 mcc roc pr log brier ece class "
    "calibration demographic equalized equal predictive group_selection group_tpr group_fpr "
    "group_ppv group_accuracy group_base boundary max_single_feature_auc",
    "regression": "r2 rmse mae mape pinball mean_residual prediction_shift group_mae "
    "group_mean_residual max_single_feature_r2",
}
_KEY = re.compile(r"([^\[\]]+)(?:\[(.*)\])?")


def known_metrics(task: str) -> tuple[str, ...]:
    """Return the keys of a task; a key with a bracket stands here without it.

    Examples
    --------
    >>> "rmse" in known_metrics("regression"), "rmse" in known_metrics("classification")
    (True, False)
    """
    foreign = re.compile(rf"({'|'.join(_foreign(task))})(_.*)?")
    return tuple(key for key in metrics() if not foreign.fullmatch(key))


def _foreign(task: str) -> list[str]:
    """Return the words that keys of the other tasks start with."""
    own = _STEMS.get(task, "").split()
    others = [word for other, words in _STEMS.items() if other != task for word in words.split()]
    return [word for word in others if word not in own]


def split_key(key: str) -> tuple[str, str | None]:
    """Return the name of a key and what stands in its bracket.

    Examples
    --------
    >>> split_key("equal_opportunity_difference[sex]")
    ('equal_opportunity_difference', 'sex')
    >>> split_key("roc_auc")
    ('roc_auc', None)
    """
    match = _KEY.fullmatch(key.strip())
    return (match[1], match[2]) if match else (key, None)
