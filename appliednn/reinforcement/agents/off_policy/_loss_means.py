"""Means of the losses between two entries of an agent's history."""

from __future__ import annotations

from collections.abc import Mapping

from appliednn.core._updates import Recipe


class LossMeans:
    """Averages losses over gradient steps, each over those in which its phase was run.

    Parameters
    ----------
    recipe : Recipe
        What a step does; a delayed phase is run in some of them only.
    n_updates : int
        Gradient steps that were taken before.

    Attributes
    ----------
    known : set of str
        Losses that were computed at all.

    Examples
    --------
    >>> from appliednn.core._updates import Phase
    >>> means = LossMeans(Recipe((Phase("critic_loss", "critic"),
    ...                           Phase("actor_loss", "actor", every=2))))
    >>> for losses in ({"critic_loss": 4.0, "actor_loss": 0.0},
    ...                {"critic_loss": 2.0, "actor_loss": 7.0}):
    ...     means.add(losses)
    >>> means.take()
    {'critic_loss': 3.0, 'actor_loss': 7.0}
    """

    def __init__(self, recipe: Recipe, n_updates: int = 0) -> None:
        self.n_updates = n_updates
        self._every = {
            name: phase.every for phase in recipe.phases for name in (phase.loss, *phase.scalars)
        }
        self._last = dict.fromkeys(self._every, float("nan"))
        self.known: set[str] = set()
        self._clear()

    def _clear(self) -> None:
        self._sums = dict.fromkeys(self._every, 0.0)
        self._counts = dict.fromkeys(self._every, 0)

    def add(self, losses: Mapping[str, float], n_steps: int = 1) -> None:
        """Take in what a call of ``n_steps`` gradient steps told."""
        before, self.n_updates = self.n_updates, self.n_updates + n_steps
        for name, every in self._every.items():
            runs = self.n_updates // every - before // every
            self._sums[name] += runs * losses[name]
            self._counts[name] += runs

    def take(self) -> dict[str, float]:
        """Return the means since the last call; before the first step, NaN."""
        for name, count in self._counts.items():
            if count:
                self._last[name] = self._sums[name] / count
                self.known.add(name)
        self._clear()
        return dict(self._last)
