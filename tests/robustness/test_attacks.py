import numpy as np
import pytest
from reference_network import NumpyNetwork, ReferenceClassifier, ReferenceRegressor
from sklearn.datasets import make_classification, make_regression

from appliednn.core.errors import UsageError
from appliednn.robustness import fgsm, pgd, random_search
from appliednn.robustness._margins import class_gradients, margin_gradient, margins


@pytest.fixture(scope="module")
def binary():
    X, y = make_classification(200, 6, n_informative=4, flip_y=0.05, random_state=0)
    labels = np.where(y == 1, "yes", "no")
    return ReferenceClassifier().fit(X, labels), X, labels


@pytest.fixture(scope="module")
def three():
    X, y = make_classification(
        200, 6, n_informative=5, n_redundant=0, n_classes=3, class_sep=0.8, random_state=1
    )
    return ReferenceClassifier(max_iter=30).fit(X, y), X, y


@pytest.fixture(scope="module")
def numbers():
    X, y = make_regression(200, 5, noise=10, random_state=0)
    return ReferenceRegressor().fit(X, y), X, y


def accuracy(est, Z, y):
    return np.mean(est.classes_[est.predict_encoded(Z).argmax(axis=1)] == y)


def linear_classifier(weights, scale=1.0):
    """A binary network without hidden layers: its worst point is a closed form."""
    est = ReferenceClassifier()
    est.encoder_ = None
    est.classes_ = np.array([0, 1])
    est.network_ = NumpyNetwork([np.array(weights)[:, None] * scale], [np.zeros(1)], "bce")
    return est


def test_on_a_linear_model_every_attack_finds_the_closed_form():
    w = np.array([1.0, -2.0, 0.5])
    est = linear_classifier(w)
    Z = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    y = (Z @ w > 0).astype(int)
    worst = Z - 0.1 * np.sign(w) * np.where(y == 1, 1, -1)[:, None]
    for found in (
        fgsm(est, Z, y, 0.1),
        pgd(est, Z, y, 0.1, n_steps=10),
        random_search(est, Z, y, 0.1, n_tries=60),
    ):
        np.testing.assert_allclose(found, worst, atol=1e-6)
    robust = np.abs(Z @ w) > 0.1 * np.abs(w).sum()
    assert accuracy(est, pgd(est, Z, y, 0.1), y) == robust.mean()


@pytest.mark.parametrize("name", ["binary", "three"])
def test_pgd_is_at_least_as_strong_as_fgsm_and_random_search(name, request):
    est, X, y = request.getfixturevalue(name)
    Z = est.encode(X)
    for eps in (0.05, 0.3):
        clean = accuracy(est, Z, y)
        one = accuracy(est, fgsm(est, Z, y, eps), y)
        many = accuracy(est, pgd(est, Z, y, eps, n_restarts=5), y)
        blind = accuracy(est, random_search(est, Z, y, eps, n_tries=20), y)
        assert many <= one + 0.005
        assert many <= blind + 0.005
        assert one <= clean
        assert blind <= clean
        assert many < clean


def test_more_than_two_classes_are_attacked_on_the_margin_too(three):
    est, X, y = three
    Z = est.encode(X)
    for eps in (0.05, 0.1, 0.2):
        found = accuracy(est, pgd(est, Z, y, eps, n_restarts=3), y)
        loss_only = est.network_.projected_gradient(
            Z, y, eps, 2.5 * eps / 40, 40, mask=est.encoder_.numeric_mask_
        )
        assert found <= accuracy(est, loss_only, y)
        # Six features have 64 corners: 150 tries nearly list them, which no gradient can beat.
        assert found <= accuracy(est, random_search(est, Z, y, eps, n_tries=150), y) + 0.03


def test_points_stay_in_the_ball_the_bounds_and_the_mask(binary):
    est, X, y = binary
    Z = est.encode(X)
    mask = np.ones(Z.shape, bool)
    mask[:, 2] = False
    mask[::2, 0] = False  # row by row
    mask &= est.encoder_.numeric_mask_
    lower, upper = Z.min(axis=0), Z.max(axis=0)
    kept = {"mask": mask, "lower": lower, "upper": upper}
    for points in (
        fgsm(est, Z, y, 0.4, **kept),
        pgd(est, Z, y, 0.4, n_restarts=2, **kept),
        random_search(est, Z, y, 0.4, **kept),
    ):
        assert np.abs(points - Z).max() <= 0.4 + 1e-6
        assert np.abs(points - Z).max() > 0.3
        np.testing.assert_array_equal(points[~mask], Z[~mask])
        assert (points >= lower).all()
        assert (points <= upper).all()


