"""The methods of ``tabular.py``: ours and the peers, each with its library's defaults.

A method is a function ``(X, y, task, seed, budget) -> fitted object`` with ``predict_proba`` (all
classes 0 to K - 1 in order) or ``predict``. ``X`` is a DataFrame of float64 and ``category``
columns that may both have gaps; what a library refuses is prepared here, and only that:

============================ ==============================================================
ours                          the table as it is
hist_gb, lightgbm, xgboost    native categories and gaps (hist_gb: ordinal above 255 levels)
catboost                      native categories and gaps; the gap of a category is a category
sklearn_mlp, skorch_mlp       median and indicator, standardised; one-hot; target standardised
pytabkit                      median and indicator for gaps in numbers; categories as they are
============================ ==============================================================

All run on one thread.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from _options import chosen_of
from _runner import NotInThisVersion, import_all
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

NUMBERS = make_column_selector(dtype_include="number")
CATEGORIES = make_column_selector(dtype_include="category")
HIST_GB_LEVELS = 255


@dataclass(frozen=True)
class Method:
    """How to fit a method, whose it is, and what to import before the clock starts."""

    fit: Callable[..., Any]
    ours: bool
    modules: tuple[str, ...]
    distribution: str
    estimator: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    @property
    def needs_budget(self) -> bool:
        """Whether it is given three times the seconds of CatBoost's fit on the same rows."""
        return self.estimator == "AutoTabular"

    def prepare(self, task: str) -> None:
        """Import what a fit needs; raise NotInThisVersion for what is not there.

        Packages in ``without`` are as if they were not installed: the process serves one method.
        """
        sys.modules.update(dict.fromkeys(self.without))
        import_all(self.modules)
        if self.estimator is not None:
            our_class(self.estimator, task)


class Prepared:
    """A fitted model behind fitted column work."""

    def __init__(self, columns, model):
        self.columns, self.model = columns, model

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probabilities of the classes, (n, K)."""
        return self.model.predict_proba(self.columns.transform(X))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the predictions, (n,)."""
        return self.model.predict(self.columns.transform(X))


# -- ours --------------------------------------------------------------------------------------


def our_class(name: str, task: str) -> type:
    """Return our estimator class of a name like "RealMLP", or raise NotInThisVersion."""
    full = name + ("Classifier" if task == "classification" else "Regressor")
    for module in ("appliednn", "appliednn.tabular", "appliednn.search", "appliednn.ensemble"):
        try:
            return getattr(importlib.import_module(module), full)
        except (AttributeError, ModuleNotFoundError):
            continue
    raise NotInThisVersion(f"{full} is not in this version of appliednn")


def _ours(name: str, **parameters) -> Method:
    def fit(X, y, task, seed, budget=None):
        made = our_class(name, task)
        given = {**parameters, "random_state": seed}
        if budget is not None:
            given["max_seconds"] = budget
        unknown = set(given) - set(inspect.signature(made).parameters)
        if unknown:
            raise NotInThisVersion(
                f"{made.__name__} of this version has no {', '.join(sorted(unknown))}"
            )
        return made(**given).fit(X, y)

    needed = ("tensorflow", "keras", "appliednn.tabular")
    return Method(fit, True, needed, "appliednn", name, parameters)


# -- scikit-learn ------------------------------------------------------------------------------


def scaled_columns():
    """Return the column work of the plain networks: gaps, scale, one-hot."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer((numbers, NUMBERS), (one_hot, CATEGORIES))


def sklearn_mlp(X, y, task, seed, budget=None):
    """scikit-learn's MLP, 100 ReLU, at most 200 epochs, no early stopping."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    columns = scaled_columns()
    if task == "classification":
        model = MLPClassifier(random_state=seed)
    else:
        model = TransformedTargetRegressor(
            MLPRegressor(random_state=seed), transformer=StandardScaler()
        )
    return Prepared(columns, model.fit(columns.fit_transform(X), y))


def hist_gb(X, y, task, seed, budget=None):
    """scikit-learn's histogram gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier as Classifier
    from sklearn.ensemble import HistGradientBoostingRegressor as Regressor

    # It refuses a category of more levels than it has bins.
    wide = [c for c in CATEGORIES(X) if X[c].nunique() > HIST_GB_LEVELS]
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer(
        (ordinal, wide), remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas")
    made = Classifier if task == "classification" else Regressor
    return Prepared(columns, made(random_state=seed).fit(columns.fit_transform(X), y))


# -- boosted trees -----------------------------------------------------------------------------


def lightgbm(X, y, task, seed, budget=None):
    """LightGBM, 100 trees."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    made = LGBMClassifier if task == "classification" else LGBMRegressor
    return made(random_state=seed, n_jobs=1, verbose=-1).fit(X, y)


class _WithWordForGap:
    """CatBoost takes categories as text without gaps."""

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        columns = CATEGORIES(X)
        return X.assign(**{c: X[c].astype(object).fillna("missing").astype(str) for c in columns})


