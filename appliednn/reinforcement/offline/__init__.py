"""Policies and their values from logged decisions."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BehaviorCloning": "._behavior_cloning",
        "DiscreteCQL": "._cql",
        "FittedQEvaluation": "._fitted_q",
        "LoggedTransitions": "._transitions",
        "PolicyComparison": "._policy_value",
        "PolicyValue": "._policy_value",
        "compare_policies": "._compare",
        "off_policy_value": "._off_policy",
    },
)
