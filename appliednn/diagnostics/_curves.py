"""Learning curves, read from whatever a fitted model kept of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.core._inner import inner_estimator


@dataclass(frozen=True)
class Curves:
    """What a model recorded while it was trained, one value a pass.

    Attributes
    ----------
    train : tuple of float
        Training loss.
    validation : tuple of float
        Loss or score on rows held out during training; empty if there were none.
    validation_name : str
        ``"validation loss"`` or the score's name.
    lower_is_better : bool
        Of ``validation``.
    train_name : str
        ``"training loss"``, or what stands for it.
    unit : str
        ``"epoch"`` or ``"iteration"``.
    kept : int
        Pass whose state the model has (0-based); of several members, the middle one.
    complete : bool
        Whether training ran to its allowed number of passes instead of stopping by itself.
    stop_reason : str
        In words; may be empty.
    rates : tuple of float
        Learning rate of each pass; may be empty.
    kept_by_member : tuple of int
        Pass that each member of an ensemble has, where they were trained side by side (the
        losses are then their means); empty for one network.
    picked_by : str
        Score that picked the pass, where it was not the loss.
    """

    train: tuple[float, ...]
    validation: tuple[float, ...] = ()
    validation_name: str = "validation loss"
    lower_is_better: bool = True
    train_name: str = "training loss"
    unit: str = "epoch"
    kept: int = 0
    complete: bool = False
    stop_reason: str = ""
    rates: tuple[float, ...] = ()
    kept_by_member: tuple[int, ...] = ()
    picked_by: str = ""

    @property
    def kept_words(self) -> str:
        """Pass that is kept, as it is counted by people: ``"3"``, or ``"3 to 9"``."""
        first, last = (f(self.kept_by_member or (self.kept,)) + 1 for f in (min, max))
        return str(first) if first == last else f"{first} to {last}"

    @property
    def keeps_last(self) -> bool:
        """Whether the model has the state of the last pass (every member has)."""
        return min(self.kept_by_member or (self.kept,)) == len(self.train) - 1

    @property
    def best(self) -> int | None:
        """Pass of the best validation value, if there is a finite one."""
        values = np.asarray(self.validation, dtype=float)
        if not np.isfinite(values).any():
            return None
        return int(np.nanargmin(values) if self.lower_is_better else np.nanargmax(values))


_REASONS = {
    "epochs": "all epochs were run",
    "early_stopping": "the monitored value stopped improving",
    "max_seconds": "the time limit was reached",
    "callback": "a callback stopped it",
    "interrupted": "it was interrupted",
    "diverged": "the loss was no longer finite",
}


def curves_from_history(
    history: Mapping[str, Sequence[float]],
    *,
    best_epoch: int | Sequence[int] | None = None,
    stop_reason: str = "",
    scoring: Any = "loss",
) -> Curves:
    """Return the curves of a ``history_`` dict.

    Read are ``loss``, ``val_loss`` (else the first ``val_<scoring>``) and ``lr``. ``best_epoch``
    is one number, or one for each member of an ensemble; ``scoring`` is what picked it.

    Raises
    ------
    ValueError
        If there is no ``loss``.

    Examples
    --------
    >>> curves = curves_from_history({"loss": [2.0, 1.0], "val_loss": [2.0, 2.5]}, best_epoch=0)
    >>> curves.best, curves.kept
    (0, 0)
    """
    if not len(history.get("loss", ())):
        raise ValueError(f"history needs a list 'loss', got the keys {sorted(history)}")
    train = _floats(history["loss"])
    scores = [k for k in history if k.startswith("val_") and k != "val_loss"]
    name = "val_loss" if "val_loss" in history or not scores else scores[0]
    kept = np.ravel(len(train) - 1 if best_epoch is None else best_epoch).astype(int)
    picked = scoring if isinstance(scoring, str) else "score"
    return Curves(
        train=train,
        validation=_floats(history.get(name, ())),
        validation_name="validation loss" if name == "val_loss" else f"validation {name[4:]}",
        lower_is_better=name == "val_loss",
        kept=int(np.sort(kept)[len(kept) // 2]),
        complete=stop_reason == "epochs",
        stop_reason=_REASONS.get(stop_reason, stop_reason),
        rates=_floats(history.get("lr", ())),
        kept_by_member=tuple(kept.tolist()) if len(kept) > 1 else (),
        picked_by=picked if f"val_{picked}" in scores and name == "val_loss" else "",
    )


def read_curves(model: Any) -> Curves | None:
    """Return the curves of a fitted model, looking through pipelines and wrappers.

    Reads appliednn's ``history_``, scikit-learn's MLP (``loss_curve_``), gradient boosting
    (``train_score_``) and histogram gradient boosting (which records with early stopping only).

    Returns
    -------
    Curves or None
        None when nothing was recorded.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> read_curves(DummyClassifier()) is None
    True
    """
    seen: set[int] = set()
    while model is not None and id(model) not in seen:
        seen.add(id(model))
        found = _own_curves(model)
        if found is not None:
            return found
        model = model.steps[-1][1] if hasattr(model, "steps") else inner_estimator(model)
    return None


def _own_curves(model: Any) -> Curves | None:
    """Return the curves that this very object recorded."""
    history = getattr(model, "history_", None)
    if isinstance(history, Mapping) and len(history.get("loss", ())):
        return curves_from_history(
            history,
            best_epoch=getattr(model, "best_epoch_", None),
            stop_reason=str(getattr(model, "stop_reason_", "")),
            scoring=getattr(model, "scoring", "loss"),
        )
    if hasattr(model, "loss_curve_"):
        return _sklearn_mlp(model)
    if len(getattr(model, "train_score_", ())):
        hist = hasattr(model, "validation_score_")
        return _hist_boosting(model) if hist else _boosting(model)
    return None


def _sklearn_mlp(model: Any) -> Curves:
    scores = getattr(model, "validation_scores_", None)
    train = _floats(model.loss_curve_)
    full = len(train) >= model.max_iter
    return Curves(
        train=train,
        validation=_floats(scores if scores is not None else ()),
        validation_name="validation accuracy" if hasattr(model, "classes_") else "validation R2",
        lower_is_better=False,
        kept=len(train) - 1 if scores is None else int(np.argmax(scores)),
        complete=full,
        stop_reason=_REASONS["epochs"] if full else _REASONS["early_stopping"],
    )


def _hist_boosting(model: Any) -> Curves:
    """Scores of histogram boosting are losses with the sign turned, unless a scorer was asked."""
    is_loss = model.scoring == "loss"
    sign = -1.0 if is_loss else 1.0
    full = model.n_iter_ >= model.max_iter
    train = _floats(sign * np.asarray(model.train_score_))
    return Curves(
        train=train if is_loss else tuple(-v for v in train),
        validation=_floats(sign * np.asarray(model.validation_score_)),
        validation_name="validation loss" if is_loss else "validation score",
        lower_is_better=is_loss,
        train_name="training loss" if is_loss else "training score, negated",
        unit="iteration",
        kept=len(train) - 1,
        complete=full,
        stop_reason="all iterations were run" if full else _REASONS["early_stopping"],
    )


def _boosting(model: Any) -> Curves:
    full = model.n_estimators_ >= model.n_estimators
    train = _floats(model.train_score_)
    return Curves(
        train=train,
        unit="iteration",
        kept=len(train) - 1,
        complete=full,
        stop_reason="all iterations were run" if full else _REASONS["early_stopping"],
    )


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
