"""Data: size and columns, missing values, duplicates, leakage, drift.

Keys
----
``n_test``, ``n_train``, ``n_features``, ``constant_columns``, ``class_share[label]`` (ANN101);
``rows_with_missing``, ``missing_share[column]``, ``missing_share_difference[column]`` (ANN102);
``duplicate_share_train_test``, ``duplicate_share_beyond_chance``, ``duplicate_share_test``,
``duplicate_share_train``, ``contradicting_share`` (ANN103); ``max_single_feature_auc`` or
``max_single_feature_r2`` (ANN104); ``drifted_columns`` (ANN105).
"""

from __future__ import annotations

from appliednn.audit._base import Check
from appliednn.audit.checks._data_drift import Drift
from appliednn.audit.checks._data_duplicates import Duplicates
from appliednn.audit.checks._data_leakage import Leakage
from appliednn.audit.checks._data_missing import Missingness
from appliednn.audit.checks._data_overview import Overview

CHECKS: tuple[type[Check], ...] = (Overview, Missingness, Duplicates, Leakage, Drift)
