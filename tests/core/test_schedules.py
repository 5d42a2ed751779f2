"""Schedules against closed forms and Keras."""

import keras
import numpy as np
import pytest

from appliednn.core._schedules import Schedule


def rates(name, params=None, epochs=10, steps=4, rate=0.1):
    return Schedule(name, params, rate, epochs, steps).rates(0, epochs * steps)


def test_constant_is_constant():
    np.testing.assert_allclose(rates("constant"), 0.1, rtol=1e-6)


def test_step_halves_at_each_interval():
    np.testing.assert_allclose(
        rates("step", {"factor": 0.5, "every": 3})[::4],
        0.1 * 0.5 ** (np.arange(10) // 3),
        rtol=1e-6,
    )


def test_exponential_decays_by_epoch():
    np.testing.assert_allclose(
        rates("exponential", {"decay": 0.9})[::4], 0.1 * 0.9 ** np.arange(10), rtol=1e-6
    )


def test_cosine_matches_keras():
    keras_schedule = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=40, alpha=0.2)
    expected = [float(keras_schedule(i)) for i in range(40)]
    np.testing.assert_allclose(rates("cosine", {"warmup": 0.0, "end": 0.2}), expected, rtol=1e-5)


def test_warmup_rises_linearly_to_the_peak():
    values = rates("cosine", {"warmup": 0.25})
    np.testing.assert_allclose(values[:10], 0.1 * np.arange(1, 11) / 10, rtol=1e-6)
    assert values.argmax() in (9, 10)
    assert values[-1] < 1e-3


def test_one_cycle_rises_and_falls():
    values = rates("one_cycle", {"peak_at": 0.3, "start": 0.1, "end": 0.01})
    assert values[0] == pytest.approx(0.01)
    assert values.max() == pytest.approx(0.1, rel=0.01)
    assert abs(int(values.argmax()) - 12) <= 1
    assert values[-1] == pytest.approx(0.001)


def test_plateau_lowers_the_rate_after_its_patience():
    schedule = Schedule("plateau", {"factor": 0.1, "patience": 2}, 1.0, 10, 1)
    for value in (1.0, 0.9, 0.95, 0.95):
        schedule.end_epoch(value)
    assert schedule.rates(4, 1)[0] == pytest.approx(0.1)


def test_a_keras_schedule_gives_the_rate_of_each_step():
    keras_schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 2, 0.5)
    values = Schedule("constant", None, keras_schedule, 1, 5).rates(0, 5)
    np.testing.assert_allclose(values, 0.5 * 0.5 ** (np.arange(5) / 2), rtol=1e-5)


def test_a_wrong_parameter_is_named():
    with pytest.raises(ValueError, match="did you mean 'warmup'"):
        rates("cosine", {"warmpu": 0.1})


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("step", {"every": 0}, "every=0; expected a number of at least 1"),
        ("one_cycle", {"peak_at": 1.0}, "between 0 and 1"),
        ("cosine", {"warmup": 2}, "from 0 to below 1"),
        ("cosine", {"end": "low"}, "end='low'"),
        ("plateau", {"patience": 0}, "patience=0"),
    ],
)
def test_a_number_out_of_range_is_named(name, params, message):
    with pytest.raises(ValueError, match=message):
        Schedule(name, params, 0.1, 10, 1)
