"""The run: one YAML file trains, audits and gates a model.

``load_config`` reads and checks the file, ``run`` carries it out; the command line is a thin layer
over these.
"""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ConfigError": ".config",
        "LoadedConfig": ".config",
        "RunConfig": ".config",
        "RunOutcome": "._outcome",
        "audit_file": "._audit_file",
        "json_schema": ".config",
        "load_config": ".config",
        "predict_file": "._predict",
        "run": "._runner",
        "verify_folder": "._verify",
    },
)
