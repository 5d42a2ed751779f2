"""A config before validation: plain values, the place of each, overrides and environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliednn.pipeline.config._problems import ConfigError, Problem, closest
from appliednn.pipeline.config._yaml import Path, Place, YamlSyntaxError, parse

MAX_BYTES = 1_000_000
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Document:
    """The values of a config with where they came from.

    Attributes
    ----------
    file : str
        The file as the user named it.
    data : dict
        Plain values; references to the environment stand as they were written.
    places : dict
        Path to :class:`Place`.
    overrides : dict
        Path to the override that set it.
    problems : list of Problem
        Problems that did not stop the reading.
    """

    file: str
    data: dict[Any, Any]
    places: dict[Path, Place] = field(default_factory=dict)
    overrides: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(
        self, path: Path, message: str, suggestion: str | None = None, *, at_key: bool = False
    ) -> Problem:
        """Return a problem of ``path``, placed at its value, or at its key or nearest parent."""
        dotted = ".".join(map(str, path))
        for end in range(len(path), -1, -1):
            part = path[:end]
            if part in self.overrides:
                origin = f"-s {self.overrides[part]}"
                return Problem(origin, 0, 0, dotted, message, suggestion)
            if part in self.places:
                place = self.places[part]
                key = at_key or end < len(path)
                line, column = place[:2] if key else place[2:]
                return Problem(self.file, line, column, dotted, message, suggestion)
        return Problem(self.file, 1, 1, dotted, message, suggestion)

    def value(self, path: Path) -> Any:
        """Return the value at ``path``; None where there is none."""
        node: Any = self.data
        for key in path:
            try:
                node = node[key]
            except (KeyError, IndexError, TypeError):
                return None
        return node


def read(path: os.PathLike | str) -> tuple[str, Document]:
    """Return the text of a config and its document.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not UTF-8, not YAML, empty or not a mapping.
    """
    file = os.fspath(path)
    text = _read_text(file)
    try:
        parsed = parse(text)
    except YamlSyntaxError as error:
        found = [Problem(file, p.line, p.column, "", p.message) for p in error.problems]
        raise ConfigError(found) from None
    if not isinstance(parsed.value, dict):
        what = "is empty" if parsed.value is None else "is not a mapping of keys to values"
        hint = "; `appliednn init` writes one to start from"
        raise ConfigError([Problem(file, 1, 1, "", f"the config {what}{hint}")])
    document = Document(file, parsed.value, parsed.places)
    document.problems = [
        Problem(file, p.line, p.column, ".".join(map(str, p.path)), p.message)
        for p in parsed.problems
    ]
    return text, document


def _read_text(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(file, 0, 0, "", _unreadable(file, error))]) from None
    if len(raw) > MAX_BYTES:
        message = "the file is larger than 1 MB; a config is a few kB (was a data file given?)"
        raise ConfigError([Problem(file, 0, 0, "", message)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", errors="replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = "not UTF-8; save the file as UTF-8"
        raise ConfigError([Problem(file, line, column, "", message)]) from None


def _unreadable(file: str, error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "a folder was given; expected a YAML file"
    if not isinstance(error, FileNotFoundError):
        return f"cannot be read: {error.strerror}"
    folder = os.path.dirname(file) or "."
    near = closest(os.path.basename(file), os.listdir(folder)) if os.path.isdir(folder) else None
    hint = f"; did you mean {os.path.join(os.path.dirname(file), near)!r}?" if near else ""
    return f"no such file{hint}"


def apply_overrides(document: Document, overrides: Sequence[str]) -> None:
    """Set ``key.path=value`` in the document; what cannot be set becomes a problem.

    Values are read as YAML; a number in the path counts list items from 0.
    """
    for text in overrides:
        message = _override(document, text)
        if message:
            document.problems.append(Problem(f"-s {text}", 0, 0, "", message))


def _override(document: Document, text: str) -> str | None:
    """Apply one override; return what is wrong with it."""
    name, equals, value_text = text.partition("=")
    keys = [part.strip() for part in name.split(".")]
    if not equals or not all(keys):
        return "expected key=value, such as model.epochs=50"
    try:
        parsed = parse(value_text)
    except YamlSyntaxError as error:
        return f"the value is not YAML: {error.problems[0].message}"
    if parsed.problems:
        return f"the value: {parsed.problems[0].message}"
    node: Any = document.data
    path: Path = ()
    for i, word in enumerate(keys):
        key = _key(node, word)
        if key is None:
            return _no_such_place(".".join(keys[:i]), node, word)
        path = (*path, key)
        if i == len(keys) - 1:
            _forget(document, path)
            node[key] = parsed.value
            document.overrides[path] = text
        elif isinstance(node, dict) and node.get(key) is None:
            node[key] = {}
            document.overrides[path] = text
        node = node[key]
    return None


def _key(node: Any, word: str) -> Any:
    """Return the key or position that a word of an override names, None if there is none."""
    if isinstance(node, list):
        return int(word) if word.isdecimal() and int(word) < len(node) else None
    if isinstance(node, dict):
        return next((key for key in node if str(key) == word), word)  # a label may be a number
    return None


def _no_such_place(where: str, node: Any, word: str) -> str:
    if not isinstance(node, list):
        return f"{where} is a single value; it has no {word!r}"
    if not node:
        return f"{where} is an empty list; set it as a whole"
    return f"{where} holds {len(node)}; expected a position from 0 to {len(node) - 1}"


def _forget(document: Document, path: Path) -> None:
    """Drop the places of a value that is replaced."""
    for known in (document.places, document.overrides):
        for old in [p for p in known if p[: len(path)] == path]:
            del known[old]


def substitute(document: Document, env: Mapping[str, str]) -> tuple[Any, dict[Path, str]]:
    """Return the values with ``${env:NAME}`` filled in, and the paths where that happened.

    What cannot be filled in becomes a problem of the document and stays as it was written.

    Returns
    -------
    data : dict
        A copy of the document's values.
    written : dict
        Path to the text as it was written.
    """
    written: dict[Path, str] = {}

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {k: walk(v, (*path, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v, (*path, i)) for i, v in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        written[path] = value
        return _fill(document, path, value, env)

    return walk(document.data, ()), written


def _fill(document: Document, path: Path, text: str, env: Mapping[str, str]) -> str:
    def replace(match: re.Match) -> str:
        kind, _, rest = match[1].partition(":")
        name, colon, default = rest.partition(":")
        if kind != "env" or not _NAME.fullmatch(name):
            message = (
                f"{match[0]} is not understood; expected ${{env:NAME}} or ${{env:NAME:default}}"
            )
            document.problems.append(document.problem(path, message))
        elif name in env:
            return env[name]
        elif colon:
            return default
        else:
            message = f"the environment variable {name} is not set"
            document.problems.append(document.problem(path, message, closest(name, list(env))))
        return match[0]

    return _REFERENCE.sub(replace, text)
