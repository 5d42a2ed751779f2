"""Anomaly detectors: what they find, how many alerts they give, and whether both can be relied on.

Keys
----
``roc_auc``, ``average_precision``, ``precision_at[k]`` (k: 10, 50, 100, n_anomalies), ``recall``,
``precision``, ``false_alarm_rate``, of a series also ``vus_pr``, ``vus_roc`` and
``affiliation_f1`` (ANN901); ``alert_rate``, ``alert_rate_train``,
``alert_rate_ratio``, ``alert_rate_above[q]`` (q: a quantile of the training scores) (ANN902);
``seed_stability``, ``seed_top_overlap``, ``seed_flagged_overlap`` and the same of ``subsample_``
(ANN903); ``injected_roc_auc[kind]``, ``injected_recall[kind]`` (kind: ``1 sd`` to ``5 sd``,
``permuted``, ``new level``; of a series ``level shift 1 sd`` ..., ``frozen``)
(ANN904); ``roc_auc_vs_<baseline>``, ``average_precision_vs_<baseline>`` (positive when the
detector is better), ``rank_correlation[baseline]``, ``top_overlap[baseline]``, baselines iforest,
knn, lof and ecod (ANN905); ``top_contribution_share[feature]``, ``injected_column_found``
(ANN906); ``score_drift``, ``score_stability_index`` (ANN907).
"""

from __future__ import annotations

from appliednn.audit._base import Check
from appliednn.audit.checks._detection_alerts import AlertVolume
from appliednn.audit.checks._detection_baselines import DetectorBaselines
from appliednn.audit.checks._detection_contributions import Contributions
from appliednn.audit.checks._detection_drift import ScoreDrift
from appliednn.audit.checks._detection_injected import Injected
from appliednn.audit.checks._detection_labels import Detection
from appliednn.audit.checks._detection_stability import Stability

CHECKS: tuple[type[Check], ...] = (
    Detection,
    AlertVolume,
    Stability,
    Injected,
    DetectorBaselines,
    Contributions,
    ScoreDrift,
)
