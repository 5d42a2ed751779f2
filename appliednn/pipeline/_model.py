"""From a config to an unfitted model, and from a fitted one to what is kept."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliednn.pipeline._seeds import stage_seed


@dataclass(frozen=True)
class Recipe:
    """An unfitted model and where its named parameters are.

    Attributes
    ----------
    model : estimator
        Imputer, rebalancing, encoder and estimator, as far as the config has them.
    prefix : str
        What stands before a parameter of the named estimator in ``model.set_params``.
    """

    model: Any
    prefix: str


def build_recipe(config: Any, parameters: Mapping[str, Any] | None = None) -> Recipe:
    """Return the unfitted model that a config describes.

    Parameters
    ----------
    config : RunConfig
        Validated config.
    parameters : mapping, optional
        Parameters found by a search; they replace those of the config.
    """
    from appliednn.pipeline.registry import estimator

    given = {**config.model.parameters(), **(parameters or {})}
    seed = stage_seed(config.seed, "model")
    core, prefix = named_estimator(estimator(config.model.type).load(), given, seed)
    if config.model.bags:
        core, prefix = _bagged(core, config.model.bags, config.kind, seed), "estimator__"
    if config.imbalance.type in ("class_weight", "sampler"):
        core, prefix = _rebalanced(config, core), f"estimator__{prefix}"
    imputer = _imputer(config)
    if imputer is not None:
        from sklearn.pipeline import Pipeline

        core = Pipeline([("impute", imputer), ("model", core)])
        prefix = f"model__{prefix}"
    return Recipe(core, prefix)


def named_estimator(cls: type, parameters: Mapping[str, Any], seed: int) -> tuple[Any, str]:
    """Return an estimator of the registry that takes a mixed DataFrame, and its prefix.

    Ours encode by themselves; scikit-learn's stand behind the same encoder in a pipeline.
    """
    known = inspect.signature(cls).parameters
    values = {name: _plain(name, value) for name, value in parameters.items()}
    if cls.__name__ == "LocalOutlierFactor":
        # It is to judge rows it was not fitted on, and a model file takes no neighbour trees.
        values |= {"novelty": True, "algorithm": "brute"}
    if "random_state" in known and values.get("random_state") is None:
        values["random_state"] = seed
    if not cls.__module__.startswith("sklearn."):
        return cls(**values), ""
    from sklearn.pipeline import Pipeline

    from appliednn.tabular import TabularEncoder

    return Pipeline([("encode", TabularEncoder()), ("model", cls(**values))]), "model__"


def _plain(name: str, value: Any) -> Any:
    """Return a value as estimators take it: layer sizes as a tuple (null: the preset's)."""
    return tuple(value) if name == "hidden_layer_sizes" and value is not None else value


def _bagged(network: Any, n_bags: int, task: str, seed: int) -> Any:
    """Return an ensemble of networks, each trained on all folds but one."""
    from appliednn.ensemble import BaggedClassifier, BaggedRegressor

    kind = BaggedClassifier if task == "classification" else BaggedRegressor
    return kind(network, n_bags, random_state=seed)


def _imputer(config: Any) -> Any:
    """Return the imputer of the section ``missing``, or None where the model copes itself."""
    if config.missing.type in ("model", "drop_rows"):
        return None
    from appliednn.impute import make_imputer

    parameters = config.missing.model_dump(exclude={"type"})
    return make_imputer(
        config.missing.type, **parameters, random_state=stage_seed(config.seed, "impute")
    )


def make_sampler(config: Any) -> Any:
    """Return the resampler of the section ``imbalance``."""
    from appliednn.core.errors import UsageError
    from appliednn.pipeline.registry import sampler

    cls = sampler(config.imbalance.name).load()
    known = inspect.signature(cls).parameters
    parameters = dict(config.imbalance.params)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise UsageError(
            f"imbalance.params: {cls.__name__} has no parameter {', '.join(unknown)}; it has "
            f"{', '.join(known)}"
        )
    if "categorical_features" in known:
        parameters.setdefault("categorical_features", "auto")
    if "random_state" in known:
        parameters.setdefault("random_state", stage_seed(config.seed, "sampler"))
    return cls(**parameters)


def _rebalanced(config: Any, core: Any) -> Any:
    from appliednn.imbalance import RebalancedClassifier

    if config.imbalance.type == "sampler":
        return RebalancedClassifier(core, sampler=make_sampler(config))
    return RebalancedClassifier(core, class_weight=config.imbalance.weights)


def kept_model(fitted: Any) -> Any:
    """Return the fitted model without what only training needed.

    Steps of nested pipelines become one pipeline; rebalancing leaves its prior correction, put
    outside of everything else. Predictions for training rows are left out.
    """
    steps, rebalanced = [], None
    last = fitted
    while True:
        if hasattr(last, "steps"):
            steps += last.steps[:-1]
            last = last.steps[-1][1]
        elif hasattr(last, "corrected"):
            rebalanced, last = last, last.estimator_
        else:
            break
    model = last
    vars(model).pop("oof_prediction_", None)  # one value for each training row
    if steps:
        from sklearn.pipeline import Pipeline

        model = Pipeline([*steps, ("model", last)])
    if rebalanced is None:
        return model
    correction = rebalanced.corrected()
    if correction is rebalanced.estimator_:
        return model
    return correction.set_params(estimator=model).fit()
