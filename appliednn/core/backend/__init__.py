"""The backend seam: the only place that imports TensorFlow.

A second Keras backend needs one module here with the same names: ``TrainingProgram``,
``InferenceProgram``, ``SequenceProgram``, ``SequenceFunctions``, ``UpdateProgram``, ``devices``
and ``resolve_strategy``.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections import OrderedDict
from collections.abc import Iterator

from appliednn.core._architecture import Architecture
from appliednn.core._losses import Loss
from appliednn.core._optimizers import Optimizer
from appliednn.core._random import build_lock

_MAX_PROGRAMS = 32
_training: OrderedDict[tuple, object] = OrderedDict()
_inference: OrderedDict[tuple, object] = OrderedDict()
_sequence: OrderedDict[tuple, object] = OrderedDict()


def prepare() -> None:
    """Load the backend now (otherwise: at first use)."""
    _module()


def _module():
    """Import the implementation for the Keras backend in use."""
    quiet = "keras" not in sys.modules and "TF_CPP_MIN_LOG_LEVEL" not in os.environ
    with _silent_stderr() if quiet else contextlib.nullcontext():
        import keras

    name = keras.backend.backend()
    if name != "tensorflow":
        raise RuntimeError(
            f"Keras runs on {name!r}; appliednn needs the TensorFlow backend "
            "(unset KERAS_BACKEND or set it to 'tensorflow' before Python starts)"
        )
    from appliednn.core.backend import _tensorflow

    return _tensorflow


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep TensorFlow's start-up chatter off the terminal; it is written below Python's level.

    Set TF_CPP_MIN_LOG_LEVEL to see it. Python errors are raised as ever.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.stderr.flush()
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def _cached(cache: OrderedDict, key: tuple, make):
    with build_lock:
        if key in cache:
            cache.move_to_end(key)
            return cache[key]
        program = cache[key] = make()
        while len(cache) > _MAX_PROGRAMS:
            cache.popitem(last=False)
        return program


def training_program(
    architecture: Architecture,
    loss: Loss,
    optimizer: Optimizer,
    *,
    strategy=None,
    precision: str | None = None,
):
    """Return the compiled training program for this net, from the cache if it was built before."""
    key = (architecture, loss, optimizer, precision, _strategy_key(strategy))

    def make():
        return _module().TrainingProgram(architecture, loss, optimizer, strategy, precision)

    return _cached(_training, key, make)


def inference_program(architecture: Architecture):
    """Return the compiled inference and gradient functions of this net."""
    return _cached(_inference, (architecture,), lambda: _module().InferenceProgram(architecture))


def sequence_program(architecture: Architecture):
    """Return the compiled training program of a network of sequences."""
    key = ("train", architecture)
    return _cached(_sequence, key, lambda: _module().SequenceProgram(architecture))


def sequence_functions(architecture: Architecture):
    """Return the compiled functions of a network of sequences."""
    key = ("use", architecture)
    return _cached(_sequence, key, lambda: _module().SequenceFunctions(architecture))


def update_program(architecture: Architecture, recipe):
    """Return the compiled gradient steps of networks that learn from each other."""
    key = ("update", architecture, recipe)
    return _cached(_sequence, key, lambda: _module().UpdateProgram(architecture, recipe))


def _strategy_key(strategy) -> object:
    return strategy if strategy is None or isinstance(strategy, str) else id(strategy)


def devices() -> list[dict[str, str]]:
    """Return the devices TensorFlow sees, as ``{"name", "type"}`` each."""
    return _module().devices()


def n_traces() -> int:
    """Return how often a training program was traced in this process."""
    module = sys.modules.get("appliednn.core.backend._tensorflow")
    return 0 if module is None else module.TRACES["train"]
