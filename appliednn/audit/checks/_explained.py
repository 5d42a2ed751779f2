"""What the checks of explanations share: rows, scores and attributions, computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._explain_cases import Case, choose_cases
from appliednn.core.errors import UsageError
from appliednn.explain import (
    Explanation,
    Faithfulness,
    PermutationImportance,
    ScorePool,
    faithfulness,
    lime_values,
    make_pool,
    permutation_importance,
    shap_values,
)

# Wider tables than this are explained by permutation importance alone, in reasonable time.
MAX_FEATURES = 200
_REFERENCE_ROWS = 300
_TESTED_ROWS = 60
_SHARED = "explanations"


def explained(context: AuditContext) -> Explained:
    """Return what was computed of a context, or a fresh start."""
    if _SHARED not in context.shared:
        context.shared[_SHARED] = Explained(*_parts(context))
    return context.shared[_SHARED]


def count_option(context: AuditContext, key: str, default: int) -> int:
    """Return a whole number from the options of the section."""
    value = context.option("explanations", key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(f"explanations.{key} must be a whole number >= 1, got {value!r}")
    return value


@dataclass
class Explained:
    """Rows explained, rows compared with, and attributions on demand.

    Attributes
    ----------
    task : {"binary", "multiclass", "regression"}
    make : callable
        Makes the :class:`~appliednn.explain.ScorePool` of all rows.
    sample : int ndarray
        Pool rows drawn at random from the test rows: what is averaged.
    cases : list of Case
        Rows chosen: typical and wrong ones.
    targets : int ndarray
        Class index explained, for each of the explained pool rows.
    background : int ndarray
        Pool rows compared with.
    lime_rows : int
        Rows on which LIME is tested.
    seed : int
    measure : callable
        Measures the permutation importance.
    """

    task: str
    make: Callable[[], ScorePool]
    sample: np.ndarray
    cases: list[Case]
    targets: np.ndarray
    background: np.ndarray
    lime_rows: int
    seed: int
    measure: Callable[[], PermutationImportance]

    @cached_property
    def importance(self) -> PermutationImportance:
        """Permutation importance."""
        return self.measure()

    @cached_property
    def pool(self) -> ScorePool:
        """Rows and scores.

        Raises
        ------
        NotApplicable
            If the model gives no score, or only one, or there are too many features.
        """
        try:
            pool = self.make()
        except ValueError as error:
            raise NotApplicable(str(error)) from None
        if len(pool.names) > MAX_FEATURES:
            raise NotApplicable(
                f"{len(pool.names)} features; rows are explained up to {MAX_FEATURES}"
            )
        scores = pool.scores(pool.whole(np.arange(len(pool.frame))))
        if np.ptp(scores, axis=0).max() <= 1e-9 * max(1.0, float(np.abs(scores).max())):
            raise NotApplicable("every row gets the same score, so there is nothing to explain")
        return pool

    @cached_property
    def shap(self) -> Explanation:
        """SHAP values of the random rows, then of the chosen ones."""
        rows = np.concatenate([self.sample, self.case_rows])
        return shap_values(self.pool, rows, self.background, self.targets[rows], seed=self.seed)

    @cached_property
    def lime(self) -> Explanation:
        """LIME's attributions of the first random rows, then of the chosen ones."""
        rows = np.concatenate([self.lime_sample, self.case_rows])
        return lime_values(self.pool, rows, self.background, self.targets[rows], seed=self.seed)

    @cached_property
    def shap_tests(self) -> Faithfulness:
        """How SHAP fares in its tests."""
        return self._tested(shap_values, self.shap_sample, _TESTED_ROWS)

    @cached_property
    def lime_tests(self) -> Faithfulness:
        """How LIME fares in its tests."""
        made = self.lime.take(slice(0, len(self.lime_sample)))
        return self._tested(lime_values, made, len(self.lime_sample))

    def _tested(self, method, made: Explanation, most: int) -> Faithfulness:
        rows = self.sample[:most]
        return faithfulness(
            method,
            self.pool,
            rows,
            self.background,
            self.targets[rows],
            seed=self.seed + 1,
            made=made.take(slice(0, len(rows))),
        )

    @property
    def lime_sample(self) -> np.ndarray:
        """The random rows that LIME explains."""
        return self.sample[: self.lime_rows]

    @property
    def case_rows(self) -> np.ndarray:
        """Pool rows of the cases."""
        return np.array([case.row for case in self.cases], dtype=np.int64)

    @property
    def shap_sample(self) -> Explanation:
        """SHAP values of the random rows alone."""
        return self.shap.take(slice(0, len(self.sample)))


def _parts(context: AuditContext) -> tuple:
    """Draw the rows and describe what is to be computed."""
    if context.y_test.ndim != 1 or context.y_pred.ndim != 1:
        raise NotApplicable("explanations need one target a row; this model has several")
    seed, n = context.seed(_SHARED), len(context.X_test)
    rng = np.random.default_rng(seed)
    most = min(n, count_option(context, "max_rows", 60))
    sample = rng.choice(n, most, replace=False)
    chosen = choose_cases(context)
    rows = np.concatenate([sample, [c.row for c in chosen]]).astype(np.int64)
    cases = [Case(c.label, most + i, c.wrong) for i, c in enumerate(chosen)]
    reference = _reference(context, rng)
    frame = pd.concat([context.X_test.iloc[rows], reference], ignore_index=True)
    return (
        context.task,
        lambda: make_pool(context.model, frame, convert=context.model_input),
        np.arange(most),
        cases,
        _targets(context)[rows],
        np.arange(len(rows), len(frame)),
        min(most, count_option(context, "lime_rows", 15)),
        seed,
        lambda: _importance(context, seed),
    )


def _reference(context: AuditContext, rng: np.random.Generator) -> pd.DataFrame:
    """Return rows to compare with: training rows, or test rows where dtypes differ."""
    frame = context.X_test if context.X_train is None else context.X_train
    if list(frame.dtypes) != list(context.X_test.dtypes):
        frame = context.X_test  # a mixed column would have neither's dtype
    rows = rng.choice(len(frame), min(len(frame), _REFERENCE_ROWS), replace=False)
    return frame.iloc[rows]


def _targets(context: AuditContext) -> np.ndarray:
    """Return the index of the predicted class of each test row (0 for a regressor)."""
    if context.classes is None:
        return np.zeros(len(context.X_test), dtype=np.int64)
    place = {label: k for k, label in enumerate(context.classes.tolist())}
    return np.array([place[label] for label in context.y_pred.tolist()], dtype=np.int64)


def _importance(context: AuditContext, seed: int) -> PermutationImportance:
    """Measure permutation importance on at most ``importance_rows`` test rows."""
    n = len(context.X_test)
    most = min(n, count_option(context, "importance_rows", 1000))
    rows = np.arange(n)
    if most < n:
        rows = np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
    return permutation_importance(
        context.model,
        context.X_test.iloc[rows].reset_index(drop=True),
        context.y_test[rows],
        n_repeats=count_option(context, "n_repeats", 5),
        random_state=seed,
        convert=context.model_input,
    )
