"""Every check of scikit-learn, without an expected failure, and our own beyond them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

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

# Integer weights equal repeated rows to the last digit only in full batches of doubles, and an
# isolation forest draws its rows.
EXACT = {
    "epochs": 20,
    "batch_size": "full",
    "precision": "float64",
    "random_state": 0,
    "trim": 0.0,
}


@parametrize_with_checks(
    [
        AutoencoderDetector((8,), **EXACT),
        DeepSVDDDetector((8,), n_components=4, **EXACT),
        AutoencoderDetector((8,), contamination=0.1, **EXACT),
        VAEDetector((8,), n_draws=0, **EXACT),
        GANDetector((8,), **EXACT),
        DeepSADDetector((8,), n_components=4, **EXACT),
        TransferDetector(trim=0.0, random_state=0),
        TransferDetector(distance="mahalanobis", trim=0.0, random_state=0),
        DetectorEnsemble(
            [("neighbors", TransferDetector()), ("centre", TransferDetector(numeric="robust"))],
            trim=0.0,
            random_state=0,
        ),
    ],
    expected_failed_checks=lambda estimator: {},
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


SMALL = {"epochs": 60, "random_state": 0}
DETECTORS = {
    "AutoencoderDetector": AutoencoderDetector((16,), denoising=0.1, **SMALL),
    "DeepSVDDDetector": DeepSVDDDetector((16,), n_components=8, **SMALL),
    "DeepSADDetector": DeepSADDetector((16,), n_components=8, **SMALL),
    "VAEDetector": VAEDetector((16,), **SMALL),
    "GANDetector": GANDetector((16,), **SMALL),
}
NETWORKS = pytest.mark.parametrize("name", list(DETECTORS))
DETECTORS |= {
    "TransferDetector": TransferDetector(random_state=0),
    "DetectorEnsemble": DetectorEnsemble(
        [
            ("autoencoder", AutoencoderDetector((16,), epochs=20)),
            ("neighbors", TransferDetector()),
            ("forest", IsolationForest(n_estimators=20)),
        ],
        n_seeds=2,
        random_state=0,
    ),
}
each = pytest.mark.parametrize("name", DETECTORS)


@pytest.fixture(scope="module")
def contaminated():
    """Rows near a line in five dimensions, and 5 % far from it: X (400, 5), 1 for those."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(400, 1)) @ rng.normal(size=(1, 5)) + 0.1 * rng.normal(size=(400, 5))
    y = np.zeros(400, dtype=int)
    y[:20] = 1
    X[:20] = rng.normal(size=(20, 5)) * 3
    return X.astype(np.float32), y


@each
def test_scores_point_the_right_way(name, contaminated):
    X, y = contaminated
    model = clone(DETECTORS[name]).fit(X)
    score = model.anomaly_score(X)
    assert roc_auc_score(y, score) > 0.9
    np.testing.assert_array_equal(score, -model.score_samples(X))
    np.testing.assert_array_equal(model.decision_scores_, score)
    assert model.threshold_ == -model.offset_
    np.testing.assert_array_equal(model.predict(X) == -1, score > model.threshold_)
    np.testing.assert_array_equal(model.labels_ == 1, model.predict(X) == -1)
    np.testing.assert_allclose(model.decision_function(X), model.score_samples(X) - model.offset_)


@each
def test_a_row_is_as_likely_as_its_rank_among_the_training_rows(name, contaminated):
    X, _ = contaminated
    model = clone(DETECTORS[name]).fit(X)
    share = model.predict_proba(X)
    expected = [(model.decision_scores_ <= s).mean() for s in model.decision_scores_]
    # Scores that differ in the last digits count as equal.
    np.testing.assert_allclose(share[:, 1], expected, atol=2 / len(X))
    np.testing.assert_allclose(share.sum(axis=1), 1.0)


@each
@pytest.mark.parametrize("share", [0.05, 0.25])
def test_contamination_is_the_share_of_training_rows_flagged(name, contaminated, share):
    X, _ = contaminated
    model = clone(DETECTORS[name]).set_params(contamination=share).fit(X)
    assert model.labels_.sum() == share * len(X)


@NETWORKS
def test_training_changes_the_network_and_scores_differ(name, contaminated):
    X, _ = contaminated
    model = clone(DETECTORS[name]).fit(X)
    assert len(np.unique(model.decision_scores_)) > 0.95 * len(X)
    untrained = model.network_.randomized(0)
    kernels = [w for w in model.network_.weights if w.ndim == 2]
    assert len(kernels) >= 2
    assert all(
        np.abs(a - b).max() > 1e-3
        for a, b in zip(kernels, [w for w in untrained.weights if w.ndim == 2], strict=True)
    )
    assert model.history_["loss"][-1] < model.history_["loss"][0]


@each
def test_rows_that_look_anomalous_are_left_out(name, contaminated):
    X, y = contaminated
    kept = clone(DETECTORS[name]).fit(X)
    assert kept.n_trimmed_ == 40
    assert clone(DETECTORS[name]).set_params(novelty=True).fit(X[y == 0]).n_trimmed_ == 0


@NETWORKS
def test_the_networks_own_losses_may_say_what_is_left_out(name, contaminated):
    X, y = contaminated
    by_losses = clone(DETECTORS[name]).set_params(trim_by="losses", trim=0.05).fit(X)
    assert by_losses.n_trimmed_ == 20
    assert roc_auc_score(y, by_losses.anomaly_score(X)) > 0.9


