"""TabM, ResNet and FT-Transformer keep the contract of every estimator, and their own promises."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.preprocessing import StandardScaler

import appliednn
from appliednn import (
    FTTransformerClassifier,
    FTTransformerRegressor,
    ResNetClassifier,
    ResNetRegressor,
    TabMClassifier,
    TabMRegressor,
)
from appliednn.tabular import fit_side_by_side, stack_key

SMALL = {"epochs": 3, "learning_rate": 0.01, "batch_size": 64, "random_state": 0}
TABM = {"n_members": 3, "hidden_layer_sizes": (8,), **SMALL}
RESNET = {"n_blocks": 1, "width": 8, "hidden_width": 8, **SMALL}
FT = {"n_blocks": 1, "width": 8, "heads": 2, "hidden_width": 8, **SMALL}
ESTIMATORS = {
    "TabMClassifier": TabMClassifier(**TABM),
    "TabMRegressor": TabMRegressor(variant="mini", **TABM),
    "ResNetClassifier": ResNetClassifier(**RESNET),
    "ResNetRegressor": ResNetRegressor(n_ensemble=2, **RESNET),
    "FTTransformerClassifier": FTTransformerClassifier(**FT),
    "FTTransformerRegressor": FTTransformerRegressor(**FT),
}
each = pytest.mark.parametrize("name", ESTIMATORS)


@pytest.fixture(scope="module")
def fitted(blobs):
    """Each estimator, fitted once; tests that train on take a copy."""
    return {name: clone(model).fit(*blobs) for name, model in ESTIMATORS.items()}


def answers(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


@each
def test_two_fits_with_one_seed_agree_bit_for_bit(name, fitted, blobs):
    first, second = fitted[name], clone(ESTIMATORS[name]).fit(*blobs)
    assert (answers(first, blobs[0]) == answers(second, blobs[0])).all()
    other = clone(ESTIMATORS[name]).set_params(random_state=1).fit(*blobs)
    assert (answers(first, blobs[0]) != answers(other, blobs[0])).any()


@each
def test_pickles_and_model_files_predict_the_same_and_train_on(name, fitted, blobs, tmp_path):
    X, y = blobs
    model = pickle.loads(pickle.dumps(fitted[name]))
    model.save(tmp_path / "m.ann")
    loaded = appliednn.load(tmp_path / "m.ann")
    copy = pickle.loads(pickle.dumps(model))
    for one in (loaded, copy):
        assert (answers(one, X) == answers(model, X)).all()
    model.partial_fit(X, y)
    copy.partial_fit(X, y)
    assert (answers(copy, X) == answers(model, X)).all()
    assert copy.n_epochs_ == 4


some = pytest.mark.parametrize(
    "name", ["TabMClassifier", "ResNetRegressor", "FTTransformerClassifier"]
)


@some
def test_any_table_will_do(name, mixed_frame):
    frame, y = mixed_frame
    model = clone(ESTIMATORS[name])
    target = y if is_classifier(model) else (y == "yes") * 2.0
    model.fit(frame, target)
    strange = frame.head(3).copy()
    strange["city"] = "elsewhere"
    strange.loc[0, "age"] = np.nan
    strange["grade"] = strange["grade"].astype(object)
    strange.loc[1, "grade"] = None
    assert np.isfinite(answers(model, strange)).all()


@some
def test_several_targets_are_learned_at_once(name, blobs):
    X, y = blobs
    both = np.stack([y, X[:, 2] > 0], axis=1).astype(int)
    model = clone(ESTIMATORS[name])
    model.fit(X, both if is_classifier(model) else 1.5 * both)
    assert answers(model, X).shape == (300, 2)


@each
def test_members_say_how_far_they_agree(name, fitted, blobs):
    X, model = blobs[0], fitted[name]
    uncertainty = model.predict_uncertainty(X)
    np.testing.assert_allclose(uncertainty.mean, answers(model, X), atol=1e-5)
    several = "TabM" in name or name == "ResNetRegressor"
    assert (np.max(uncertainty.std) > 1e-4) == several


@pytest.mark.parametrize("name", ["TabMClassifier", "ResNetClassifier", "FTTransformerClassifier"])
def test_a_class_that_weighs_more_is_predicted_more_often(name, blobs):
    X, y = blobs
    model = clone(ESTIMATORS[name]).set_params(epochs=15, calibrate=False)
    plain = model.fit(X, y).predict_proba(X)[:, 1].mean()
    heavy = clone(model).set_params(class_weight={0: 1.0, 1: 20.0}).fit(X, y)
    assert heavy.predict_proba(X)[:, 1].mean() > plain + 0.05


@pytest.mark.parametrize("name", ["TabMRegressor", "ResNetRegressor", "FTTransformerRegressor"])
def test_a_curve_is_learned(name):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(400, 2))
    y = np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] + 0.05 * rng.normal(size=400)
    model = clone(ESTIMATORS[name]).set_params(epochs=40, batch_size=32, early_stopping=False)
    model.set_params(learning_rate=0.02 if "FT" not in name else 0.005)
    linear = 1 - np.var(y - StandardScaler().fit_transform(X) @ np.linalg.lstsq(X, y)[0]) / y.var()
    assert model.fit(X[:300], y[:300]).score(X[300:], y[300:]) > max(0.8, linear)


def test_the_bins_are_at_quantiles_of_the_training_rows():
    rng = np.random.default_rng(0)
    X = rng.lognormal(size=(200, 3))
    model = TabMRegressor(numeric="passthrough", n_bins=4, early_stopping=False, **TABM)
    model.fit(X, X[:, 0])
    keras_model = model.network_.to_keras()
    edges = np.asarray(keras_model.get_layer("values").edges)
    expected = np.quantile(X, [0, 0.25, 0.5, 0.75, 1], axis=0, method="averaged_inverted_cdf").T
    np.testing.assert_allclose(edges, expected, rtol=1e-6)


def test_the_first_factors_of_one_hot_columns_of_a_category_are_equal(mixed_frame):
    frame, y = mixed_frame
    model = TabMClassifier(**{**TABM, "learning_rate": 1e-9}, embedding="none").fit(frame, y)
    r = np.asarray(model.network_.to_keras().get_layer("dense_0").r)[:, 0]
    names = list(model.encoder_.get_feature_names_out())
    city = [i for i, name in enumerate(names) if name.startswith("city")]
    assert len(city) == 3
    np.testing.assert_allclose(r[:, city], np.sign(r[:, city[:1]]) * np.ones(3), atol=1e-6)
    assert (np.abs(np.ptp(r, axis=0)) > 1).any()


def test_presets_are_taken_where_nothing_is_said():
    published, own = TabMClassifier("d"), TabMClassifier("d", n_members=5)
    assert (published._setting("n_members"), own._setting("n_members")) == (32, 5)
    assert published._setting("hidden_layer_sizes") == [512, 512, 512]
    assert published._setting("embedding") == "none"
    assert TabMClassifier()._setting("embedding") == "piecewise_linear"


def test_residual_networks_of_one_shape_train_in_one_program(blobs):
    X, y = blobs
    models = [ResNetClassifier(**RESNET).set_params(learning_rate=r) for r in (0.01, 0.02)]
    alone = [clone(m).fit(X, y) for m in models]
    assert stack_key(models[0]) == stack_key(models[1]) is not None
    assert stack_key(ESTIMATORS["TabMClassifier"]) is None
    assert stack_key(ESTIMATORS["FTTransformerClassifier"]) is None
    rows = [np.arange(0, 240), np.arange(60, 300)]
    held = [np.arange(240, 300), np.arange(0, 60)]
    fit_side_by_side(models, X, y, train_rows=rows, held_rows=held)
    for model, other in zip(models, alone, strict=True):
        assert np.isfinite(model.predict_proba(X)).all()
        assert model.network_.architecture == other.network_.architecture


def test_a_width_that_heads_do_not_divide_is_refused(blobs):
    with pytest.raises(ValueError, match="width=9 was given with heads=2"):
        FTTransformerClassifier(**{**FT, "width": 9}).fit(*blobs)


def test_batches_grow_with_the_table(blobs):
    model = TabMClassifier(**{**TABM, "batch_size": "auto"}, early_stopping=False).fit(*blobs)
    assert model.n_steps_ == 3 * -(-300 // 32)
