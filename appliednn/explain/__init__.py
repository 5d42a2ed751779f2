"""Explanations and tests of explanations."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "DO_NOT_RELY": "._faithfulness",
        "Explanation": "._explanation",
        "Faithfulness": "._faithfulness",
        "FaithfulnessTest": "._faithfulness",
        "FramePool": "._pool",
        "NetworkPool": "._pool",
        "PermutationImportance": "._permutation",
        "ScorePool": "._pool",
        "TextExplanation": "._text_pool",
        "TextPool": "._text_pool",
        "faithfulness": "._faithfulness",
        "lime_values": "._lime",
        "lime_words": "._text_lime",
        "make_pool": "._make_pool",
        "mean_estimate": "._faithfulness",
        "network_words": "._text_gradients",
        "permutation_importance": "._permutation",
        "rank_correlation": "._ranks",
        "row_correlations": "._ranks",
        "shap_values": "._shap",
        "shap_words": "._text_shap",
        "text_faithfulness": "._text_faithfulness",
        "top_overlap": "._ranks",
    },
)
