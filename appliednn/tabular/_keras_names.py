"""Names that Keras knows, checked with a suggestion for the misspelt."""

from __future__ import annotations

import difflib


def activation_name(name: str) -> str:
    """Return the name of a Keras activation, or raise ValueError with the closest one."""
    import keras

    if name in ("glu", "threshold"):
        raise ValueError(
            f"activation={name!r} is a Keras activation that "
            f"{'halves the width' if name == 'glu' else 'needs arguments'}; expected one that "
            "maps each value, such as 'relu', 'gelu', 'swish' or 'tanh'"
        )
    try:
        keras.activations.get(name)
    except ValueError as error:
        known = [n for n in dir(keras.activations) if n[0] != "_" and n.islower()]
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"activation={name!r} is not known; expected a Keras activation such as 'relu', "
            f"'gelu', 'swish' or 'tanh'{hint}"
        ) from error
    return name


def initializer_config(value, parameter: str):
    """Return a Keras initialiser as JSON-ready data, without its seed."""
    import keras

    try:
        initializer = keras.initializers.get(value)
    except (KeyError, TypeError) as error:  # by name, and it has arguments without a default
        raise ValueError(
            f"{parameter}={value!r} needs arguments; give an instance, such as "
            "keras.initializers.Constant(0.1)"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{parameter}={value!r} is not known; expected a Keras initialiser such as "
            "'glorot_uniform', 'he_normal' or 'zeros'"
        ) from error
    config = initializer.get_config()
    config.pop("seed", None)
    return {"class_name": type(initializer).__name__, "config": config}
