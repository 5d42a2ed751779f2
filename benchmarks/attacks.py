"""PGD on one Keras network: the fused loop, ART through our bridge, ART's TensorFlowV2Classifier.

Run ``python benchmarks/attacks.py``; it prints a markdown table. Every attack takes the same steps
from the same starts on the same rows, and all points are scored by the same deployed model.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings

import numpy as np
from sklearn.datasets import make_classification

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

N_ROWS, N_FEATURES, EPS, N_STEPS = 2000, 20, 0.3, 40
STEP = 2.5 * EPS / N_STEPS


def trained(seed: int):
    """Return an MLP, 2000 held-out encoded rows and their labels."""
    from appliednn.tabular import MLPClassifier

    X, y = make_classification(
        2 * N_ROWS, N_FEATURES, n_informative=10, n_classes=3, class_sep=1.5, random_state=seed
    )
    model = MLPClassifier((64, 64), epochs=15, early_stopping=False, random_state=seed)
    model.fit(X[:N_ROWS], y[:N_ROWS])
    return model, model.encode(X[N_ROWS:]), y[N_ROWS:]


def keras_twin(model):
    """Return the same network as a plain Keras model."""
    twin = model.network_.architecture.build()
    twin.set_weights(model.network_.weights)
    return twin


def with_art(classifier, batch_size: int):
    """Return a function that runs ART's PGD with the steps of the fused loop."""
    from art.attacks.evasion import ProjectedGradientDescent

    attack = ProjectedGradientDescent(
        classifier,
        eps=EPS,
        eps_step=STEP,
        max_iter=N_STEPS,
        batch_size=batch_size,
        verbose=False,
    )
    return lambda Z, y: attack.generate(Z, y)


def contenders(model) -> dict:
    """Return the attacks to compare, by name."""
    import tensorflow as tf

    from appliednn.robustness import make_art_classifier, pgd

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PyTorch not found", category=UserWarning)
        from art.estimators.classification import TensorFlowV2Classifier

    peer = TensorFlowV2Classifier(
        keras_twin(model),
        nb_classes=3,
        input_shape=(N_FEATURES,),
        loss_object=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return {
        "fused loop (`network_.projected_gradient`)": lambda Z, y: (
            model.network_.projected_gradient(
                Z, model.encode_target(y), eps=EPS, step=STEP, n_steps=N_STEPS
            )
        ),
        "`appliednn.robustness.pgd` (loop, then margin)": lambda Z, y: pgd(
            model, Z, y, EPS, n_steps=N_STEPS, step=STEP
        ),
        f"ART through our bridge, batch {N_ROWS}": with_art(make_art_classifier(model), N_ROWS),
        f"ART TensorFlowV2Classifier, batch {N_ROWS}": with_art(peer, N_ROWS),
        "ART TensorFlowV2Classifier, batch 128": with_art(peer, 128),
    }


def measure(attack, model, Z, y, repeats: int) -> tuple[float, float]:
    """Return the best wall time in seconds after a warm-up, and the robust accuracy."""
    points = attack(Z, y)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        attack(Z, y)
        seconds.append(time.perf_counter() - start)
    labels = model.classes_[model.predict_encoded(points).argmax(axis=1)]
    return min(seconds), float(np.mean(labels == y))


def interval(values: np.ndarray, *, ratio: bool = False) -> str:
    """Return a mean with its 95 % t interval; of times and ratios the geometric one."""
    from scipy.stats import t

    numbers = np.log(values) if ratio else values
    half = t.ppf(0.975, len(numbers) - 1) * numbers.std(ddof=1) / np.sqrt(len(numbers))
    ends = np.array([numbers.mean(), numbers.mean() - half, numbers.mean() + half])
    mean, low, high = np.exp(ends) if ratio else ends
    return f"{mean:.3g} ({low:.3g} to {high:.3g})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    robust: dict[str, list[float]] = {}
    for seed in range(arguments.seeds):
        model, Z, y = trained(seed)
        for name, attack in contenders(model).items():
            wall, accuracy = measure(attack, model, Z, y, arguments.repeats)
            seconds.setdefault(name, []).append(wall)
            robust.setdefault(name, []).append(accuracy)
    first = next(iter(seconds))
    print(f"PGD, {N_STEPS} steps, eps {EPS}, {N_ROWS} x {N_FEATURES} MLP 64-64, "
          f"{arguments.seeds} seeds; mean and 95 % interval")  # fmt: skip
    print()
    print("| attack | seconds | times the fused loop | robust accuracy | beyond the fused loop |")
    print("|---|---|---|---|---|")
    for name in seconds:
        ratio = np.array(seconds[name]) / np.array(seconds[first])
        beyond = np.array(robust[name]) - np.array(robust[first])
        cells = [interval(np.array(seconds[name]), ratio=True), interval(ratio, ratio=True)]
        cells += [interval(np.array(robust[name])), interval(beyond)]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
