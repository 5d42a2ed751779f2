"""Environments: made from an id or a factory, wrapped, run side by side, and some of our own."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "MaskedObservation": "._wrappers",
        "VectorEnv": "._vector",
        "make_env": "._make",
        "own_ids": "._registered",
    },
)
