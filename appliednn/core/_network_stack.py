"""Several fitted networks of one shape as a single network that gives their mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._network import Network

# Weights of the output's units: scaled and shifted, or scaled alone.
_SHIFTED = ("output/bias", "clamp/low", "clamp/high")
_SCALED = ("output/kernel",)


def stack_networks(
    networks: Sequence[Network],
    kind: str,
    *,
    scale: np.ndarray | None = None,
    shift: np.ndarray | None = None,
) -> Network | None:
    """Return one network whose raw output stands for the mean of all, or None.

    The mean is that of probabilities for classes (the raw output is its logit or logarithm) and
    that of numbers for regression, as :class:`~appliednn.core._member_layers.MembersLast` gives
    it. Networks that are themselves several side by side are taken apart and count by member.

    Parameters
    ----------
    networks : sequence of k Network
        Fitted on encoded rows of one meaning.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target.
    scale, shift : ndarray of shape (k, n_outputs), optional
        Regression: each network's raw output is multiplied and moved by these before the mean,
        so that networks trained on targets of different units have one.

    Returns
    -------
    Network or None
        None where the networks are not of one architecture, or the architecture cannot stand
        side by side.

    Examples
    --------
    >>> from appliednn.core._losses import make_loss
    >>> lone = Architecture.of("mlp", n_inputs=2, n_outputs=1, hidden_layer_sizes=[],
    ...                        activation="relu", kind="regression", members=0, aggregate=False)
    >>> weights = [[np.full((2, 1), s, "float32"), np.zeros(1, "float32")] for s in (1.0, 3.0)]
    >>> loss = make_loss("auto", "regression")
    >>> pair = stack_networks([Network(lone, w, loss, 1, (2,)) for w in weights], "regression")
    >>> pair.n_members, pair.forward(np.array([[1.0, 1.0]], dtype="float32")).tolist()
    (2, [[4.0]])
    """
    first = networks[0]
    if len(networks) < 2 or not _alike(networks) or not _can_stack(first.architecture):
        return None
    own = max(1, first.n_members)
    architecture = first.architecture.changed(
        members=own * len(networks), aggregate=True, kind=kind
    )
    variables = backend.inference_program(architecture).model.variables
    names = ["/".join(v.path.split("/")[-2:]) for v in variables]
    parts = [network.weights for network in networks]
    if scale is not None or shift is not None:
        if "output/bias" not in names:
            return None
        parts = [
            _in_units(names, weights, *_unit(networks, scale, shift, j))
            for j, weights in enumerate(parts)
        ]
    shapes = [tuple(v.shape) for v in variables]
    stacked = [
        _joined(values, shape, side_by_side=first.n_members > 0)
        for values, shape in zip(zip(*parts, strict=True), shapes, strict=True)
    ]
    if any(values is None for values in stacked):
        return None
    return Network(architecture, stacked, first.loss, first.n_outputs, first.input_shape)


def _alike(networks: Sequence[Network]) -> bool:
    first = networks[0]
    return all(
        network.architecture == first.architecture
        and network.n_outputs == first.n_outputs
        and network.input_shape == first.input_shape
        for network in networks[1:]
    )


def _can_stack(architecture: Architecture) -> bool:
    params = architecture.params
    if "members" not in params:
        return False
    if params["members"] and not params["aggregate"]:
        return False
    # A perceptron's category embeddings and normalisations read one network's rows only.
    plain = not params.get("cardinalities") and not params.get("normalization")
    return architecture.name != "mlp" or plain


def _unit(networks, scale, shift, j: int) -> tuple[np.ndarray, np.ndarray]:
    ones = np.ones(networks[j].n_outputs)
    return (ones if scale is None else scale[j], 0 * ones if shift is None else shift[j])


def _in_units(names: Sequence[str], weights, scale, shift) -> list[np.ndarray]:
    """Return a network's weights so that its raw output is scaled and moved."""
    out = []
    for name, weight in zip(names, weights, strict=True):
        if name in _SCALED or name in _SHIFTED:
            moved = weight.astype(np.float64) * scale + (shift if name in _SHIFTED else 0.0)
            weight = moved.astype(weight.dtype)
        out.append(weight)
    return out


def _joined(values: Sequence[np.ndarray], shape: tuple, *, side_by_side: bool):
    """Return the networks' values of one variable as the stacked network's, or None."""
    first = values[0]
    if first.shape == shape:  # what a stacked network has once
        same = first.dtype.kind in "iu" or all((v == first).all() for v in values[1:])
        return first if same else None
    if first.size * len(values) != int(np.prod(shape)):
        return None
    joined = np.concatenate(values) if side_by_side else np.stack(values)
    return joined.reshape(shape)
