"""The encoder: from a table to the numbers a network reads."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, {"TabularEncoder": "._encoder"})
