"""Data sets that ship, scikit-learn's, files and databases, and the data contract."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "load": "._load",
        "list": "._list",
        "DatasetInfo": "._registry",
        "read": "._sources",
        "fingerprint": "._fingerprint",
        "DataContract": "._contract",
        "ParquetTable": "._parquet_table",
        "Violation": "._violation",
        "raise_for": "._violation",
        "Problem": "._validate",
        "check_usable": "._validate",
        "raise_unusable": "._validate",
    },
)