def test_the_encoders_mask_is_the_default(binary):
    est, X, y = binary
    Z = est.encode(X)
    moved = (pgd(est, Z, y, 0.3) != Z).any(axis=0)
    assert moved[est.encoder_.numeric_mask_].all()
    assert not moved[~est.encoder_.numeric_mask_].any()


def test_an_attack_never_helps_the_model(three):
    est, X, y = three
    Z = est.encode(X)
    index = np.asarray(y)
    before = margins(est.logits(Z), index)
    for points in (fgsm(est, Z, y, 2.0), pgd(est, Z, y, 2.0), random_search(est, Z, y, 2.0)):
        assert (margins(est.logits(points), index) <= before + 1e-12).all()


def test_saturated_rows_are_attacked_on_the_margin():
    # The cross-entropy of float32 logits beyond about 17 is exactly flat for the network below,
    # whose loss gradient is rounded to zero: a plain loss attack would call it robust.
    w = np.array([3.0, -1.0])
    est = linear_classifier(w, scale=1.0)
    exact = est.network_.loss_gradient
    est.network_.loss_gradient = lambda Z, y: exact(Z, y) * 0
    Z = np.array([[0.1, 0.0], [-0.2, 0.1]], np.float32)
    found = pgd(est, Z, [1, 0], 0.5, n_steps=5)
    np.testing.assert_allclose(found, Z + 0.5 * np.array([[-1, 1], [1, -1]]), atol=1e-6)


def test_seeds_decide_the_points(binary):
    est, X, y = binary
    Z = est.encode(X)
    a, b, c = (random_search(est, Z, y, 0.3, n_tries=5, random_state=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()
    kwargs = {"n_restarts": 3, "n_steps": 3}
    a, b = (pgd(est, Z, y, 0.3, random_state=4, **kwargs) for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_regression_shift_is_the_closed_form_of_a_linear_model(numbers):
    est = ReferenceRegressor()
    est.encoder_, est.target_ = None, numbers[0].target_
    w = np.array([1.0, -3.0])
    est.network_ = NumpyNetwork([w[:, None]], [np.zeros(1)], "mse")
    Z = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    y = est.predict_encoded(Z) + 1
    for attack in (fgsm, pgd, random_search):
        moved = np.abs(est.predict_encoded(attack(est, Z, y, 0.2)) - est.predict_encoded(Z))
        np.testing.assert_allclose(moved, 0.2 * 4 * est.target_.scale, rtol=1e-4)
    # Every true value lies above its prediction, so the error grows downwards.
    worse = est.predict_encoded(pgd(est, Z, y, 0.2, goal="error"))
    np.testing.assert_allclose(y - worse, 1 + 0.8 * est.target_.scale, rtol=1e-4)


def test_regression_attacks_beat_the_search_and_grow_with_eps(numbers):
    est, X, y = numbers
    Z = est.encode(X)
    clean = est.predict_encoded(Z)
    last = 0.0
    for eps in (0.05, 0.1, 0.2):
        shift = np.abs(est.predict_encoded(pgd(est, Z, y, eps)) - clean).mean()
        blind = np.abs(est.predict_encoded(random_search(est, Z, y, eps)) - clean).mean()
        assert shift >= blind * 0.999
        assert shift > last
        last = shift
        errors = [
            np.abs(est.predict_encoded(p) - y) for p in (Z, pgd(est, Z, y, eps, goal="error"))
        ]
        assert (errors[1] >= errors[0] - 1e-9).all()


def test_class_and_margin_gradients_agree_with_differences(three):
    est, X, y = three
    Z, index = est.encode(X)[:5], np.asarray(y)[:5]
    slopes = margin_gradient(est, Z, index)
    assert class_gradients(est, Z).shape == (5, 3, Z.shape[1])
    for j in range(3):
        h = np.zeros(Z.shape[1], np.float32)
        h[j] = 1e-2
        up, down = (margins(est.logits(Z + s * h), index) for s in (1, -1))
        np.testing.assert_allclose(slopes[:, j], (up - down) / 2e-2, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eps": -1.0}, "positive number"),
        ({"eps": np.array([0.1, 0.2])}, "use mask"),
        ({"y": ["no"]}, "1"),
        ({"y": ["maybe"] * 200}, "maybe"),
        ({"goal": "far"}, "'shift' or 'error'"),
        ({"n_steps": 0}, "n_steps >= 1"),
    ],
)
def test_bad_input_is_refused_with_what_was_expected(binary, change, message):
    est, X, y = binary
    arguments = {"Z": est.encode(X), "y": y, "eps": 0.1} | change
    with pytest.raises(UsageError, match=message):
        pgd(est, **arguments)
