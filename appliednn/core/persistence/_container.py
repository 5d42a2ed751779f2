"""The zip of a model file: written in one step, and verified before a byte of it is used."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

from appliednn.core.errors import IntegrityError, UsageError
from appliednn.core.persistence._atomic import replace_file
from appliednn.core.persistence._foreign import say_what_it_is
from appliednn.core.persistence._skops import BROKEN

FORMAT = "appliednn-model"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
ARRAYS = "arrays.safetensors"

MAX_FILE = 8 * 2**30
MAX_MANIFEST = 64 * 2**20
MAX_OBJECT = 512 * 2**20
MAX_OBJECTS_TOTAL = 1024 * 2**20
MAX_MEMBERS = 1000
_NAMES = re.compile(rf"{re.escape(MANIFEST)}|{re.escape(ARRAYS)}|objects/[0-9]{{1,4}}\.skops")
_SEAL = 64  # hex digits of a sha256, kept as the zip's comment


def write_container(path: Path, manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    """Write manifest and members as one sealed zip, in one step.

    The manifest gets each member's size and sha256; the zip's comment is the sha256 of all
    bytes before it, so that a changed byte is seen wherever it is. Equal content gives equal
    bytes: no time of writing is kept.
    """
    manifest = {
        **manifest,
        "members": {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
        },
    }
    text = json.dumps(manifest, ensure_ascii=False, allow_nan=False).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {MANIFEST: text, **members}.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            # numbers do not shrink; stored, they cannot unpack to more than the file has
            packed = name != ARRAYS
            info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(info, data)
        archive.comment = b"0" * _SEAL
    body = memoryview(buffer.getbuffer())[:-_SEAL]
    replace_file(path, [body, hashlib.sha256(body).hexdigest().encode()])


def read_container(path: str | Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest and the verified members of a model file.

    Raises
    ------
    UsageError
        If there is no such file.
    IntegrityError
        If it is no model file, a newer one, or was changed; the message says which.
    """
    path = Path(path)
    data = _read_file(path)
    archive = _open(path, data)
    with archive:
        infos = _check_members(path, archive, len(data))
        manifest = _read_manifest(path, _read(path, archive, infos[MANIFEST]))
        members = _read_members(path, archive, infos, manifest)
    if not _is_sealed(data):
        raise IntegrityError(
            f"{path}: bytes outside of its members were changed since it was written."
        )
    return manifest, members


def _read_file(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_FILE:
                raise IntegrityError(f"{path} has {size} bytes; at most {MAX_FILE} are read.")
            return file.read(MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{path}: there is no such file.") from None
    except (IsADirectoryError, PermissionError) as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def _open(path: Path, data: bytes) -> zipfile.ZipFile:
    if not data.startswith(b"PK\x03\x04"):
        raise IntegrityError(f"{path} is not a model file: {say_what_it_is(data)}")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except BROKEN as error:
        raise IntegrityError(f"{path} is damaged or cut off: {error}") from error


def _check_members(
    path: Path, archive: zipfile.ZipFile, file_size: int
) -> dict[str, zipfile.ZipInfo]:
    """Check names, kinds and sizes of the members; nothing is unpacked."""
    listed = archive.infolist()
    names = [info.filename for info in listed]
    for info in listed:
        _check_name(path, info)
    if MANIFEST not in names:
        raise IntegrityError(f"{path} is not a model file: {say_what_it_is(b'', names)}")
    for info in listed:
        _check_kind(path, info)
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise IntegrityError(f"{path} holds {', '.join(twice)} twice.")
    if len(names) > MAX_MEMBERS or sum(info.compress_size for info in listed) > file_size:
        raise IntegrityError(f"{path} declares more members or bytes than it has.")
    objects = sum(i.file_size for i in listed if i.filename not in (MANIFEST, ARRAYS))
    if objects > MAX_OBJECTS_TOTAL:
        raise IntegrityError(f"{path} would unpack to {objects} bytes of objects: refused.")
    return {info.filename: info for info in listed}


def _check_name(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise IntegrityError(
            f"{path} holds a member with the path {name!r}, which leads out of the file: refused."
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise IntegrityError(f"{path} holds a link {name!r}: refused.")


def _check_kind(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.filename
    if name.lower().endswith((".pkl", ".pickle", ".joblib")):
        raise IntegrityError(f"{path} holds a pickled object {name!r}: refused, not opened.")
    if not _NAMES.fullmatch(name):
        raise IntegrityError(f"{path} holds a member {name!r} that no model file has.")
    if info.flag_bits & 0x1:
        raise IntegrityError(f"{path} holds an encrypted member {name!r}.")
    allowed = (
        {zipfile.ZIP_STORED} if name == ARRAYS else {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    )
    if info.compress_type not in allowed:
        raise IntegrityError(f"{path} holds {name!r} packed in a way no model file is.")
    limit = {MANIFEST: MAX_MANIFEST, ARRAYS: MAX_FILE}.get(name, MAX_OBJECT)
    if info.file_size > limit:
        raise IntegrityError(
            f"{path} holds {name!r}, which would unpack to {info.file_size} bytes; at most "
            f"{limit} are read."
        )


def _read(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Unpack one member, never more than it declares."""
    try:
        with archive.open(info) as member:
            data = member.read(info.file_size)
            extra = member.read(1)
    except BROKEN as error:
        raise IntegrityError(f"{path}: its member {info.filename} is damaged: {error}") from error
    if len(data) != info.file_size or extra:
        raise IntegrityError(f"{path}: its member {info.filename} has not the size it declares.")
    return data


def _read_manifest(path: Path, data: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{path}: its manifest cannot be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise IntegrityError(f"{path} is not a model file: its manifest is of another program.")
    version = manifest.get("format_version")
    if type(version) is not int or version < 1:
        raise IntegrityError(f"{path}: its manifest has no format version.")
    if version > FORMAT_VERSION:
        raise IntegrityError(
            f"{path} was written in the newer format {version}; this version of appliednn reads "
            f"up to {FORMAT_VERSION}. Upgrade appliednn."
        )
    return manifest


def _read_members(
    path: Path, archive: zipfile.ZipFile, infos: dict[str, zipfile.ZipInfo], manifest: dict
) -> dict[str, bytes]:
    listed = manifest.get("members")
    if not isinstance(listed, dict) or not all(isinstance(v, dict) for v in listed.values()):
        raise IntegrityError(f"{path}: its manifest lists no members.")
    added = sorted(set(infos) - set(listed) - {MANIFEST})
    if added:
        raise IntegrityError(f"{path} holds {', '.join(added)}, added after it was written.")
    missing = sorted(set(listed) - set(infos))
    if missing:
        raise IntegrityError(f"{path} lacks its member {', '.join(missing)}.")
    members = {}
    for name, entry in listed.items():
        data = _read(path, archive, infos[name])
        if hashlib.sha256(data).hexdigest() != entry.get("sha256"):
            raise IntegrityError(f"{path}: its member {name} was changed since it was written.")
        members[name] = data
    return members


def _is_sealed(data: bytes) -> bool:
    body = memoryview(data)[:-_SEAL]
    return hashlib.sha256(body).hexdigest().encode() == data[-_SEAL:]