def catboost(X, y, task, seed, budget=None, **settings):
    """CatBoost, 1000 trees, its own learning rate."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    made = CatBoostClassifier if task == "classification" else CatBoostRegressor
    fixed = {"random_seed": seed, "thread_count": 1, "verbose": False}
    model = made(**fixed, allow_writing_files=False, **settings)
    words = _WithWordForGap()
    return Prepared(words, model.fit(words.transform(X), y, cat_features=CATEGORIES(X)))


def xgboost(X, y, task, seed, budget=None):
    """XGBoost, 100 trees."""
    from xgboost import XGBClassifier, XGBRegressor

    made = XGBClassifier if task == "classification" else XGBRegressor
    return made(random_state=seed, n_jobs=1, enable_categorical=True).fit(X, y)


# -- skorch ------------------------------------------------------------------------------------


class _TorchInputs:
    """Column work with float32 results; regression targets standardised on the way."""

    def __init__(self, columns, y=None):
        self.columns = columns
        self.mean, self.scale = (0.0, 1.0) if y is None else (y.mean(), y.std() or 1.0)

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        return self.columns.transform(X).astype(np.float32)


class _SkorchRegressor(Prepared):
    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the predictions in units of the target."""
        standard = super().predict(X).ravel().astype(float)
        return standard * self.columns.scale + self.columns.mean


def skorch_mlp(X, y, task, seed, budget=None):
    """skorch, 2 x 128 ReLU, Adam 1e-3, batch 128, 200 epochs, patience 10 on a fifth held out."""
    import torch
    from skorch import NeuralNetClassifier, NeuralNetRegressor
    from skorch.callbacks import EarlyStopping
    from skorch.dataset import ValidSplit

    classify = task == "classification"
    inputs = _TorchInputs(scaled_columns().fit(X), None if classify else y)
    Z = inputs.transform(X)
    torch.manual_seed(seed)
    outputs = int(y.max()) + 1 if classify else 1
    net = torch.nn.Sequential(
        torch.nn.Linear(Z.shape[1], 128), torch.nn.ReLU(), torch.nn.Linear(128, 128),
        torch.nn.ReLU(), torch.nn.Linear(128, outputs),
    )  # fmt: skip
    settings = {
        "optimizer": torch.optim.Adam, "lr": 1e-3, "batch_size": 128, "max_epochs": 200,
        "callbacks": [EarlyStopping(patience=10, load_best=True)], "verbose": 0,
        "train_split": ValidSplit(0.2, stratified=classify, random_state=seed),
        "iterator_train__shuffle": True,
    }  # fmt: skip
    if classify:
        model = NeuralNetClassifier(net, criterion=torch.nn.CrossEntropyLoss, **settings)
        return Prepared(inputs, model.fit(Z, y.astype(np.int64)))
    standard = ((y - inputs.mean) / inputs.scale).astype(np.float32)[:, None]
    return _SkorchRegressor(inputs, NeuralNetRegressor(net, **settings).fit(Z, standard))


# -- pytabkit ----------------------------------------------------------------------------------


def _filled_columns():
    """Return the column work for pytabkit, which refuses gaps in numbers."""
    fill = SimpleImputer(strategy="median", add_indicator=True)
    return make_column_transformer(
        (fill, NUMBERS), ("passthrough", CATEGORIES), verbose_feature_names_out=False
    ).set_output(transform="pandas")


def _pytabkit(name: str) -> Method:
    def fit(X, y, task, seed, budget=None):
        import pytabkit

        ending = "_Classifier" if task == "classification" else "_Regressor"
        made = getattr(pytabkit, name + ending)
        columns = _filled_columns()
        model = made(device="cpu", random_state=seed, n_threads=1)
        return Prepared(columns, model.fit(columns.fit_transform(X), y))

    return Method(fit, False, ("torch", "pytorch_lightning", "pytabkit"), "pytabkit")


# -- all of them -------------------------------------------------------------------------------

METHODS: dict[str, Method] = {
    "realmlp": _ours("RealMLP"),
    "realmlp_s": _ours("RealMLP", preset="td-s"),
    "tabm": _ours("TabM"),
    "tabm_robust": _ours("TabM", numeric="robust"),
    "tabm_d": _ours("TabM", preset="d"),
    "resnet": _ours("ResNet"),
    "ft_transformer": _ours("FTTransformer"),
    "mlp": _ours("MLP"),
    "sklearn_mlp": Method(sklearn_mlp, False, ("sklearn.neural_network",), "scikit-learn"),
    "hist_gb": Method(hist_gb, False, ("sklearn.ensemble",), "scikit-learn"),
    "lightgbm": Method(lightgbm, False, ("lightgbm",), "lightgbm"),
    "catboost": Method(catboost, False, ("catboost",), "catboost"),
    "xgboost": Method(xgboost, False, ("xgboost",), "xgboost"),
    "skorch_mlp": Method(skorch_mlp, False, ("torch", "skorch"), "skorch"),
    "pytabkit_realmlp_td": _pytabkit("RealMLP_TD"),
    "pytabkit_realmlp_td_s": _pytabkit("RealMLP_TD_S"),
    "pytabkit_tabm_d": _pytabkit("TabM_D"),
    # Last: its budget is three times CatBoost's seconds on the same rows.
    "autotabular": _ours("AutoTabular"),
    # As after ``pip install appliednn``, without the extra.
    "autotabular_no_lightgbm": replace(_ours("AutoTabular"), without=("lightgbm",)),
}


def chosen_methods(words: list[str]) -> list[str]:
    """Return names of methods for names, "all", "ours" or "peers".

    >>> chosen_methods(["autotabular", "catboost"])
    ['catboost', 'autotabular']
    """
    return chosen_of(METHODS, words)
