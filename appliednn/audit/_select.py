"""Which checks run: all, or those named by id, by section or as a class, less the skipped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from appliednn.audit._base import Check
from appliednn.audit._suggest import did_you_mean
from appliednn.core.errors import UsageError


def select_checks(
    wanted: Sequence[str | type[Check]] | None, skip: Iterable[str] = ()
) -> tuple[list[type[Check]], list[tuple[type[Check], str]]]:
    """Return the checks to run and those left out, each with the reason.

    Parameters
    ----------
    wanted : sequence of str or Check class, optional
        Ids (``"ANN201"``), sections (``"fairness"``) or classes of the caller's own; None: all.
    skip : iterable of str
        Ids or sections that do not run.

    Returns
    -------
    tuple of (list, list)

    Raises
    ------
    UsageError
        If a name is neither an id nor a section, or nothing is left to run.
    """
    from appliednn.audit.checks import SECTIONS, all_checks

    wanted = None if wanted is None else _as_list(wanted, "checks")
    own = [c for c in wanted or () if isinstance(c, type) and issubclass(c, Check)]
    # Checks of the caller alone need none of the package's modules.
    package = () if wanted is not None and len(own) == len(wanted) else all_checks()
    every = [*package, *(c for c in own if c not in package)]
    _check_labels(every)
    known = {c.id for c in every} | {c.section for c in every} | set(SECTIONS)
    skip = [_known(name, known, "options['skip']") for name in _as_list(skip, "options['skip']")]
    names = None if wanted is None else {_known(c, known, "checks") for c in wanted}
    chosen, left = [], []
    for check in every:
        if names is not None and not names & {check, check.id, check.section}:
            left.append((check, "not asked for (checks=...)"))
        elif {check.id, check.section} & set(skip):
            left.append((check, "skipped by the options"))
        else:
            chosen.append(check)
    if not chosen:
        raise UsageError(
            f"no check is left to run: checks={wanted}, skipped={skip}; leave checks=None for all"
        )
    return chosen, left


def fits(check: type[Check], task: str, reads: str = "table") -> bool:
    """Whether a check's question makes sense for a task and for what the model reads."""
    return task in check.tasks and reads in check.reads


def split_by_task(
    checks: Sequence[type[Check]], task: str, reads: str = "table"
) -> tuple[list[type[Check]], list[tuple[type[Check], str]]]:
    """Return the checks that make sense for a model, and of the others those that say why not.

    Raises
    ------
    UsageError
        If none makes sense.
    """
    fitting = [check for check in checks if fits(check, task, reads)]
    if not fitting:
        names = ", ".join(check.id for check in checks)
        kind = task if reads == "table" else f"{task}, which reads {reads}"
        raise UsageError(f"none of the checks asked for ({names}) applies to this model ({kind})")
    return fitting, [
        (c, why) for c in checks if c not in fitting and (why := why_not(c, task, reads))
    ]


def why_not(check: type[Check], task: str, reads: str = "table") -> str:
    """Return why a check that does not fit is not run; empty where nothing is to be said."""
    if task in check.tasks:
        return check.unread
    return check.instead if reads in check.reads else ""


def _check_labels(checks: Sequence[type[Check]]) -> None:
    """Refuse a check without id, section or title, an id that is no anchor, or one used twice."""
    seen: dict[str, type[Check]] = {}
    for check in checks:
        for name in ("id", "section", "title"):
            if not isinstance(getattr(check, name, None), str):
                raise UsageError(f"check {check.__name__} needs a class attribute {name!r}")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", check.id):
            raise UsageError(
                f"check {check.__name__}: id {check.id!r} must be letters, digits, - and _"
            )
        if seen.setdefault(check.id, check) is not check:
            raise UsageError(
                f"{check.__name__} and {seen[check.id].__name__} share the id {check.id!r}"
            )


def _as_list(value, name: str) -> list:
    """Return a list; a single name is a common slip that would be read letter by letter."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Iterable):
        raise UsageError(f"{name} must be a list of ids or sections, got {value!r}")
    return list(value)


def _known(name, known: set[str], where: str):
    """Return ``name`` if it is a check, an id or a section."""
    if isinstance(name, type) and issubclass(name, Check):
        return name
    if name not in known:
        raise UsageError(f"{where}: {name!r} is no check or section" + did_you_mean(name, known))
    return name
