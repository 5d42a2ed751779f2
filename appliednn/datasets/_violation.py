"""One break of a data contract, and the error that lists them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from appliednn.core.errors import DataContractError

Level = Literal["violation", "warning"]


@dataclass(frozen=True)
class Violation:
    """What a data set breaks.

    Attributes
    ----------
    column : str
        Column, or ``""`` when the table as a whole is meant.
    rule : str
        ``"rows"``, ``"missing_column"``, ``"unexpected_column"``, ``"kind"``, ``"range"``,
        ``"categories"``, ``"missing"``, ``"constant"`` or ``"time"``.
    level : {"violation", "warning"}
        Only violations stop a run.
    n_rows : int
        Rows concerned.
    message : str
        A sentence with what was found and what was learned. It holds no row: at most three names
        of categories, or the smallest and largest value.
    examples : tuple of str
        These names or values.
    """

    column: str
    rule: str
    level: Level
    n_rows: int
    message: str
    examples: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        """Return a JSON-ready dict."""
        return {**asdict(self), "examples": [*self.examples]}


def raise_for(violations: Sequence[Violation], label: str = "the data") -> None:
    """Raise one error that lists every violation; do nothing when there are only warnings.

    Parameters
    ----------
    violations : sequence of Violation
        From :meth:`DataContract.check`.
    label : str
        What was checked, as the message calls it.

    Raises
    ------
    DataContractError
        If at least one is of level ``"violation"``; its attribute ``violations`` is the list.

    Examples
    --------
    >>> raise_for([Violation("Age", "range", "violation", 2, "2 of 9 rows are above 118")])
    Traceback (most recent call last):
    appliednn.core.errors.DataContractError: the data break the data contract in 1 place:
      Age: 2 of 9 rows are above 118 [range, 2 rows]
    """
    broken = [v for v in violations if v.level == "violation"]
    if not broken:
        return
    warned = [v for v in violations if v.level == "warning"]
    places = "place" if len(broken) == 1 else "places"
    lines = [f"{label} break the data contract in {len(broken)} {places}:", *map(_line, broken)]
    if warned:
        lines += ["and, as a warning only:", *map(_line, warned)]
    error = DataContractError("\n".join(lines))
    error.violations = [*violations]
    raise error


def _line(violation: Violation) -> str:
    rows = "row" if violation.n_rows == 1 else "rows"
    column = f"{violation.column}: " if violation.column else ""
    return f"  {column}{violation.message} [{violation.rule}, {violation.n_rows} {rows}]"
