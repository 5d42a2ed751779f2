"""Decisions of one step, learnt from a log or on line."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, {"ContextualBandit": "._bandit"})
