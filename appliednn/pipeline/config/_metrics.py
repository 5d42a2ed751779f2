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
_SHARED = ("duplicate_share_train_test", "max_single_feature_r2", "worst_slice_gap")
_CLASSIFICATION = (
    "max_single_feature_auc",
    "ece",
    "accuracy_noise",
    "accuracy_fgsm",
    "accuracy_pgd",
    "accuracy_missing",
)
FAIRNESS = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equal_opportunity_difference",
    "predictive_parity_difference",
    "predictive_equality_difference",
)
ATTACKS = ("accuracy_fgsm", "accuracy_pgd")
_KEY = re.compile(r"([A-Za-z0-9_]+)(?:\[(.*)\])?")


def known_metrics(task: str) -> tuple[str, ...]:
    """Return the keys of a task; a key with a bracket stands here without it.

    Examples
    --------
    >>> "rmse_vs_dummy" in known_metrics("regression")
    True
    """
    headline = _HEADLINE[task]
    paired = tuple(f"{metric}_vs_{name}" for metric in headline for name in _BASELINES)
    extra = (*_CLASSIFICATION, *FAIRNESS) if task == "classification" else ()
    return (*headline, *paired, *_SHARED, *extra)


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
