"""Probabilities one can trust: calibration."""
