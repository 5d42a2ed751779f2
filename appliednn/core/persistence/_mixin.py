"""SaveMixin: ``save`` and a ready-made state for classes whose attributes are values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from appliednn.core.errors import IntegrityError
from appliednn.core.persistence._protocol import AnnState

_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9_]*")


class SaveMixin:
    """Adds ``save(path)``; its two protocol methods serve any class of plain attributes.

    The state is the parameters of ``get_params(deep=False)`` and, as ``meta``, every other
    attribute of the instance except those named in ``_ann_skip`` (caches that
    ``_ann_restored`` makes anew). A class with other attributes writes its own two methods.
    """

    _ann_skip: tuple[str, ...] = ()

    def save(self, path: str | Path, *, verdict: dict[str, Any] | None = None) -> Path:
        """Write the fitted estimator to a model file.

        Parameters
        ----------
        path : str or Path
            Usually ``something.ann``; replaced in one step if it is there.
        verdict : dict, optional
            JSON-ready result of the gates, kept in the manifest.

        Returns
        -------
        Path
            ``path``.

        Raises
        ------
        UsageError
            If it is not fitted or a part of it cannot be saved (which, and why).
        """
        from appliednn.core.persistence._save import save

        return save(self, path, verdict=verdict)

    def __ann_state__(self) -> AnnState:
        params = self.get_params(deep=False)
        meta = {
            name: value
            for name, value in self.__getstate__().items()
            if name not in params and name not in self._ann_skip and name != "_sklearn_version"
        }
        return AnnState(params=params, meta=meta)

    @classmethod
    def __ann_restore__(cls, state: AnnState) -> Any:
        try:
            estimator = cls(**state.params)
        except TypeError as error:
            raise IntegrityError(f"{cls.__name__} has other parameters: {error}") from error
        for name, value in state.meta.items():
            if not _NAME.fullmatch(name) or hasattr(cls, name):
                raise IntegrityError(f"{cls.__name__} has no attribute {name!r} to be learned.")
            setattr(estimator, name, value)
        estimator._ann_restored()
        return estimator

    def _ann_restored(self) -> None:
        """Make anew what ``_ann_skip`` left out; called on the rebuilt estimator."""
