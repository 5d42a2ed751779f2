"""Entity linking: candidates, features by hand, learnt weights, the baseline, NIL, files."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import appliednn
from appliednn.text import EntityLinker

CITIES = pd.DataFrame(
    {
        "id": [10, 20, 30, 40],
        "name": ["Paris", "Paris", "Springfield", "United Nations"],
        "aliases": [["Ville Lumière"], [], None, ["UNO"]],
        "description": [
            "capital of France, on the river Seine",
            "city in Texas, United States of America",
            "town of the Simpsons",
            "international organisation with a seat in Geneva",
        ],
        "prior": [90, 5, 3, 50],
    }
)


def world(n_names=12, n_mentions=300, seed=0):
    """Three entities share each name; contexts hold words of the right one's description."""
    rng = np.random.default_rng(seed)
    words = np.array([f"w{i}" for i in range(400)])
    rows, mentions, truth = [], [], []
    for i in range(3 * n_names):
        about = rng.choice(words, 12, replace=False)
        name = f"Name{'abcdefghijklmnop'[i // 3]}x{i // 3}"
        prior = [8.0, 3.0, 1.0][i % 3]
        rows.append({"id": f"E{i}", "name": name, "description": " ".join(about), "prior": prior})
    for _ in range(n_mentions):
        name = rng.integers(n_names)
        row = rows[3 * name + rng.choice(3, p=[0.6, 0.25, 0.15])]
        own = rng.choice(row["description"].split(), 3, replace=False)
        context = [*own, *rng.choice(words, 7)]
        rng.shuffle(context)
        mentions.append((row["name"].lower(), " ".join(context)))
        truth.append(row["id"])
    return rows, mentions, truth


def test_the_context_says_which_of_two_namesakes_is_meant():
    linker = EntityLinker().fit(CITIES)
    mentions = [("Paris", "a hotel by the Seine"), ("PARIS", "a ranch in Texas")]
    assert linker.predict(mentions).tolist() == [10, 20]
    assert linker.predict_baseline(mentions).tolist() == [10, 10]


def test_aliases_acronyms_and_misspellings_are_found():
    linker = EntityLinker().fit(CITIES)
    mentions = [("ville lumiere", ""), ("U.N.", ""), ("uno", ""), ("Sprngfield", "")]
    assert linker.predict(mentions).tolist() == [10, 40, 40, 30]
    best = [found[0] for found in linker.candidates(mentions)]
    assert [b["exact"] for b in best] == [0.0, 0.0, 1.0, 0.0]
    assert [b["acronym"] for b in best] == [0.0, 1.0, 0.0, 0.0]


def test_features_of_a_pair_equal_those_by_hand():
    linker = EntityLinker().fit(CITIES)
    first, second = linker.candidates([("Paris", "the river in France")])[0]
    assert (first["id"], first["string"], first["exact"], first["acronym"]) == (10, 1.0, 1.0, 0.0)
    assert first["prior"] == pytest.approx(np.log(90 / 95))
    assert second["prior"] == pytest.approx(np.log(5 / 95))
    profiles = [
        "paris ville lumière capital of france, on the river seine",
        "paris city in texas, united states of america",
        "springfield town of the simpsons",
        "united nations uno international organisation with a seat in geneva",
    ]
    tfidf = TfidfVectorizer(token_pattern=r"(?u)\w+", sublinear_tf=True).fit(profiles)
    context = (tfidf.transform(["the river in france"]) @ tfidf.transform(profiles).T).toarray()[0]
    assert first["context"] == pytest.approx(context[0], abs=1e-6)
    assert second["context"] == pytest.approx(context[1], abs=1e-6)
    values = np.array([[c[n] for n in linker.feature_names_] for c in (first, second)])
    odds = np.exp(values @ linker.weights_[:-1] + linker.weights_[-1])
    expected = odds / (1 + odds.sum())
    assert [first["score"], second["score"]] == pytest.approx(expected)


def test_likeness_of_letters_equals_the_cosine_of_character_ngrams():
    linker = EntityLinker().fit(CITIES)
    found = linker.candidates([("Springfeld", "")])[0][0]
    names = ["paris ville lumière capital of france, on the river seine"]
    names += ["paris city in texas, united states of america", "springfield town of the simpsons"]
    names += ["united nations uno international organisation with a seat in geneva"]
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True).fit(names)
    pair = letters.transform(["springfeld", "springfield"])
    assert found["string"] == pytest.approx((pair[0] @ pair[1].T).toarray()[0, 0], abs=1e-6)


def test_context_beats_popularity_on_ambiguous_mentions():
    rows, mentions, truth = world()
    linker = EntityLinker().fit(rows)
    popular = np.mean(linker.predict_baseline(mentions) == np.array(truth, dtype=object))
    assert linker.score(mentions, truth) > 0.9
    assert 0.5 < popular < 0.7


