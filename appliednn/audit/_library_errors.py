"""What a failing check may raise: an audit records it and goes on with the next check."""

from __future__ import annotations

import sys

_ORDINARY: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
# Errors of libraries that derive from Exception alone; looked up only where already loaded.
_FOREIGN: tuple[tuple[str, str], ...] = (
    ("tensorflow.python.framework.errors_impl", "OpError"),
    ("shap.utils._exceptions", "DimensionError"),
    ("shap.utils._exceptions", "ExplainerError"),
)


def failures() -> tuple[type[Exception], ...]:
    """Return the classes of errors that count as a failed check.

    A warning turned into an error and whatever stops the process are not among them.
    """
    loaded = ((sys.modules.get(module), name) for module, name in _FOREIGN)
    foreign = (getattr(module, name, None) for module, name in loaded if module is not None)
    return _ORDINARY + tuple(error for error in foreign if error is not None)
