import textwrap

import pytest

from appliednn.pipeline.config._yaml import MAX_DEPTH, MAX_NODES, YamlSyntaxError, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("1e-3", 0.001),
        ("012", 12),
        ("0o17", 15),
        ("12:30:00", "12:30:00"),
        ("2024-02-30", "2024-02-30"),
        ("true", True),
        ("~", None),
        ("'5'", "5"),
    ],
)
def test_scalars_are_read_as_yaml_1_2(text, value):
    found = parse(f"a: {text}").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_places_count_from_one_and_tell_key_from_value():
    text = "a:\n  - {b: 1, c: [2,\n      3]}\n"
    places = parse(text).places
    assert places["a",][:2] == (1, 1)
    assert places["a", 0, "c"] == (2, 12, 2, 15)
    assert places["a", 0, "c", 1][2:] == (3, 7)
    for path, key in ((("a", 0, "b"), "b"), (("a", 0, "c"), "c")):
        line, column = places[path][:2]
        assert text.splitlines()[line - 1][column - 1] == key


def test_each_repeated_key_is_reported():
    parsed = parse("a: 1\nb: 2\na: 3\nb: 4\na: 5\n")
    assert [(p.line, p.column, p.path) for p in parsed.problems] == [
        (3, 1, ("a",)),
        (4, 1, ("b",)),
        (5, 1, ("a",)),
    ]
    assert "first in line 1" in parsed.problems[0].message


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: 1\nb:\t2", "tab", 2, 3),
        ("a:\n\t- 1", "tab", 2, 1),
        ("a: [1, 2\nb: 3", "expected ',' or ']'", 2, 2),
        ("a: &x 1\nb: 2", "anchors are not allowed", 1, 4),
        ("a: !!python/object/apply:os.system [ls]", "tags are not allowed", 1, 4),
        ("a: 1\n---\nb: 2", "second document", 2, 1),
        ("%YAML 1.1\n---\na: no", "YAML 1.2", 1, 1),
        ("a: 'x", "end of stream", 1, 6),
        ("a: 1\nb: \x07", "control character", 2, 4),
        ("a: b: c", "mapping values are not allowed", 1, 5),
    ],
)
def test_unreadable_text_is_refused_with_its_place(text, message, line, column):
    with pytest.raises(YamlSyntaxError) as caught:
        parse(text)
    problem = caught.value.problems[0]
    assert message in problem.message
    assert (problem.line, problem.column) == (line, column)


def test_an_alias_bomb_is_refused_before_anything_is_built():
    bomb = ["a0: &a0 [x, x]"]
    bomb += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    with pytest.raises(YamlSyntaxError) as caught:
        parse("\n".join(bomb))
    assert any("aliases are not allowed" in p.message for p in caught.value.problems)


def test_depth_and_size_are_capped():
    with pytest.raises(YamlSyntaxError, match="too deep"):
        parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    with pytest.raises(YamlSyntaxError, match="too long"):
        parse("[" + "1," * (MAX_NODES + 1) + "]")
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH).value is not None


def test_a_number_python_refuses_stays_text():
    assert isinstance(parse("a: " + "1" * 5000).value["a"], str)


def test_block_text_and_unicode_are_kept():
    text = textwrap.dedent("""\
        größe: >-
          eins
          zwei
        "a b": ☃
        """)
    assert parse(text).value == {"größe": "eins zwei", "a b": "☃"}
