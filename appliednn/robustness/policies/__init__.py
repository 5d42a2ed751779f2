"""Policies under stress: noisy sensors and actions, attacks, other dynamics, fresh seeds."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "DYNAMICS": "._dynamics",
        "PolicyAttackResult": "._attack",
        "ReturnCurve": "._return_curve",
        "SeedGap": "._seeds",
        "action_noise_curve": "._stress",
        "dynamics_curves": "._dynamics",
        "pgd_observations": "._pgd",
        "policy_attack_curves": "._attack",
        "policy_noise_curve": "._stress",
        "sticky_action_curve": "._stress",
        "scaled": "._dynamics",
        "stress_frame": "._return_curve",
        "unseen_seeds": "._seeds",
    },
)
