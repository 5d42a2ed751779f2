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
        text = json.dumps(_rename(_without_compile(config), names), sort_keys=True)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise TypeError(
            f"the build function returned {type(model).__name__}, which Keras cannot describe "
            "by a configuration; return a Sequential or Functional model, or give the class "
            "get_config"
            f" and register it with keras.saving.register_keras_serializable ({error})"
        ) from error
    trust(text)
    return text


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
