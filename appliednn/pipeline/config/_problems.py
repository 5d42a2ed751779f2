"""What is wrong with a config: each problem with its place, and the error that carries all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from appliednn.core.errors import UsageError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    file : str
        The file as the user named it, or the override (``"-s model.epoch=5"``).
    line, column : int
        Counted from 1; 0 where there is no place (a missing file, an override).
    path : str
        Dotted path in the config (``"model.epochs"``); empty for the file as a whole.
    message : str
        What was given and what was expected.
    suggestion : str or None
        A name that was probably meant.

    Examples
    --------
    >>> print(Problem("a.yaml", 8, 3, "model.epoch", "unknown key", "epochs"))
    a.yaml:8:3: model.epoch: unknown key (did you mean 'epochs'?)
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{place}:{path} {self.message}{hint}"


class ConfigError(UsageError):
    """A config cannot be used; ``problems`` holds everything that is wrong, sorted by line.

    Parameters
    ----------
    problems : iterable of Problem
        At least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(dict.fromkeys(problems), key=_order)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self):
        return type(self), (self.problems,)


def _order(problem: Problem) -> tuple:
    """Return a sorting key: by line, and last what has none."""
    return (problem.line == 0, problem.line, problem.column, problem.path)


def closest(name: object, options: Sequence[str]) -> str | None:
    """Return the option nearest to ``name``, None if none is near.

    Examples
    --------
    >>> closest("mlpclasifier", ["MLPClassifier", "Ridge"])
    'MLPClassifier'
    >>> closest("zzz", ["MLPClassifier"]) is None
    True
    """
    by_lower = {option.lower(): option for option in options}
    found = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
