"""Explanations of policies: attributions, surrogate trees, counterfactual states."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Counterfactuals": "._counterfactual",
        "MIN_FIDELITY": "._surrogate",
        "PolicyExplanation": "._explanation",
        "SurrogateTree": "._surrogate",
        "VisitedStates": "._visited",
        "action_names": "._names",
        "blocks_of": "._decisions",
        "check_memoryless": "._play",
        "chosen_columns": "._decisions",
        "counterfactual_states": "._counterfactual",
        "decision_values": "._decisions",
        "environment_family": "._names",
        "explain_policy": "._explain",
        "feature_names": "._names",
        "has_q_values": "._decisions",
        "is_continuous": "._decisions",
        "open_env": "._play",
        "play_policy": "._play",
        "rivals": "._decisions",
        "surrogate_tree": "._viper",
        "visited_states": "._visited",
    },
)
