"""Fit, calibrate, choose the threshold: training rows only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError
from appliednn.pipeline._anomalies import is_detector, series_is_usable
from appliednn.pipeline._model import Recipe, kept_model
from appliednn.pipeline._search import make_folds
from appliednn.pipeline._seeds import stage_seed
from appliednn.pipeline._split import split_rows
from appliednn.pipeline.registry import estimator


@dataclass(frozen=True)
class TrainingRows:
    """Training rows in two parts: those the model is fitted on and those held out from it.

    Attributes
    ----------
    X, y, groups : DataFrame, ndarray or None, ndarray or None
        Rows to fit on (``drop_rows`` has acted); of a detector no targets, but for one that
        learns from marked anomalies 1 for these and 0 for others; groups of a grouped split.
    X_held, y_held : DataFrame and ndarray, or None
        Rows for calibration and threshold; None without calibration.
    """

    X: pd.DataFrame
    y: np.ndarray | None
    groups: np.ndarray | None
    X_held: pd.DataFrame | None = None
    y_held: np.ndarray | None = None


def training_rows(
    config: Any, X: pd.DataFrame, y: np.ndarray | None, groups: np.ndarray | None
) -> TrainingRows:
    """Hold calibration rows out as the split held test rows out, and drop incomplete rows.

    Held-out rows keep their missing values: the model meets such rows in use.

    Parameters
    ----------
    config : RunConfig
        Sections split, calibration, missing.
    X : DataFrame of shape (n, n_features)
        Training rows, in order of time for a split by time.
    y : ndarray of shape (n,) or None
        Their targets; only a detector that learns from marked anomalies keeps them.
    groups : ndarray of shape (n,), optional
        Their groups, for a grouped split.
    """
    held_X = held_y = None
    if config.kind == "classification" and config.calibration.type != "none":
        fit, held = _hold_out(config, y, groups)
        held_X, held_y = X.iloc[held], y[held]
        X, y, groups = X.iloc[fit], y[fit], None if groups is None else groups[fit]
    if config.task == "anomaly":
        if config.anomalies.train == "drop":
            X = X[y == 0]
        y, groups = (y if estimator(config.model.type).marks else None), None
    if config.missing.type == "drop_rows":
        from appliednn.impute import complete_rows

        keep = complete_rows(X)
        X, y, groups = X[keep], *(None if v is None else v[keep] for v in (y, groups))
        if len(X) < 10 or (config.kind == "classification" and len(np.unique(y)) < 2):
            raise UsageError(
                f"missing: drop_rows leaves {len(X)} training rows without a missing value: too "
                "few to train on; use type: model, simple, knn or iterative"
            )
    return TrainingRows(X, y, groups, held_X, held_y)


def _hold_out(config: Any, y: np.ndarray, groups: np.ndarray | None) -> tuple[Any, Any]:
    fraction = config.calibration.fraction
    frame = pd.DataFrame({"y": y, "order": np.arange(len(y))})
    split = {"type": config.split.type, "test_size": fraction}
    if config.split.type == "grouped":
        frame["group"] = groups
        split["column"] = "group"
    elif config.split.type == "time":
        split["column"] = "order"
    elif np.unique(y, return_counts=True)[1].min() >= 2:
        split["type"] = "stratified"
    else:
        split["type"] = "random"
    seed = stage_seed(config.seed, "calibration")
    return split_rows(frame, "y", split, classification=True, seed=seed)


def fit_model(recipe: Recipe, rows: TrainingRows) -> Any:
    """Return the fitted model, without what only training needed."""
    if rows.y is not None and is_detector(recipe.model):
        # As a detector says it: -1 for a known anomaly, 0 for a row of which nothing is known.
        labels = {f"{recipe.prefix}labels": -rows.y}
        return kept_model(recipe.model.fit(rows.X, **labels))
    with series_is_usable(recipe.model):
        return kept_model(recipe.model.fit(rows.X, rows.y))


def calibrate(config: Any, model: Any, rows: TrainingRows) -> Any:
    """Return the model with its probabilities corrected on the held-out rows.

    The section ``imbalance: prior_correction`` acts here too: after calibration, since it moves
    honest probabilities to the class balance met in use.
    """
    if config.kind == "classification" and config.calibration.type != "none":
        from appliednn.uncertainty import CalibratedModel

        try:
            model = CalibratedModel(model, config.calibration.type).fit(rows.X_held, rows.y_held)
        except ValueError as error:
            raise UsageError(f"calibration: {error}") from error
    if config.imbalance.type == "prior_correction":
        from appliednn.imbalance import PriorCorrection, class_shares

        if len(model.classes_) != 2:
            raise UsageError(
                "imbalance: prior_correction needs two classes, the target has "
                f"{len(model.classes_)}"
            )
        positive = positive_index(config, model.classes_)
        share = config.imbalance.target_prior
        target = np.where(np.arange(2) == positive, share, 1 - share)
        trained = class_shares(rows.y, model.classes_)
        model = PriorCorrection(model, trained.tolist(), target.tolist()).fit()
    return model


def positive_index(config: Any, classes: np.ndarray) -> int:
    """Return the position of the positive class among two; default: the second."""
    if config.data.positive is None:
        return 1
    from appliednn.imbalance._labels import label_position

    position = label_position(config.data.positive, classes.tolist())
    if position is None:
        raise UsageError(
            f"data.positive: {config.data.positive!r} is none of the model's classes "
            f"({', '.join(map(str, classes))})"
        )
    return position


def set_threshold(config: Any, recipe: Recipe, model: Any, rows: TrainingRows) -> tuple[Any, Any]:
    """Return the model with its decision threshold, and the choice (None for the default).

    Chosen on the held-out rows; without any, on cross-validated predictions of the rows the model
    was fitted on. Never on test rows.
    """
    if config.kind != "classification" or config.threshold.type == "default":
        return model, None
    from appliednn.diagnostics._threshold import ThresholdClassifier, choose_threshold

    if len(model.classes_) != 2:
        raise UsageError(
            f"threshold: {config.threshold.type} needs two classes, the target has "
            f"{len(model.classes_)}; use type: default"
        )
    positive = positive_index(config, model.classes_)
    if rows.X_held is not None:
        y, proba = rows.y_held, np.asarray(model.predict_proba(rows.X_held))
    else:
        y, proba = _cross_validated(config, recipe, rows)
    weight = None
    if config.imbalance.type == "prior_correction":
        shift = np.asarray(model.target_prior_) / np.asarray(model.train_prior_)
        weight = shift[np.searchsorted(model.classes_, y)]
    chosen = choose_threshold(
        y == model.classes_[positive],
        np.clip(proba[:, positive].astype(np.float64), 0.0, 1.0),
        config.threshold.model_dump(),
        sample_weight=weight,
    )
    label = model.classes_[positive].item()
    return ThresholdClassifier(model, chosen.threshold, label).fit(), chosen


def _cross_validated(
    config: Any, recipe: Recipe, rows: TrainingRows
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and out-of-fold probabilities of the training rows."""
    from sklearn.base import clone

    n_folds = int(min(5, np.unique(rows.y, return_counts=True)[1].min()))
    if n_folds < 2:
        raise UsageError(
            "threshold: a class has one training row only; a threshold cannot be chosen"
        )
    labels, probabilities = [], []
    for fit, held in make_folds(config, n_folds).split(rows.X, rows.y, rows.groups):
        part = TrainingRows(rows.X.iloc[fit], rows.y[fit], None)
        if len(np.unique(part.y)) < 2:
            continue
        fold = fit_model(Recipe(clone(recipe.model), recipe.prefix), part)
        fold = calibrate(config, fold, part)
        labels.append(rows.y[held])
        probabilities.append(np.asarray(fold.predict_proba(rows.X.iloc[held])))
    if not labels:
        raise UsageError("threshold: no fold of the training rows holds both classes")
    return np.concatenate(labels), np.vstack(probabilities)
