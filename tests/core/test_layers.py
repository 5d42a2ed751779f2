"""The hashing dropout layer."""

import keras
import numpy as np

from appliednn.core._layers import HashDropout


def masks(rate, n_steps=20, seed=3):
    layer = HashDropout(rate)
    x = np.ones((500, 40), np.float32)
    layer(x)
    layer.seed.assign(seed)
    return np.stack([np.asarray(layer(x, training=True)) for _ in range(n_steps)])


def test_the_kept_share_and_the_scale_are_right():
    out = masks(0.1)
    kept = out > 0
    # 400 000 draws: five standard errors are 0.0024
    assert abs(kept.mean() - 0.9) < 0.0024
    np.testing.assert_allclose(out[kept], 1 / 0.9, rtol=1e-6)


def test_steps_rows_and_seeds_are_independent():
    kept = masks(0.5) > 0
    flat = kept.reshape(len(kept), -1).astype(float)
    between_steps = np.corrcoef(flat)[np.triu_indices(len(flat), 1)]
    assert np.abs(between_steps).max() < 5 / np.sqrt(flat.shape[1])
    rows = kept[0].astype(float)
    assert abs(np.corrcoef(rows[:-1].ravel(), rows[1:].ravel())[0, 1]) < 5 / np.sqrt(rows.size)
    other = masks(0.5, seed=4) > 0
    assert abs((kept == other).mean() - 0.5) < 0.01


def test_inference_lets_everything_through():
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    assert (np.asarray(HashDropout(0.9)(x)) == x).all()


def test_the_layer_survives_a_configuration():
    layer = HashDropout(0.25, name="drop")
    again = HashDropout.from_config(layer.get_config())
    assert isinstance(again, keras.layers.Layer)
    assert again.initial_rate == 0.25
