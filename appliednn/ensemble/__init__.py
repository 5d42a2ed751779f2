"""Several models as one: bagging, snapshots, greedy selection, weighted means."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BaggedClassifier": "._bagged",
        "BaggedRegressor": "._bagged",
        "SnapshotClassifier": "._snapshot",
        "SnapshotRegressor": "._snapshot",
        "WeightedEnsembleClassifier": "._weighted",
        "WeightedEnsembleRegressor": "._weighted",
        "greedy_selection": "._greedy",
        "scorer_value": "._metrics",
        "seeded_clone": "._fit_members",
    },
)
