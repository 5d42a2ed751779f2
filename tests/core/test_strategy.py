"""Replicas that share a batch give the weights of one device."""

import subprocess
import sys

import pytest

SCRIPT = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import numpy as np
from appliednn import MLPClassifier
rng = np.random.default_rng(0)
X = rng.normal(size=(101, 6)); y = (X[:, 0] * X[:, 1] > 0).astype(int)
settings = dict(epochs=4, batch_size=32, weight_decay=0.05, l2=1e-3, clip_global_norm=0.5,
                optimizer="adamw", random_state=0, early_stopping=True, n_iter_no_change=4)
one = MLPClassifier((8, 8), **settings).fit(X, y)
two = MLPClassifier((8, 8), strategy="mirrored", **settings).fit(X, y)
replicas = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
given = MLPClassifier((8, 8), strategy=replicas, **settings).fit(X, y)
for other in (two, given):
    for a, b in zip(one.network_.weights, other.network_.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
import keras
from appliednn import KerasRegressor
def build():
    return keras.Sequential([keras.layers.Input((6,)),
                             keras.layers.Dense(1, kernel_regularizer="l2")])
target = X[:, 0] * 2
for strategy in (None, "mirrored"):
    model = KerasRegressor(build, epochs=3, learning_rate=0.1, strategy=strategy, random_state=0)
    kernel = model.fit(X, target).network_.weights[0]
    first = kernel if strategy is None else first
np.testing.assert_allclose(kernel, first, rtol=1e-4, atol=1e-6)
import pickle
again = pickle.loads(pickle.dumps(given))
assert (again.predict_proba(X) == given.predict_proba(X)).all()
print("replicas agree")
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_two_logical_devices_give_the_weights_of_one():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=300, check=False
    )
    assert "replicas agree" in done.stdout, done.stderr[-3000:]
