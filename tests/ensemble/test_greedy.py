"""Greedy selection against a plain loop, scikit-learn's losses and known optima."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, root_mean_squared_error

from appliednn.ensemble import greedy_selection


def plain_selection(predictions, y, loss, n_steps):
    """Caruana et al. 2004, section 2, as a loop: sorted start, additions, best mean met."""
    order = np.argsort([loss(y, p) for p in predictions], kind="stable")
    starts = [loss(y, np.mean([predictions[i] for i in order[:k]], axis=0))
              for k in range(1, len(order) + 1)]  # fmt: skip
    bag = list(order[: 1 + int(np.argmin(starts))])
    best, best_loss = list(bag), min(starts)
    for _ in range(n_steps):
        losses = [
            loss(y, np.mean([predictions[i] for i in [*bag, j]], axis=0))
            for j in range(len(predictions))
        ]
        bag.append(int(np.argmin(losses)))
        if min(losses) < best_loss:
            best, best_loss = list(bag), min(losses)
    return np.bincount(best, minlength=len(predictions)) / len(best)


@pytest.fixture(scope="module")
def classes():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 150)
    logits = (
        rng.normal(size=(6, 150, 3))
        + np.array([0.2, 0.5, 1, 1.5, 0, 1])[:, None, None] * (np.eye(3)[y])
    )
    proba = np.exp(logits)
    return list(proba / proba.sum(axis=-1, keepdims=True)), y


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(120, 2))
    return [y + rng.normal(scale=s, size=y.shape) + b for s, b in
            [(1, 0), (1, 0.5), (1.2, -0.5), (3, 0), (0.9, 0.3)]], y  # fmt: skip


def test_log_loss_follows_the_plain_loop(classes):
    predictions, y = classes
    found = greedy_selection(predictions, y, n_steps=15, patience=None)
    np.testing.assert_allclose(found, plain_selection(predictions, y, log_loss, 15))


def test_squared_error_follows_the_plain_loop(numbers):
    predictions, y = numbers
    found = greedy_selection(predictions, y, "rmse", n_steps=15, patience=None)
    expected = plain_selection(predictions, y, root_mean_squared_error, 15)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("name", ["log_loss", "rmse", "several labels"])
def test_a_named_metric_equals_the_function_of_that_name(name, classes, numbers):
    predictions, y = numbers if name == "rmse" else classes
    metric, function = name, root_mean_squared_error
    if name == "log_loss":
        function = log_loss
    if name == "several labels":
        metric, y = "log_loss", (np.eye(3)[y] + np.eye(3)[(y * 2) % 3] > 0).astype(int)
        function = lambda y, p: -np.mean(np.log(np.where(y == 1, p, 1 - p)))  # noqa: E731
    settings = {"n_steps": 12, "patience": None}
    named = greedy_selection(predictions, y, metric, **settings)
    asked = greedy_selection(predictions, y, function, **settings)
    np.testing.assert_allclose(named, asked)


def test_many_steps_come_near_the_best_weights_there_are():
    """Errors of three models without correlation: weights go with 1 / variance."""
    rng = np.random.default_rng(2)
    errors, _ = np.linalg.qr(rng.normal(size=(200, 3)))
    scale = np.array([1.0, 2.0, 4.0])
    predictions = list((errors * scale).T)
    found = greedy_selection(predictions, np.zeros(200), "rmse", n_steps=2000, patience=None)
    expected = scale**-2.0 / (scale**-2.0).sum()
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_mean_is_never_worse_than_the_best_model(classes):
    predictions, y = classes
    weights = greedy_selection(predictions, y)
    alone = min(log_loss(y, p) for p in predictions)
    assert log_loss(y, np.tensordot(weights, np.stack(predictions), 1)) < alone
    assert weights.sum() == pytest.approx(1.0)


def test_the_start_is_as_asked(classes):
    predictions, y = classes
    order = np.argsort([log_loss(y, p) for p in predictions])
    for k in (1, 3, 99):
        found = greedy_selection(predictions, y, n_init=k, n_steps=0)
        assert set(np.flatnonzero(found)) == set(order[:k])


def test_it_stops_after_steps_without_a_gain(numbers):
    predictions, y = numbers
    calls = []

    def counted(y, p):
        calls.append(1)
        return root_mean_squared_error(y, p)

    greedy_selection([y, *predictions], y, counted, n_steps=50, patience=3)
    # 6 alone, 6 starts, the start once more, then three steps of six
    assert len(calls) == 6 + 6 + 1 + 3 * 6


def test_integer_weights_equal_repeated_rows(classes, numbers):
    rng = np.random.default_rng(3)
    for (predictions, y), metric in ((classes, "log_loss"), (numbers, "rmse")):
        w = rng.integers(0, 4, len(y))
        repeated = [np.repeat(p, w, axis=0) for p in predictions]
        weighted = greedy_selection(
            predictions, y, metric, sample_weight=w, classes=range(3) if y.ndim == 1 else None
        )
        once = greedy_selection(repeated, np.repeat(y, w, axis=0), metric)
        np.testing.assert_allclose(weighted, once)


def test_labels_of_any_kind_name_the_columns(classes):
    predictions, y = classes
    words = np.array(["no", "perhaps", "yes"])
    expected = greedy_selection(predictions, y)
    assert (greedy_selection(predictions, words[y]) == expected).all()
    two = y < 2
    few = greedy_selection([p[two] for p in predictions], words[y[two]], classes=words)
    assert few.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "auc"}, "metric='auc' is unknown; expected 'log_loss', 'rmse' or a function"),
        ({"y": np.zeros(3)}, "y has 3 rows and the predictions have 150"),
        ({"y": np.array(["a", "b"] * 75)}, "there are 2 classes; expected one column a class"),
        ({"classes": [0, 1]}, "label 2 unknown"),
        ({"predictions": [np.zeros((150, 3)), np.zeros(150)]}, "expected one or more arrays"),
        ({"predictions": []}, "expected one or more arrays of one shape"),
        ({"predictions": [np.full((150, 3), np.nan)]}, r"predictions\[0\] hold NaN"),
        ({"metric": log_loss, "sample_weight": np.ones(150)}, "weigh in the function"),
    ],
)
def test_what_it_cannot_use_is_named(change, message, classes):
    given = {"predictions": classes[0], "y": classes[1], **change}
    with pytest.raises(ValueError, match=message):
        greedy_selection(**given)
