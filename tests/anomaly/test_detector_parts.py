"""What each detector is made of, against closed forms and other libraries."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import mahalanobis
from scipy.stats import norm, spearmanr
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import MinMaxScaler

import appliednn
from appliednn.anomaly import (
    AutoencoderDetector,
    DeepSADDetector,
    DeepSVDDDetector,
    DetectorEnsemble,
    GANDetector,
    TransferDetector,
    VAEDetector,
)
from appliednn.anomaly._distances import MahalanobisDistance, NeighborDistance
from appliednn.anomaly._threshold import SurpriseScale
from appliednn.core._architecture import Architecture
from appliednn.tabular import MLPClassifier


@pytest.fixture(scope="module")
def cloud():
    """300 normal rows in four dimensions."""
    return np.random.default_rng(5).normal(size=(300, 4)).astype(np.float32)


# -- distances -------------------------------------------------------------------------------


def test_neighbours_are_those_of_scikit_learn(cloud):
    known, new = cloud[:200], cloud[200:]
    near = NearestNeighbors(n_neighbors=5).fit(known)
    distance = NeighborDistance(known, np.ones(200), 5)
    assert_allclose(distance(new), near.kneighbors(new)[0].mean(axis=1), rtol=1e-5)
    # Without rows to look up, scikit-learn leaves each row out of its own neighbours.
    assert_allclose(distance(known), near.kneighbors()[0].mean(axis=1), rtol=1e-5)


def test_a_weight_of_two_counts_as_two_neighbours(cloud):
    known, weights = cloud[:50], np.r_[np.full(25, 2.0), np.ones(25)]
    twice = np.vstack([known, known[:25]])
    weighted = NeighborDistance(known, weights, 5)
    repeated = NeighborDistance(twice, np.ones(75), 5)
    assert_allclose(weighted(cloud[50:]), repeated(cloud[50:]), rtol=1e-6)
    assert_allclose(weighted(known), repeated(known), rtol=1e-6)


def test_fewer_rows_than_neighbours_give_the_mean_of_all():
    distance = NeighborDistance(np.array([[0.0], [4.0]]), np.ones(2), 5)
    assert_allclose(distance(np.array([[1.0], [0.0]])), [2.0, 4.0])
    assert NeighborDistance(np.zeros((1, 1)), np.ones(1), 5)(np.zeros((1, 1))) == 0


def test_the_mahalanobis_distance_is_scipys(cloud):
    weights = np.r_[np.full(150, 3.0), np.ones(150)]
    expanded = np.repeat(cloud, weights.astype(int), axis=0).astype(np.float64)
    inverse = np.linalg.inv(np.cov(expanded.T, bias=True))
    mean = expanded.mean(axis=0)
    expected = [mahalanobis(row, mean, inverse) ** 2 / 4 for row in cloud[:10]]
    assert_allclose(MahalanobisDistance(cloud, weights)(cloud[:10]), expected, rtol=5e-3)


def test_without_a_base_distances_are_between_scaled_columns(cloud):
    detector = TransferDetector(novelty=True, random_state=0).fit(cloud[:200])
    scaled = MinMaxScaler().fit(cloud[:200]).transform(cloud)
    near = NearestNeighbors(n_neighbors=5).fit(scaled[:200])
    expected = near.kneighbors(scaled[200:])[0].mean(axis=1)
    score = detector.anomaly_score(cloud[200:])
    assert spearmanr(score, expected).statistic > 0.999


# -- features of another model ---------------------------------------------------------------


@pytest.fixture(scope="module")
def classifier(cloud):
    return MLPClassifier((8, 6), epochs=5, random_state=0).fit(cloud, cloud[:, 0] > 0)


def test_features_are_the_last_hidden_layer_of_the_base(cloud, classifier):
    detector = TransferDetector(classifier, novelty=True, random_state=0).fit(cloud)
    hidden = classifier.network_.layer_outputs(classifier.encode(cloud))
    last = hidden[list(hidden)[-1]]
    assert detector.reference_.shape == last.shape == (300, 6)
    live = last.std(axis=0) > 1e-3
    assert_allclose(detector.reference_[:, live].std(axis=0), 1.0, rtol=1e-3)
    other = TransferDetector(classifier, layer=next(iter(hidden)), random_state=0).fit(cloud)
    assert other.reference_.shape[1] == 8


def test_a_clone_keeps_what_the_base_has_learnt(cloud, classifier, tmp_path):
    detector = clone(TransferDetector(classifier, random_state=0)).fit(cloud)
    assert detector.base is classifier
    detector.save(tmp_path / "d.ann")
    loaded = appliednn.load(tmp_path / "d.ann")
    assert_allclose(loaded.anomaly_score(cloud), detector.anomaly_score(cloud), rtol=1e-5)
    assert_allclose(detector.explain(cloud[:2]).shape, (2, 4))


def test_pictures_through_a_keras_model(tmp_path):
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    outputs = keras.layers.Conv2D(6, 3, activation="relu")(inputs)
    backbone = keras.Model(inputs, outputs)
    rng = np.random.default_rng(0)
    pictures = rng.random((60, 8, 8, 1)).astype(np.float32) * 0.1
    odd = pictures[:5].copy()
    odd[:, 2:6, 2:6] = 1.0
    detector = TransferDetector(backbone, novelty=True, random_state=0).fit(pictures)
    maps = backbone(pictures).numpy().mean(axis=(1, 2))
    assert_allclose(detector.reference_ * detector._scale, maps, rtol=1e-3, atol=1e-5)
    assert (detector.predict(odd) == -1).all()
    detector.save(tmp_path / "d.ann")
    loaded = appliednn.load(tmp_path / "d.ann")
    assert_allclose(loaded.anomaly_score(odd), detector.anomaly_score(odd), rtol=1e-5)
    with pytest.raises(ValueError, match=r"rows of shape \(8, 8, 1\)"):
        detector.predict(pictures[:, :4])
    with pytest.raises(ValueError, match="reads no table"):
        detector.explain(odd)


def test_a_fitted_transformer_is_a_base_too(cloud):
    pca = PCA(2).fit(cloud)
    detector = TransferDetector(pca, scale=False, distance="mahalanobis", novelty=True)
    expected = MahalanobisDistance(pca.transform(cloud), np.ones(300))(pca.transform(cloud))
    assert_allclose(detector.fit(cloud).anomaly_score(cloud), expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("base", "error", "words"),
    [
        (IsolationForest(), NotFittedError, "has no network"),
        (MLPClassifier(), NotFittedError, "that is fitted"),
        (3, TypeError, "a Keras model"),
    ],
)
def test_a_base_without_features_is_refused(cloud, base, error, words):
    with pytest.raises(error, match=words):
        TransferDetector(base).fit(cloud)


def test_an_unknown_layer_is_refused_with_those_there_are(cloud, classifier):
    with pytest.raises(ValueError, match="hidden layers are"):
        TransferDetector(classifier, layer="nope").fit(cloud)


# -- labels ----------------------------------------------------------------------------------


def test_deep_sad_learns_from_a_few_labels():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(600, 3))
    y = np.zeros(600, dtype=int)
    y[:60] = 1
    X[:60, 0] += 2.0  # within the cloud's tail: without labels hard to tell
    labels = np.zeros(600)
    labels[:10] = -1
    settings = {"hidden_layer_sizes": (16,), "n_components": 8, "random_state": 0}
    taught = DeepSADDetector(**settings).fit(X, labels=labels)
    untaught = DeepSADDetector(**settings).fit(X)
    # The best score there is, the first coordinate, reaches 0.92.
    assert roc_auc_score(y, taught.anomaly_score(X)) > 0.85
    assert roc_auc_score(y, untaught.anomaly_score(X)) < 0.75


def test_deep_sad_without_labels_is_deep_svdd(cloud):
    settings = {"hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0}
    sad, svdd = (c(**settings).fit(cloud) for c in (DeepSADDetector, DeepSVDDDetector))
    assert_allclose(sad.anomaly_score(cloud), svdd.anomaly_score(cloud), rtol=1e-4)


def test_labelled_rows_are_never_left_out(cloud):
    labels = np.zeros(300)
    far = np.argsort(-np.abs(cloud).max(axis=1))[:40]
    labels[far] = 1
    model = DeepSADDetector((8,), epochs=1, trim=0.5, random_state=0).fit(cloud, labels=labels)
    assert model.n_trimmed_ == 130  # half of the 260 without a label


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros(3), "expected one for each of the 300"),
        (np.full(300, 2), "holds 2; expected -1 for an anomaly"),
        (np.zeros(300, dtype=bool), "np.where"),
        (np.full(300, "a"), "holds 'a'"),
    ],
)
def test_other_labels_are_refused(cloud, labels, words):
    with pytest.raises(ValueError, match=words):
        DeepSADDetector(epochs=1).fit(cloud, labels=labels)


# -- the variational autoencoder ---------------------------------------------------------------


def test_a_score_is_the_reconstruction_probability(cloud):
    model = VAEDetector((8,), epochs=3, n_draws=3, random_state=0).fit(cloud)
    Z = model.encode(cloud[:7])
    raw = model.network_.forward(Z)
    latent, log_variance = raw[:, 8:10], raw[:, 10:]
    keras_model = model.network_.to_keras()
    decode = _decoder(keras_model)
    likelihoods = []
    for draw in model._draws:
        columns = decode(latent + np.exp(log_variance / 2) * draw)
        mean, spread = columns[:, :4], np.exp(columns[:, 4:] / 2)
        likelihoods.append(norm.logpdf(Z, mean, spread).mean(axis=1))
    assert_allclose(model.anomaly_score(cloud[:7]), -np.mean(likelihoods, axis=0), rtol=1e-4)
    assert_allclose(model.explain(cloud[:7]).sum(axis=1), model.anomaly_score(cloud[:7]))


def _decoder(model):
    """Return the part of a Keras model behind its draws, as a function."""
    import keras

    drawn, bounded = model.get_layer("draw").output, model.get_layer("bounded").output
    part = keras.Model(drawn, bounded)
    return lambda z: part(z.astype(np.float32)).numpy()


def test_draws_have_the_mean_and_the_variance_asked_for():
    from appliednn.core._layers import HashNormal

    layer = HashNormal()
    inputs = np.tile(np.float32([[1.0, -2.0, np.log(4.0), np.log(0.25)]]), (20_000, 1))
    first = np.asarray(layer(inputs, training=True))
    second = np.asarray(layer(inputs, training=True))
    assert_allclose(first.mean(axis=0), [1.0, -2.0], atol=0.04)
    assert_allclose(first.std(axis=0), [2.0, 0.5], rtol=0.02)
    assert abs(np.corrcoef(first.T)[0, 1]) < 0.02
    assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) < 0.02
    assert_array_equal(layer(inputs), inputs[:, :2])


def test_columns_of_different_noise_get_different_variances():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 1))
    X = np.hstack([x, x + 0.05 * rng.normal(size=(500, 1)), rng.normal(size=(500, 1))])
    model = VAEDetector((16,), n_components=1, novelty=True, epochs=80, random_state=0).fit(X)
    spread = np.exp(model.network_.forward(model.encode(X))[:, 3:6] / 2).mean(axis=0)
    assert spread[2] > 2 * max(spread[:2])


# -- the adversarial network -------------------------------------------------------------------


def test_generator_and_discriminator_learn_from_their_own_losses(cloud):
    architecture = Architecture.of("gan_detector", n_inputs=4, hidden=[5], n_components=2)
    model = architecture.build()
    assert model.count_params() == architecture.numpy_function("count")(architecture.params)
    parts = {"rebuilt": slice(0, 4), "encoding": 4, "features": 5, "own": 6, "other": 7}
    touched = {}
    for name, columns in parts.items():
        moved = _touched(model, cloud[:20], columns)
        touched[name] = {"critic" if "critic" in path else path.split("_")[0] for path in moved}
    assert touched["own"] == touched["other"] == {"critic"}
    assert "critic" not in touched["features"] | touched["rebuilt"] | touched["encoding"]
    assert touched["encoding"] >= {"second"}


def _touched(model, rows, columns) -> set[str]:
    """Return the paths of the variables that a loss of these outputs has a gradient for."""
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.square(model(rows, training=True)[:, columns] - 0.3))
    gradients = tape.gradient(total, [v.value for v in model.trainable_variables])
    pairs = zip(model.trainable_variables, gradients, strict=True)
    return {v.path for v, g in pairs if g is not None and np.abs(g).max() > 0}


def test_the_scores_of_a_gan_are_errors_of_code_and_row(cloud):
    model = GANDetector((8,), epochs=2, score_by="both", random_state=0).fit(cloud)
    raw = model.network_.forward(model.encode(cloud))
    rebuilt = np.square(raw[:, :4] - model.encode(cloud)).mean(axis=1)
    expected = raw[:, 4] / model._usual_parts[0] + rebuilt / model._usual_parts[1]
    assert_allclose(model.anomaly_score(cloud), expected, rtol=1e-4)


# -- ensembles ---------------------------------------------------------------------------------


@pytest.mark.parametrize("detector", [AutoencoderDetector((8,)), DeepSVDDDetector((8,))])
def test_networks_trained_side_by_side_are_those_trained_alone(cloud, detector):
    detector.set_params(epochs=5, batch_size=50)
    ensemble = DetectorEnsemble(
        [("net", detector)], n_seeds=3, novelty=True, numeric="passthrough", random_state=0
    ).fit(cloud)
    assert [name for name, _ in ensemble.estimators_] == ["net", "net_2", "net_3"]
    for _, member in ensemble.estimators_:
        alone = clone(member).fit(cloud)
        assert_allclose(member.anomaly_score(cloud), alone.anomaly_score(cloud), rtol=2e-3)
        assert_allclose(member.threshold_, alone.threshold_, rtol=2e-3)
    first, second = (ensemble.estimators_[j][1].anomaly_score(cloud) for j in (0, 1))
    assert np.abs(first - second).max() > 1e-3


def test_surprises_order_rows_as_scores_do_and_never_end():
    scores = np.random.default_rng(0).lognormal(size=500)
    scale = SurpriseScale(scores, np.ones(500))
    grid = np.linspace(scores.min(), 5 * scores.max(), 400)
    surprise = scale.surprise(grid)
    assert (np.diff(surprise) >= 0).all()
    assert (np.diff(surprise[grid > scores.max()]) > 0).all()
    middle = scale.surprise(np.quantile(scores, [0.5, 0.9]))
    assert_allclose(middle, -np.log([0.5, 0.1]), rtol=0.02)


def test_an_ensemble_is_the_mean_or_the_largest_surprise(cloud):
    pair = [("forest", IsolationForest()), ("local", LocalOutlierFactor(novelty=True))]
    for combine, reduce in (("mean", np.mean), ("max", np.max)):
        model = DetectorEnsemble(pair, combine=combine, random_state=0).fit(cloud)
        assert_allclose(model.anomaly_score(cloud), reduce(model.surprises(cloud), axis=1))


@pytest.mark.parametrize(
    ("detectors", "words"),
    [
        ([], "empty"),
        ([IsolationForest()], "expected pairs"),
        ([("ridge", Ridge())], "anomaly_score or score_samples, such as"),
        ([("a", IsolationForest()), ("a", IsolationForest())], "each name once"),
        ([("a", IsolationForest)], "such as IsolationForest"),
    ],
)
def test_other_lists_are_refused(cloud, detectors, words):
    with pytest.raises(ValueError, match=words):
        DetectorEnsemble(detectors).fit(cloud)


def test_the_default_ensemble_finds_what_its_members_find():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 1))
    X = np.hstack([x, -x, x]) + 0.1 * rng.normal(size=(300, 3))
    X[:10] = rng.normal(size=(10, 3)) * 2
    y = np.r_[np.ones(10), np.zeros(290)]
    assert roc_auc_score(y, DetectorEnsemble(random_state=0).fit(X).anomaly_score(X)) > 0.95
    clean = DetectorEnsemble(novelty=True, random_state=0).fit(X[10:])
    assert roc_auc_score(y, clean.anomaly_score(X)) > 0.95
