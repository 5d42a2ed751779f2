"""Detectors for series: one table of checks for all, and what each has of its own."""

import copy
import os
import pickle
import random

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_outlier_detector
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

import appliednn
from appliednn.anomaly import (
    ForecastDetector,
    SequenceAutoencoderDetector,
    WindowedPCADetector,
)

SMALL = {
    "window": 16,
    "epochs": 15,
    "batch_size": 16,
    "learning_rate": 0.01,
    "hidden_units": 8,
    "max_windows": 200,
    "random_state": 0,
}
DETECTORS = {
    "lstm forecast": ForecastDetector("lstm", **SMALL),
    "gru forecast": ForecastDetector("gru", **SMALL),
    "rnn forecast": ForecastDetector("rnn", **SMALL),
    "tcn forecast": ForecastDetector("tcn", **SMALL),
    "cnn forecast": ForecastDetector("cnn", **SMALL),
    "lstm autoencoder": SequenceAutoencoderDetector("lstm", **SMALL),
    "tcn autoencoder": SequenceAutoencoderDetector("tcn", **SMALL),
    "windowed pca": WindowedPCADetector(16),
    "windowed pca, reconstruction": WindowedPCADetector(16, scoring="reconstruction"),
}
each = pytest.mark.parametrize("name", DETECTORS)
one_of_each_class = pytest.mark.parametrize(
    "name", ["cnn forecast", "tcn autoencoder", "windowed pca"]
)
N = 480


def noisy_sine(seed=0, n=N, n_channels=1):
    rng = np.random.default_rng(seed)
    phase = np.arange(n_channels)[:, None]
    return np.sin(2 * np.pi * np.arange(n) / 16 + phase) + 0.1 * rng.normal(size=(n_channels, n))


def with_anomaly(kind):
    """Return a noisy sine with an anomaly, and 1 where it is."""
    x, y = noisy_sine()[0], np.zeros(N, dtype=int)
    at = slice(300, {"spike": 303, "shift": 340, "missing period": 316}[kind])
    y[at] = 1
    if kind == "missing period":
        x[at] = 0.1 * np.random.default_rng(1).normal(size=16)
    else:
        x[at] += 3.0
    return x, y


@pytest.fixture(scope="module")
def fitted():
    """Each detector, fitted to a noisy sine with a missing period."""
    x, _ = with_anomaly("missing period")
    return {name: clone(model).fit(x) for name, model in DETECTORS.items()}


@each
@pytest.mark.parametrize("kind", ["spike", "shift", "missing period"])
def test_scores_are_high_where_the_anomaly_is(fitted, name, kind):
    x, y = with_anomaly(kind)
    model = fitted[name]
    sharp = copy.copy(model)
    sharp.smoothing_ = 9
    assert roc_auc_score(y, sharp.anomaly_score(x)) > 0.9
    assert roc_auc_score(y, model.anomaly_score(x)) > 0.75


@each
def test_the_names_of_the_contract_agree(fitted, name):
    x, _ = with_anomaly("missing period")
    model = fitted[name]
    score = model.anomaly_score(x)
    assert score.shape == (N,)
    assert is_outlier_detector(model)
    assert model.reads_series
    np.testing.assert_array_equal(model.score_samples(x), -score)
    np.testing.assert_allclose(model.decision_scores_, score, rtol=1e-6)
    np.testing.assert_allclose(model.decision_function(x), model.threshold_ - score)
    np.testing.assert_array_equal(model.predict(x) == -1, score > model.threshold_)
    np.testing.assert_array_equal(model.labels_, score > model.threshold_)
    assert model.offset_ == -model.threshold_
    share = model.predict_proba(x)
    np.testing.assert_allclose(share.sum(axis=1), 1.0)
    order = np.argsort(score)
    assert (np.diff(share[order, 1]) >= 0).all()
    assert share[order[-1], 1] == 1.0


@each
def test_clones_pickles_and_files_keep_everything(fitted, name, tmp_path):
    x, _ = with_anomaly("spike")
    model = fitted[name]
    assert clone(model).get_params() == model.get_params()
    model.save(tmp_path / "d.ann")
    loaded = appliednn.load(tmp_path / "d.ann")
    for other in (loaded, pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.anomaly_score(x), model.anomaly_score(x))
        np.testing.assert_array_equal(other.predict_proba(x), model.predict_proba(x))
        assert other.get_params() == model.get_params()
        assert other.threshold_ == model.threshold_


