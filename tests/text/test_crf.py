"""The CRF against the sum over all paths, its gradients against differences, and its rules."""

import itertools

import keras
import numpy as np
import pytest

from appliednn.text import CRF, entities_of
from appliednn.text.tagging._lattice import Chain, best_paths, log_partition, marginals
from appliednn.text.tagging._schemes import detect_scheme, first_illegal, penalties

TAGS = ["B-X", "I-X", "O"]
LENGTHS = np.array([4, 1, 3])
MASK = np.arange(4) < LENGTHS[:, None]


def random_chain(n_tags, rng):
    return Chain(
        rng.normal(size=(n_tags, n_tags)), rng.normal(size=n_tags), rng.normal(size=n_tags)
    )


def all_paths(emissions, chain):
    """Every path of a sentence and its score."""
    n, k = emissions.shape
    paths = np.array(list(itertools.product(range(k), repeat=n)))
    scores = emissions[np.arange(n), paths].sum(axis=1)
    scores += chain.start[paths[:, 0]] + chain.end[paths[:, -1]]
    scores += chain.transitions[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    return paths, scores


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 4, 3)), random_chain(3, rng)


def filled(chain, scheme=None):
    crf = CRF(TAGS, scheme)
    crf(np.zeros((1, 1, 3), "float32"))
    for weight, value in zip(
        (crf.transitions, crf.start, crf.end),
        (chain.transitions, chain.start, chain.end),
        strict=True,
    ):
        weight.assign(value)
    return crf


def test_partition_best_path_and_marginals_equal_those_of_all_paths(case):
    emissions, chain = case
    sums = log_partition(emissions, LENGTHS, chain)
    found, shares = best_paths(emissions, LENGTHS, chain), marginals(emissions, LENGTHS, chain)
    for i, n in enumerate(LENGTHS):
        paths, scores = all_paths(emissions[i, :n], chain)
        weights = np.exp(scores - scores.max())
        np.testing.assert_allclose(sums[i], np.log(weights.sum()) + scores.max())
        np.testing.assert_array_equal(found[i], paths[scores.argmax()])
        expected = (paths[:, :, None] == np.arange(3)).astype(float)
        expected = np.einsum("p,ptk->tk", weights / weights.sum(), expected)
        np.testing.assert_allclose(shares[i], expected, atol=1e-12)


def test_likelihood_of_the_layer_equals_that_of_all_paths(case):
    emissions, chain = case
    tags = np.array([[2, 0, 1, 2], [1, 0, 0, 0], [0, 0, 2, 1]])
    found = filled(chain).log_likelihood(emissions.astype("float32"), tags, MASK)
    for i, n in enumerate(LENGTHS):
        paths, scores = all_paths(emissions[i, :n], chain)
        own = scores[(paths == tags[i, :n]).all(axis=1)][0]
        expected = own - np.log(np.exp(scores).sum())
        np.testing.assert_allclose(np.array(found)[i], expected, rtol=1e-5)


def test_one_token_is_enough_for_a_batch(case):
    emissions, chain = case
    found = filled(chain).log_partition(emissions[:, :1].astype("float32"), MASK[:, :1])
    np.testing.assert_allclose(
        np.array(found), log_partition(emissions[:, :1], np.ones(3), chain), rtol=1e-5
    )


def test_gradients_equal_differences(case):
    import tensorflow as tf

    emissions, chain = case
    crf = filled(chain)
    tags = np.array([[2, 0, 1, 2], [1, 0, 0, 0], [0, 0, 2, 1]])
    given = tf.constant(emissions, tf.float32)
    variables = [crf.transitions.value, crf.start.value, crf.end.value]

    def total():
        return tf.reduce_sum(crf.log_likelihood(given, tags, MASK))

    with tf.GradientTape() as tape:
        tape.watch(given)
        value = total()
    gradients = tape.gradient(value, [given, *variables])
    # With respect to scores, the gradient is what was tagged less what was expected.
    shares = marginals(emissions, LENGTHS, chain)
    for i, n in enumerate(LENGTHS):
        expected = np.eye(3)[tags[i, :n]] - shares[i]
        np.testing.assert_allclose(gradients[0][i, :n], expected, atol=1e-5)
        np.testing.assert_array_equal(gradients[0][i, n:], 0)
    for variable, gradient in zip(variables, gradients[1:], strict=True):
        before = variable.numpy()
        for place in np.ndindex(before.shape):
            step = np.zeros_like(before)
            step[place] = 1e-2
            ends = []
            for sign in (1, -1):
                variable.assign(before + sign * step)
                ends.append(float(total()))
            variable.assign(before)
            difference = (ends[0] - ends[1]) / 2e-2
            np.testing.assert_allclose(gradient.numpy()[place], difference, atol=2e-3)


@pytest.mark.parametrize("scheme", ["IOB2", "IOBES", "BILOU"])
def test_decoding_never_breaks_the_rules(scheme):
    rng = np.random.default_rng(1)
    prefixes = {"IOB2": "BI", "IOBES": "BIES", "BILOU": "BILU"}[scheme]
    tags = ["O", *(f"{p}-{kind}" for p in prefixes for kind in ("X", "Y"))]
    chain = random_chain(len(tags), rng)
    between, start, end = penalties(tags, scheme)
    chain = Chain(chain.transitions + between, chain.start + start, chain.end + end)
    lengths = rng.integers(1, 9, 200)
    found = best_paths(5 * rng.normal(size=(200, 8, len(tags))), lengths, chain)
    sentences = [[tags[i] for i in path] for path in found]
    assert first_illegal(sentences, scheme) is None
    for sentence in sentences:
        lenient, strict = entities_of(sentence), entities_of(sentence, scheme, "strict")
        assert lenient == strict
    assert sum(tag != "O" for sentence in sentences for tag in sentence) > 200


def test_illegal_paths_have_no_probability_and_legal_ones_all_of_it(case):
    emissions, chain = case
    crf = filled(chain, "IOB2")
    legal = 0.0
    for path in itertools.product(range(3), repeat=3):
        tags = np.array([path])
        share = crf.log_likelihood(emissions[2:, :3].astype("float32"), tags, MASK[2:, :3])
        share = float(np.exp(share)[0])
        if first_illegal([[TAGS[i] for i in path]], "IOB2"):
            assert share == 0.0
        legal += share
    np.testing.assert_allclose(legal, 1.0, rtol=1e-4)


def test_a_scheme_is_told_by_its_tags():
    assert detect_scheme([["S-X", "O", "B-X", "E-X"]]) == ("IOBES", True)
    assert detect_scheme([["U-X", "O", "B-X", "L-X"]]) == ("BILOU", True)
    assert detect_scheme([["O", "I-X", "I-X"]]) == ("IOB2", False)
    assert detect_scheme([["O", "O"]]) == (None, False)
    assert detect_scheme([["PRP-S", "VB"]]) == (None, False)


def test_the_layer_is_rebuilt_from_its_configuration():
    crf = CRF(TAGS, "IOB2")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(crf))
    assert (again.tags, again.scheme) == (TAGS, "IOB2")
    with pytest.raises(ValueError, match="score 4 tags; expected 3"):
        crf(np.zeros((1, 1, 4), "float32"))
    with pytest.raises(ValueError, match="scheme='XYZ'"):
        CRF(TAGS, "XYZ")
