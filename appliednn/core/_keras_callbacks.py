"""Keras callbacks, told of our epochs and, if they ask, of our batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_BATCH_HOOKS = (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_batch_begin",
    "on_batch_end",
)


def callback_list(model, callbacks: Sequence[Any], trainer) -> Any | None:
    """Return a Keras ``CallbackList`` bound to ``model`` and begun, or None without callbacks.

    Its ``_batch_hooks`` says whether any of them looks at batches, which then run one by one.
    """
    if not callbacks:
        return None
    import keras

    model.stop_training = False
    bound = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=False,
        model=model,
        epochs=trainer.plan.epochs,
        steps=trainer.steps_per_epoch,
        verbose=0,
    )
    base = keras.callbacks.Callback
    bound._batch_hooks = any(
        getattr(type(callback), name) is not getattr(base, name)
        for callback in callbacks
        for name in _BATCH_HOOKS
    )
    bound.on_train_begin()
    return bound
