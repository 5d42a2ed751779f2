"""Seeds from one root, and a guard that leaves global random state as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import numpy as np

# Python's and NumPy's generators and Keras's dtype policy are one for all threads: networks are
# built one at a time.
build_lock = RLock()


def spawn_seeds(random_state, n: int) -> list[int]:
    """Return ``n`` independent 31-bit seeds from an int, a RandomState or None (fresh entropy).

    Examples
    --------
    >>> spawn_seeds(0, 2) == spawn_seeds(0, 2)
    True
    """
    if isinstance(random_state, np.random.RandomState):
        entropy = int(random_state.randint(0, 2**31 - 1))
    else:
        entropy = None if random_state is None else int(random_state)
    children = np.random.SeedSequence(entropy).spawn(n)
    return [int(child.generate_state(1)[0] >> 1) for child in children]


def member_seeds(seed: int, k: int) -> list[int]:
    """Return a seed for each of ``k`` networks side by side; the first is ``seed`` itself."""
    children = np.random.SeedSequence(seed).spawn(k - 1)
    return [seed, *(int(child.generate_state(1)[0] >> 1) for child in children)]


@contextmanager
def guarded_random_state(seed: int | None = None) -> Iterator[None]:
    """Run a block with Python's and NumPy's global generators seeded, and put them back after.

    Keras draws the seeds of unseeded initialisers from Python's ``random``; building a network
    inside this guard is repeatable and changes nothing for the caller.
    """
    with build_lock:
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
        try:
            if seed is not None:
                random.seed(seed)
                np.random.seed(seed % 2**32)  # noqa: NPY002
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
