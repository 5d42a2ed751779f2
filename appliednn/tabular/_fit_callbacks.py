"""Callbacks of a fit: Keras's as copies, scikit-learn's through its protocol."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.callback import CallbackSupportMixin

from appliednn.core._training_plan import Rows, TrainingHooks
from appliednn.tabular._scoring import epoch_scorer


class FitCallbacks(CallbackSupportMixin):
    """What an estimator tells others while it trains."""

    def _hooks(self, held: Rows | None, program, make_network, partial: bool, given):
        hooks = TrainingHooks(keras_callbacks=self._clone_callbacks())
        if held is not None and self.scoring != "loss":
            hooks.score_name, hooks.score = epoch_scorer(self, self.scoring, held)
        context = self._init_callback_context(
            max_subtasks=1 if partial else self._setting("epochs")
        )
        if not getattr(self, "_skl_callbacks", None):
            return hooks
        self._attach_sklearn_callbacks(hooks, context, program, make_network, given)
        return hooks

    def _attach_sklearn_callbacks(self, hooks, context, program, make_network, given) -> None:
        """Open a task for each epoch, as scikit-learn's callbacks expect."""
        tasks: list = []

        def state() -> dict:
            fitted = {k: v for k, v in self.__dict__.items() if k.endswith("_") or k[0] == "_"}
            fitted = {k: v for k, v in fitted.items() if not k.startswith(("_skl", "_callback"))}
            for own in ("_parent_callback_ctx", "_close_task"):
                fitted.pop(own, None)
            return {**fitted, "network_": make_network(program.get_weights())}

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
