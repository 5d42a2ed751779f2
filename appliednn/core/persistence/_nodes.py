"""An estimator as a list of nodes (inner ones first), arrays and objects; and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from appliednn.core.errors import AppliedNNError, IntegrityError, UsageError
from appliednn.core.persistence import _registry
from appliednn.core.persistence._codec import Decoder, Encoder
from appliednn.core.persistence._default import default_restore, default_state
from appliednn.core.persistence._embedded import put_back, take_out
from appliednn.core.persistence._protocol import AnnState
from appliednn.core.persistence._skops import dump_object, load_object

_SKLEARN = "scikit-learn"
_PACKAGES = ("sklearn.", "imblearn.")


class NodeWriter:
    """Describe an estimator and everything inside it.

    Attributes
    ----------
    nodes : list of dict
        JSON; a node refers to others by number, always to earlier ones. The last is the root.
    arrays : dict of str to ndarray
    objects : dict of str to bytes
        Member name to skops bytes.
    """

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.objects: dict[str, bytes] = {}
        self._known: dict[int, tuple[int, Any]] = {}  # the object is kept so its id stays its own
        self._open: set[int] = set()

    def add(self, estimator: Any, where: str) -> int | None:
        """Return the node number of an estimator, or None if it is none that can be saved."""
        if id(estimator) in self._known:
            return self._known[id(estimator)][0]
        ours = _is_ours(estimator)
        if not ours and not type(estimator).__module__.startswith(_PACKAGES):
            return None
        if id(estimator) in self._open:
            raise UsageError(f"{where} holds itself and cannot be saved.")
        self._open.add(id(estimator))
        node = self._ours(estimator, where) if ours else self._theirs(estimator, where)
        self._open.discard(id(estimator))
        self.nodes.append(node)
        self._known[id(estimator)] = (len(self.nodes) - 1, estimator)
        return len(self.nodes) - 1

    def _ours(self, estimator: Any, where: str) -> dict[str, Any]:
        cls = type(estimator)
        fitted = is_fitted(estimator)
        if not fitted:  # the template a scikit-learn ensemble or column transformer keeps
            state = AnnState(params=estimator.get_params(deep=False))
        elif hasattr(cls, "__ann_state__"):
            state = estimator.__ann_state__()
        else:
            state = default_state(estimator)
        codec = Encoder(self._put_array, self.add)
        return {
            "class": _registry.name_of(cls),
            "fitted": fitted,
            "params": {k: codec.encode(v, f"{where}.{k}") for k, v in state.params.items()},
            "meta": {k: codec.encode(v, f"{where}.{k}") for k, v in state.meta.items()},
            "arrays": {k: self._checked_array(f"{where}.{k}", v) for k, v in state.arrays.items()},
            "objects": {k: self._object(v, f"{where}.{k}") for k, v in state.objects.items()},
            "children": {k: self._child(v, f"{where}.{k}") for k, v in state.children.items()},
        }

    def _theirs(self, estimator: Any, where: str) -> dict[str, Any]:
        def find(value: Any) -> int | None:
            return self.add(value, f"{where}: {type(value).__name__}") if _is_ours(value) else None

        bare, inner = take_out(estimator, find)
        return {"class": _SKLEARN, "object": self._object(bare, where), "inner": inner}

    def _child(self, estimator: Any, where: str) -> int:
        node = self.add(estimator, where)
        if node is None:
            raise UsageError(_why_not(estimator, where))
        return node

    def _object(self, obj: Any, where: str) -> str:
        name = f"objects/{len(self.objects)}.skops"
        self.objects[name] = b""  # taken, while what is inside gets the next numbers
        self.objects[name] = dump_object(obj, where)
        return name

    def _checked_array(self, where: str, array: Any) -> str:
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise UsageError(f"{where} is no array of numbers; put other values into meta.")
        return self._put_array(where, array)

    def _put_array(self, where: str, array: np.ndarray) -> str:
        key = f"{len(self.arrays)}:{where}"
        self.arrays[key] = array
        return key


def describe(estimator: Any) -> NodeWriter:
    """Return the nodes, arrays and objects of an estimator.

    Raises
    ------
    UsageError
        If it, or a part of it, cannot be saved: which part, and why.
    """
    writer = NodeWriter()
    name = type(estimator).__name__
    if writer.add(estimator, name) is None:
        raise UsageError(_why_not(estimator, name))
    return writer


def is_fitted(estimator: Any) -> bool:
    """Tell whether an estimator is fitted; what has no ``fit`` always is."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        return True
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def _is_ours(value: Any) -> bool:
    cls = type(value)
    if isinstance(value, type) or _registry.name_of(cls) is None:
        return False
    return hasattr(cls, "__ann_state__") or hasattr(cls, "get_params")


