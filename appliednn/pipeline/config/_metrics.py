"""Keys of the audit's estimates that a gate may name, known without importing the audit."""

from __future__ import annotations

import re

from appliednn.pipeline.registry._tables import metrics

TASKS = (
    "classification",
    "regression",
    "anomaly",
    "text-classification",
    "text-regression",
    "tagging",
)
"""Tasks on rows."""
REINFORCEMENT = "reinforcement"
"""The task without rows: what is learned from is an environment."""
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
FAIRNESS["tagging"] = ()
# A detector answers yes or no: without a probability there is nothing to calibrate.
FAIRNESS["anomaly"] = tuple(k for k in FAIRNESS["classification"] if k != "calibration_gap")
ATTACKS = ("accuracy_fgsm", "accuracy_pgd", "rmse_fgsm", "rmse_pgd")
"""Metrics under attack; a key has its size in brackets."""

# A key belongs to one task if it starts with one of these words; others belong to both.
_STEMS = {
    "classification": "cost accuracy balanced precision recall f1 mcc roc pr log brier ece class "
    "calibration demographic equalized equal predictive group_selection group_tpr group_fpr "
    "group_ppv group_accuracy group_base boundary max_single_feature_auc max_single_word_auc "
    "substitution changed_answers identity_change_rate random_substitution words_exchanged "
    "contradicting",
    "regression": "r2 rmse mae mape pinball mean_residual prediction_shift group_mae "
    "group_mean_residual max_single_feature_r2",
    "supervised": "calibration test_skill train_skill train_test_gap",
}
_KEY = re.compile(r"([^\[\]]+)(?:\[(.*)\])?")


def known_metrics(task: str) -> tuple[str, ...]:
    """Return the keys of a task; a key with a bracket stands here without it.

    Examples
    --------
    >>> [task for task in TASKS if "rmse" in known_metrics(task)]
    ['regression', 'text-regression']
    >>> [task for task in TASKS if "roc_auc" in known_metrics(task)]
    ['classification', 'anomaly', 'text-classification']
    """
    if task == REINFORCEMENT:
        return metrics(REINFORCEMENT)
    others = {
        "classification": ("regression",),
        "regression": ("classification",),
        "anomaly": ("regression", "supervised"),
        "tagging": (),
    }[task.removeprefix("text-")]
    foreign = re.compile(rf"({'|'.join(w for o in others for w in _STEMS[o].split())})(_.*)?")
    kind = {"anomaly": "anomaly", "tagging": "tagging"}.get(task, "supervised")
    kind = "text" if task.startswith("text-") else kind
    if task == "tagging":
        return metrics(kind)
    return tuple(key for key in metrics(kind) if not foreign.fullmatch(key))


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
