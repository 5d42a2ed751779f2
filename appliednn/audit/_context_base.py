"""What the contexts of all audits share: the model, options, and seeds that belong to a name."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from appliednn.core._inner import inner_estimator


class SharedContext:
    """The audited model with options and seeds.

    Parameters
    ----------
    model : object
        Fitted.
    options : mapping of str to mapping
        Options by section.
    random_state : int
        Root of every seed.

    Attributes
    ----------
    shared : dict
        What checks compute once for each other, by a key of theirs.
    """

    def __init__(
        self, model: Any, options: Mapping[str, Mapping[str, Any]] | None, random_state: int
    ) -> None:
        self.model = model
        self.options = dict(options or {})
        self.random_state = int(random_state)
        self.shared: dict[str, Any] = {}

    def seed(self, name: str) -> int:
        """Return a seed that belongs to ``name`` alone (from ``SeedSequence``, never shared)."""
        sequence = np.random.SeedSequence([self.random_state, zlib.crc32(name.encode())])
        return int(sequence.generate_state(1)[0] >> 1)

    def rng(self, name: str) -> np.random.Generator:
        """Return a generator that belongs to ``name`` alone."""
        return np.random.default_rng(self.seed(name))

    def option(self, section: str, key: str, default):
        """Return an option of a section, or ``default``."""
        return self.options.get(section, {}).get(key, default)

    @cached_property
    def network_model(self) -> Any:
        """The appliednn estimator inside the model that exposes its network, or None."""
        found = self.inner("network_")
        return found if hasattr(getattr(found, "network_", None), "weights") else None

    def inner(self, attribute: str) -> Any:
        """Return the first estimator inside the model that has a fitted attribute, or None.

        Looks through a Pipeline's last step and through wrappers to what answers for them.
        """
        seen: set[int] = set()
        model = self.model
        while model is not None and id(model) not in seen:
            seen.add(id(model))
            if hasattr(model, attribute):
                return model
            model = model.steps[-1][1] if hasattr(model, "steps") else inner_estimator(model)
        return None
