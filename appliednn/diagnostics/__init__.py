"""Training health and decision thresholds."""