def _why_not(estimator: Any, where: str) -> str:
    cls = type(estimator)
    if hasattr(cls, "__ann_state__"):
        return (
            f"{where} is a {cls.__module__}.{cls.__qualname__}, which no model file may hold: "
            f"its class is not registered (appliednn.core.persistence.register)."
        )
    return (
        f"{where} is a {cls.__module__}.{cls.__qualname__} and cannot be saved: model files hold "
        f"estimators of appliednn and of scikit-learn, whose loading runs no code."
    )


def build(nodes: Any, arrays: Mapping[str, np.ndarray], objects: Mapping[str, bytes]) -> Any:
    """Return the estimator that the last node describes.

    Raises
    ------
    IntegrityError
        If a node is malformed, of an unknown class, or refers to what is not there.
    """
    if not isinstance(nodes, list) or not nodes:
        raise IntegrityError("the manifest describes no estimator.")
    built: list[Any] = []

    def earlier(number: Any) -> Any:
        if type(number) is not int or not 0 <= number < len(built):
            raise IntegrityError(f"the manifest refers to a part {number!r} that is not there.")
        return built[number]

    def array(key: Any) -> np.ndarray:
        if key not in arrays:
            raise IntegrityError(f"the manifest refers to an array {key!r} that is not there.")
        return arrays[key]

    def scikit_learn(member: Any) -> Any:
        if member not in objects:
            raise IntegrityError(f"the manifest refers to {member!r}, which is not there.")
        return load_object(objects[member], member)

    decoder = Decoder(array, earlier)
    for node in nodes:
        try:
            if node["class"] == _SKLEARN:
                inner = [int(number) for number in node["inner"]]
                built.append(put_back(scikit_learn(node["object"]), inner, earlier))
            else:
                built.append(_build_ours(node, decoder, array, scikit_learn, earlier))
        except AppliedNNError:
            raise
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise IntegrityError(
                f"the manifest describes an estimator wrongly: {error}"
            ) from error
    _check_root(built[-1])
    return built[-1]


def _check_root(estimator: Any) -> None:
    try:
        fitted = is_fitted(estimator)
    except (AttributeError, TypeError, ValueError):  # parameters are missing too
        fitted = False
    if not fitted:
        raise IntegrityError("the model is not fitted: a part of it is missing.")


def _build_ours(node: dict, decoder: Decoder, array: Any, scikit_learn: Any, earlier: Any) -> Any:
    cls = _registry.class_of(node["class"])
    state = AnnState(
        params={key: decoder.decode(v) for key, v in node["params"].items()},
        meta={key: decoder.decode(v) for key, v in node["meta"].items()},
        arrays={key: array(v) for key, v in node["arrays"].items()},
        objects={key: scikit_learn(v) for key, v in node["objects"].items()},
        children={key: earlier(v) for key, v in node["children"].items()},
    )
    if node["fitted"] and hasattr(cls, "__ann_restore__"):
        return cls.__ann_restore__(state)
    if not hasattr(cls, "get_params"):
        raise IntegrityError(f"the manifest holds {node['class']!r} where an estimator belongs.")
    return default_restore(cls, state)
