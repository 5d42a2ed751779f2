import numpy as np
import pytest
from reference_network import ReferenceClassifier
from scipy.special import softmax
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from appliednn.core.errors import UsageError
from appliednn.robustness import fgsm, make_art_classifier, pgd


@pytest.fixture(scope="module", params=[2, 3])
def case(request):
    k = request.param
    X, y = make_classification(
        120, 6, n_informative=5, n_redundant=0, n_classes=k, class_sep=0.8, random_state=k
    )
    est = ReferenceClassifier(max_iter=15).fit(X, y)
    return est, est.encode(X), y, est.encoder_.numeric_mask_


def accuracy(est, Z, y):
    return np.mean(est.classes_[est.predict_encoded(Z).argmax(axis=1)] == y)


def test_fgsm_is_arts(case):
    from art.attacks.evasion import FastGradientMethod

    est, Z, y, mask = case
    art = FastGradientMethod(make_art_classifier(est), eps=0.1)
    theirs = art.generate(Z, y, mask=mask.astype(np.float32))
    ours = fgsm(est, Z, y, 0.1, keep_clean=False)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_pgd_is_as_strong_as_arts(case):
    from art.attacks.evasion import ProjectedGradientDescentNumpy

    est, Z, y, mask = case
    for eps in (0.05, 0.2):
        art = ProjectedGradientDescentNumpy(
            make_art_classifier(est), eps=eps, eps_step=eps / 10, max_iter=40, verbose=False
        )
        theirs = art.generate(Z, y, mask=mask.astype(np.float32))
        assert np.abs(theirs - Z).max() <= eps + 1e-5
        np.testing.assert_array_equal(theirs[:, ~mask], Z[:, ~mask])
        assert accuracy(est, pgd(est, Z, y, eps), y) <= accuracy(est, theirs, y) + 0.01


def test_minimal_norm_attacks_find_the_boundary(case):
    from art.attacks.evasion import CarliniL2Method, DeepFool

    est, Z, y, _ = case
    right = est.classes_[est.predict_encoded(Z).argmax(axis=1)] == y
    Z, y = Z[right][:8], y[right][:8]
    art = make_art_classifier(est, clip_values=(-4.0, 4.0))
    deep = DeepFool(art, max_iter=30, verbose=False).generate(Z)
    carlini = CarliniL2Method(
        art,
        initial_const=1.0,
        learning_rate=0.1,
        max_iter=20,
        binary_search_steps=3,
        verbose=False,
    ).generate(Z)
    assert accuracy(est, deep, y) <= 0.125
    assert accuracy(est, carlini, y) <= 0.25


def test_hop_skip_jump_needs_labels_only(case):
    from art.attacks.evasion import HopSkipJump

    est, Z, y, _ = case
    attack = HopSkipJump(
        make_art_classifier(est), max_iter=3, max_eval=100, init_eval=20, verbose=False
    )
    found = attack.generate(Z[:4])
    assert np.all(
        est.predict_encoded(found).argmax(axis=1) != est.predict_encoded(Z[:4]).argmax(axis=1)
    )


def test_auto_pgd_runs_on_the_two_logit_view(case):
    from art.attacks.evasion import AutoProjectedGradientDescent

    est, Z, y, _ = case
    attack = AutoProjectedGradientDescent(
        make_art_classifier(est), eps=0.2, eps_step=0.05, max_iter=10, nb_random_init=1,
        loss_type=None, verbose=False,
    )  # fmt: skip
    found = attack.generate(Z, np.eye(len(est.classes_))[y])
    assert accuracy(est, found, y) < accuracy(est, Z, y)


def test_gradients_losses_and_activations_agree_with_arithmetic(case):
    est, Z, y, _ = case
    art = make_art_classifier(est, batch_size=32)
    k = len(est.classes_)
    assert art.nb_classes == k
    assert art.input_shape == (Z.shape[1],)
    np.testing.assert_array_equal(art.predict(Z, batch_size=7), est.logits(Z))
    full = art.class_gradient(Z)
    assert full.shape == (len(Z), k, Z.shape[1])
    np.testing.assert_array_equal(art.class_gradient(Z, label=np.int64(1)), full[:, 1:2])
    each = art.class_gradient(Z, label=y)
    np.testing.assert_array_equal(each[:, 0], full[np.arange(len(Z)), y])
    # The cross-entropy's gradient is sum_k (p_k - [k is true]) times the logits' gradients.
    p = softmax(est.logits(Z).astype(float), axis=1) - np.eye(k)[y]
    chain = np.einsum("nk,nkd->nd", p, full)
    for labels in (y, np.eye(k)[y]):
        np.testing.assert_allclose(art.loss_gradient(Z, labels), chain, atol=1e-5)
    np.testing.assert_allclose(
        art.compute_loss(Z, y, reduction="mean"), log_loss(y, est.predict_encoded(Z)), rtol=1e-5
    )
    name = art.layer_names[0]
    hidden = np.tanh(Z @ est.inner_.coefs_[0] + est.inner_.intercepts_[0])
    for layer in (0, name):
        np.testing.assert_allclose(art.get_activations(Z, layer, batch_size=50), hidden, atol=1e-5)


def test_batches_are_as_large_as_asked(case):
    est, Z, _, _ = case
    sizes = []

    class Counting:
        network_, classes_ = est.network_, est.classes_

        def logits(self, rows):
            sizes.append(len(rows))
            return est.logits(rows)

    make_art_classifier(Counting()).predict(Z, batch_size=50)
    assert sizes == [50, 50, 20]


def test_other_models_and_refitting_are_refused(case):
    with pytest.raises(UsageError, match="LogisticRegression is not a fitted neural classifier"):
        make_art_classifier(LogisticRegression())
    art = make_art_classifier(case[0])
    with pytest.raises(NotImplementedError, match="fit the estimator itself"):
        art.fit(None, None)
    with pytest.raises(UsageError, match="no hidden layer 'x'"):
        art.get_activations(case[1], "x")
