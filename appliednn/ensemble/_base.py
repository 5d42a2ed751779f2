"""What every fitted ensemble shares: members, their shares, mean answers and spread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from appliednn.core._members import ClassUncertainty, NumberUncertainty, class_uncertainty
from appliednn.core.persistence import SaveMixin
from appliednn.core.persistence._nodes import is_fitted
from appliednn.core.persistence._protocol import AnnState
from appliednn.ensemble._predictions import (
    member_numbers,
    member_probabilities,
    shared_encoding,
    tempered,
)
from appliednn.ensemble._shared_network import SharedNetwork, _has_network


class BaseEnsemble(SharedNetwork, SaveMixin, MetaEstimatorMixin, BaseEstimator):
    """Fitted members and how their answers are put together."""

    def _become(self, members: list, weights: np.ndarray | None = None, **learned: Any) -> None:
        """Replace all that an earlier fit learned by this fit's members and attributes.

        Nothing is set before, so that a fit that ends early leaves the object as it was.
        """
        for name in [n for n in vars(self) if n.endswith("_") or n == "_target"]:
            delattr(self, name)
        self.estimators_ = members
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(members[0], name):
                setattr(self, name, getattr(members[0], name))
        for name, value in learned.items():
            setattr(self, name, value)
        if weights is not None:
            self.weights_ = weights
        vars(self).update(self._share_network(weights, self._temperature()))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimators_")

    def _temperature(self) -> float:
        return getattr(self, "temperature_", 1.0)

    def _shares(self) -> np.ndarray:
        k = len(self.estimators_)
        return getattr(self, "weights_", np.full(k, 1.0 / k))

    def _voters(self) -> tuple[list[Any], np.ndarray]:
        """Return the members whose share is not zero, and their shares."""
        shares = self._shares()
        return [m for m, s in zip(self.estimators_, shares, strict=True) if s], shares[shares > 0]

    def _member_answers(self, X: Any) -> Iterator[np.ndarray]:
        """Yield the answer of each member with a share."""
        voters, _ = self._voters()
        rows, encoded = shared_encoding(voters, X)
        for member in voters:
            yield self._answer(member, rows, encoded)

    def _mean_answer(self, X: Any) -> np.ndarray:
        _, shares = self._voters()
        total = 0.0
        for share, answer in zip(shares, self._member_answers(X), strict=True):
            total = total + share * answer
        return total

    def _templates(self) -> list[Any]:
        """Return the estimators given as parameters."""
        return [self.estimator]

    def __ann_state__(self) -> AnnState:
        """Return the state for a model file; code in the estimators' parameters is left out."""
        state = super().__ann_state__()
        for name in {"estimator", "estimators"} & set(state.params):
            state.params[name] = _without_code(state.params[name])
        return state

    def _ann_restored(self) -> None:
        vars(self).update(
            self._share_network(getattr(self, "weights_", None), self._temperature())
        )

    def __sklearn_tags__(self):
        """Take over what all members accept."""
        tags = super().__sklearn_tags__()
        given = [get_tags(template) for template in self._templates()]
        for name in ("allow_nan", "sparse", "string", "categorical"):
            accepted = all(getattr(one.input_tags, name) for one in given)
            setattr(tags.input_tags, name, accepted)
        tags.target_tags.multi_output = all(one.target_tags.multi_output for one in given)
        if tags.classifier_tags is not None:
            for name in ("multi_class", "multi_label"):
                accepted = all(getattr(one.classifier_tags, name, False) for one in given)
                setattr(tags.classifier_tags, name, accepted)
        return tags


class EnsembleClassifier(ClassifierMixin):
    """``predict``, ``predict_proba`` and ``predict_uncertainty`` of a classifier ensemble."""

    @property
    def _multilabel(self) -> bool:
        return self._kind == "multilabel"

    def _answer(self, member: Any, X: Any, encoded: bool) -> np.ndarray:
        several = self._multilabel
        proba = member_probabilities(member, X, self.classes_, multilabel=several, encoded=encoded)
        return tempered(proba, self._temperature(), multilabel=several)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the mean of the members' probabilities.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Columns in the order of ``classes_``; for multi-label targets one column a label.
        """
        check_is_fitted(self)
        return self._front().predict_proba(X) if _has_network(self) else self._mean_answer(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each row, (n,), or a 0/1 indicator (n, n_labels)."""
        proba = self.predict_proba(X)
        if self._multilabel:
            return (proba > 0.5).astype(int)
        return self.classes_[proba.argmax(axis=1)]

    def predict_uncertainty(self, X: Any) -> ClassUncertainty:
        """Return how far the members agree on each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ClassUncertainty
            ``mean`` and ``std`` of the members' probabilities (n, n_classes), and in nats (n,)
            the ``total`` entropy of the mean, its ``aleatoric`` part (the members' mean entropy)
            and its ``epistemic`` part (the rest: mutual information of label and member).

        References
        ----------
        S. Depeweg et al., "Decomposition of Uncertainty in Bayesian Deep Learning for Efficient
        and Risk-sensitive Learning", ICML 2018, section 3.
        """
        check_is_fitted(self)
        answers = np.stack(list(self._member_answers(X)))
        return class_uncertainty(answers, self._voters()[1], multilabel=self._multilabel)

    @available_if(_has_network)
    def logits(self, Z: np.ndarray) -> np.ndarray:
        """Return a logit for each class from encoded rows; two classes give ``[0, z]``."""
        return self._front().logits(Z)


class EnsembleRegressor(RegressorMixin):
    """``predict`` and ``predict_uncertainty`` of a regressor ensemble."""

    def _answer(self, member: Any, X: Any, encoded: bool) -> np.ndarray:
        return member_numbers(member, X, encoded=encoded)

    def predict(self, X: Any) -> np.ndarray:
        """Return the mean of the members' predictions.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, n_outputs), float64
        """
        check_is_fitted(self)
        return self._front().predict(X) if _has_network(self) else self._mean_answer(X)

    def predict_uncertainty(self, X: Any) -> NumberUncertainty:
        """Return ``mean`` and ``std`` of the members' predictions, in the target's units.

        The deviation is of the members alone: it does not hold the noise of the target.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.
        """
        check_is_fitted(self)
        answers, shares = np.stack(list(self._member_answers(X))), self._voters()[1]
        mean = np.average(answers, axis=0, weights=shares)
        spread = np.average((answers - mean) ** 2, axis=0, weights=shares)
        return NumberUncertainty(mean, np.sqrt(spread))


def _without_code(given: Any) -> Any:
    """Return unfitted estimators as copies whose parameters that are code are None."""
    if isinstance(given, list | tuple):
        return type(given)(_without_code(one) for one in given)
    if not hasattr(given, "get_params") or is_fitted(given):
        return given  # a fitted estimator's own state leaves code out
    bare = clone(given)
    for part in [bare, *bare.get_params(deep=True).values()]:
        for name in getattr(part, "_code_params", ()):
            if not isinstance(getattr(part, name), str):
                part.set_params(**{name: None})
    return bare
