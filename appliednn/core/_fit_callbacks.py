"""Callbacks of a fit: Keras's as copies, scikit-learn's through its protocol."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.callback import CallbackSupportMixin

from appliednn.core._training_plan import TrainingHooks


class FitCallbacks(CallbackSupportMixin):
    """What an estimator tells others while it trains; it has a parameter ``callbacks``."""

    def _callback_hooks(self, program, learnt, n_epochs: int, given) -> TrainingHooks:
        """Return the hooks of a fit of ``n_epochs`` epochs on ``given`` (X, y).

        ``learnt`` gives, for weights of the network, the attributes of an estimator that stops
        here.
        """
        hooks = TrainingHooks(keras_callbacks=self._clone_callbacks())
        context = self._init_callback_context(max_subtasks=n_epochs)
        if getattr(self, "_skl_callbacks", None):
            self._attach_sklearn_callbacks(hooks, context, program, learnt, given)
        return hooks

    def _attach_sklearn_callbacks(self, hooks, context, program, learnt, given) -> None:
        """Open a task for each epoch, as scikit-learn's callbacks expect."""
        tasks: list = []

        def state() -> dict:
            fitted = {k: v for k, v in self.__dict__.items() if k.endswith("_") or k[0] == "_"}
            fitted = {k: v for k, v in fitted.items() if not k.startswith(("_skl", "_callback"))}
            for own in ("_parent_callback_ctx", "_close_task"):
                fitted.pop(own, None)
            return {**fitted, **learnt(program.get_weights())}

        def begin(epoch: int) -> None:
            task = context.subcontext(task_name="epoch")
            tasks.append(task)
            task.call_on_fit_task_begin(**told)

        def end(epoch: int, logs: dict) -> bool:
            return tasks[-1].call_on_fit_task_end(**told)

        X, y = given
        told = {"estimator": self, "X": X, "y": y, "reconstruction_attributes": state}
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        hooks.epoch_begin, hooks.epoch_end = begin, end
        self._close_task = lambda: context.call_on_fit_task_end(
            estimator=self, X=X, y=y, reconstruction_attributes={}
        )

    def _close_sklearn_callbacks(self) -> None:
        close = self.__dict__.pop("_close_task", None)
        if close is not None:
            close()

    def _clone_callbacks(self) -> list[Any]:
        """Return Keras callbacks of this fit's own, from instances or classes."""
        own = self._own_callbacks()
        if not own:
            return []
        import keras

        for callback in own:
            if not isinstance(callback, keras.callbacks.Callback):
                raise TypeError(
                    f"callbacks holds {callback!r}; expected keras.callbacks.Callback instances "
                    "or classes (scikit-learn's callbacks go to set_callbacks)"
                )
        return own

    def _own_callbacks(self) -> list[Any]:
        given = self.callbacks if isinstance(self.callbacks, list | tuple) else [self.callbacks]
        given = [c for c in given if c is not None]
        return [c() if isinstance(c, type) else copy.deepcopy(c) for c in given]
