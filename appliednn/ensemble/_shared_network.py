"""Members that read one encoder's rows are one network: what the house asks of a network."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from appliednn.core._network import Network
from appliednn.core._network_stack import stack_networks


def shared_network(
    members: Sequence[Any], weights: np.ndarray | None = None, temperature: float = 1.0
) -> Network | None:
    """Return the network that stands for all members, or None where there is none.

    Parameters
    ----------
    members : sequence of fitted estimators
        Candidates: neural estimators with the same ``encoder_`` object and one architecture.
    weights : ndarray of shape (k,), optional
        Their shares; only equal ones can be had in one network.
    temperature : float
        What each member's logits are divided by.
    """
    first = members[0]
    if not all(_neural(member) for member in members) or first.encoder_ is None:
        return None
    if any(member.encoder_ is not first.encoder_ for member in members):
        return None
    if weights is not None and not np.allclose(weights, weights[0]):
        return None
    if not all(_same_classes(member, first) for member in members):
        return None
    # The mean of several networks' probabilities is divided as a whole, its parts are not.
    if temperature != 1.0 and first.network_.n_members:
        return None
    networks = [member.network_ for member in members]
    if hasattr(first, "classes_"):
        network = stack_networks(networks, first._target.kind)
        return network if network is None or temperature == 1.0 else network.tempered(temperature)
    if any(member._target.log_link for member in members):
        return None  # the raw output is a logarithm: its mean is not the predictions' mean
    scale = np.stack([member._target.scale / first._target.scale for member in members])
    shift = np.stack(
        [(member._target.mean - first._target.mean) / first._target.scale for member in members]
    )
    return stack_networks(networks, "regression", scale=scale, shift=shift)


def _neural(member: Any) -> bool:
    attributes = getattr(member, "__dict__", {})
    return {"network_", "encoder_", "_target"} <= set(attributes)


def _same_classes(member: Any, first: Any) -> bool:
    return np.array_equal(getattr(member, "classes_", ()), getattr(first, "classes_", ()))


def _has_network(ensemble: Any) -> bool:
    return "network_" in vars(ensemble)


class SharedNetwork:
    """``network_``, ``encoder_`` and what goes with them, where the members are one network.

    Explanations, attacks and the audit find an estimator by its ``network_`` and then take their
    fast path. Every answer comes from the first member with the common network in the place of
    its own: it encodes rows and reads raw outputs as all members do.
    """

    _ann_skip = ("network_", "encoder_", "_target")

    def _front(self) -> Any:
        """Return the first member, answering with the common network."""
        check_is_fitted(self)
        front = copy.copy(self.estimators_[0])
        front.network_ = self.network_
        return front

    def _share_network(self, weights: np.ndarray | None, temperature: float) -> dict[str, Any]:
        """Return the attributes that stand for the common network; none where there is none."""
        network = shared_network(self.estimators_, weights, temperature)
        if network is None:
            return {}
        first = self.estimators_[0]
        return {"network_": network, "encoder_": first.encoder_, "_target": first._target}

    @available_if(_has_network)
    def encode(self, X: Any) -> np.ndarray:
        """Return rows as the members' networks read them, float32 (n, n_inputs)."""
        return self._front().encode(X)

    @available_if(_has_network)
    def encode_target(self, y: Any) -> np.ndarray:
        """Return a target as ``network_`` gives it: 0/1, class indices, standardised numbers."""
        return self._front().encode_target(y)

    @available_if(_has_network)
    def predict_encoded(self, Z: np.ndarray) -> np.ndarray:
        """Return probabilities, or a regressor's predictions, for encoded rows."""
        return self._front().predict_encoded(Z)