@one_of_each_class
def test_two_fits_agree_and_leave_nothing_behind(fitted, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, _ = with_anomaly("missing period")
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = clone(DETECTORS[name]).fit(x)
    np.testing.assert_array_equal(first.anomaly_score(x), fitted[name].anomaly_score(x))
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert os.listdir(tmp_path) == []


@one_of_each_class
def test_frames_of_several_channels(name):
    values = noisy_sine(n_channels=3)
    values[1] = 5.0  # constant
    frame = pd.DataFrame(values.T, columns=["Höhe", "定数", "flow"])
    frame["open"] = np.arange(N) % 32 < 16
    model = clone(DETECTORS[name]).fit(frame)
    assert model.feature_names_in_.tolist() == ["Höhe", "定数", "flow", "open"]
    strange = frame.copy()
    strange.loc[300:320, "flow"] += 4.0
    added = model.explain(strange)
    assert added.shape == (N, 4)
    np.testing.assert_allclose(added.sum(axis=1), model.anomaly_score(strange), rtol=1e-6)
    assert added[310].argmax() == 2
    np.testing.assert_array_equal(
        model.anomaly_score(frame.to_numpy(dtype=float).T), model.anomaly_score(frame)
    )
    stuck = frame.copy()
    stuck["定数"] = 50.0
    assert (model.anomaly_score(stuck)[20:-20] > model.anomaly_score(frame)[20:-20]).all()
    with pytest.raises(ValueError, match="expected those of fit in their order"):
        model.anomaly_score(frame[["定数", "Höhe", "flow", "open"]])
    with pytest.raises(ValueError, match=r"expected 4 channel\(s\): transpose it"):
        model.anomaly_score(frame.to_numpy(dtype=float))


@one_of_each_class
def test_what_is_not_observed_is_no_evidence(fitted, name):
    x, _ = with_anomaly("missing period")
    gaps = x.copy()
    gaps[100:103] = np.nan
    model = clone(DETECTORS[name]).set_params(smoothing=1).fit(gaps)
    assert np.isfinite(model.decision_scores_).all()
    assert np.isfinite(model.threshold_)
    assert (model.decision_scores_[100:103] == 0.0).all()
    leading = x.copy()
    leading[:20] = np.nan
    assert np.isfinite(clone(DETECTORS[name]).fit(leading).anomaly_score(leading)).all()
    with pytest.raises(ValueError, match="every value is NaN"):
        clone(DETECTORS[name]).fit(np.full(N, np.nan))


@one_of_each_class
def test_several_series_and_what_is_too_short(name):
    first, second = noisy_sine(1)[0], noisy_sine(2, n=300)[0]
    model = clone(DETECTORS[name]).fit([first, second])
    assert model.decision_scores_.shape == (N + 300,)
    np.testing.assert_allclose(
        model.decision_scores_[N:], model.anomaly_score(second), rtol=1e-5, atol=1e-6
    )
    least = 20 if "forecast" in name else 16
    assert model.anomaly_score(first[:least]).shape == (least,)
    for fails in (model.anomaly_score, clone(model).fit):
        with pytest.raises(ValueError, match=f"expected at least {least}"):
            fails(first[: least - 1])
    with pytest.raises(NotFittedError):
        clone(model).anomaly_score(first)


@one_of_each_class
def test_contamination_trim_and_segments(name):
    x, y = with_anomaly("shift")
    model = clone(DETECTORS[name]).set_params(contamination=0.1, smoothing=1).fit(x)
    assert model.labels_.sum() == 48
    assert model.n_trimmed_ > 0
    found = model.segments(x)
    flagged = np.zeros(N, dtype=bool)
    for start, end, peak in found:
        flagged[start:end] = True
        assert peak == model.anomaly_score(x)[start:end].max()
    np.testing.assert_array_equal(flagged, model.predict(x) == -1)
    assert clone(DETECTORS[name]).set_params(novelty=True).fit(noisy_sine()).n_trimmed_ == 0


def test_training_may_leave_out_by_its_own_losses():
    x, y = with_anomaly("shift")
    model = clone(DETECTORS["cnn forecast"]).set_params(trim_by="losses", trim=0.2).fit(x)
    assert model.n_trimmed_ == 40
    assert roc_auc_score(y, model.anomaly_score(x)) > 0.9
    assert model.history_["loss"][-1] < model.history_["loss"][0]
    assert len(model.history_["loss"]) == model.n_epochs_ == 15


@pytest.mark.parametrize("name", ["lstm forecast", "cnn forecast", "tcn forecast"])
@pytest.mark.parametrize("smoothing", [1, 5, 32])
def test_a_stream_of_forecasts_gives_the_scores_of_the_whole_series(fitted, name, smoothing):
    x, _ = with_anomaly("spike")
    x = x[250:330].copy()
    x[20:22] = np.nan
    model = copy.copy(fitted[name])
    model.smoothing_ = smoothing
    stream = model.stream()
    assert stream.delay == 2 * (smoothing // 2)
    scores = np.array([stream.score_next(value) for value in x])
    whole = model.anomaly_score(x)
    after = 4 + stream.delay
    np.testing.assert_allclose(
        scores[after:], whole[4 : len(x) - stream.delay], rtol=1e-3, atol=1e-4
    )
    assert (scores[:4] == 0.0).all()


@pytest.mark.parametrize("name", ["lstm autoencoder", "windowed pca"])
def test_a_stream_of_windows_scores_the_newest_window(fitted, name):
    x, _ = with_anomaly("shift")
    model = copy.copy(fitted[name])
    model.smoothing_ = 1
    stream, other = model.stream(), model.stream()
    scores = np.array([stream.score_next(value) for value in x])
    assert (scores[:15] == 0.0).all()
    assert scores[320] > 3 * np.median(scores[15:300])
    expected = model.anomaly_score(x[305:321])  # one window alone
    np.testing.assert_allclose(scores[320], expected.mean(), rtol=1e-4)
    assert other.n_seen == 0
    with pytest.raises(ValueError, match="expected 1 finite number"):
        stream.score_next([1.0, 2.0])


def test_a_windowed_pca_is_scikit_learns():
    """With n components: the squared error of scikit-learn's reconstruction."""
    x = noisy_sine()[0]
    model = WindowedPCADetector(
        16, scoring="reconstruction", n_components=3, novelty=True, smoothing=1
    ).fit(x)
    view = np.lib.stride_tricks.sliding_window_view(model.scaler_.transform(x[None])[0], 16)
    z = (view - view.mean(axis=0)) / view.std(axis=0)
    pca = PCA(3).fit(z)
    errors = np.square(z - pca.inverse_transform(pca.transform(z))).mean(axis=1)
    expected = [errors[max(0, i - 15) : i + 1].mean() for i in range(N)]
    np.testing.assert_allclose(model.anomaly_score(x), expected, rtol=1e-4)
    np.testing.assert_allclose(
        model.variances_[:3], pca.explained_variance_ * 464 / 465, rtol=1e-4
    )


def test_the_distance_is_mahalanobis_with_a_floor():
    x = noisy_sine(n_channels=2)
    model = WindowedPCADetector(8, novelty=True, smoothing=1).fit(x)
    scaled = model.scaler_.transform(x)
    view = np.lib.stride_tricks.sliding_window_view(scaled, 8, axis=1).transpose(1, 0, 2)
    z = view.reshape(len(view), -1)
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    variances, vectors = np.linalg.eigh(np.cov(z.T, bias=True))
    distance = np.square(z @ vectors / np.sqrt(np.maximum(variances, 1.0)))
    distance = distance.sum(axis=1) / 16
    expected = [distance[max(0, i - 7) : i + 1].mean() for i in range(N)]
    np.testing.assert_allclose(model.anomaly_score(x), expected, rtol=1e-4)


def test_training_ends_in_time():
    x, _ = with_anomaly("shift")
    model = clone(DETECTORS["cnn forecast"]).set_params(epochs=100_000, max_seconds=0.5).fit(x)
    assert model.stop_reason_ == "max_seconds"
    assert model.n_epochs_ < 100_000
    assert np.isfinite(model.decision_scores_).all()


def test_a_forecast_beats_the_last_value_and_uses_a_full_context(fitted):
    x, _ = with_anomaly("missing period")
    model = fitted["lstm forecast"]
    piece = model._read(x)
    later = piece.values[0, 4:]
    errors = model._squared_errors(piece)[:, 0]
    assert errors[:290].mean() < 0.5 * np.square(later - piece.values[0, :-4])[:290].mean()
    answer = model.network_.forward(piece.values[0, None, 50:66, None])[0, -1]
    np.testing.assert_allclose(errors[65], np.square(later[65] - answer), rtol=1e-3)


@pytest.mark.parametrize(
    ("period", "window"), [(4, 16), (7, 32), (12, 64), (20, 64), (60, 128), (None, 64)]
)
def test_the_automatic_window_follows_the_period(period, window):
    rng = np.random.default_rng(0)
    x = rng.normal(size=1200)
    if period:
        x = np.sin(2 * np.pi * np.arange(1200) / period) + 0.2 * x
    model = ForecastDetector("cnn", hidden_units=2, epochs=1, max_windows=20, random_state=0)
    assert model.fit(x).window_ == window


def test_the_automatic_window_fits_several_times_into_the_series():
    x = np.random.default_rng(0).normal(size=300)
    x[150] = 1e9
    model = WindowedPCADetector().fit(x)
    assert model.window_ == 32
    assert WindowedPCADetector(novelty=True).fit(x).window_ == 64
    assert model.predict(x)[150] == -1
    assert not WindowedPCADetector().fit(np.full(300, 7.0)).labels_.any()


def test_an_lstm_starts_by_remembering(fitted):
    names = [v.path for v in fitted["lstm forecast"].network_.to_keras().variables]
    bias = next(i for i, name in enumerate(names) if name.endswith("lstm_cell/bias"))
    start = fitted["lstm forecast"].network_.randomized(3).weights[bias]
    np.testing.assert_array_equal(start.reshape(4, 8), np.eye(4)[1][:, None] * np.ones(8))
