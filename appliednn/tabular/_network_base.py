"""What the networks made for tables share: presets, members side by side, calibration."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core import backend
from appliednn.core._architecture import hidden_widths, stack_weights
from appliednn.core._losses import Loss, make_loss
from appliednn.core._network import Network
from appliednn.core._schedules import check_schedule_params
from appliednn.core._training_plan import Rows, TrainingPlan
from appliednn.tabular._base import BaseNeural
from appliednn.tabular._stack import stack_key_of
from appliednn.tabular._temperature import best_temperature
from appliednn.tabular.encoder._encoder import TabularEncoder

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")
# Below this many rows, early_stopping="auto" trains on all of them.
_HOLDOUT_ROWS = 100
_SCHEDULES = {"constant", "step", "exponential", "cosine", "one_cycle", "plateau", "coslog"}
_SCHEDULES |= {"flat_cos"}
# Numbers that may differ between networks of one program.
_STACK_FREE = ("learning_rate", "weight_decay", "dropout", "label_smoothing", "beta_2")
_STACK_FREE += ("embedding_sigma", "embedding_rate_factor", "scale_rate_factor")
_STACK_FREE += ("first_layer_rate_factor",)


# Parameters that may be None where a preset gives their value.
_FROM_PRESETS = ("hidden_layer_sizes", "learning_rate", "weight_decay", "dropout", "epochs")
_FROM_PRESETS += ("batch_size", "schedule")


def without_presets(constraints: dict) -> dict:
    """Return parameter constraints for a network that has no presets to stand in for None.

    Examples
    --------
    >>> without_presets({"dropout": [float, None], "n_iter_no_change": [int, None]})
    {'dropout': [<class 'float'>], 'n_iter_no_change': [<class 'int'>, None]}
    """
    return {
        name: [c for c in options if c is not None] if name in _FROM_PRESETS else options
        for name, options in constraints.items()
    }


class BaseTableNetwork(BaseNeural):
    """Fit machinery of RealMLP, TabM, ResNet and FT-Transformer.

    A subclass gives ``_presets``: preset name -> parameter -> value, or a pair of values for
    classification and regression. A parameter that is None takes the preset's value.
    """

    _presets: ClassVar[dict[str, dict[str, Any]]] = {}

    _parameter_constraints: dict = {
        **BaseNeural._parameter_constraints,
        "hidden_layer_sizes": ["array-like", _COUNT, None],
        "learning_rate": [_POSITIVE, None],
        "weight_decay": [_NOT_NEGATIVE, None],
        "dropout": [_SHARE, None],
        "epochs": [_COUNT, None],
        "batch_size": [_COUNT, StrOptions({"full"}), None],
        "schedule": [StrOptions(_SCHEDULES), None],
        "schedule_params": [dict, None],
        "n_iter_no_change": [_COUNT, None],
        "n_ensemble": [_COUNT],
        "max_onehot": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"}), None],
        "missing": [StrOptions({"median_indicator", "median", "error"})],
    }

    # How long training goes on after the best epoch: see TrainingPlan.patience_factor.
    _patience_factor = 0.0
    # -- parameters -----------------------------------------------------------------------------

    def _setting(self, name: str):
        value = getattr(self, name)
        preset = self._presets.get(getattr(self, "preset", ""), {})
        if value is not None or name not in preset:
            return value
        value = preset[name]
        return value[self._is_regression] if isinstance(value, tuple) else value

    @property
    def _is_regression(self) -> bool:
        return self._estimator_type_name() == "regressor"

    def _estimator_type_name(self) -> str:
        return self.__sklearn_tags__().estimator_type

    def _hidden(self) -> list[int]:
        return hidden_widths(self._setting("hidden_layer_sizes"))

    def _loss(self) -> Loss:
        smoothing = 0.0 if self._is_regression else self._setting("label_smoothing")
        return make_loss("auto", self._target.kind, None, smoothing)

    def _loss_name(self) -> str:
        return "mse"

    def _make_encoder(self) -> TabularEncoder:
        """Return the encoder: few categories in scaled one-hot columns, many as codes."""
        most = self._setting("max_onehot")
        return TabularEncoder(
            numeric=self._numeric,
            categorical="onehot" if most is None else "auto",
            max_onehot=8 if most is None else most,
            onehot_scaling=self._onehot_scaling,
            missing=self.missing,
        )

    _numeric = "robust"
    _onehot_scaling = "robust"

    def _stack_key(self):
        """Return what must be equal for estimators to be trained in one program, or None."""
        return stack_key_of(self, _STACK_FREE)

    # -- training -------------------------------------------------------------------------------

    def _wants_holdout(self, n_rows: int) -> bool:
        if self.early_stopping == "auto":
            return n_rows >= _HOLDOUT_ROWS
        return super()._wants_holdout(n_rows)

    def _plan(self, hyper, seeds, partial: bool, early: bool, n_rows: int) -> TrainingPlan:
        check_schedule_params(self._setting("schedule"), self.schedule_params)
        plan = super()._plan(hyper, seeds, partial, early, n_rows)
        plan.patience_factor = self._patience_factor
        plan.latest_best = True
        return plan

    def _first_state(self, program, architecture, rows: Rows, plan: TrainingPlan):
        """Return fresh weights, of each member, fitted to the data where the network asks."""
        seeds = plan.weight_seed if isinstance(plan.weight_seed, list) else [plan.weight_seed]
        if not program.independent_members:
            weights = program.initial_weights(seeds[0])
            return self._fitted_weights(architecture, weights, rows, seeds[0]), None
        lone = architecture.changed(members=0)
        members = [self._lone_weights(lone, rows, seed) for seed in seeds]
        return stack_weights(members, program.shapes), None

    def _lone_weights(self, architecture, rows: Rows, seed: int) -> list:
        """Return the first weights of one plain network."""
        weights = backend.inference_program(architecture).initial_weights(seed)
        return self._fitted_weights(architecture, weights, rows, seed)

    def _fitted_weights(self, architecture, weights, rows: Rows, seed: int) -> list:
        """Return one network's first weights; a subclass may fit them to the rows."""
        return weights

    def _finished(self, network: Network, validation: Rows | None, held: Rows | None) -> Network:
        """Calibrate on the held-out rows: one temperature for all logits (Guo et al. 2017)."""
        self.__dict__.pop("temperature_", None)
        if validation is None or not getattr(self, "calibrate", False):
            return network
        raw = network.member_outputs(validation.x)
        self.temperature_ = best_temperature(raw, validation.y, held.w, self._target.kind)
        return network.tempered(self.temperature_)
