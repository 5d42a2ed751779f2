"""Parameters of the Keras wrappers that belong to someone else: ``model__x``, ``optimizer__x``."""

from __future__ import annotations

import copy
import difflib
from typing import Any

_ROUTES = ("model", "optimizer", "loss", "callbacks")
# What SciKeras takes for calls of Keras that are not made here.
_UNHEARD = ("predict__batch_size", "predict__verbose", "fit__verbose")


class RoutedParams:
    """Files parameters with a route away and gives them back by ``get_params``."""

    def _route(self, params: dict) -> None:
        """File ``model__x``, ``optimizer__x``, ``loss__x`` and bare build arguments away.

        What the build function does not take is named by ``fit``, as every other bad parameter.
        """
        own = self._get_param_names()
        for name, value in params.items():
            route, _, rest = name.partition("__")
            if name in _UNHEARD:
                continue
            if name == "optimizer__learning_rate" or (route == "fit" and rest in own):
                setattr(self, rest, value)
                continue
            if name == "build_fn":
                self.model = value
                continue
            if route not in _ROUTES or not rest:
                route, rest = "model", name
            key = f"{route}_params"
            present = getattr(self, key)
            setattr(self, key, {**(present if isinstance(present, dict) else {}), rest: value})

    def _check_build_arguments(self, accepted: set[str] | None) -> None:
        own = self._get_param_names()
        for name in self.model_params or {}:
            if accepted is None or name in accepted:
                continue
            close = difflib.get_close_matches(name, [*own, *accepted], n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise TypeError(
                f"{type(self).__name__} got an unexpected argument {name!r}: neither a parameter "
                f"nor an argument of the build function{hint}"
            )

    def get_params(self, deep: bool = True) -> dict:
        """Return the parameters; with ``deep`` also ``model__x`` for each build argument set."""
        params = super().get_params(deep=False)
        if deep:
            for route in _ROUTES:
                routed = params[f"{route}_params"]
                for name, value in routed.items() if isinstance(routed, dict) else ():
                    params[f"{route}__{name}"] = value
        return params

    def set_params(self, **params):
        """Set parameters, ``model__x`` and bare arguments of the build function among them."""
        own = self._get_param_names()
        super().set_params(**{k: v for k, v in params.items() if k in own})
        self._route({k: v for k, v in params.items() if k not in own})
        return self

    def _own_callbacks(self) -> list[Any]:
        """Return this fit's callbacks: copies of instances, classes called with their arguments.

        ``callbacks__patience=2`` goes to every class, ``callbacks__0__patience=2`` to the first
        of a list, ``callbacks__stop__patience=2`` to that of a dict.
        """
        given = self.callbacks
        if not isinstance(given, list | tuple | dict):
            given = [] if given is None else [given]
        named = given if isinstance(given, dict) else {str(i): c for i, c in enumerate(given)}
        arguments: dict[str, dict] = {name: {} for name in named}
        for key, value in sorted(
            (self.callbacks_params or {}).items(), key=lambda kv: "__" in kv[0]
        ):
            name, _, argument = key.rpartition("__")
            if name and name not in named:
                raise ValueError(
                    f"callbacks__{key} was given; expected callbacks__<argument> or "
                    f"callbacks__<name>__<argument> with a name among {list(named)}"
                )
            for target in [name] if name else named:
                arguments[target][argument] = value
        return [
            c(**arguments[name]) if isinstance(c, type) else copy.deepcopy(c)
            for name, c in named.items()
        ]
