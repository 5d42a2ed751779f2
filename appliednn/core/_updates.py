"""Gradient steps of networks that learn from each other: phases, targets that follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture


@dataclass(frozen=True)
class Phase:
    """One loss, and the parts of the network that it trains.

    Attributes
    ----------
    loss : str
        Name of a function ``f(model, batch, scalars) -> dict`` of the architecture; the dict holds
        ``"loss"``, a scalar, and what ``scalars`` and ``rows`` name.
    trains : str or tuple of str
        Names of the sub-models whose variables the step moves.
    every : int
        The phase is run in every so many steps only.
    scalars : tuple of str
        Further numbers of the dict, averaged over the steps.
    rows : tuple of str
        Vectors of the dict with an entry for each row of the batch.
    """

    loss: str
    trains: str | tuple[str, ...]
    every: int = 1
    scalars: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The trained sub-models as a tuple."""
        return (self.trains,) if isinstance(self.trains, str) else self.trains


@dataclass(frozen=True)
class Follow:
    """A sub-model that moves to another by the share ``scalars["tau"]`` after a step's phases.

    Attributes
    ----------
    source, target : str
        Names of the sub-models.
    every : int
        In every so many steps only.
    """

    source: str
    target: str
    every: int = 1


@dataclass(frozen=True)
class Recipe:
    """What a gradient step does.

    Attributes
    ----------
    phases : tuple of Phase
        Run one after the other.
    follows : tuple of Follow
        Run after them.
    clip : float or None
        Bound of the global norm of a phase's gradients.
    epsilon : float
        Of Adam.
    """

    phases: tuple[Phase, ...]
    follows: tuple[Follow, ...] = ()
    clip: float | None = None
    epsilon: float = 1e-7


class Updater:
    """Takes many gradient steps in one compiled call.

    The compiled program is one for all fits with the same architecture and recipe; a fit holds it
    for a *session*.

    Parameters
    ----------
    architecture : Architecture
        A model whose sub-models are named, and whose losses are functions of the registry.
    recipe : Recipe
        What a step does.
    """

    def __init__(self, architecture: Architecture, recipe: Recipe) -> None:
        self.architecture, self.recipe = architecture, recipe
        self._program = backend.update_program(architecture, recipe)

    @contextmanager
    def session(
        self,
        weights: Sequence[np.ndarray] | None = None,
        seed: int = 0,
        optimizer_state: Mapping[str, np.ndarray] | None = None,
    ) -> Iterator[Updater]:
        """Hold the program, with these weights or fresh ones (targets equal to their sources).

        Parameters
        ----------
        weights : sequence of ndarray, optional
            In the model's order.
        seed : int
            Of fresh weights.
        optimizer_state : mapping, optional
            As :meth:`optimizer_state` gave it; otherwise Adam starts anew.
        """
        with self._program.lock:
            self._program.start(weights, seed, optimizer_state)
            yield self

    def run(
        self,
        rows: Mapping[str, np.ndarray],
        index: np.ndarray,
        scalars: Mapping[str, float],
        steps: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, float | np.ndarray]:
        """Take ``len(index)`` steps.

        Parameters
        ----------
        rows : mapping of str to ndarray of shape (n_rows, ...)
            What is learnt from.
        index : int ndarray of shape (n_steps, batch_size)
            Rows of each step.
        scalars : mapping of str to float
            Read by the losses; ``"learning_rate"``, or ``"critic_learning_rate"`` for the phase
            that trains ``"critic"`` (the first of several parts), is the rate of Adam.
        steps : mapping of str to ndarray of shape (n_steps, ...), optional
            Added to the batch of each step as they are (noise).

        Returns
        -------
        dict
            Losses by name and the phases' scalars, averaged over the steps in which they were
            computed; the phases' rows, of shape (n_steps, batch_size).
        """
        return self._program.run(rows, index, scalars, steps or {})

    def weights(self) -> list[np.ndarray]:
        """Return copies of all weights in the model's order."""
        return self._program.get_weights()

    def group(self, name: str) -> list[np.ndarray]:
        """Return copies of the weights of one sub-model."""
        return self._program.group(name)

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """Return the moments of Adam and the numbers of steps."""
        return self._program.optimizer_state()
