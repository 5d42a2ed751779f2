"""WordEmbedding: topics of a made-up corpus, PPMI and pairs by brute force, files, contract."""

import itertools
import pickle

import numpy as np
import pytest
from sklearn.base import clone

import appliednn
from appliednn.text import WordEmbedding, WordVectors, load_vectors
from appliednn.text.embedding import as_word_vectors, save_vectors
from appliednn.text.embedding._architecture import loss
from appliednn.text.embedding._pairs import near_pairs
from appliednn.text.embedding._ppmi import leading_vectors, ppmi_matrix
from appliednn.text.embedding._subwords import PartTable, parts_of

SEA = ["ship", "sail", "wave", "harbour", "anchor", "tide", "deck", "sailor"]
FIELD = ["wheat", "plough", "barn", "harvest", "farmer", "soil", "orchard", "cattle"]
COMMON = ["the", "and", "of", "with"]
SMALL = {"dim": 16, "window": 3, "epochs": 20, "batch_size": 256, "random_state": 0}


def corpus(n=300, seed=0):
    """Sentences on the sea or the field, with common words between."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        topic = [SEA, FIELD][rng.integers(2)]
        out.append(" ".join([*rng.choice(topic, 5), *rng.choice(COMMON, 2)]))
    return out


@pytest.fixture(scope="module")
def skipgram():
    return WordEmbedding(**SMALL).fit(corpus())


@pytest.mark.parametrize("method", ["skipgram", "ppmi"])
@pytest.mark.parametrize("subwords", [(3, 6), None])
def test_words_of_one_topic_are_alike(method, subwords):
    embedding = WordEmbedding(method, subwords=subwords, **SMALL).fit(corpus())
    for topic in (SEA, FIELD):
        for word in topic:
            nearest = [found for found, _ in embedding.most_similar(word, 5)]
            assert len(set(nearest) & set(topic)) >= 4
    texts = embedding.transform(["ship and tide", "the barn", ""])
    assert texts.shape == (3, 16) and not texts[2].any()
    expected = np.mean([embedding.vector(w) for w in ("ship", "and", "tide")], axis=0)
    np.testing.assert_allclose(texts[0], expected, rtol=1e-5)


def test_unknown_words_have_the_mean_of_their_parts(skipgram):
    assert "sailors" not in skipgram.vocabulary_
    assert skipgram.most_similar("sailors", 1)[0][0] in SEA
    assert skipgram.similarity("sailors", "sailor") > skipgram.similarity("sailors", "farmer")
    numbers = PartTable.of(["sailors"], 3, 6, len(skipgram.part_vectors_)).numbers
    expected = skipgram.part_vectors_[numbers].mean(axis=0)
    np.testing.assert_allclose(skipgram.vector("sailors"), expected)
    assert len(numbers) == len(parts_of("sailors", 3, 6)) == 22


def test_parts_of_chosen_words_stand_one_after_the_other():
    words = ["ship", "a", "deck"]
    table = PartTable.of(words, 2, 3, 1000)
    batch = table.batch(np.array([2, 0]))
    expected = np.concatenate([PartTable.of([words[i]], 2, 3, 1000).numbers for i in (2, 0)])
    np.testing.assert_array_equal(batch["parts"], expected)
    lengths = [len(parts_of(words[i], 2, 3)) for i in (2, 0)]
    np.testing.assert_array_equal(batch["part_rows"], np.repeat([0, 1], lengths))


def test_without_parts_unknown_words_have_no_vector():
    embedding = WordEmbedding("ppmi", **SMALL).fit(corpus(50))
    assert not embedding.vector("zebra").any()
    with pytest.raises(KeyError, match="'zebra' is not among"):
        embedding.most_similar("zebra")


def test_texts_tokens_and_containers_are_read_alike():
    texts = corpus(40)
    expected = WordEmbedding("ppmi", **SMALL).fit(texts).vectors_
    for given in ([t.upper().split() for t in texts], np.array(texts), tuple(texts)):
        np.testing.assert_array_equal(WordEmbedding("ppmi", **SMALL).fit(given).vectors_, expected)


def test_pairs_are_those_within_the_window():
    rng = np.random.default_rng(0)
    lengths = [4, 1, 7]
    words, rows = rng.integers(0, 9, 12), np.repeat([0, 1, 2], lengths)
    reach = rng.integers(1, 4, 12)
    expected = [
        (words[i], words[j])
        for i, j in itertools.permutations(range(12), 2)
        if rows[i] == rows[j] and abs(i - j) <= reach[i]
    ]
    found = near_pairs(words, rows, 3, reach)
    assert sorted(map(tuple, found)) == sorted(expected)


def test_ppmi_equals_its_definition_and_vectors_rebuild_it():
    rng = np.random.default_rng(1)
    pairs = rng.integers(0, 6, (80, 2))
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    counts = np.zeros((6, 6))
    for a, b in pairs:
        counts[a, b] += 1
    share = counts / counts.sum()
    contexts = counts.sum(axis=0) ** 0.75
    expected = np.zeros((6, 6))
    for a, b in zip(*np.nonzero(counts), strict=True):
        independent = share[a].sum() * contexts[b] / contexts.sum()
        expected[a, b] = max(0.0, np.log(share[a, b] / independent))
    found = ppmi_matrix(pairs, 6)
    np.testing.assert_allclose(found.toarray(), expected)
    u, s, _ = np.linalg.svd(expected)
    vectors = leading_vectors(found, 8, 0)
    np.testing.assert_allclose(vectors @ vectors.T, u @ np.diag(s) @ u.T, atol=1e-5)
    assert not vectors[:, 6:].any()


def test_sparse_and_dense_singular_vectors_agree():
    import scipy.sparse as sp

    rng = np.random.default_rng(2)
    blocks = [scale * rng.random((50, 50)) for scale in (9, 7, 5, 3, 1)]  # four stand out
    found = sp.block_diag(blocks, format="csr")
    u, s, _ = np.linalg.svd(found.toarray())
    expected = np.abs(u[:, :4] * np.sqrt(s[:4]))
    np.testing.assert_allclose(np.abs(leading_vectors(found, 4, 0)), expected, atol=1e-4)


def test_the_loss_is_that_of_negative_sampling():
    from appliednn.core._architecture import Architecture

    model = Architecture.of("skipgram", n_words=5, n_parts=3, dim=4).build()
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    weights = {v.path: np.array(v) for v in model.variables}
    words, contexts = np.array([4, 1, 4]), np.array([0, 2, 3])
    negatives = np.array([2, 3, 3, 0])
    batch = {
        "table": np.array([1, 4]),
        "parts": np.array([0, 2, 1]),
        "part_rows": np.array([0, 0, 1]),
        "words": np.array([1, 0, 1]),
        "context": contexts,
        "negatives": negatives,
        "n_negatives": np.array([5.0], np.float32),
    }
    found, _ = loss(model, batch, True)
    word_rows, part_rows = weights["word_vectors/embeddings"], weights["part_vectors/embeddings"]
    own = {1: np.mean([word_rows[1], part_rows[0], part_rows[2]], axis=0),
           4: np.mean([word_rows[4], part_rows[1]], axis=0)}  # fmt: skip
    near = weights["context_vectors/embeddings"]
    for value, word, context in zip(np.array(found), words, contexts, strict=True):
        wrong = [np.log1p(np.exp(own[word] @ near[n])) for n in negatives if n != context]
        expected = np.log1p(np.exp(-own[word] @ near[context])) + 5 * np.mean(wrong)
        assert value == pytest.approx(expected, rel=1e-4)


def test_two_fits_agree_and_files_and_pickles_answer_alike(skipgram, tmp_path):
    again = clone(skipgram).fit(corpus())
    np.testing.assert_array_equal(again.vectors_, skipgram.vectors_)
    assert len(skipgram.history_["loss"]) == 20
    assert skipgram.history_["loss"][-1] < skipgram.history_["loss"][0]
    skipgram.save(tmp_path / "words.ann")
    for other in (pickle.loads(pickle.dumps(skipgram)), appliednn.load(tmp_path / "words.ann")):
        np.testing.assert_array_equal(other.vectors_, skipgram.vectors_)
        np.testing.assert_array_equal(other.vector("sailors"), skipgram.vector("sailors"))
        assert other.most_similar("ship") == skipgram.most_similar("ship")
    assert skipgram.get_feature_names_out()[0] == "wordembedding0"


@pytest.mark.parametrize("name", ["v.npz", "v.txt", "v.txt.gz"])
def test_vectors_survive_a_file(skipgram, tmp_path, name):
    skipgram.save_vectors(tmp_path / name)
    for read in (load_vectors, WordEmbedding.load_vectors, as_word_vectors):
        found = read(tmp_path / name)
        assert found.words == skipgram.vocabulary_
        np.testing.assert_allclose(found.vectors, skipgram.vectors_, rtol=1e-5, atol=1e-7)
    few = load_vectors(tmp_path / name, max_words=2)
    assert few.words == skipgram.vocabulary_[:2]


def test_vectors_as_glove_writes_them(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("the 1 2\n. . . 3 4\nthe 5 6\n", encoding="utf-8")
    found = load_vectors(path)
    assert found.words == ["the", ". . ."]
    np.testing.assert_array_equal(found.vectors, [[1, 2], [3, 4]])
    path.write_text("the 1 2\nof 1 x\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2 of .* does not end in 2 numbers"):
        load_vectors(path)
    with pytest.raises(FileNotFoundError, match="no file of word vectors"):
        load_vectors(tmp_path / "absent.txt")
    with pytest.raises(ValueError, match="cannot hold the word"):
        save_vectors(found, tmp_path / "text.txt")


def test_a_time_limit_ends_training():
    many = {**SMALL, "epochs": 10_000, "batch_size": 64}
    embedding = WordEmbedding(**many, max_seconds=0.5).fit(corpus(50))
    assert len(embedding.history_["loss"]) < 10_000


def test_clear_errors():
    with pytest.raises(ValueError, match="expected at least 2"):
        WordEmbedding().fit(["one two three"])
    with pytest.raises(ValueError, match="no two frequent words"):
        WordEmbedding("ppmi").fit(["a", "b", "a", "b"])
    with pytest.raises(ValueError, match="subwords="):
        WordEmbedding(subwords=(4, 3)).fit(corpus(5))
    with pytest.raises(ValueError, match="single string"):
        WordEmbedding().fit("a text")
    with pytest.raises(ValueError, match="one row of vectors for each word"):
        WordVectors(["a"], np.eye(2))
    with pytest.raises(ValueError, match="not fitted"):
        as_word_vectors(WordEmbedding())
    with pytest.raises(TypeError, match="expected WordVectors"):
        as_word_vectors(3)
