"""Model files: save, load and inspect estimators without pickle; loading runs no code."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AnnState": "._protocol",
        "SaveMixin": "._mixin",
        "Saveable": "._protocol",
        "inspect": "._load",
        "load": "._load",
        "register": "._registry",
        "save": "._save",
    },
)
