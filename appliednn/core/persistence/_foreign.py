"""Say what a file that is no model file looks like, so that the user knows what to do."""

from __future__ import annotations

from collections.abc import Sequence


def say_what_it_is(data: bytes, names: Sequence[str] = ()) -> str:
    """Return a sentence about a file's first bytes, or about the members of a foreign zip.

    Examples
    --------
    >>> say_what_it_is(b"")
    'it is empty.'
    """
    if names:
        return _zip_kind(names)
    if not data:
        return "it is empty."
    if data[:1] == b"\x80" and data[1:2] in b"\x02\x03\x04\x05":
        return (
            "it is a pickle (or joblib) file. A pickle runs code when it is opened, so it is "
            "never opened here; load it where it was made and call save()."
        )
    if data.startswith(b"\x89HDF"):
        return "it is an HDF5 file (Keras weights?); only files written by save() are read."
    if data.startswith(b"PK"):
        return "it is an empty or damaged zip."
    return "it is not a zip as written by save(); it may be damaged or of another program."


def _zip_kind(names: Sequence[str]) -> str:
    if "config.json" in names and "metadata.json" in names:
        return "it is a Keras archive; only files written by save() are read."
    if "schema.json" in names:
        return "it is a bare skops file; load it with skops.io.load and call save()."
    if any(name.endswith("data.pkl") for name in names):
        return "it is a PyTorch file with pickled objects; it is not opened."
    return "it is a zip of another program (no manifest.json in it)."
