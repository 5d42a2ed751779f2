"""SaveMixin: ``save`` and the ready-made state for classes whose attributes are values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from appliednn.core.persistence._default import default_restore, default_state
from appliednn.core.persistence._protocol import AnnState


class SaveMixin:
    """Adds ``save(path)`` and the two protocol methods.

    The state is ``get_params(deep=False)`` and, as ``meta``, every other attribute of the
    instance except those named in ``_ann_skip`` (caches, which :meth:`_ann_restored` makes
    anew). A class with attributes that are no values writes its own two methods.
    """

    _ann_skip: tuple[str, ...] = ()

    def save(self, path: str | Path, *, verdict: dict[str, Any] | None = None) -> Path:
        """Write the fitted estimator to a model file that :func:`appliednn.load` reads.

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
        return default_state(self, self._ann_skip)

    @classmethod
    def __ann_restore__(cls, state: AnnState) -> Any:
        estimator = default_restore(cls, state)
        estimator._ann_restored()
        return estimator

    def _ann_restored(self) -> None:
        """Make anew what ``_ann_skip`` left out; called on the rebuilt estimator."""
