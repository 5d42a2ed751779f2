"""Keys of the audit's estimates that a gate may name, known without importing the audit."""

from __future__ import annotations

import re

_HEADLINE = {
    "classification": (
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1",
        "mcc",
        "roc_auc",
        "pr_auc",
        "log_loss",
        "brier",
    ),
    "regression": ("r2", "rmse", "mae", "mape", "pinball"),
}
_BASELINES = ("dummy", "linear", "boosting")
_SHARED = ("duplicate_share_train_test", "worst_slice_gap")
_KINDS = {"classification": "accuracy", "regression": "rmse"}
_STRESS = ("noise", "fgsm", "pgd", "blackbox", "missing", "worst_feature_missing")
_OTHER = {
    "classification": (
        "max_single_feature_auc",
        "ece",
        "boundary_distance",
        "group_selection_rate",
        "group_tpr",
        "group_fpr",
        "group_ppv",
        "group_accuracy",
        "group_base_rate",
    ),
    "regression": (
        "max_single_feature_r2",
        "prediction_shift_pgd",
        "group_mae",
        "group_mean_residual",
    ),
}
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
_KEY = re.compile(r"([^\[\]]+)(?:\[(.*)\])?")


def known_metrics(task: str) -> tuple[str, ...]:
    """Return the keys of a task; a key with a bracket stands here without it.

    Examples
    --------
    >>> "rmse_vs_dummy" in known_metrics("regression")
    True
    """
    headline = _HEADLINE[task]
    paired = tuple(f"{metric}_vs_{name}" for metric in headline for name in _BASELINES)
    stress = tuple(f"{_KINDS[task]}_{name}" for name in _STRESS)
    return (*headline, *paired, *_SHARED, *stress, *_OTHER[task], *FAIRNESS[task])


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
