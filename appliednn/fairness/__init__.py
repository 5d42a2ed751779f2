"""Group fairness metrics with intervals, and not estimable where they are."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ErrorTable": "._errors",
        "Group": "._table",
        "GroupDifference": "._difference",
        "GroupTable": "._table",
        "METRICS": "._difference",
        "between_group_generalized_entropy": "._entropy",
        "bias_amplification": "._differential",
        "calibration_gap": "._metrics",
        "coefficient_of_variation": "._entropy",
        "demographic_parity_difference": "._metrics",
        "demographic_parity_ratio": "._metrics",
        "differential_fairness": "._differential",
        "equal_opportunity_difference": "._metrics",
        "equalized_odds_difference": "._metrics",
        "expected_rates": "._expected",
        "generalized_entropy": "._entropy",
        "group_errors": "._errors",
        "group_labels": "._groups",
        "group_metrics": "._table",
        "inequality_indices": "._inequality",
        "predictive_equality_difference": "._metrics",
        "predictive_parity_difference": "._metrics",
        "prepare_attributes": "._attributes",
        "reweighing_weights": "._reweighing",
        "theil_index": "._entropy",
    },
)
