"""YAML 1.2 text to plain values, each with its line and column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

Path = tuple[Any, ...]
MAX_NODES = 20_000
MAX_DEPTH = 40
_OPENING = ("MappingStartEvent", "SequenceStartEvent")
_CLOSING = ("MappingEndEvent", "SequenceEndEvent")
_PLAIN_TAGS = tuple(f"tag:yaml.org,2002:{t}" for t in ("null", "bool", "int", "float"))


class Place(NamedTuple):
    """Where a key and its value stand, counted from 1."""

    line: int
    column: int
    value_line: int
    value_column: int


class YamlProblem(NamedTuple):
    """A problem of the text itself: message and where."""

    message: str
    line: int
    column: int
    path: Path = ()


class Parsed(NamedTuple):
    """A document: plain values, the place of each path, problems that do not stop reading."""

    value: Any
    places: dict[Path, Place]
    problems: list[YamlProblem]


class YamlSyntaxError(Exception):
    """The text is not one readable YAML document; ``problems`` say why."""

    def __init__(self, problems: list[YamlProblem]) -> None:
        self.problems = problems
        super().__init__(problems[0].message)


def parse(text: str) -> Parsed:
    r"""Return the one document in ``text``; None as its value if there is none.

    Only null, booleans, numbers, text, lists and mappings come out: a date stays text. Anchors,
    aliases and tags are refused, so that neither a reference bomb nor a foreign type gets in.

    Raises
    ------
    YamlSyntaxError
        If the text is not YAML, nests deeper than 40 levels or has more than 20 000 values.

    Examples
    --------
    >>> parse("a: [1e-3, no]").value
    {'a': [0.001, 'no']}
    >>> parse("a:\n  b: 1").places["a", "b"]
    Place(line=2, column=3, value_line=2, value_column=6)
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        refused = list(_refused(yaml, text))
        if refused:
            raise YamlSyntaxError(refused)
        node = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        raise YamlSyntaxError([_problem(error, text)]) from None
    builder = _Builder(yaml)
    value = None if node is None else builder.build(node, ())
    return Parsed(value, builder.places, builder.problems)


def _refused(yaml: YAML, text: str) -> Iterator[YamlProblem]:
    """Yield what is legal YAML and has no place in a config."""
    depth = count = 0
    for event in yaml.parse(text):
        kind = type(event).__name__
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if getattr(event, "version", None) not in (None, (1, 2)):
            yield YamlProblem("the file is read as YAML 1.2; remove the %YAML line", 1, 1)
        if not isinstance(event, NodeEvent):
            continue
        count += 1
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, AliasEvent):
            yield YamlProblem("aliases are not allowed; write the value out", line, column)
        elif event.anchor:
            yield YamlProblem("anchors are not allowed; write the value out", line, column)
        elif getattr(event, "tag", None):
            yield YamlProblem(f"tags are not allowed, got {event.tag}", line, column)
        if depth > MAX_DEPTH or count > MAX_NODES:
            what = "nests too deep" if depth > MAX_DEPTH else "is too long"
            yield YamlProblem(f"the file {what} for a config", line, column)
            return


def _problem(error: YAMLError, text: str) -> YamlProblem:
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        return YamlProblem("a control character is not allowed here", line, column)
    if not isinstance(error, MarkedYAMLError):
        return YamlProblem(f"not readable as YAML: {error}", 1, 1)
    mark = error.problem_mark or error.context_mark
    message = (error.problem or error.context or "not readable").strip()
    if "\\t" in message:
        message = "a tab stands here; YAML is indented with spaces"
    elif "single document" in (error.context or ""):
        message = "a second document starts here; expected one"
    return YamlProblem(f"YAML: {message}", mark.line + 1, mark.column + 1)


class _Builder:
    """Turns nodes into plain values and notes their places."""

    def __init__(self, yaml: YAML) -> None:
        self._construct = yaml.constructor.construct_object
        self.places: dict[Path, Place] = {}
        self.problems: list[YamlProblem] = []

    def build(self, node: Node, path: Path, key: Node | None = None) -> Any:
        first, value = (key or node).start_mark, node.start_mark
        self.places[path] = Place(
            first.line + 1, first.column + 1, value.line + 1, value.column + 1
        )
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: ScalarNode) -> Any:
        if str(node.tag) not in _PLAIN_TAGS:
            return str(node.value)
        try:
            return self._construct(node)
        except ValueError:  # Python refuses integers of more than 4300 digits
            return str(node.value)

    def _mapping(self, node: MappingNode, path: Path) -> dict:
        values: dict = {}
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            line, column = mark.line + 1, mark.column + 1
            key = self._scalar(key_node) if isinstance(key_node, ScalarNode) else None
            if key is None:
                self.problems.append(
                    YamlProblem("a key must be a word or a number", line, column, path)
                )
            elif key in values:
                earlier = self.places[*path, key].line
                message = f"the key stands twice, first in line {earlier}"
                self.problems.append(YamlProblem(message, line, column, (*path, key)))
            else:
                values[key] = self.build(value_node, (*path, key), key_node)
        return values
