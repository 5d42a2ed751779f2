"""Sentences too long to be read at once, cut for training and overlapping for use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def cut_places(tags: Sequence[int], longest: int, may_start: np.ndarray) -> list[int]:
    """Return where a training sentence is cut, so that no piece begins inside an entity.

    Parameters
    ----------
    tags : sequence of int
        Tags of the sentence.
    longest : int
        Longest piece; longer only where an entity is.
    may_start : ndarray of bool of shape (n_tags,)
        Whether a piece may begin with a tag.

    Returns
    -------
    list of int
        Beginnings of the pieces, and the sentence's end.

    Examples
    --------
    >>> cut_places([0, 0, 1, 2, 0], 3, np.array([True, True, False]))
    [0, 2, 5]
    """
    places = [0]
    while len(tags) - places[-1] > longest:
        begin = places[-1]
        back = range(begin + longest, begin, -1)
        ahead = range(begin + longest + 1, len(tags))
        place = next((i for i in (*back, *ahead) if may_start[tags[i]]), len(tags))
        places.append(place)
    return [*places, len(tags)] if places[-1] < len(tags) else places


def windows_of(length: int, longest: int) -> list[tuple[int, int, int, int]]:
    """Return windows over a sentence and the part of it that each answers for.

    Windows overlap by half; a token is answered by the window in whose middle it is.

    Returns
    -------
    list of (int, int, int, int)
        First token and token after the last one of a window; and of its part.

    Examples
    --------
    >>> windows_of(10, 4)
    [(0, 4, 0, 3), (2, 6, 3, 5), (4, 8, 5, 7), (6, 10, 7, 10)]
    >>> windows_of(3, 4)
    [(0, 3, 0, 3)]
    """
    if length <= longest:
        return [(0, length, 0, length)]
    step = max(1, longest // 2)
    begins = [*range(0, length - longest, step), length - longest]
    ends = [b + longest for b in begins]
    bounds = [(b + e) // 2 for b, e in zip(begins[1:], ends[:-1], strict=True)]
    return list(zip(begins, ends, [0, *bounds], [*bounds, length], strict=True))
