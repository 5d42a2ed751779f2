"""Environments: made from an id or a factory, wrapped, run side by side, and some of our own."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Catch": "._catch",
        "ExactValues": "._exact",
        "GridWorld": "._grid_world",
        "MaskedObservation": "._wrappers",
        "RecallCue": "._recall_cue",
        "RobotArm": "._robot_arm",
        "TradingEnv": "._trading",
        "VectorEnv": "._vector",
        "buy_and_hold": "._trading",
        "generate_prices": "._prices",
        "known_spec": "._make",
        "make_env": "._make",
        "own_ids": "._registered",
        "register_own": "._registered",
        "policy_values": "._exact",
        "value_iteration": "._exact",
    },
)
