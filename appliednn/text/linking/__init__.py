"""Entity linking: which entry of a table a mention in a text stands for."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, {"EntityLinker": "._linker"})
