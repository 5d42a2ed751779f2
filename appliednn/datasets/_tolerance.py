"""How far later data may go from the training data before a contract is broken."""

from __future__ import annotations

from dataclasses import dataclass

from appliednn.core.errors import UsageError


@dataclass(frozen=True)
class Tolerance:
    """Margins of a data contract.

    Attributes
    ----------
    range_margin : float
        A number may lie this many training ranges (max - min) beyond either end; half of it is
        free of a warning too. On columns with long tails the largest of later rows is often 1.5
        times the largest seen, seldom more than twice; a wrong unit is far beyond. A column
        without a negative number in 100 training rows or more is not let below 0.
    chance : float
        A rule on shares (missing values, new categories, a constant column) fires only when rows
        drawn like the training rows would show it with a smaller probability than this
        (hypergeometric, see :func:`appliednn.datasets._chance.chance`).
    missing_margin : float
        Share of missing values, beyond that in training, which is let pass however many rows
        there are (0.01 is one percentage point).
    max_levels : int
        A column with more categories, or with one for every second row, is not held to a list.
    rare : int
        A category of fewer training rows is rare. In a table without rare categories the lists
        are taken as complete, and a new category is a violation at once; in a table with some,
        others are to be expected, and ``chance`` decides (but for columns whose every category
        has ten times as many rows).
    """

    range_margin: float = 1.0
    chance: float = 0.001
    missing_margin: float = 0.01
    max_levels: int = 50
    rare: int = 10

    def __post_init__(self) -> None:
        positive = {"range_margin": self.range_margin, "max_levels": self.max_levels}
        for name, value in {**positive, "rare": self.rare}.items():
            if value <= 0:
                raise UsageError(f"{name} of a data contract is above 0, got {value!r}")
        for name, value in {"chance": self.chance, "missing_margin": self.missing_margin}.items():
            if not 0 <= value < 1:
                raise UsageError(f"{name} of a data contract lies in [0, 1), got {value!r}")
