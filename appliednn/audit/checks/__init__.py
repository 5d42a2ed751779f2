"""The list of checks: each module named here gives its own in ``CHECKS``."""

from __future__ import annotations

import importlib

from appliednn.audit._base import Check

#: Sections in the order of the report; each is a module of this folder.
SECTIONS: tuple[str, ...] = (
    "detection",
    "performance",
    "baselines",
    "calibration",
    "threshold",
    "slices",
    "fairness",
    "robustness",
    "missing",
    "text",
    "tagging",
    "writing",
    "explanations",
    "training",
    "data",
    "resources",
)


def all_checks() -> tuple[type[Check], ...]:
    """Return every check of the package, in the order of the report.

    Raises
    ------
    RuntimeError
        If two checks share an id.
    """
    found: dict[str, type[Check]] = {}
    for section in SECTIONS:
        for check in importlib.import_module(f"{__name__}.{section}").CHECKS:
            if found.setdefault(check.id, check) is not check:
                raise RuntimeError(f"{check.__name__} and {found[check.id].__name__} share an id")
    return tuple(found.values())
