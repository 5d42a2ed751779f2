"""The cosine schedule with restarts against its formula and Keras's."""

import keras
import numpy as np
import pytest

from appliednn.core._schedules import Schedule, cycle_ends


def rates(epochs, steps, **params):
    return Schedule("cosine", {"warmup": 0.0, **params}, 0.2, epochs, steps).rates(
        0, epochs * steps
    )


def test_equal_cycles_follow_the_formula_of_snapshot_ensembles():
    """Huang et al. 2017, equation 2: a0 / 2 (cos(pi mod(t - 1, T/M) / (T/M)) + 1), t from 1."""
    t = np.arange(1, 61)
    expected = 0.2 / 2 * (np.cos(np.pi * np.mod(t - 1, 20) / 20) + 1)
    np.testing.assert_allclose(rates(12, 5, cycles=3), expected, rtol=1e-6, atol=1e-9)


def test_cycles_match_keras_restarts():
    schedule = keras.optimizers.schedules.CosineDecayRestarts(
        0.2, first_decay_steps=8, t_mul=1.0, alpha=0.1
    )
    expected = [float(schedule(i)) for i in range(24)]
    np.testing.assert_allclose(rates(6, 4, cycles=3, end=0.1), expected, rtol=1e-4)


def test_every_cycle_is_of_whole_epochs_and_starts_at_the_full_rate():
    values = rates(7, 3, cycles=3)
    ends = 3 * cycle_ends(7, 3)
    starts = np.flatnonzero(np.diff(values) > 0) + 1
    assert starts.tolist() == ends[:-1].tolist()
    np.testing.assert_allclose(values[[0, *starts]], 0.2, rtol=1e-6)


@pytest.mark.parametrize(("epochs", "cycles"), [(20, 4), (10, 3), (3, 7), (1, 1)])
def test_cycles_share_the_epochs_nearly_evenly(epochs, cycles):
    lengths = np.diff(cycle_ends(epochs, cycles), prepend=0)
    assert lengths.sum() == epochs
    assert len(lengths) == min(cycles, epochs)
    assert lengths.max() - lengths.min() <= 1


def test_one_cycle_is_the_plain_cosine():
    plain = Schedule("cosine", {"warmup": 0.1}, 0.2, 5, 8).rates(0, 40)
    once = Schedule("cosine", {"warmup": 0.1, "cycles": 1}, 0.2, 5, 8).rates(0, 40)
    assert (plain == once).all()
    start, t = 4, np.arange(4, 40)
    expected = 0.1 * (1 + np.cos(np.pi * (t - start) / (40 - start)))
    np.testing.assert_allclose(plain[4:], expected, rtol=1e-5, atol=1e-8)
