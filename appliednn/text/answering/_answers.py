"""True answers of any form as places in their contexts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any


def read_answers(
    y: Any, questions: Sequence[str], contexts: Sequence[str]
) -> list[tuple[int, int] | None]:
    """Return each answer's first character and the one behind its last, None for no answer.

    Parameters
    ----------
    y : sequence of str, (int, int), dict or None
        Text that stands in the context, its place, or a dict with ``text`` and ``start``.
    questions, contexts : sequence of str
        What they belong to.

    Raises
    ------
    ValueError
        If there is not one for each question, one does not stand in its context, or all are
        empty.
    """
    if y is None or isinstance(y, str):
        raise ValueError(f"y is {y!r}; expected one answer for each question")
    given = list(y)
    if len(given) != len(contexts):
        raise ValueError(f"{len(contexts)} questions and {len(given)} answers were given")
    out = [_place(answer, contexts[i], i) for i, answer in enumerate(given)]
    if all(answer is None for answer in out):
        raise ValueError("no question has an answer; expected some that stand in their contexts")
    return out


def _place(answer: Any, context: str, row: int) -> tuple[int, int] | None:
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return None
    if isinstance(answer, Mapping) and isinstance(answer.get("text"), str):
        text, start = answer["text"], answer.get("start", -1)
        if not text:
            return None
        if context[start : start + len(text)] == text and start >= 0:
            return start, start + len(text)
        answer = text
    if isinstance(answer, str):
        start = context.find(answer)
        if start < 0:
            start = context.lower().find(answer.lower())
        if start < 0:
            raise ValueError(
                f"y[{row}] is {answer!r}, which does not stand in its context; expected text of "
                "it, or '' where it holds no answer"
            )
        return start, start + len(answer)
    place = tuple(answer) if isinstance(answer, tuple | list) else ()
    whole = len(place) == 2 and all(isinstance(value, Integral) for value in place)
    if not whole or not 0 <= place[0] < place[1] <= len(context):
        raise ValueError(
            f"y[{row}] is {answer!r}; expected text of the context, or (start, end) with 0 <= "
            f"start < end <= {len(context)}"
        )
    return int(place[0]), int(place[1])
