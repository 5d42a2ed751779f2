"""Words for persons: they change places, the rest of the text stays."""

import pytest

from appliednn.fairness._text_identity import identity_groups, is_english

GROUPS = identity_groups()


@pytest.mark.parametrize("name", GROUPS)
def test_every_row_has_a_word_for_each_group_and_no_group_is_there_twice(name):
    group = GROUPS[name]
    assert len(set(group.columns)) == len(group.columns) >= 2
    assert all(len(row) == len(group.columns) for row in group.rows)


@pytest.mark.parametrize("name", GROUPS)
def test_versions_of_a_version_are_the_same_versions(name):
    """All words are exchanged at once, so that it does not matter which group came first."""
    group = GROUPS[name]
    text = f"Yesterday {group.rows[0][0]} met {group.rows[-1][0]} again."
    versions = group.versions(text)
    assert len(set(versions)) == len(versions)
    assert versions[0] == text
    for version in versions:
        assert group.versions(version)[0] == text


def test_case_and_marks_stay():
    assert GROUPS["gender"].versions("HE is here; Her hat (his?) too.")[0] == (
        "HE is here; His hat (his?) too."
    )
    assert GROUPS["gender"].versions("I saw her and him.") == [
        "I saw him and him.", "I saw her and her.",
    ]  # fmt: skip


def test_parts_of_words_are_no_words():
    assert not GROUPS["gender"].found_in("The sheriff of Manchester")
    assert not GROUPS["ethnicity"].found_in("A white wall and a black cat")
    assert GROUPS["ethnicity"].found_in("two black men")


def test_sentences_about_persons_differ_in_one_word_only():
    for group in GROUPS.values():
        sentences = [set(s.rstrip(".").split()) for s in group.carriers()]
        common = set.intersection(*sentences)
        assert {"My", "friend", "is"} <= common
        assert len(set(group.carriers())) == len(group.columns)


def test_english_is_told_by_its_commonest_words():
    assert is_english(["the cat is on the mat", "no idea"])
    assert not is_english(["die Katze ist auf der Matte"] * 5)
    assert not is_english(["", "!"])
