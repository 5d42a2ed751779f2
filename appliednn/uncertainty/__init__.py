"""Uncertainty: probabilities that can be taken at their word."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, {"CalibratedModel": "._calibration"})
