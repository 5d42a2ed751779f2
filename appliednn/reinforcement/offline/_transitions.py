"""LoggedTransitions: what happened in logged episodes, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_WHOLE = "biu"


@dataclass(eq=False)
class LoggedTransitions:
    """Steps of logged episodes, in the order in which they happened.

    What follows a step is the observation of the next row, unless the episode ended there. An
    episode that was cut off (``timeouts``, or the end of the log) has a future that the log does
    not show: its last step is learnt from only if ``next_observations`` are given.

    Attributes
    ----------
    observations : ndarray of shape (n, *obs_shape)
        What was seen before each step: float32, or uint8 for images.
    actions : ndarray of int, shape (n,), or of float32, shape (n, d)
        What was done.
    rewards : ndarray of float64, shape (n,)
        What it brought.
    terminals : ndarray of bool, shape (n,)
        Whether the episode ended by itself after the step: there is no future.
    timeouts : ndarray of bool, shape (n,)
        Whether the episode was cut off after the step.
    next_observations : ndarray of shape (n, *obs_shape)
        What was seen after each step; rows that are not ``known`` mean nothing.
    known : ndarray of bool, shape (n,)
        Whether the log shows what followed, or nothing could.

    Examples
    --------
    Two episodes of two steps; the second one was cut off.

    >>> log = LoggedTransitions.from_arrays(
    ...     observations=[[0.0], [1.0], [0.0], [2.0]], actions=[0, 1, 1, 0],
    ...     rewards=[0, 1, 0, 0], terminals=[False, True, False, False])
    >>> log.episodes.tolist(), log.known.tolist()
    ([0, 0, 1, 1], [True, True, True, False])
    """

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    terminals: np.ndarray
    timeouts: np.ndarray
    next_observations: np.ndarray
    known: np.ndarray

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def episodes(self) -> np.ndarray:
        """Number of the episode that each row belongs to, (n,)."""
        ends = self.terminals | self.timeouts
        return np.concatenate([[0], np.cumsum(ends[:-1])])

    @property
    def starts(self) -> np.ndarray:
        """Rows that begin an episode, (n_episodes,)."""
        ends = np.flatnonzero((self.terminals | self.timeouts)[:-1])
        return np.concatenate([[0], ends + 1])

    @property
    def returns(self) -> np.ndarray:
        """Undiscounted return of each episode, (n_episodes,)."""
        return np.bincount(self.episodes, self.rewards)

    def of_episodes(self, numbers: Sequence[int]) -> LoggedTransitions:
        """Return the steps of some episodes: split a log into whole episodes, not into rows.

        Raises
        ------
        ValueError
            For numbers of no episode, or none at all.
        """
        absent = np.setdiff1d(numbers, self.episodes)
        if len(absent) or not len(numbers):
            raise ValueError(
                f"episodes {absent.tolist()[:5]} were asked for, {len(numbers)} in all; expected "
                f"one or more of 0 to {self.episodes[-1]}"
            )
        rows = np.flatnonzero(np.isin(self.episodes, numbers))
        columns = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__}
        return LoggedTransitions(**columns)

    @classmethod
    def from_arrays(
        cls,
        observations: Any,
        actions: Any,
        rewards: Any,
        terminals: Any,
        timeouts: Any = None,
        next_observations: Any = None,
    ) -> LoggedTransitions:
        """Check the columns of a log and put them together.

        Parameters
        ----------
        observations : array-like or DataFrame of shape (n, *obs_shape)
            Numbers; (n, height, width, channels) of bytes for images.
        actions : array-like of shape (n,) or (n, d)
            Whole numbers from 0, or real ones.
        rewards : array-like of shape (n,)
            Finite numbers.
        terminals, timeouts : array-like of bool, shape (n,)
            Where episodes ended by themselves, and where they were cut off.
        next_observations : array-like of shape (n, *obs_shape), optional
            What was seen after each step.

        Raises
        ------
        ValueError
            If columns do not fit together or numbers are missing.
        """
        seen, done = read_states(observations, "observations"), read_actions(actions)
        n = len(seen)
        brought = _column(rewards, n, "rewards", np.float64)
        ended = _flags(terminals, n, "terminals")
        cut = np.zeros(n, bool) if timeouts is None else _flags(timeouts, n, "timeouts")
        if len(done) != n:
            raise ValueError(f"actions holds {len(done)} rows; there are {n} observations")
        cut = cut & ~ended
        cut[-1] |= not ended[-1]
        known = ~cut
        following = np.concatenate([seen[1:], seen[-1:]])
        if next_observations is not None:
            following = read_states(next_observations, "next_observations")
            known = np.ones(n, bool)
            if following.shape != seen.shape:
                raise ValueError(
                    f"next_observations has shape {following.shape}; observations {seen.shape}"
                )
        return cls(seen, done, brought, ended, cut, following, known)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        observations: Sequence[str],
        action: str | Sequence[str] = "action",
        reward: str = "reward",
        terminal: str = "terminal",
        timeout: str | None = None,
        episode: str | None = None,
    ) -> LoggedTransitions:
        """Read a table with a row for each step, in the order in which they happened.

        Parameters
        ----------
        frame : DataFrame
            The table.
        observations : sequence of str
            Columns that were seen.
        action : str or sequence of str
            Column (or columns, of real actions).
        reward, terminal : str
            Columns.
        timeout : str, optional
            Column that marks where episodes were cut off.
        episode : str, optional
            Column that names the episode of a row; where it changes without ``terminal``, the
            episode was cut off.

        Raises
        ------
        ValueError
            If a column is not there, or the rows of an episode do not stand together.
        """
        several = not isinstance(action, str)
        wanted = [*observations, *(action if several else [action]), reward, terminal]
        wanted += [name for name in (timeout, episode) if name is not None]
        absent = [name for name in wanted if name not in frame.columns]
        if absent:
            raise ValueError(
                f"the table has no columns {absent}; it has {list(frame.columns)[:20]}"
            )
        cut = np.zeros(len(frame), bool)
        if timeout is not None:
            cut |= _flags(frame[timeout], len(frame), timeout)
        if episode is not None:
            cut[:-1] |= _changes(frame[episode].to_numpy(), episode)
        acted = frame[list(action)] if several else frame[action]
        return cls.from_arrays(
            frame[list(observations)], acted, frame[reward], frame[terminal], cut
        )

    @classmethod
    def from_episodes(cls, episodes: Any) -> LoggedTransitions:
        """Return the steps of recorded episodes: ``agent.evaluate(record=True).episodes``.

        Parameters
        ----------
        episodes : Episodes
            Of ``run_episodes(..., record=True)``.
        """
        if episodes.observations is None:
            raise ValueError("the episodes were not recorded; run them with record=True")
        last = np.cumsum(episodes.lengths) - 1
        n = int(episodes.lengths.sum())
        ended, cut = np.zeros(n, bool), np.zeros(n, bool)
        ended[last], cut[last] = episodes.terminated, ~episodes.terminated
        seen = np.concatenate(episodes.observations)
        following = np.concatenate([seen[1:], seen[-1:]])
        following[last] = np.array(episodes.final_observations)
        return cls.from_arrays(
            seen,
            np.concatenate(episodes.actions),
            np.concatenate(episodes.rewards),
            ended,
            cut,
            following,
        )


def read_log_arguments(
    observations, actions, rewards, terminals, timeouts=None, next_observations=None
) -> LoggedTransitions:
    """Return what a ``fit`` was given: arrays, or a log in their place."""
    if isinstance(observations, LoggedTransitions):
        return observations
    missing = [
        name
        for name, value in (("actions", actions), ("rewards", rewards), ("terminals", terminals))
        if value is None
    ]
    if missing:
        raise ValueError(
            f"{', '.join(missing)} were not given; expected a LoggedTransitions, or observations, "
            "actions, rewards and terminals as arrays"
        )
    return LoggedTransitions.from_arrays(
        observations, actions, rewards, terminals, timeouts, next_observations
    )


def read_states(values: Any, name: str) -> np.ndarray:
    """Return observations as float32 (n, d) or images of uint8 (n, height, width, channels)."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub" or array.ndim < 2 or len(array) == 0:
        raise ValueError(
            f"{name} has shape {array.shape} and type {array.dtype}; expected numbers of shape "
            "(n, n_features), or images of bytes; numbered states: np.eye(n_states)[states]"
        )
    if array.dtype == np.uint8 and array.ndim == 4:
        return array
    array = array.reshape(len(array), -1).astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds missing or infinite numbers; fill or drop those episodes")
    return array


