"""Any Keras model as an estimator; code written for SciKeras."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV

import appliednn
from appliednn import KerasClassifier, KerasRegressor
from appliednn.core import backend
from appliednn.core.errors import IntegrityError

FAST = {"random_state": 0, "verbose": 0}


def scikeras_classifier(hidden_layer_dim, meta):
    """Build as in the SciKeras documentation."""
    n_features_in_ = meta["n_features_in_"]
    X_shape_ = meta["X_shape_"]
    n_classes_ = meta["n_classes_"]
    model = keras.models.Sequential()
    model.add(keras.layers.Input(shape=X_shape_[1:]))
    model.add(keras.layers.Dense(n_features_in_))
    model.add(keras.layers.Activation("relu"))
    model.add(keras.layers.Dense(hidden_layer_dim))
    model.add(keras.layers.Activation("relu"))
    model.add(keras.layers.Dense(n_classes_))
    model.add(keras.layers.Activation("softmax"))
    return model


def compiled_regressor(meta, compile_kwargs, width=16):
    model = keras.Sequential(
        [
            keras.layers.Input((meta["n_features_in_"],)),
            keras.layers.Dense(width, "relu"),
            keras.layers.Dropout(0.05),
            keras.layers.Dense(1),
        ]
    )
    model.compile(loss="mae", optimizer=keras.optimizers.Adam(0.02))
    return model


def convolution(meta):
    shape = meta["X_shape_"][1:]
    return keras.Sequential(
        [
            keras.layers.Input(shape),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(meta["n_classes_"]),
        ]
    )


def two_softmax(meta):
    return keras.Sequential(
        [keras.layers.Input((meta["n_features_in_"],)), keras.layers.Dense(2, "softmax")]
    )


def test_a_scikeras_program_runs_with_another_import():
    X, y = load_iris(return_X_y=True)
    clf = KerasClassifier(
        scikeras_classifier,
        loss="sparse_categorical_crossentropy",
        hidden_layer_dim=32,
        optimizer="adam",
        optimizer__learning_rate=0.02,
        metrics=["accuracy"],
        epochs=30,
        validation_split=0.2,
        **FAST,
    )
    clf.fit(X.astype("float32"), np.array(["a", "b", "c"])[y])
    assert clf.score(X, np.array(["a", "b", "c"])[y]) > 0.9
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(clf.history_)
    assert len(clf.history_["loss"]) == 30
    proba = clf.predict_proba(X)
    np.testing.assert_allclose(proba, np.asarray(clf.model_(X.astype("float32"))), atol=1e-6)


def test_grids_over_build_arguments_and_bare_names():
    X, y = load_iris(return_X_y=True)
    clf = KerasClassifier(scikeras_classifier, model__hidden_layer_dim=4, epochs=3, **FAST)
    assert clf.get_params()["model__hidden_layer_dim"] == 4
    search = GridSearchCV(clf, {"model__hidden_layer_dim": [3, 5], "learning_rate": [0.01]}, cv=2)
    search.fit(X, y)
    assert search.best_params_["model__hidden_layer_dim"] in (3, 5)
    assert clone(clf).set_params(hidden_layer_dim=9).model_params == {"hidden_layer_dim": 9}


def test_fits_of_one_build_function_share_one_program(blobs):
    X, y = blobs
    clf = KerasClassifier(two_softmax, epochs=1, **FAST)
    clf.fit(X, y)
    before = backend.n_traces()
    for seed in range(3):
        clone(clf).set_params(random_state=seed, learning_rate=0.01 * (seed + 1)).fit(X, y)
    assert backend.n_traces() == before


def test_a_compiled_model_keeps_its_loss_and_optimiser(blobs):
    X = blobs[0]
    target = X @ np.arange(6.0)
    model = KerasRegressor(compiled_regressor, width=24, epochs=60, **FAST).fit(X, target)
    assert model.network_.loss.name == "keras"
    assert "MeanAbsoluteError" in model.network_.loss.keras_config
    assert model.history_["lr"][0] == pytest.approx(0.02)
    assert model.score(X, target) > 0.9
    again = KerasRegressor(compiled_regressor, width=24, epochs=60, **FAST).fit(X, target)
    assert (again.predict(X) == model.predict(X)).all()  # dropout too is seeded


def test_images_reach_the_model_as_they_are():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).reshape(-1, 8, 8, 1)
    clf = KerasClassifier(convolution, epochs=8, learning_rate=0.01, **FAST).fit(X[:600], y[:600])
    assert clf.score(X[600:1200], y[600:1200]) > 0.75
    assert clf.encoder_ is None
    with pytest.raises(ValueError, match="rows of shape"):
        clf.predict(X[:2, :4])
    copy = pickle.loads(pickle.dumps(clf))
    assert (copy.predict_proba(X[:5]) == clf.predict_proba(X[:5])).all()


def test_two_softmax_outputs_serve_two_classes(blobs):
    X, y = blobs
    clf = KerasClassifier(two_softmax, epochs=20, learning_rate=0.02, **FAST).fit(X, y)
    assert clf.score(X, y) > 0.85
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1, atol=1e-5)
    assert ((clf.decision_function(X) > 0) == (clf.predict(X) == 1)).all()


def test_a_model_instance_is_copied_not_trained(blobs):
    X, y = blobs
    given = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(1, "sigmoid")])
    before = given.get_weights()[0].copy()
    clf = KerasClassifier(given, epochs=10, learning_rate=0.05, **FAST).fit(X, y)
    assert clf.score(X, y) > 0.85
    assert (given.get_weights()[0] == before).all()


def test_a_function_as_loss(blobs):
    X, _ = blobs
    target = X[:, 0] * 2

    def cubic(y, prediction):
        return keras.ops.abs(y - prediction) ** 3

    model = KerasRegressor(
        lambda meta: keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(1)]),
        loss=cubic, epochs=150, learning_rate=0.05, **FAST,
    ).fit(X, target)  # fmt: skip
    assert model.score(X, target) > 0.9


def test_a_layer_that_holds_code_is_refused_from_a_file(blobs, tmp_path):
    X, y = blobs

    def build(meta):
        return keras.Sequential(
            [
                keras.layers.Input((6,)),
                keras.layers.Lambda(lambda x: x * 2, output_shape=(6,)),
                keras.layers.Dense(1, "sigmoid"),
            ]
        )

    clf = KerasClassifier(build, epochs=2, **FAST).fit(X, y)
    clf.save(tmp_path / "m.ann")
    with pytest.raises((IntegrityError, ValueError), match="Lambda"):
        appliednn.load(tmp_path / "m.ann")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda meta: keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(5)]),
            "5 outputs",
        ),
        (lambda meta: None, "expected a keras.Model"),
        (None, "expected a function"),
    ],
)
def test_a_wrong_model_is_named(build, message, blobs):
    with pytest.raises((TypeError, ValueError), match=message):
        KerasClassifier(build).fit(*blobs)


def test_a_misspelt_argument_is_named_with_a_suggestion(blobs):
    clf = KerasClassifier(scikeras_classifier, hidden_layer_dimm=3)
    with pytest.raises(TypeError, match="did you mean 'hidden_layer_dim'"):
        clf.fit(*blobs)
    with pytest.raises(TypeError, match="did you mean 'epochs'"):
        KerasClassifier(two_softmax, epoch=3).fit(*blobs)


def sigmoid(meta):
    return keras.Sequential(
        [keras.layers.Input((meta["n_features_in_"],)), keras.layers.Dense(1, "sigmoid")]
    )


@pytest.mark.parametrize(
    ("callbacks", "routed"),
    [
        (keras.callbacks.EarlyStopping, {"callbacks__monitor": "loss", "callbacks__patience": 2}),
        (
            [keras.callbacks.EarlyStopping],
            {"callbacks__monitor": "loss", "callbacks__0__patience": 2},
        ),
        (
            {"stop": keras.callbacks.EarlyStopping},
            {"callbacks__stop__monitor": "loss", "callbacks__stop__patience": 2},
        ),
    ],
)
def test_callbacks_take_their_arguments_by_route(callbacks, routed, blobs):
    clf = KerasClassifier(sigmoid, callbacks=callbacks, epochs=20, **routed, **FAST)
    clf = clone(clf).set_params(callbacks__min_delta=10.0).fit(*blobs)
    assert clf.n_epochs_ == 3
    with pytest.raises(ValueError, match="callbacks__other__patience"):
        clone(clf).set_params(callbacks__other__patience=1).fit(*blobs)


def test_names_that_only_scikeras_knows(blobs):
    clf = KerasClassifier(build_fn=sigmoid, fit__epochs=3, batch_size=-1, metrics="accuracy",
                          optimizer=keras.optimizers.SGD, optimizer__momentum=0.5,
                          loss=keras.losses.BinaryCrossentropy, loss__label_smoothing=0.1,
                          predict__batch_size=8, **FAST)  # fmt: skip
    clf.partial_fit(*blobs)
    clf.fit(*blobs)
    assert clf.current_epoch == clf.n_steps_ == len(clf.history_["accuracy"]) == 3


def test_compiled_metrics_are_measured(blobs):
    def build(meta):
        model = sigmoid(meta)
        model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC()])
        return model

    clf = KerasClassifier(build, epochs=2, validation_split=0.3, **FAST).fit(*blobs)
    assert {"accuracy", "auc", "val_accuracy", "val_auc"} <= set(clf.history_)


def test_adapted_statistics_are_kept(blobs):
    X = blobs[0] * 10 + 5
    target = blobs[0][:, 0]
    layer = keras.layers.Normalization()
    layer.adapt(X)

    def build():
        return keras.Sequential([keras.layers.Input((6,)), layer, keras.layers.Dense(1)])

    model = KerasRegressor(build, epochs=1, **FAST).fit(X, target)
    kernel, bias = model.network_.weights
    expected = (X - X.mean(axis=0)) / X.std(axis=0) @ kernel + bias
    np.testing.assert_allclose(model.predict(X), expected[:, 0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(np.asarray(model.model_(X)), expected, rtol=1e-3, atol=1e-4)
    copied = KerasRegressor(build(), epochs=1, **FAST).fit(X, target)
    assert np.abs(copied.predict(X)).max() < 20


def test_labels_given_one_hot_come_back_one_hot():
    X, y = load_iris(return_X_y=True)

    def build(meta):
        return keras.Sequential(
            [keras.layers.Input((4,)), keras.layers.Dense(meta["n_outputs_"], "softmax")]
        )

    clf = KerasClassifier(build, loss="categorical_crossentropy", epochs=2, **FAST)
    predicted = clf.fit(X, np.eye(3)[y]).predict(X)
    assert (predicted.sum(axis=1) == 1).all()
    assert (predicted.argmax(axis=1) == clf.predict_proba(X).argmax(axis=1)).all()


def test_a_keras_schedule_is_the_learning_rate(blobs):
    halve = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    clf = KerasClassifier(sigmoid, learning_rate=halve, epochs=2, **FAST).fit(*blobs)
    np.testing.assert_allclose(
        clf.history_["lr"], 0.1 * 0.5 ** (np.array([9, 19]) / 10), rtol=1e-4
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: keras.Sequential([keras.layers.Input((7,)), keras.layers.Dense(1)]),
            r"rows of shape \(7,\)",
        ),
        (lambda: two_heads(), "1 inputs and 2 outputs"),
        (lambda: Subclass(), "subclass of keras.Model"),
    ],
)
def test_a_model_of_another_shape_is_named(build, message, blobs):
    with pytest.raises((TypeError, ValueError), match=message):
        KerasClassifier(build, **FAST).fit(*blobs)


def two_heads():
    inputs = keras.Input((6,))
    return keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)])


class Subclass(keras.Model):
    """A model whose layers Keras cannot see from outside."""

    def call(self, inputs):
        return inputs[:, :1]
