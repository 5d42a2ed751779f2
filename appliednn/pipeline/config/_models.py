"""The section ``model``: one pydantic model for each estimator of the registry."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from appliednn.pipeline.config._base import (
    Count,
    Label,
    NonNegative,
    Positive,
    Section,
    Share,
    one_of,
)
from appliednn.pipeline.registry._tables import names, tables

_Activation = one_of(names("activations"), "activation")
_Initializer = one_of(names("initializers"), "initialiser")
_Optimizer = one_of(
    tuple(name.lower() for name in names("optimizers")), "optimiser", ignore_case=True
)
_Scoring = one_of(("loss", *names("scorers")), "scorer")
_KERAS_LOSSES = names("losses")
_ClassifierLoss = one_of(
    ("auto", "cross_entropy", "focal", "hinge", "squared_hinge", *_KERAS_LOSSES), "loss"
)
_RegressorLoss = one_of(
    ("auto", "mse", "mae", "huber", "quantile", "poisson", *_KERAS_LOSSES), "loss"
)
_Params = dict[str, Any] | None


class ModelSection(Section):
    """An estimator by name; its other keys are constructor parameters."""

    def parameters(self) -> dict[str, Any]:
        """Return the constructor parameters that were written, and only those.

        A parameter that was not written keeps the library's default. Lists of layer sizes come as
        tuples, as scikit-learn's estimators expect them.
        """
        given = self.model_dump(exclude_unset=True, exclude={"type"})
        return {k: tuple(v) if k == "hidden_layer_sizes" else v for k, v in given.items()}


class _MLP(ModelSection):
    """What the two multilayer perceptrons share."""

    hidden_layer_sizes: list[Count] = Field(
        [128, 128], description="Units of each hidden layer; [] gives a linear model."
    )
    activation: _Activation = Field("relu", description="Keras activation.")
    residual: bool = Field(False, description="Add a skip connection around each layer.")
    normalization: Literal["batch", "layer"] | None = Field(
        None, description="Normalise after each hidden layer."
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Share dropped.")
    kernel_initializer: _Initializer = Field("glorot_uniform", description="Keras initialiser.")
    bias_initializer: _Initializer = Field("zeros", description="Keras initialiser.")
    l1: NonNegative = Field(0.0, description="Penalty on absolute weights.")
    l2: NonNegative = Field(0.0, description="Penalty on squared weights.")
    loss_params: _Params = Field(None, description="Numbers of the loss (gamma, delta, ...).")
    optimizer: _Optimizer = Field("adam", description="Keras optimiser.")
    optimizer_params: _Params = Field(None, description="Its arguments (momentum, beta_1, ...).")
    learning_rate: Positive = Field(1e-3, description="Peak learning rate.")
    weight_decay: NonNegative = Field(0.0, description="Decoupled weight decay.")
    schedule: Literal["constant", "step", "exponential", "cosine", "one_cycle", "plateau"] = Field(
        "constant", description="Learning rate over time."
    )
    schedule_params: _Params = Field(None, description="Its numbers (warmup, factor, ...).")
    clip_value: Positive | None = Field(None, description="Clip each gradient entry.")
    clip_norm: Positive | None = Field(None, description="Clip each gradient's norm.")
    clip_global_norm: Positive | None = Field(None, description="Clip the norm of all gradients.")
    epochs: Count = Field(100, description="Passes over the training rows, at most.")
    batch_size: Count | Literal["full"] = Field(128, description="Rows a step.")
    shuffle: bool = Field(True, description="New order each epoch.")
    early_stopping: Literal["auto"] | bool = Field(
        "auto", description="Stop when the held-out loss no longer falls; keep the best weights."
    )
    validation_fraction: Share = Field(0.1, description="Share of training rows watched for it.")
    n_iter_no_change: Count = Field(10, description="Epochs without progress before it stops.")
    tol: NonNegative = Field(1e-4, description="Least progress that counts.")
    scoring: _Scoring = Field("loss", description="What picks the epoch: loss or a scorer.")
    max_seconds: Positive | None = Field(None, description="Training ends after this time.")
    numeric: Literal["robust", "standard", "minmax", "quantile", "passthrough"] = Field(
        "robust", description="Scaling of numbers."
    )
    categorical: Literal["onehot", "embedding"] = Field("onehot", description="Categories.")
    missing: Literal["median_indicator", "median", "error"] = Field(
        "median_indicator", description="Missing values inside the model."
    )
    strategy: Literal["mirrored"] | None = Field(None, description="Train on all devices.")
    precision: Literal["mixed_float16", "mixed_bfloat16", "float64"] | None = Field(
        None, description="Arithmetic; default: float32."
    )
    xla: Literal["auto"] | bool = Field("auto", description="Compile with XLA.")
    warm_start: bool = Field(False, description="Go on from the last fit.")
    verbose: Literal["auto"] | bool = Field("auto", description="Show progress while training.")
    random_state: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Default: drawn from the run's seed."
    )


class MLPClassifierConfig(_MLP):
    """Multilayer perceptron for classes."""

    type: Literal["MLPClassifier"]
    loss: _ClassifierLoss = Field("auto", description="Loss; auto is cross-entropy.")
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Softer labels.")
    class_weight: Literal["balanced"] | dict[Label, NonNegative] | None = Field(
        None, description="Weights of classes; the section imbalance does the same for any model."
    )


class MLPRegressorConfig(_MLP):
    """Multilayer perceptron for numbers."""

    type: Literal["MLPRegressor"]
    loss: _RegressorLoss = Field("auto", description="Loss; auto is the squared error.")


_JSON_TYPES: dict[str, Any] = {
    "boolean": bool,
    "string": str,
    "null": None,
    "array": list[Any],
    "object": dict[Label, Any],
}
_BOUNDS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}


def annotation(any_of: list[dict[str, Any]]) -> Any:
    """Return the Python type of the JSON Schema fragments of a registry table."""
    counts = any(fragment.get("type") == "integer" for fragment in any_of)
    return reduce(or_, [_alternative(fragment, counts) for fragment in any_of])


def _alternative(fragment: dict[str, Any], counts: bool) -> Any:
    """Return the type of one fragment; where a whole number counts, a share needs its point."""
    if "enum" in fragment:
        values = fragment["enum"]
        return _SCORERS if values == "scorers" else Literal[tuple(values)]
    kind = fragment["type"]
    if kind in _JSON_TYPES:
        return _JSON_TYPES[kind]
    bounds = {_BOUNDS[k]: v for k, v in fragment.items() if k in _BOUNDS}
    if kind == "integer":
        return Annotated[int, Field(**bounds)]
    if counts:
        return Annotated[float, BeforeValidator(_written_with_point), Field(**bounds)]
    return Annotated[float, Field(**bounds)]


def _written_with_point(value: Any) -> Any:
    """Refuse 1 where 1.0 means a share: pydantic would quietly make one the other."""
    if isinstance(value, int):
        raise PydanticCustomError("whole_number", "expected a number with a decimal point")
    return value


_SCORERS = one_of(names("scorers"), "scorer")


def from_table(name: str, table: dict[str, dict[str, Any]], **fields: Any) -> type[ModelSection]:
    """Return the pydantic model of a class whose parameters stand in a registry table.

    Parameters
    ----------
    name : str
        Name of the class in the registry.
    table : dict
        As :func:`appliednn.pipeline.registry.parameters` gives it.
    **fields
        Further fields, as ``pydantic.create_model`` takes them.
    """
    for key, spec in table.items():
        default = ... if spec.get("required") else spec["default"]
        fields[key] = (annotation(spec["any_of"]), default)
    return create_model(f"{name}Config", __base__=ModelSection, __doc__=f"{name}.", **fields)


MODELS: dict[str, type[ModelSection]] = {
    "MLPClassifier": MLPClassifierConfig,
    "MLPRegressor": MLPRegressorConfig,
    **{
        name: from_table(name, table, type=(Literal[name], ...))
        for name, table in tables()["estimators"].items()
    },
}
"""Registered name -> pydantic model."""

ModelConfig = Annotated[reduce(or_, MODELS.values()), Field(discriminator="type")]
