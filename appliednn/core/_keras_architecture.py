"""Keras models as data: a configuration that can be built again, and how to read their outputs."""

from __future__ import annotations

import json
import re
from typing import Any

# Configurations that this process made itself or unpickled; others may not carry code.
_trusted: set[str] = set()
_CODE_LAYERS = frozenset(
    {"Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}
    | {"StringLookup", "IntegerLookup", "TextVectorization"}
)
_MODULES = ("keras", "keras.layers", "keras.initializers", "keras.regularizers")
_MODULES += ("keras.constraints", "keras.activations", "keras.models", "builtins")


def trust(config: str) -> None:
    """Let ``config`` be built although it may carry code: it was made in, or pickled to, here."""
    _trusted.add(config)


def model_config(model) -> str:
    """Return the canonical JSON of a Sequential or Functional model, weights left out.

    Raises
    ------
    TypeError
        For a subclassed model that cannot be described by a configuration.
    """
    import keras

    try:
        config = keras.saving.serialize_keras_object(model)
        names = _canonical_names(model)
        config = _with_adapted(_without_compile(config), _adapted(model))
        text = json.dumps(_rename(config, names), sort_keys=True)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise TypeError(
            f"the build function returned {type(model).__name__}, which Keras cannot describe "
            "by a configuration; return a Sequential or Functional model, or give the class "
            "get_config"
            f" and register it with keras.saving.register_keras_serializable ({error})"
        ) from error
    trust(text)
    return text


def copy_model(model):
    """Return a fresh copy of a Keras model: its settings, new weights, adapted statistics."""
    import keras

    fresh = keras.models.clone_model(model)
    layers = zip(fresh._flatten_layers(), model._flatten_layers(), strict=True)
    for new, old in layers:
        if isinstance(old, keras.layers.Normalization) and old.built:
            new.set_weights(old.get_weights())
            new.finalize_state()
    if getattr(model, "optimizer", None) is not None and model.compiled:
        fresh.compile(optimizer=model.optimizer, loss=model.loss)
    return fresh


def checked_model(model, input_shape: tuple[int, ...]):
    """Return a built Sequential or Functional model for rows of this shape, or say what is wrong.

    Raises
    ------
    TypeError
        For anything but such a model.
    ValueError
        For another input shape, or several inputs or outputs.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(f"the build function returned {model!r}; expected a keras.Model")
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *input_shape))
    if not getattr(model, "outputs", None):
        raise TypeError(
            f"the build function returned {type(model).__name__}, a subclass of keras.Model that "
            "Keras cannot take apart; expected a Sequential or Functional model"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"the model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; expected "
            "one of each (concatenate several outputs, slice one input)"
        )
    shape = tuple(model.inputs[0].shape[1:])
    fits = len(shape) == len(input_shape) and all(
        a in (None, b) for a, b in zip(shape, input_shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"the model takes rows of shape {shape}, and the data, encoded, have rows of shape "
            f"{tuple(input_shape)}; build it from meta['n_features_in_'] or meta['X_shape_']"
        )
    return model


def initial_values(model) -> list:
    """Return the value of each variable that the model of :func:`model_config` has."""
    import numpy as np

    written = {id(v) for layer in _adapted(model).values() for v in layer.variables}
    return [np.asarray(v) for v in model.variables if id(v) not in written]


def _adapted(model) -> dict[str, Any]:
    """Return the Normalization layers whose statistics come from ``adapt``, by name."""
    import keras

    layers = model._flatten_layers(include_self=False, recursive=True)
    kind = keras.layers.Normalization
    return {la.name: la for la in layers if isinstance(la, kind) and hasattr(la, "adapt_mean")}


def _with_adapted(node: Any, layers: dict[str, Any]) -> Any:
    """Write adapted statistics into the configuration; they are no weights that are trained."""
    if isinstance(node, list | tuple):
        return [_with_adapted(v, layers) for v in node]
    if not isinstance(node, dict):
        return node
    out = {k: _with_adapted(v, layers) for k, v in node.items()}
    layer = layers.get((node.get("config") or {}).get("name")) if layers else None
    if layer is not None and node.get("class_name") == "Normalization":
        values = {"mean": layer.adapt_mean, "variance": layer.adapt_variance}
        out["config"].update({k: _floats(v) for k, v in values.items()})
    return out


def _floats(variable) -> list:
    import numpy as np

    return np.asarray(variable, dtype=float).ravel().tolist()


def _without_compile(config: dict) -> dict:
    return {k: v for k, v in config.items() if k not in ("compile_config", "build_config")}


def _canonical_names(model) -> dict[str, str]:
    """Map names that Keras counted up in this process (``dense_7``) to names that never change.

    Otherwise each build of the same network would look like another one and be compiled anew.
    """
    names: dict[str, str] = {}
    layers = model._flatten_layers(include_self=True, recursive=True)
    for i, layer in enumerate(layers):
        stem = _snake_case(type(layer).__name__)
        counted = re.fullmatch(rf"({re.escape(stem)}|functional|keras_tensor)(_\d+)?", layer.name)
        if counted:
            names[layer.name] = f"{stem}__{i}"
    return names


def _snake_case(name: str) -> str:
    """Return a class name as Keras turns it into a layer name (``LSTM`` -> ``lstm``)."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _rename(node: Any, names: dict[str, str], key: str = "") -> Any:
    """Replace names where a configuration holds names (and nowhere else: ``"softmax"``)."""
    if isinstance(node, dict):
        return {k: _rename(v, names, k) for k, v in node.items()}
    if isinstance(node, list | tuple):
        return [_rename(v, names, key) for v in node]
    held = key in ("name", "keras_history", "input_layers", "output_layers")
    return names.get(node, node) if held and isinstance(node, str) else node


def build_from_config(config: str, input_shape: list[int]):
    """Return the Keras model of a configuration.

    Raises
    ------
    ValueError
        If the configuration comes from a file and names a layer that can run code, or anything
        that is not Keras's own.
    """
    import keras

    data = json.loads(config)
    trusted = config in _trusted
    if not trusted:
        check_config(data)
    model = keras.saving.deserialize_keras_object(data, safe_mode=not trusted)
    if not model.built:
        model.build((None, *input_shape))
    return model


def check_config(node: Any) -> None:
    """Refuse a configuration that names code, or a class outside of Keras."""
    if isinstance(node, list):
        for item in node:
            check_config(item)
    if not isinstance(node, dict):
        return
    name = node.get("class_name")
    if isinstance(name, str):
        if name in _CODE_LAYERS:
            raise ValueError(
                f"the model file asks for a {name} layer, which can run code or files"
            )
        module = node.get("module", "keras")
        own = node.get("registered_name") == "appliednn>HashDropout"
        if module not in _MODULES and not own and not str(module).startswith("keras.src."):
            raise ValueError(
                f"the model file asks for {module}.{name}, which is not part of Keras; load it "
                "with pickle from a source you trust, or save weights and rebuild the model"
            )
    for value in node.values():
        check_config(value)


def output_activation(model) -> str:
    """Return ``"sigmoid"``, ``"softmax"`` or ``"linear"`` (anything else counts as logits)."""
    layer = model.outputs[0]._keras_history.operation
    if type(layer).__name__ == "Softmax":
        return "softmax"
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return name if name in ("sigmoid", "softmax") else "linear"
