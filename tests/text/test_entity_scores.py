"""Entity scores against what conlleval (0.2) and seqeval (1.2.2) said of the same sentences."""

import json
from pathlib import Path

import pytest

from appliednn.text import entities_of, entity_scores

RECORDED = json.loads((Path(__file__).parent / "entity_scores_recorded.json").read_text())
NAMES = ("precision", "recall", "f1")


def sentences(case):
    return [[line.split() for line in case[side]] for side in ("true", "pred")]


@pytest.mark.parametrize("case", RECORDED[:-1])
def test_scores_equal_conlleval(case):
    scores = entity_scores(*sentences(case))
    assert [scores[name] for name in NAMES] == pytest.approx(case["conlleval"])
    assert scores["accuracy"] == pytest.approx(case["accuracy"])
    assert scores["macro_f1"] == pytest.approx(case["macro_f1"])
    found = {
        kind: [of["support"], of["predicted"], *(of[name] for name in NAMES)]
        for kind, of in scores["types"].items()
    }
    assert list(found) == list(case["types"])
    for kind, numbers in case["types"].items():
        assert found[kind] == pytest.approx(numbers)


@pytest.mark.parametrize("case", RECORDED)
def test_strict_scores_equal_seqeval(case):
    scheme = case.get("scheme", "IOB2")
    scores = entity_scores(*sentences(case), scheme=scheme, mode="strict")
    found = [*(scores[name] for name in NAMES), scores["macro_f1"]]
    assert found == pytest.approx(case["strict"])


def test_other_schemes_are_read_by_the_same_rule():
    scores = entity_scores(*sentences(RECORDED[-1]), scheme="IOBES")
    assert [scores[name] for name in NAMES] == pytest.approx(RECORDED[-1]["lenient"])


@pytest.mark.parametrize(
    ("tags", "lenient", "strict"),
    [
        ("I-X I-X O", [(0, 2, "X")], []),
        ("B-X B-X I-X", [(0, 1, "X"), (1, 3, "X")], [(0, 1, "X"), (1, 3, "X")]),
        ("B-X I-Y", [(0, 1, "X"), (1, 2, "Y")], [(0, 1, "X")]),
        ("O O", [], []),
        ("", [], []),
    ],
)
def test_entities_of_short_cases(tags, lenient, strict):
    assert entities_of(tags.split()) == lenient
    assert entities_of(tags.split(), mode="strict") == strict


def test_bilou_reads_as_iobes_does():
    pairs = str.maketrans({"L": "E", "U": "S"})
    for tags in ("B-x L-x U-x I-x", "U-x U-x B-x I-x L-x O L-x"):
        expected = entities_of(tags.translate(pairs).split(), "IOBES", "strict")
        assert entities_of(tags.split(), "BILOU", "strict") == expected
        assert entities_of(tags.split(), "BILOU") == entities_of(tags.translate(pairs).split())


def test_nothing_found_and_nothing_there_scores_zero():
    scores = entity_scores([["O"]], [["O"]])
    assert (scores["f1"], scores["precision"], scores["macro_f1"]) == (0.0, 0.0, 0.0)
    assert scores["accuracy"] == 1.0 and scores["types"] == {}


def test_what_does_not_match_is_refused():
    with pytest.raises(ValueError, match="2 sentences and y_pred has 1"):
        entity_scores([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match=r"y_true\[0\] has 2 entries and y_pred\[0\] has 1"):
        entity_scores([["O", "O"]], [["O"]])
    with pytest.raises(ValueError, match="mode='loose'"):
        entity_scores([["O"]], [["O"]], mode="loose")
    with pytest.raises(ValueError, match="scheme='IOB'"):
        entity_scores([["O"]], [["O"]], scheme="IOB")
