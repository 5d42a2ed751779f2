"""Imbalance: class weights, resampling, and the prior correction that both need."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "PriorCorrection": "._prior",
        "RebalancedClassifier": "._rebalanced",
        "class_shares": "._weights",
        "resample": "._resample",
        "resolve_class_weight": "._weights",
        "sampler_problems": "._resample",
        "shift_prior": "._prior",
    },
)
