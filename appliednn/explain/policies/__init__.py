"""Explanations of policies: attributions, surrogate trees, counterfactual states."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Counterfactuals": "._counterfactual",
        "PolicyExplanation": "._explanation",
        "SurrogateTree": "._surrogate",
        "VisitedStates": "._visited",
        "action_names": "._names",
        "counterfactual_states": "._counterfactual",
        "chosen_columns": "._decisions",
        "decision_values": "._decisions",
        "environment_family": "._names",
        "explain_policy": "._explain",
        "feature_names": "._names",
        "open_env": "._play",
        "is_continuous": "._decisions",
        "play_policy": "._play",
        "surrogate_tree": "._viper",
        "visited_states": "._visited",
    },
)
