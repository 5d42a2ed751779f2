"""Errors a user can act on; each carries the exit code the command line ends with."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import ClassVar


class AppliedNNError(Exception):
    """Base of the package's own errors; the message is written for the user."""

    exit_code: ClassVar[int] = 1


class UsageError(AppliedNNError, ValueError):
    """What was asked for cannot be done: wrong config, missing file, unusable data."""

    exit_code: ClassVar[int] = 2


class DataContractError(AppliedNNError, ValueError):
    """Data break the contract learned from the training data; all violations are listed."""

    exit_code: ClassVar[int] = 3


class IntegrityError(AppliedNNError, ValueError):
    """A file is not what it claims to be: a changed byte, a foreign or newer format."""

    exit_code: ClassVar[int] = 5


class MissingExtraError(AppliedNNError, ImportError):
    """An optional package is needed; the message names the extra that brings it."""

    exit_code: ClassVar[int] = 2


def import_extra(module: str, extra: str) -> ModuleType:
    """Import an optional module or say which extra brings it.

    Examples
    --------
    >>> import_extra("json", "sql").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{module} is needed here and is not installed; run: pip install 'appliednn[{extra}]'"
        ) from error
