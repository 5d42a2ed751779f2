"""A data contract: learned from training data, held against every later data set."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from appliednn.core.errors import IntegrityError, UsageError
from appliednn.datasets._column_check import check_column
from appliednn.datasets._column_rule import ColumnRule, learn_column
from appliednn.datasets._suggest import did_you_mean
from appliednn.datasets._tolerance import Tolerance
from appliednn.datasets._violation import Violation

_FORMAT = "appliednn-data-contract"
_VERSION = 1


@dataclass(frozen=True)
class DataContract:
    """Columns, kinds, ranges, categories and missing shares that later data are held to.

    Make one with :meth:`learn`. It holds the smallest and largest number of each column and the
    names of its categories, no rows; where these are confidential, so is the contract.

    Attributes
    ----------
    n_rows : int
        Training rows it was learned from.
    columns : tuple of ColumnRule
        In the order of the training data, the target among them.
    target : str or None
        A column that later data may lack.
    tolerance : Tolerance
        Margins.

    Examples
    --------
    >>> train = pd.DataFrame({"age": range(18, 68), "home": ["rent", "own"] * 25})
    >>> contract = DataContract.learn(train)
    >>> later = pd.DataFrame({"age": [30, 999], "home": ["rent", "boat"]})
    >>> for violation in contract.check(later):
    ...     print(violation.column, violation.rule, violation.n_rows)
    age range 1
    home categories 1
    """

    n_rows: int
    columns: tuple[ColumnRule, ...]
    target: str | None
    tolerance: Tolerance

    @classmethod
    def learn(
        cls,
        frame: pd.DataFrame,
        target: str | None = None,
        *,
        range_margin: float = 1.0,
        chance: float = 0.001,
        missing_margin: float = 0.01,
        max_levels: int = 50,
        rare: int = 10,
    ) -> DataContract:
        """Learn the contract of a training table.

        Parameters
        ----------
        frame : DataFrame of shape (n, n_columns)
        target : str, optional
            Column that later data may lack.
        range_margin, chance, missing_margin, max_levels, rare
            See :class:`~appliednn.datasets._tolerance.Tolerance`.

        Raises
        ------
        UsageError
            If there are no rows, a column name occurs twice or the target is not a column.
        """
        tolerance = Tolerance(range_margin, chance, missing_margin, max_levels, rare)
        names = _names(frame)
        if not len(frame):
            raise UsageError("a data contract is learned from training rows; the table has none")
        if target is not None and target not in names:
            raise UsageError(f"the target {target!r} is not a column{did_you_mean(target, names)}")
        rules = (learn_column(name, frame.iloc[:, i], tolerance) for i, name in enumerate(names))
        return cls(len(frame), tuple(rules), target, tolerance)

    def check(self, frame: pd.DataFrame, require_target: bool = False) -> list[Violation]:
        """Return everything in which a table breaks the contract; one row can be checked too.

        Rules: ``rows`` (there are none), ``missing_column``, ``unexpected_column`` (a warning),
        ``kind`` (text where numbers were), ``range`` and ``time``, ``categories``, ``missing``
        and ``constant`` (a warning). The target is checked where it is present.

        Parameters
        ----------
        frame : DataFrame of shape (m, m_columns)
            Order of columns and index do not matter.
        require_target : bool
            Whether the target must be there.

        Returns
        -------
        list of Violation
            Empty when the contract is kept. Pass it to
            :func:`~appliednn.datasets._violation.raise_for` to stop.

        Raises
        ------
        UsageError
            If a column name occurs twice.
        """
        names = _names(frame)
        found = []
        if not len(frame):
            found.append(Violation("", "rows", "violation", 0, "the table has no rows"))
        for rule in self.columns:
            if rule.name in names:
                values = frame.iloc[:, names.index(rule.name)]
                if len(frame):
                    complete = self._is_complete(rule)
                    found += check_column(
                        rule, values, self.n_rows, self.tolerance, complete=complete
                    )
            elif rule.name != self.target or require_target:
                message = f"the column is not there{_renamed(rule.name, names, self._known)}"
                found.append(
                    Violation(rule.name, "missing_column", "violation", len(frame), message)
                )
        for name in names:
            if name not in self._known:
                message = "the column was not in the training data; it is left out"
                found.append(Violation(name, "unexpected_column", "warning", len(frame), message))
        return found

    def _is_complete(self, rule: ColumnRule) -> bool:
        """Whether a new category of this column cannot be one that was only missed by chance.

        A column alone does not tell: 25 rows of the rarest category are found both where all
        are known and where a single row has another. The other columns of the table do: one
        source that records rare categories does so in several columns.
        """
        levels = rule.levels or {}
        rare = any(
            n < self.tolerance.rare for r in self.columns for n in (r.levels or {}).values()
        )
        least = self.tolerance.rare * (10 if rare else 1)
        return len(levels) > 1 and min(levels.values()) >= least

    @property
    def _known(self) -> list[str]:
        return [rule.name for rule in self.columns]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "n_rows": self.n_rows,
            "target": self.target,
            "tolerance": asdict(self.tolerance),
            "columns": [rule.to_dict() for rule in self.columns],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DataContract:
        """Return the contract that :meth:`to_dict` wrote.

        Raises
        ------
        IntegrityError
            If ``data`` is something else or of a newer version.
        """
        if not isinstance(data, Mapping) or data.get("format") != _FORMAT:
            raise IntegrityError("this is not a data contract of appliednn")
        if data.get("version") != _VERSION:
            raise IntegrityError(
                f"the data contract has version {data.get('version')!r}, this release reads "
                f"{_VERSION}; install a newer appliednn"
            )
        try:
            return cls(
                n_rows=int(data["n_rows"]),
                columns=tuple(ColumnRule(**rule) for rule in data["columns"]),
                target=data["target"],
                tolerance=Tolerance(**data["tolerance"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(f"the data contract is damaged ({error!r})") from None

    def save(self, path: str | Path) -> None:
        """Write the contract as JSON, to a temporary name first."""
        path = Path(path)
        temporary = path.with_name(f".{path.name}.tmp")  # hidden: nobody takes it for the file
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
        os.replace(temporary, path)

    @classmethod
    def load(cls, path: str | Path) -> DataContract:
        """Read a contract that :meth:`save` wrote.

        Raises
        ------
        UsageError
            If there is no such file.
        IntegrityError
            If it is damaged or something else.
        """
        path = Path(path)
        if not path.is_file():
            raise UsageError(f"no data contract at {path}")
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise IntegrityError(f"{path} cannot be read as a data contract: {error}") from None


def _names(frame: pd.DataFrame) -> list[str]:
    """Return the column names as text, each once."""
    names = [str(c) for c in frame.columns]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise UsageError(
            f"column names must differ, but {', '.join(map(repr, twice))} occurs more than once"
        )
    return names


def _renamed(name: str, names: list[str], known: list[str]) -> str:
    """Return a hint at a column of a similar name that training had not."""
    hint = did_you_mean(name, [n for n in names if n not in known])
    return hint.replace("did you mean", "was it renamed to") if "did you mean" in hint else ""
