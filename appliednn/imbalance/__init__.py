"""Class imbalance: weights, samplers, prior correction."""