def read_actions(values: Any) -> np.ndarray:
    """Return whole numbers as int64 (n,), real ones as float32 (n, d)."""
    array = np.asarray(values)
    if array.dtype.kind in _WHOLE:
        array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        if array.ndim == 1 and (len(array) == 0 or array.min() >= 0):
            return array.astype(np.int64)
    elif array.dtype.kind == "f" and array.ndim in (1, 2) and np.isfinite(array).all():
        return array.reshape(len(array), -1).astype(np.float32)
    raise ValueError(
        f"actions has shape {array.shape} and type {array.dtype}; expected whole numbers from 0 "
        "of shape (n,), or finite real ones of shape (n,) or (n, d)"
    )


def _changes(names: np.ndarray, column: str) -> np.ndarray:
    """Return whether another episode begins after each row but the last; each only once."""
    changed = names[1:] != names[:-1]
    begun = [*names[:1].tolist(), *names[1:][changed].tolist()]
    if len(set(begun)) < len(begun):
        again = Counter(begun).most_common(1)[0][0]
        raise ValueError(
            f"the rows of episode {again!r} (column {column!r}) do not stand together; sort the "
            "table by episode and time"
        )
    return changed


def _column(values: Any, n: int, name: str, dtype) -> np.ndarray:
    array = np.asarray(values, dtype=dtype)
    if array.shape != (n,) or not np.isfinite(array).all():
        raise ValueError(f"{name} must hold {n} finite numbers; it has shape {array.shape}")
    return array


def _flags(values: Any, n: int, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (n,) or not np.isin(array, (0, 1)).all():
        raise ValueError(
            f"{name} must hold True or False for each of {n} rows; it has shape {array.shape} and "
            f"type {array.dtype}"
        )
    return array.astype(bool)
