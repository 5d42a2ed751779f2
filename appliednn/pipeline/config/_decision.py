"""Sections between data and report: imbalance, search, calibration, threshold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from appliednn.pipeline.config._base import (
    Count,
    Label,
    Positive,
    Section,
    Share,
    one_of,
)
from appliednn.pipeline.registry._entries import SAMPLERS
from appliednn.pipeline.registry._tables import names


class NoImbalance(Section):
    """Classes as they are."""

    type: Literal["none"]


class ClassWeightImbalance(Section):
    """Rows weighted by class while training."""

    type: Literal["class_weight"]
    weights: Literal["balanced"] | dict[Label, Positive] = Field(
        "balanced", description="balanced, or a weight for each label."
    )


class SamplerImbalance(Section):
    """Training rows resampled by imbalanced-learn; test rows never are."""

    type: Literal["sampler"]
    name: one_of(tuple(SAMPLERS), "resampler") = Field(description="imbalanced-learn class name.")
    params: dict[str, Any] = Field({}, description="Its constructor parameters.")


class PriorImbalance(Section):
    """Probabilities moved from the training share of positives to the share met in use."""

    type: Literal["prior_correction"]
    target_prior: Share = Field(description="Share of positives where the model will be used.")


ImbalanceConfig = Annotated[
    NoImbalance | ClassWeightImbalance | SamplerImbalance | PriorImbalance,
    Field(discriminator="type"),
]


class SpaceConfig(Section):
    """Where a parameter is searched: between ``low`` and ``high``, or among ``values``."""

    low: int | float | None = Field(None, description="Smallest value (two integers: integers).")
    high: int | float | None = Field(None, description="Largest value.")
    log: bool = Field(False, description="Draw evenly on a logarithmic scale.")
    values: list[Any] | None = Field(None, min_length=1, description="Values to choose from.")

    @property
    def kind(self) -> Literal["values", "integer", "float"]:
        """Whether values, integers or real numbers are drawn."""
        if self.values is not None:
            return "values"
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        return "integer" if whole else "float"

    @model_validator(mode="after")
    def _consistent(self) -> SpaceConfig:
        bounds = self.low is not None or self.high is not None
        if bounds == (self.values is not None):
            raise PydanticCustomError("space", "expected either low and high, or values")
        if self.values is not None:
            if self.log:
                raise PydanticCustomError("space", "log goes with low and high, not with values")
            return self
        if self.low is None or self.high is None or self.low >= self.high:
            raise PydanticCustomError("space", "expected low and high with low below high")
        if self.log and self.low <= 0:
            raise PydanticCustomError("space", "a logarithmic range needs low above 0")
        return self


Space = Annotated[dict[str, SpaceConfig], Field(min_length=1)]
Scoring = one_of(names("scorers"), "scorer")


class NoSearch(Section):
    """The model's parameters as written."""

    type: Literal["none"]


class RandomSearch(Section):
    """Parameters drawn at random, compared by cross-validation."""

    type: Literal["random"]
    space: Space = Field(description="Parameter of the model: where to look.")
    n_candidates: Count = Field(10, description="Draws.")
    cv: Annotated[int, Field(ge=2)] = Field(3, description="Folds.")
    scoring: Scoring | None = Field(
        None, description="scikit-learn scorer; default: the model's own score."
    )


class HalvingSearch(Section):
    """Many candidates on few rows, the better ones on more (successive halving)."""

    type: Literal["halving"]
    space: Space = Field(description="Parameter of the model: where to look.")
    n_candidates: Count = Field(20, description="Draws in the first round.")
    factor: Annotated[int, Field(ge=2)] = Field(3, description="One in factor goes on.")
    cv: Annotated[int, Field(ge=2)] = Field(3, description="Folds.")
    scoring: Scoring | None = Field(
        None, description="scikit-learn scorer; default: the model's own score."
    )


SearchConfig = Annotated[NoSearch | RandomSearch | HalvingSearch, Field(discriminator="type")]


class NoCalibration(Section):
    """Probabilities as the model gives them."""

    type: Literal["none"]


class TemperatureCalibration(Section):
    """One number that softens or sharpens all probabilities (Guo et al. 2017)."""

    type: Literal["temperature"]
    fraction: Share = Field(0.2, description="Share of training rows kept for it.")


class SigmoidCalibration(Section):
    """A logistic curve through the scores (Platt 1999)."""

    type: Literal["sigmoid"]
    fraction: Share = Field(0.2, description="Share of training rows kept for it.")


class IsotonicCalibration(Section):
    """A rising step function; needs some thousand rows."""

    type: Literal["isotonic"]
    fraction: Share = Field(0.2, description="Share of training rows kept for it.")


CalibrationConfig = Annotated[
    NoCalibration | TemperatureCalibration | SigmoidCalibration | IsotonicCalibration,
    Field(discriminator="type"),
]


class DefaultThreshold(Section):
    """The most probable class."""

    type: Literal["default"]


class MetricThreshold(Section):
    """The threshold that is best for a metric on held-out training rows."""

    type: Literal["metric"]
    metric: Literal["f1", "balanced_accuracy", "mcc", "youden", "accuracy"] = Field(
        "balanced_accuracy", description="What to maximise."
    )


class CostThreshold(Section):
    """The threshold of least expected cost."""

    type: Literal["cost"]
    false_positive: Positive = Field(1.0, description="Cost of a false alarm.")
    false_negative: Positive = Field(1.0, description="Cost of a missed positive.")


ThresholdConfig = Annotated[
    DefaultThreshold | MetricThreshold | CostThreshold, Field(discriminator="type")
]
