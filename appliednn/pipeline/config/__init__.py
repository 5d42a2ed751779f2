"""The config of a run: its models, and the loader that names every error with line and column."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ConfigError": "._problems",
        "LoadedConfig": "._load",
        "Problem": "._problems",
        "RunConfig": "._schema",
        "describe": "._describe",
        "json_schema": "._json_schema",
        "load_config": "._load",
    },
)
