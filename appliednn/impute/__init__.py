"""Imputation: missing values of mixed tables filled in."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {"TableImputer": "._imputer", "make_imputer": "._imputer", "complete_rows": "._imputer"},
)
