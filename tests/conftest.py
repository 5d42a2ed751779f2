"""Shared settings: TensorFlow stays quiet, Ctrl-C works, and data that many tests use."""

import os
import signal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# What a shell starts in the background ignores Ctrl-C, and so do the processes that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def blobs():
    """Two overlapping classes in six dimensions: X float32 (300, 6), y 0/1."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, 300)
    X = rng.normal(size=(300, 6)).astype(np.float32)
    X[:, 0] += 2.0 * y
    X[:, 1] -= 1.5 * y
    return X, y


@pytest.fixture(scope="session")
def mixed_frame():
    """A frame with numbers, strings, categories, booleans, dates and missing values."""
    rng = np.random.default_rng(3)
    n = 240
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "income": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(8, 1, n)),
            "city": rng.choice(["Zürich", "東京", "São Paulo"], n),
            "grade": pd.Categorical(rng.choice(["a", "b", "c"], n)),
            "member": rng.random(n) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
        }
    )
    merit = (frame["age"] - 40) / 10 + (frame["city"] == "東京") * 2.0
    y = np.where(merit + rng.normal(0, 0.5, n) > 0.5, "yes", "no")
    return frame, y