@each
def test_tables_with_gaps_and_categories(name, mixed_frame):
    frame, _ = mixed_frame
    model = clone(DETECTORS[name]).fit(frame)
    strange = frame.iloc[:3].copy()
    strange["city"] = "Нигде"
    strange["age"] = 400.0
    assert np.isfinite(model.anomaly_score(strange)).all()
    assert (model.anomaly_score(strange) > model.anomaly_score(frame.iloc[:3])).all()
    names = list(model.feature_names_in_)
    added = model.explain(strange)
    assert added.shape == (3, len(names))
    assert {names[j] for j in added.argmax(axis=1)} == {"age"}


@each
def test_what_is_missing_or_rare_does_not_drown_anomalies(name, contaminated):
    X, y = contaminated
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(X, columns=list("abcde"))
    frame = frame.mask(rng.random(frame.shape) < 0.03)
    frame["kind"] = rng.choice(["x", "y", "z"], len(frame), p=[0.9, 0.08, 0.02])
    score = clone(DETECTORS[name]).fit(frame).anomaly_score(frame)
    assert roc_auc_score(y, score) > 0.75


@each
def test_saved_and_pickled_detectors_score_the_same(name, contaminated, tmp_path):
    X, _ = contaminated
    model = clone(DETECTORS[name]).fit(X)
    model.save(tmp_path / "d.ann")
    for copy in (appliednn.load(tmp_path / "d.ann"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copy.anomaly_score(X), model.anomaly_score(X))
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        assert copy.threshold_ == model.threshold_


@each
def test_rows_beyond_all_measure_have_finite_scores(name, contaminated):
    X, _ = contaminated
    model = clone(DETECTORS[name]).fit(X)
    far = X[:4] + np.array([[1e3], [1e6], [-1e6], [1e9]])
    score = model.anomaly_score(far)
    assert np.isfinite(score).all()
    assert (score > model.threshold_).all()


@each
def test_two_fits_with_one_seed_agree_bit_for_bit(name, contaminated):
    X, _ = contaminated
    first, second = (clone(DETECTORS[name]).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.anomaly_score(X), second.anomaly_score(X))


def _area(model, X, y):
    return roc_auc_score(y, model.anomaly_score(X))


@NETWORKS
def test_callbacks_of_keras_and_of_scikit_learn_follow_the_epochs(name, contaminated, tmp_path):
    import keras

    class Count(keras.callbacks.Callback):
        seen = []

        def on_epoch_end(self, epoch, logs=None):
            self.seen.append((epoch, logs["loss"]))

    X, y = contaminated
    monitor = ScoringMonitor(scoring={"auc": _area})
    model = clone(DETECTORS[name]).set_params(epochs=3, callbacks=[Count()])
    model.set_callbacks(monitor).fit(X, y)
    logged = monitor.get_logs().data_as_pandas
    areas = logged.loc[logged["task_name"] == "epoch", "auc"]
    assert len(areas) == 3
    assert areas.iloc[-1] == pytest.approx(_area(model, X, y))
    assert [epoch for epoch, _ in Count.seen] == [0, 1, 2]
    assert [loss for _, loss in Count.seen] == pytest.approx(model.history_["loss"])
    model.save(tmp_path / "d.ann")
    assert appliednn.load(tmp_path / "d.ann").callbacks is None
    # A second fit shows its own networks, not the first one's.
    model.set_params(random_state=1).fit(X, y)
    logged = monitor.get_logs().data_as_pandas
    areas = logged.loc[logged["task_name"] == "epoch", "auc"]
    assert areas.iloc[-1] == pytest.approx(_area(model, X, y))


def test_a_detector_works_in_a_pipeline(contaminated):
    X, y = contaminated
    pipe = make_pipeline(StandardScaler(), clone(DETECTORS["AutoencoderDetector"])).fit(X)
    assert set(pipe.predict(X)) <= {-1, 1}
    forest = IsolationForest(random_state=0).fit(X)
    assert (pipe.score_samples(X)[y == 1].mean() < 0) == (forest.score_samples(X).mean() < 0)


def test_features_add_up_to_the_score_of_an_autoencoder(contaminated):
    X, _ = contaminated
    model = clone(DETECTORS["AutoencoderDetector"]).fit(X)
    added = model.explain(X)
    np.testing.assert_allclose(added.sum(axis=1), model.anomaly_score(X), rtol=1e-6)
    errors = (model.network_.forward(model.encode(X)) - model.encode(X)) ** 2
    np.testing.assert_allclose(added, errors / model.error_scale_ / 5, rtol=1e-4)


def test_deep_svdd_does_not_collapse_and_beats_its_untrained_network(contaminated):
    X, y = contaminated
    clean = X[y == 0]
    model = DeepSVDDDetector((32,), epochs=60, novelty=True, random_state=0).fit(clean)
    raw = model.network_.forward(model.encode(X)) + model.center_
    assert raw.std(axis=0).max() > 1e-3
    assert (np.abs(model.center_) >= 0.0999).all()
    untrained = backend_weights(model)
    before = np.square(untrained.forward(model.encode(X)) - model.center_).sum(axis=1)
    assert roc_auc_score(y, model.anomaly_score(X)) > roc_auc_score(y, before)


def backend_weights(model):
    """Return the network as it was before training."""
    from appliednn.core._random import spawn_seeds

    return model.network_.randomized(spawn_seeds(0, 3)[0])
