"""The attacks on real networks: the compiled loop against ART on the same network."""

import numpy as np
import pandas as pd
import pytest
from reference_network import NumpyNetwork
from sklearn.datasets import make_classification, make_regression

from appliednn.audit._context import AuditContext
from appliednn.audit.checks.robustness import Adversarial
from appliednn.robustness import encoded_view, fgsm, gradient_checks, make_art_classifier, pgd

tabular = pytest.importorskip("appliednn.tabular")


def small(kind="Classifier", **changes):
    settings = {
        "hidden_layer_sizes": (16,),
        "activation": "tanh",
        "epochs": 20,
        "batch_size": 32,
        "early_stopping": False,
        "verbose": False,
        "random_state": 0,
    }
    return getattr(tabular, f"MLP{kind}")(**settings | changes)


@pytest.fixture(scope="module")
def binary():
    X, y = make_classification(240, 6, n_redundant=0, n_informative=4, random_state=0)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    frame["kind"] = np.where(np.arange(240) % 2 == 0, "u", "v")
    frame.loc[::5, "a"] = np.nan
    return small(learning_rate=0.01).fit(frame, y), frame, y


@pytest.fixture(scope="module")
def three():
    X, y = make_classification(
        240, 6, n_redundant=0, n_informative=5, n_classes=3, random_state=1, class_sep=0.8
    )
    return small(learning_rate=0.01).fit(X, y), X, y


def accuracy(est, Z, y):
    return np.mean(est.classes_[est.predict_encoded(Z).argmax(axis=1)] == y)


@pytest.mark.parametrize("name", ["binary", "three"])
def test_fgsm_and_pgd_match_arts_on_the_same_network(name, request):
    from art.attacks.evasion import FastGradientMethod, ProjectedGradientDescentNumpy

    est, X, y = request.getfixturevalue(name)
    Z, mask = est.encode(X), est.encoder_.numeric_mask_
    art = make_art_classifier(est)
    for eps in (0.1, 0.3):
        theirs = FastGradientMethod(art, eps=eps).generate(Z, y, mask=mask.astype(np.float32))
        ours = fgsm(est, Z, y, eps, mask=mask, keep_clean=False)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        attack = ProjectedGradientDescentNumpy(
            art, eps=eps, eps_step=2.5 * eps / 20, max_iter=20, batch_size=512, verbose=False
        )
        theirs = attack.generate(Z, y, mask=mask.astype(np.float32))
        robust = accuracy(est, pgd(est, Z, y, eps, n_steps=20, mask=mask), y)
        assert robust <= accuracy(est, theirs, y) + 0.01
        assert robust < accuracy(est, Z, y)


def test_the_compiled_loop_agrees_with_numpy(three):
    est, X, y = three
    Z = est.encode(X)
    kernels = [w for w in est.network_.weights if w.ndim == 2]
    biases = [w for w in est.network_.weights if w.ndim == 1]
    plain = NumpyNetwork(kernels, biases, "ce")
    np.testing.assert_allclose(plain.forward(Z), est.network_.forward(Z), atol=1e-4)
    twin = type("Twin", (), {})()
    twin.__dict__.update(est.__dict__)
    twin.encode_target, twin.logits, twin.predict_encoded = (
        est.encode_target, plain.forward, None,
    )  # fmt: skip
    twin.network_ = plain
    ours, theirs = (pgd(e, Z, y, 0.2, n_steps=10) for e in (est, twin))
    assert np.mean(np.abs(ours - theirs).max(axis=1) < 1e-4) > 0.97


def test_missing_cells_and_categories_stay(binary):
    est, frame, y = binary
    view = encoded_view(est, frame)
    assert not view.mask[::5, :1].any()
    moved = pgd(est, view.Z, y, 0.2, mask=view.mask, n_restarts=2) != view.Z
    assert not moved[~view.mask].any()
    assert moved[view.mask].mean() > 0.9


def test_a_hinge_loss_is_attacked_where_it_is_flat(binary):
    _, frame, y = binary
    est = small(loss="hinge", learning_rate=0.02).fit(frame, y)
    Z = est.encode(frame)
    slopes = est.network_.loss_gradient(Z, est.encode_target(y))
    flat = ~slopes.any(axis=1)
    assert flat.mean() > 0.2
    found = pgd(est, Z, y, 1.5)
    # Where the loss is flat its gradient says nothing; the margin's gradient still flips rows.
    assert accuracy(est, found[flat], y[flat]) < 0.7


def test_regression_moves_predictions_further_than_any_corner_tried():
    X, y = make_regression(150, 4, noise=5, random_state=0)
    est = small("Regressor", learning_rate=0.02).fit(X, y)
    Z = est.encode(X)
    clean = est.predict_encoded(Z)
    shift = np.abs(est.predict_encoded(pgd(est, Z, y, 0.1, n_restarts=3)) - clean)
    corners = np.random.default_rng(0).choice([-0.1, 0.1], (30, *Z.shape)).astype(np.float32)
    tried = np.max([np.abs(est.predict_encoded(Z + c) - clean) for c in corners], axis=0)
    assert np.mean(shift >= 0.999 * tried) > 0.99
    result = Adversarial().run(AuditContext(est, X, y, options={"robustness": {"eps": [0.1]}}))
    assert [row[1] for row in result.tables[1].rows] == ["pass"] * 8


def test_the_audit_believes_the_attack_on_a_real_network(binary):
    est, frame, y = binary
    context = AuditContext(est, frame, y, options={"robustness": {"eps": [0.1, 0.3]}})
    result = Adversarial().run(context)
    assert [row[1] for row in result.tables[1].rows] == ["pass"] * 8
    checks = gradient_checks(est, est.encode(frame), est.encoder_.numeric_mask_)
    assert all(check.passed for check in checks)
