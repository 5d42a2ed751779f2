"""Floor 0: the backend seam, the compiled trainer, the network, losses, schedules, statistics."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, {"Network": "._network"})
