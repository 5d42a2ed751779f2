"""Seeds by name: every stage has its own, all of them from the config's one seed."""

from __future__ import annotations

import zlib


def stage_seed(seed: int, name: str) -> int:
    """Return the seed that belongs to ``name`` alone.

    Parameters
    ----------
    seed : int
        The config's seed.
    name : str
        Stage, such as ``"split"``.

    Examples
    --------
    >>> stage_seed(0, "split") == stage_seed(0, "split") != stage_seed(0, "fit")
    True
    """
    import numpy as np

    sequence = np.random.SeedSequence([int(seed), zlib.crc32(name.encode())])
    return int(sequence.generate_state(1)[0] >> 1)