def test_learnt_weights_are_a_logistic_regression_on_pairs_and_the_baseline_is_kept():
    rows, mentions, truth = world(n_mentions=400)
    linker = EntityLinker().fit(rows, mentions[:200], truth[:200])
    assert linker.score(mentions[200:], truth[200:]) > 0.92
    # The count of a mention itself is left out of its prior, so that learning sees no answer.
    place = {row["id"]: i for i, row in enumerate(rows)}
    known = [place[t] for t in truth[:200]]
    pairs = linker._index.pairs(*zip(*mentions[:200], strict=True), linker._counts, own=known)
    right = np.array(known)[pairs.mention] == pairs.entity
    model = LogisticRegression(max_iter=1_000).fit(pairs.features, right)
    np.testing.assert_allclose(linker.weights_[:-1], model.coef_[0], atol=1e-6)
    assert 0.5 < linker.baseline_score_ < 0.7


def test_probabilities_and_candidates_agree_and_leave_room_for_none():
    rows, mentions, _ = world(n_mentions=20)
    linker = EntityLinker().fit(rows)
    chances = linker.predict_proba(mentions)
    assert chances.shape == (20, 36)
    assert (chances.sum(axis=1) < 1).all() and (chances >= 0).all()
    for i, found in enumerate(linker.candidates(mentions)):
        for row in found:
            column = linker.classes_.tolist().index(row["id"])
            assert chances[i, column] == pytest.approx(row["score"])
        assert found[0]["id"] == linker.predict(mentions)[i]


def test_mentions_of_nothing_in_the_table_are_told_apart():
    linker = EntityLinker(nil_threshold=0.5, nil_label="NIL").fit(CITIES)
    mentions = [("Quetzalcoatl", "a god"), ("Paris", "the capital of France on the Seine")]
    assert linker.predict(mentions).tolist() == ["NIL", 10]
    strict = EntityLinker(nil_threshold=1.0).fit(CITIES)
    assert strict.predict(mentions).tolist() == [None, None]
    assert linker.score(mentions, ["NIL", 10]) == 1.0


def test_all_namesakes_are_kept_beyond_n_candidates():
    rows = [{"id": i, "name": "Smith"} for i in range(7)]
    found = EntityLinker(n_candidates=2).fit(rows).candidates([("Smith", "")])[0]
    assert len(found) == 7


def test_tables_of_every_kind_give_equal_predictions():
    mentions = [("Paris", "Texas"), ("UNO", "Geneva")]
    expected = EntityLinker().fit(CITIES).predict(mentions).tolist()
    columns = {name: CITIES[name].tolist() for name in CITIES}
    for table in (columns, CITIES.to_dict("records"), CITIES.assign(aliases=["", "", "", "UNO"])):
        assert EntityLinker().fit(table).predict(mentions).tolist() == expected
    frame = pd.DataFrame(mentions, columns=["mention", "context"])
    assert EntityLinker().fit(CITIES).predict(frame).tolist() == expected


def test_an_encoder_of_ones_own_compares_contexts():
    words = TfidfVectorizer(vocabulary=["texas", "france"])
    linker = EntityLinker(words).fit(CITIES)
    assert linker.predict([("Paris", "Texas"), ("Paris", "France")]).tolist() == [20, 10]
    assert not hasattr(words, "idf_")


def test_copies_pickles_and_files_give_equal_probabilities(tmp_path):
    rows, mentions, truth = world(n_mentions=60)
    linker = EntityLinker(nil_threshold=0.1).fit(rows, mentions, truth)
    expected = linker.predict_proba(mentions)
    loaded = appliednn.load(linker.save(tmp_path / "linker.ann"))
    for copied in (loaded, pickle.loads(pickle.dumps(linker)), copy.deepcopy(linker)):
        np.testing.assert_array_equal(copied.predict_proba(mentions), expected)
        assert copied.predict(mentions).tolist() == linker.predict(mentions).tolist()
    assert clone(linker).get_params() == linker.get_params()


@pytest.mark.parametrize(
    "table, words",
    [
        ([{"name": "a"}], "'id'"),
        ([{"id": 1, "name": "a"}, {"id": 1, "name": "b"}], "different ids"),
        ([{"id": 1, "name": 3}], "name holds the int"),
        ([{"id": 1, "name": "a", "prior": -1}], "prior"),
        ("Paris", "expected a DataFrame"),
        ({"id": [1, 2], "name": ["a"]}, "differ in length"),
    ],
)
def test_tables_that_are_none_are_refused(table, words):
    with pytest.raises(ValueError, match=words):
        EntityLinker().fit(table)


def test_mentions_that_are_none_are_refused():
    linker = EntityLinker().fit(CITIES)
    for wrong in ("Paris", ["Paris"], [("Paris", None)], []):
        with pytest.raises(ValueError, match="mention"):
            linker.predict(wrong)
    with pytest.raises(ValueError, match="not in the table"):
        linker.fit(CITIES, [("Paris", "")], [99])
    with pytest.raises(ValueError, match="together"):
        linker.fit(CITIES, [("Paris", "")])
