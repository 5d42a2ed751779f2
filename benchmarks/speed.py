"""Training step, one row and 20 000 rows: ours beside scikit-learn, skorch, SciKeras and Keras.

    python benchmarks/speed.py [--seeds 5] [--epochs 5]

Data: 20 000 x 20 standard normal, two classes; network 128-128 ReLU, Adam, batches of 128. Each
library runs in a process of its own (thread pools of several in one process hinder each other),
in turn for each seed, warmed up by one short fit. Peers that are not installed are left out
(``pip install skorch torch scikeras``). A step is the difference between a fit of three times the
epochs and one of them, by step; "fit" is the whole fit of them by step, set-up included.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
from _timing import machine, ratio, seconds, table  # noqa: E402

N, D, BATCH = 20_000, 20, 128
STEPS = -(-N // BATCH)
BOUNDS = {
    "scikit-learn MLP": (0.5, None, 1.0, 1.0),
    "skorch": (0.3, None, None, None),
    "SciKeras": (0.15, None, None, None),
}


def ours(epochs, seed):
    from appliednn import MLPClassifier

    return MLPClassifier((128, 128), epochs=epochs, early_stopping=False, random_state=seed)


def ours_xla(epochs, seed):
    return ours(epochs, seed).set_params(xla=True)


def scikit_learn(epochs, seed):
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        (128, 128), batch_size=BATCH, max_iter=epochs, tol=0, n_iter_no_change=10**6,
        random_state=seed,
    )  # fmt: skip


def skorch(epochs, seed):
    import torch
    from skorch import NeuralNetClassifier

    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(D, 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU(),
        torch.nn.Linear(128, 2),
    )  # fmt: skip
    return NeuralNetClassifier(
        net, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=1e-3,
        batch_size=BATCH, max_epochs=epochs, train_split=None, callbacks="disable", verbose=0,
    )  # fmt: skip


def _keras_model(n_outputs=1, last="sigmoid"):
    import keras

    model = keras.Sequential(
        [
            keras.layers.Input((D,)),
            keras.layers.Dense(128, "relu"),
            keras.layers.Dense(128, "relu"),
            keras.layers.Dense(n_outputs, last),
        ]
    )
    model.compile("adam", "binary_crossentropy" if n_outputs == 1 else "categorical_crossentropy")
    return model


def scikeras(epochs, seed):
    from scikeras.wrappers import KerasClassifier

    return KerasClassifier(_keras_model, epochs=epochs, batch_size=BATCH, verbose=0)


def keras_wrappers(epochs, seed):
    from keras.wrappers import SKLearnClassifier

    # This wrapper hands over one-hot labels.
    fit = {"epochs": epochs, "batch_size": BATCH, "verbose": 0}
    return SKLearnClassifier(lambda X, y: _keras_model(2, "softmax"), fit_kwargs=fit)


LIBRARIES = {
    "appliednn": ours,
    "appliednn, xla=True": ours_xla,
    "scikit-learn MLP": scikit_learn,
    "skorch": skorch,
    "SciKeras": scikeras,
    "keras.wrappers": keras_wrappers,
}


def measure(make, X, y, epochs, seed):
    """Return (ms a step, ms of a fit by step, microseconds for one row, ms for 20 000 rows)."""
    make(1, seed).fit(X, y)
    longer = 1e3 * seconds(lambda: make(3 * epochs, seed).fit(X, y))
    model = make(epochs, seed)
    short = 1e3 * seconds(lambda: model.fit(X, y))
    step, whole = (longer - short) / (2 * epochs * STEPS), short / (epochs * STEPS)
    # keras.wrappers has no predict_proba.
    predict = getattr(model, "predict_proba", model.predict)
    row = X[:1].copy()
    seconds(lambda: predict(row), 1, 3)
    slow = seconds(lambda: predict(row)) > 5e-3
    one = 1e6 * seconds(lambda: predict(row), 5, 5 if slow else 200)
    seconds(lambda: predict(X))
    return step, whole, one, 1e3 * seconds(lambda: predict(X), 5)


def measure_here(name: str, epochs: int, seed: int) -> None:
    """Print one library's numbers as JSON: the work of one process."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, D)).astype(np.float32)
    y = (X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(0, 0.5, N) > 0).astype(np.int64)
    with contextlib.redirect_stdout(io.StringIO()):  # Keras prints a bar for every predict
        numbers = measure(LIBRARIES[name], X, y, epochs, seed)
    print(json.dumps(numbers))


def run(n_seeds: int, epochs: int) -> dict[str, np.ndarray]:
    """Measure every library once a seed, each in a process of its own, one after the other."""
    results: dict[str, list] = {}
    for seed in range(n_seeds):
        for name in LIBRARIES:
            command = [sys.executable, __file__, "--library", name, "--seed", str(seed)]
            done = subprocess.run(
                [*command, "--epochs", str(epochs)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(f"{name} left out: {done.stderr.strip().splitlines()[-1]}")
                continue
            results.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
        print(f"seed {seed} done", flush=True)
    return {name: np.array(values).T for name, values in results.items()}


def report(results) -> str:
    mine = results["appliednn"]
    rows = []
    for name, values in results.items():
        cells = [name]
        for k, (value, unit) in enumerate(zip(values, ("ms", "ms", "us", "ms"), strict=True)):
            middle, low, high = ratio(mine[k], value)
            bound = BOUNDS.get(name, (None,) * 4)[k]
            goal = (
                "" if bound is None else f", at most {bound}: {'yes' if middle <= bound else 'no'}"
            )
            cells.append(f"{np.median(value):.3g} {unit}")
            cells.append(
                "1" if name == "appliednn" else f"{middle:.2f} ({low:.2f}-{high:.2f}{goal})"
            )
        rows.append(cells)
    columns = [
        "library",
        "step",
        "ours / it",
        "fit",
        "ours / it",
        "one row",
        "ours / it",
        "20 000 rows",
        "ours / it",
    ]
    return table(columns, rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--library", choices=LIBRARIES, help="measure this one, print JSON")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.library:
        measure_here(options.library, options.epochs, options.seed)
    else:
        outcome = run(options.seeds, options.epochs)
        print(machine())
        print(report(outcome))
