"""Training health in sentences: what the curves and the gap between train and test say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from appliednn.core.statistics import Estimate
from appliednn.diagnostics._curves import Curves, curves_from_history
from appliednn.diagnostics._fit import FitGap

# Shares of the loss of guessing: a gap above the first is worth a word, skill below the second
# is hardly any.
_GAP, _LITTLE_SKILL = 0.1, 0.05
# Shares of the whole improvement: what still comes in the last tenth, what is lost after the best.
_STILL_FALLING, _RISE = 0.02, 0.1


@dataclass(frozen=True)
class Remark:
    """One thing to know about a training run.

    Attributes
    ----------
    kind : str
        ``"diverged"``, ``"stopped-short"``, ``"overtrained"``, ``"overfit"``, ``"underfit"``, or
        a layer's trouble: ``"vanishing"``, ``"exploding"``, ``"dead"``, ``"saturated"``.
    severity : {"high", "medium", "low", "info"}
    title, text, action : str
        Heading, sentence with the numbers, and what to do.
    """

    kind: str
    severity: Literal["high", "medium", "low", "info"]
    title: str
    text: str
    action: str


@dataclass(frozen=True)
class TrainingHealth:
    """What a training run looks like.

    Attributes
    ----------
    verdict : str
        One or two sentences.
    curves : Curves or None
    fit : FitGap or None
    remarks : tuple of Remark
        Troubles, worst first; empty for a healthy run.
    """

    verdict: str
    curves: Curves | None
    fit: FitGap | None
    remarks: tuple[Remark, ...] = field(default=())


def training_health(
    history: Mapping[str, Sequence[float]] | Curves | None,
    *,
    best_epoch: int | Sequence[int] | None = None,
    stop_reason: str = "",
    fit: FitGap | None = None,
) -> TrainingHealth:
    """Judge a training run by its curves and by the gap between training and test rows.

    Parameters
    ----------
    history : mapping of str to list, Curves or None
        An estimator's ``history_``, or what :func:`~appliednn.diagnostics.read_curves` gave.
    best_epoch : int or sequence of int, optional
        Epoch whose weights the model has (0-based), of each member for an ensemble; default: the
        last.
    stop_reason : str
        The estimator's ``stop_reason_``.
    fit : FitGap, optional
        From :func:`~appliednn.diagnostics.fit_gap`.

    Returns
    -------
    TrainingHealth

    Raises
    ------
    ValueError
        If there is neither a history nor a gap, or the history has no ``loss``.

    Examples
    --------
    >>> history = {"loss": [1.0, 0.6, 0.4, 0.3, 0.2], "val_loss": [1.0, 0.7, 0.8, 0.9, 1.0]}
    >>> health = training_health(history)
    >>> [remark.kind for remark in health.remarks]
    ['overtrained']
    >>> health.verdict
    'The validation loss was best in epoch 2 of 5 (0.7) and ended at 1; the model keeps epoch 5.'
    """
    if history is None and fit is None:
        raise ValueError("training_health needs a history, or a fit from fit_gap")
    curves = history
    if history is not None and not isinstance(history, Curves):
        curves = curves_from_history(history, best_epoch=best_epoch, stop_reason=stop_reason)
    remarks = [] if curves is None else _curve_remarks(curves)
    said = [_fit_sentence(fit)] if fit is not None else []
    if fit is not None:
        remarks += _fit_remarks(fit)
        if any(r.kind == "overfit" for r in remarks):
            # A training loss that still falls is then no reason to train longer.
            remarks = [r for r in remarks if r.kind != "stopped-short"]
    if curves is not None:
        said.append(_curve_sentence(curves))
    order = ("high", "medium", "low", "info")
    remarks.sort(key=lambda r: order.index(r.severity))
    return TrainingHealth(" ".join(said), curves, fit, tuple(remarks))


def _curve_remarks(curves: Curves) -> list[Remark]:
    """Return what the curves show: divergence, a stop too early, a validation loss that rises."""
    train = np.asarray(curves.train)
    if not np.isfinite(train).all():
        at = int(np.flatnonzero(~np.isfinite(train))[0]) + 1
        return [
            Remark(
                "diverged",
                "high",
                "Training diverged",
                f"The training loss was no longer finite in {curves.unit} {at} of {len(train)}.",
                "Lower the learning rate or clip gradients by their global norm.",
            )
        ]
    remarks = []
    rise = _rise_after_best(curves)
    if rise > _RISE and curves.keeps_last and not curves.picked_by:
        remarks.append(
            Remark(
                "overtrained",
                "medium",
                "Validation worsens and the best state was not kept",
                _curve_sentence(curves),
                "Switch early stopping on: it keeps the best weights.",
            )
        )
    elif curves.complete and _late_gain(curves) > _STILL_FALLING:
        remarks.append(
            Remark(
                "stopped-short",
                "low",
                "Training ended while it was still improving",
                f"All {len(train)} {curves.unit}s were run and the last tenth still brought "
                f"{_late_gain(curves):.0%} of the whole improvement.",
                f"Allow more {curves.unit}s, or raise the learning rate.",
            )
        )
    return remarks


def _monitored(curves: Curves) -> np.ndarray:
    """Return what training watched, lower is better: validation if there is any."""
    values = np.asarray(curves.validation, dtype=float)
    if len(values) and np.isfinite(values).all():
        return values if curves.lower_is_better else -values
    return np.asarray(curves.train, dtype=float)


def _rise_after_best(curves: Curves) -> float:
    """Return how much of the validation's improvement was lost again by the end."""
    values = _monitored(curves)
    if not len(curves.validation) or len(values) < 5 or curves.best is None:
        return 0.0
    # The last values' median: one bad epoch at the end is no trend.
    last = float(np.median(values[-max(1, len(values) // 10) :]))
    gained = values[0] - values.min()
    return float((last - values.min()) / gained) if gained > 0 else 0.0


def _late_gain(curves: Curves) -> float:
    """Return the share of the whole improvement that fell in the last tenth of the run."""
    values = _monitored(curves)
    tail = max(2, len(values) // 10)
    if len(values) < 3 * tail:
        return 0.0
    late = values[-2 * tail : -tail].mean() - values[-tail:].mean()
    gained = values[0] - values.min()
    return float(late / gained) if gained > 0 else 0.0


def _curve_sentence(curves: Curves) -> str:
    n, unit = len(curves.train), curves.unit
    if curves.best is None:
        said = f"The {curves.train_name} went from {_number(curves.train[0])} to "
        said += f"{_number(curves.train[-1])} in {n} {unit}s"
        return f"{said}; no rows were held out during training."
    values, name = curves.validation, curves.validation_name
    kept = f"the model keeps {unit} {curves.kept_words}"
    if curves.kept_by_member:
        spread = "s" if " " in curves.kept_words else ""
        kept = f"its {len(curves.kept_by_member)} members keep {unit}{spread} {curves.kept_words}"
    if curves.picked_by:
        kept += f" (by {curves.picked_by})"
    if curves.best == len(values) - 1:
        return f"The {name} was best at the end ({_number(values[-1])}, {unit} {n}); {kept}."
    return (
        f"The {name} was best in {unit} {curves.best + 1} of {n} ({_number(values[curves.best])}) "
        f"and ended at {_number(values[-1])}; {kept}."
    )


def _fit_sentence(fit: FitGap) -> str:
    """Say over-, under- or sound fitting with the numbers."""
    numbers = (
        f"{fit.loss} is {_range(fit.train)} on training rows and {_range(fit.test)} on test rows "
        f"({_number(fit.guess)} for a guess that looks at no feature)"
    )
    if _is_underfit(fit):
        return f"Underfitting: the {numbers}."
    low, high = fit.gap.ci
    numbers += f"; training skill minus test skill is {fit.gap.value:.2f} "
    numbers += f"({low:.2f} to {high:.2f})"
    if low > _GAP:
        return f"Overfitting: the {numbers}."
    return f"No sign of over- or underfitting: the {numbers}."


def _fit_remarks(fit: FitGap) -> list[Remark]:
    if _is_underfit(fit):
        return [
            Remark(
                "underfit",
                "medium",
                "Underfitting: hardly better than guessing",
                _fit_sentence(fit),
                "The model is too weak, trained too little or too strongly regularised, or the "
                "features carry little of the target: compare with the baselines.",
            )
        ]
    if not fit.gap.ci[0] > _GAP:
        return []
    worthless = fit.test_skill.ci[1] < 0
    return [
        Remark(
            "overfit",
            "high" if worthless else "low",
            "Overfitting: worse than guessing on new rows"
            if worthless
            else "Overfitting: better on training rows than on new ones",
            _fit_sentence(fit),
            "Regularise (dropout, weight decay), stop earlier, shrink the network, add rows; a "
            "gap alone is no defect where the test result is good.",
        )
    ]


def _is_underfit(fit: FitGap) -> bool:
    return bool(fit.train_skill.ci[1] < _LITTLE_SKILL)


def _range(estimate: Estimate) -> str:
    if estimate.ci is None:
        return _number(estimate.value)
    low, high = (_number(v) for v in estimate.ci)
    return f"{_number(estimate.value)} ({low} to {high})"


def _number(value: float) -> str:
    """Return three figures, or whole numbers with thousands set apart."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}".replace(",", "\u202f")
