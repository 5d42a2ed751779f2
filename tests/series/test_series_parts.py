"""Reading series, periods, windows, scales, and the layers over time."""

import keras
import numpy as np
import pandas as pd
import pytest

from appliednn.series import (
    ChannelScaler,
    as_series,
    causal_convolutions,
    dilations_for,
    dominant_period,
    fill_forward,
    many_series,
    receptive_field,
    recurrent_layers,
    temporal_blocks,
    window_starts,
    windows,
)


def test_arrays_have_time_last_and_frames_have_it_down():
    values = np.arange(12.0).reshape(2, 6)
    frame = pd.DataFrame(values.T, columns=["a", "Ä"])
    for given in (values, values.tolist(), frame):
        np.testing.assert_array_equal(as_series(given).values, values)
    assert as_series(frame).channel_names == ["a", "Ä"]
    assert as_series(frame["Ä"]).channel_names == ["Ä"]
    np.testing.assert_array_equal(as_series(values[0]).values, values[:1])
    nullable = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64")})
    np.testing.assert_array_equal(as_series(nullable).values, [[1.0, np.nan, 3.0]])
    assert [s.values.shape for s in many_series([frame, frame])] == [(2, 6)] * 2
    assert len(many_series([1.0, 2.0, 3.0])) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((40, 3)), r"Transpose it \(X.T\)"),
        (pd.DataFrame({"when": pd.date_range("2020", periods=3)}), "column 'when' holds values"),
        (pd.DataFrame({"ок": ["a", "b"]}), "column 'ок' holds values"),
        (np.array([1.0, np.inf, 2.0]), "channel 0 is infinite at time point 1"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": [np.inf, 1.0]}), "channel 'b' is infinite"),
        (np.array(["a", "b"]), "expected an array of numbers"),
        (np.zeros((2, 2, 2, 2)), r"a series of shape \(2, 2, 2, 2\)"),
        (np.zeros((0,)), r"with 1 channel\(s\) and 0 time point"),
        ([], "an empty list of series"),
        ([np.zeros(5), np.zeros((2, 5))], r"series 1 has 2 channel\(s\)"),
    ],
)
def test_what_is_no_series_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        many_series(given)


@pytest.mark.parametrize("period", [7, 24, 50])
def test_the_period_is_found_under_trend_and_noise(period):
    rng = np.random.default_rng(period)
    t = np.arange(600)
    x = 5 * np.sin(2 * np.pi * t / period) + 0.1 * t + rng.normal(size=600)
    assert abs(dominant_period(x) - period) <= 1
    x[100:110] = np.nan
    assert abs(dominant_period(x) - period) <= 1
    assert dominant_period(x, longest=period - 2) is None


def test_no_period_is_found_where_there_is_none():
    rng = np.random.default_rng(0)
    for x in (rng.normal(size=500).cumsum(), np.ones(50), np.arange(99.0), np.zeros(2)):
        assert dominant_period(x) is None


def test_windows_are_views_and_starts_are_even():
    X = np.arange(20.0).reshape(2, 10)
    found = windows(X, 4, 3)
    assert np.shares_memory(found, X)
    np.testing.assert_array_equal(found[1], X[:, 3:7])
    with pytest.raises(ValueError, match="expected at least 11"):
        windows(X, 11)
    starts = window_starts([100, 20], 5, 30)
    assert sum(map(len, starts)) <= 30
    assert (starts[0][0], starts[0][-1], starts[1][-1]) == (0, 95, 15)
    assert np.ptp(np.diff(starts[0])) <= 1


def test_scales_ignore_tails_and_keep_constants():
    rng = np.random.default_rng(0)
    x = rng.normal(3.0, 2.0, size=(3, 1000))
    x[0, :5] = 1e6
    x[1] = 7.0
    x[2] = 1e9 + rng.normal(size=1000)
    scaler = ChannelScaler().fit([x[:, :400], x[:, 400:]])
    z = scaler.transform(x)
    assert z.dtype == np.float32
    assert z[0, 5:].std() == pytest.approx(1.0, abs=0.1)
    assert z[0, 0] > 1e5
    np.testing.assert_array_equal(z[1], 0.0)
    assert z[2].std() == pytest.approx(1.0, abs=0.05)
    rare = np.zeros((1, 1000))
    rare[0, 0] = 1.0
    assert ChannelScaler().fit([rare]).transform(rare).max() == pytest.approx(
        1 / rare.std(), rel=0.01
    )
    assert np.isnan(scaler.transform(np.full((3, 1), np.nan))).all()


def test_gaps_take_the_last_value():
    x = np.array([[np.nan, 1.0, np.nan], [2.0, np.nan, np.nan]])
    pd.testing.assert_frame_equal(
        pd.DataFrame(fill_forward(x).T), pd.DataFrame(x.T).ffill().fillna(0.0)
    )


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "cnn", "tcn"])
def test_causal_blocks_see_no_future(kind):
    inputs = keras.Input((32, 2))
    if kind == "cnn":
        outputs, sees = causal_convolutions(inputs, 4, 3), receptive_field(3, [1, 1, 1])
    elif kind == "tcn":
        dilations = dilations_for(16)
        outputs = temporal_blocks(inputs, 4, dilations)
        sees = receptive_field(3, dilations, per_block=2)
    else:
        outputs, sees = recurrent_layers(inputs, kind, 4), 32
    model = keras.Model(inputs, outputs)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 32, 2)).astype(np.float32)
    changed = x.copy()
    changed[:, 12] += 1.0
    apart = np.abs(np.asarray(model(x)) - np.asarray(model(changed))).max(axis=(0, 2)) > 1e-7
    assert not apart[:12].any()
    assert apart[12]
    assert not apart[12 + sees :].any()
    assert apart[12 : 12 + sees].sum() > 4


def test_a_block_over_both_directions_and_an_unknown_cell():
    inputs = keras.Input((32, 2))
    model = keras.Model(inputs, temporal_blocks(inputs, 4, [1], causal=False))
    x = np.random.default_rng(0).normal(size=(4, 32, 2)).astype(np.float32)
    changed = x.copy()
    changed[:, 12] += 1.0
    apart = np.abs(np.asarray(model(x)) - np.asarray(model(changed))).max(axis=(0, 2)) > 1e-7
    assert apart[10]
    assert apart[14]
    with pytest.raises(ValueError, match="expected one of"):
        recurrent_layers(inputs, "transformer", 4)
