"""Lazy public names: a room lists what it hands on, and nothing heavy loads before first use."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Mapping


def attach(package: str, names: Mapping[str, str]) -> tuple[Callable, Callable, list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` for a package with lazy names.

    Parameters
    ----------
    package : str
        ``__name__`` of the package.
    names : mapping of str to str
        Public name to the module it lives in (relative to the package, such as ``"._mlp"``).
        A name equal to its module's last part (``{"datasets": ".datasets"}``) hands on the
        module itself.

    Returns
    -------
    tuple
        The three objects, to be assigned at module level.
    """

    def __getattr__(name: str):
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")
        module = importlib.import_module(names[name], package)
        value = module if module.__name__.endswith(f".{name}") else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted(names)

    return __getattr__, __dir__, sorted(names)
