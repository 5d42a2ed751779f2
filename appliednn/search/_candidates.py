"""What an automatic choice picks from."""

from __future__ import annotations

from dataclasses import dataclass, field

NETWORKS = ("mlp", "realmlp", "tabm")
MODELS = ("boosting", "forest", "linear", *NETWORKS)


@dataclass(frozen=True)
class Candidate:
    """A model that may be trained.

    Attributes
    ----------
    name : str
        Name in the report.
    model : str
        One of ``MODELS``.
    settings : dict
        Parameters of the model.
    view : str
        What it reads.
    cost : float
        Time it takes compared with the others of its kind.
    log_target : bool
        Whether it predicts the logarithm of the target.
    """

    name: str
    model: str
    settings: dict = field(default_factory=dict)
    view: str = "mixed"
    cost: float = 1.0
    log_target: bool = False
