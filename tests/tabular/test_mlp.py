"""What a user of the perceptrons relies on."""

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from appliednn import MLPClassifier, MLPRegressor
from appliednn.core import backend

FAST = {"learning_rate": 0.02, "random_state": 0}


def test_it_learns_iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = MLPClassifier((16,), epochs=60, **FAST)
    assert cross_val_score(model, X, y, cv=3).mean() > 0.93


def test_a_linear_net_is_a_logistic_regression(blobs):
    X, y = blobs
    net = MLPClassifier((), epochs=1500, batch_size="full", numeric="passthrough", **FAST).fit(
        X, y
    )
    exact = LogisticRegression(C=1e6).fit(X, y)
    np.testing.assert_allclose(net.predict_proba(X), exact.predict_proba(X), atol=0.02)


def test_a_linear_net_is_a_linear_regression():
    X, y = load_diabetes(return_X_y=True)
    net = MLPRegressor(
        (), epochs=600, batch_size="full", numeric="standard", early_stopping=False, **FAST
    ).fit(X, y)
    exact = LinearRegression().fit(X, y)
    assert np.abs(net.predict(X) - exact.predict(X)).mean() < 2.0


def test_a_quantile_net_is_a_quantile_regression():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (400, 1))
    y = 3 * x[:, 0] + rng.exponential(1.0, 400)
    net = MLPRegressor(
        (), loss="quantile", loss_params={"quantile": 0.9}, epochs=800, batch_size="full",
        early_stopping=False, **FAST,
    ).fit(x, y)  # fmt: skip
    exact = QuantileRegressor(quantile=0.9, alpha=0).fit(x, y)
    assert np.abs(net.predict(x) - exact.predict(x)).mean() < 0.1
    assert (y <= net.predict(x)).mean() == pytest.approx(0.9, abs=0.02)


def test_a_poisson_net_predicts_rates():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (500, 1))
    y = rng.poisson(np.exp(1 + x[:, 0]))
    net = MLPRegressor((), loss="poisson", epochs=400, early_stopping=False, **FAST).fit(x, y)
    assert np.corrcoef(net.predict(x), np.exp(1 + x[:, 0]))[0, 1] > 0.99
    assert net.predict(x).min() > 0
    with pytest.raises(ValueError, match="1 negative values"):
        net.fit(x[:3], [-1.0, 0.0, 2.0])


def test_a_frame_is_taken_as_it_is(mixed_frame):
    X, y = mixed_frame
    model = MLPClassifier((16,), epochs=30, **FAST).fit(X, y)
    assert model.score(X, y) > 0.85
    assert list(model.classes_) == ["no", "yes"]
    assert list(model.feature_names_in_) == list(X.columns)
    later = X.head(3).assign(city=["Oslo", None, "東京"], income=np.nan)
    assert model.predict_proba(later).shape == (3, 2)
    assert np.isfinite(model.predict_proba(later)).all()


def test_embeddings_learn_categories(mixed_frame):
    X, y = mixed_frame
    model = MLPClassifier((16,), epochs=40, categorical="embedding", **FAST).fit(X, y)
    assert model.score(X, y) > 0.85
    assert np.isfinite(model.predict_proba(X.assign(city="new"))).all()


def test_sparse_rows_equal_dense_rows(blobs):
    X, y = blobs
    dense = MLPClassifier((8,), epochs=2, **FAST).fit(X, y).predict_proba(X)
    for kind in (sparse.csr_array, sparse.coo_array, sparse.csc_matrix):
        other = MLPClassifier((8,), epochs=2, **FAST).fit(kind(X), y).predict_proba(kind(X))
        np.testing.assert_allclose(other, dense, rtol=1e-5)


def test_several_labels():
    X, y = make_multilabel_classification(200, 8, n_classes=3, random_state=0)
    model = MLPClassifier((32,), epochs=80, **FAST).fit(X, y)
    assert model.predict(X).shape == (200, 3)
    assert set(np.unique(model.predict(X))) <= {0, 1}
    assert roc_auc_score(y, model.predict_proba(X)) > 0.85


def test_several_outputs():
    X, y = load_diabetes(return_X_y=True)
    two = np.column_stack([y, -2 * y])
    model = MLPRegressor((16,), epochs=40, **FAST).fit(X, two)
    assert model.predict(X).shape == two.shape
    assert model.score(X, two) > 0.4


def test_zero_weight_equals_removal(blobs):
    X, y = blobs
    weight = np.r_[np.ones(200), np.zeros(100)]
    kept = MLPClassifier((8,), epochs=3, **FAST).fit(X[:200], y[:200])
    weighted = MLPClassifier((8,), epochs=3, **FAST).fit(X, y, sample_weight=weight)
    assert (kept.predict_proba(X) == weighted.predict_proba(X)).all()


def test_class_weight_moves_the_probabilities(blobs):
    X, y = blobs
    settings = {"epochs": 20, "numeric": "passthrough", **FAST}  # weights move a scale as well
    plain = MLPClassifier((8,), **settings).fit(X, y)
    heavy = MLPClassifier((8,), class_weight={0: 1, 1: 9}, **settings).fit(X, y)
    assert heavy.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.05
    by_row = MLPClassifier((8,), **settings).fit(X, y, np.where(y == 1, 9.0, 1.0))
    np.testing.assert_allclose(by_row.predict_proba(X), heavy.predict_proba(X), rtol=1e-4)


def test_early_stopping_keeps_the_best_epoch(blobs):
    X, y = blobs
    model = MLPClassifier(
        (64,),
        epochs=300,
        learning_rate=0.05,
        early_stopping=True,
        n_iter_no_change=4,
        random_state=0,
    ).fit(X, y)
    assert model.stop_reason_ == "early_stopping"
    assert model.n_epochs_ < 300
    assert model.best_epoch_ == int(np.argmin(model.history_["val_loss"]))
    assert set(model.history_) == {"loss", "val_loss", "lr", "seconds"}


def test_the_users_metric_picks_the_epoch(blobs):
    X, y = blobs
    model = MLPClassifier(
        (16,), epochs=12, early_stopping=True, n_iter_no_change=12, scoring="roc_auc", **FAST
    ).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    aucs = model.history_["val_roc_auc"]
    assert model.best_epoch_ == int(np.argmax(aucs))
    assert roc_auc_score(y[200:], model.predict_proba(X[200:])[:, 1]) == pytest.approx(max(aucs))


def test_a_grid_of_twenty_fits_traces_one_program(blobs):
    X, y = blobs
    grid = {"learning_rate": [0.001, 0.01], "l2": [0.0, 1e-3], "n_iter_no_change": [2, 3, 4, 5, 6]}
    model = MLPClassifier((9, 7), epochs=2, dropout=0.1, random_state=0)
    before = backend.n_traces()
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 20
    assert backend.n_traces() == before + 1


def test_warm_start_goes_on(blobs):
    X, y = blobs
    model = MLPClassifier((8,), epochs=5, warm_start=True, **FAST).fit(X, y)
    first = model.history_["loss"][-1]
    model.fit(X, y)
    assert model.n_epochs_ == 10
    assert model.history_["loss"][-1] < first


def test_max_seconds_bounds_training(blobs):
    model = MLPClassifier((8,), epochs=10**6, max_seconds=0.5, **FAST).fit(*blobs)
    assert model.stop_reason_ == "max_seconds"
    assert model.n_epochs_ < 10**6


def test_an_interrupt_keeps_what_was_learned(blobs, monkeypatch):
    from appliednn.core import _trainer

    calls = iter(range(100))
    run_epochs = _trainer.Trainer._run_epochs

    def interrupted(self, *args):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return run_epochs(self, *args)

    monkeypatch.setattr(_trainer.Trainer, "_run_epochs", interrupted)
    model = MLPClassifier((8,), epochs=50, early_stopping=True, **FAST).fit(*blobs)
    assert model.stop_reason_ == "interrupted"
    assert 0 < model.n_epochs_ < 50
    assert model.score(*blobs) > 0.5


def test_keras_callbacks_see_epochs_and_can_stop(blobs):
    import keras

    stop = keras.callbacks.EarlyStopping(monitor="loss", min_delta=10.0, patience=2)
    model = MLPClassifier((8,), epochs=50, callbacks=[stop], **FAST).fit(*blobs)
    assert model.stop_reason_ == "callback"
    assert model.n_epochs_ == 3
    assert stop.stopped_epoch == 0  # the fit used a copy


def test_a_keras_learning_rate_callback_is_followed(blobs):
    import keras

    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    model = MLPClassifier((8,), epochs=4, callbacks=schedule, **FAST).fit(*blobs)
    np.testing.assert_allclose(model.history_["lr"], 0.02 * 0.5 ** np.arange(1, 5), rtol=1e-5)


def test_keras_batch_hooks_are_called_for_each_batch(blobs):
    import keras

    counts = {"batches": 0}

    class Count(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            counts["batches"] += 1

    MLPClassifier((8,), epochs=2, batch_size=100, callbacks=Count, **FAST).fit(*blobs)
    assert counts["batches"] == 6


def test_scikit_learn_callbacks_work_through_pipeline_and_search(blobs):
    X, y = blobs
    monitor = ScoringMonitor(scoring="accuracy")
    model = MLPClassifier((8,), epochs=3, **FAST).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), model)
    search = GridSearchCV(pipeline, {"mlpclassifier__l2": [0, 1e-3]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(X, y)
    logs = monitor.get_logs(select="all")
    assert sum((log.data_as_pandas["task_name"] == "epoch").sum() for log in logs) == 5 * 3


def test_a_scikit_learn_callback_scores_each_epoch(blobs):
    X, y = blobs
    monitor = ScoringMonitor(scoring="accuracy")
    model = MLPClassifier((8,), epochs=3, **FAST).set_callbacks(monitor).fit(X, y)
    scores = monitor.get_logs().data_as_pandas
    epochs = scores[scores["task_name"] == "epoch"]
    assert len(epochs) == 3
    assert epochs["accuracy"].iloc[-1] == model.score(X, y)


def test_sample_weight_is_routed(blobs):
    X, y = blobs
    weight = np.random.default_rng(0).random(len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = MLPClassifier((8,), epochs=3, **FAST).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(scaler, model.set_score_request(sample_weight=True))
        pipeline.fit(X, y, sample_weight=weight)
        routed = pipeline.score(X, y, sample_weight=weight)
    direct = MLPClassifier((8,), epochs=3, **FAST).fit(
        StandardScaler().fit_transform(X), y, weight
    )
    assert routed == direct.score(StandardScaler().fit_transform(X), y, weight)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_precisions_train(precision, blobs):
    model = MLPClassifier((16,), epochs=15, precision=precision, **FAST).fit(*blobs)
    assert model.score(*blobs) > 0.85


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"activation": "rellu"}, "did you mean 'relu'"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"optimizer": "sgd", "optimizer_params": {"momentun": 0.9}}, "did you mean 'momentum'"),
        ({"clip_value": 1.0, "clip_norm": 1.0}, "at most one"),
        ({"hidden_layer_sizes": (8, 0)}, "positive whole numbers"),
        ({"kernel_initializer": "glorot"}, "not known"),
        ({"schedule": "cosine", "schedule_params": {"warmpu": 0.1}}, "did you mean 'warmup'"),
        ({"dropout": 1.5}, "dropout"),
        ({"strategy": "mirored"}, "strategy"),
        ({"activation": "glu"}, "halves the width"),
        ({"kernel_initializer": "Constant"}, "needs arguments"),
        ({"optimizer": "sgd", "optimizer_params": {"learning_rate": 0.5}}, "learning rate 0.5"),
    ],
)
def test_a_wrong_parameter_is_named(params, message, blobs):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**{"epochs": 1, **params}).fit(*blobs)


def test_one_class_and_one_row_say_what_is_missing(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="at least 2 classes"):
        MLPClassifier().fit(X[:5], ["a"] * 5)
    with pytest.raises(ValueError, match="class"):
        MLPClassifier().fit(X[:1], y[:1])
    assert MLPRegressor((4,), epochs=2, random_state=0).fit(X[:1], [3.0]).predict(X[:2]).shape == (
        2,
    )


def test_threads_predict_at_the_same_time(blobs):
    from concurrent.futures import ThreadPoolExecutor

    X, y = blobs
    model = MLPClassifier((8,), epochs=2, **FAST).fit(X, y)
    expected = model.predict_proba(X)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: model.predict_proba(X), range(40)):
            assert (result == expected).all()


def test_memory_does_not_grow_with_the_number_of_fits(blobs):
    psutil = pytest.importorskip("psutil")
    X, y = blobs
    process, sizes = psutil.Process(), []
    for i in range(50):
        MLPClassifier((8,), epochs=2, learning_rate=0.01 + i * 1e-4, random_state=i).fit(X, y)
        sizes.append(process.memory_info().rss / 1e6)
    assert sizes[-1] - sizes[4] < 30


def test_a_second_learning_rate_in_an_optimiser_is_refused(blobs):
    import keras

    with pytest.raises(ValueError, match="learning_rate=0.001 is set beside it"):
        MLPClassifier(optimizer=keras.optimizers.SGD(0.5)).fit(*blobs)
    same = MLPClassifier((4,), optimizer=keras.optimizers.SGD(0.5), learning_rate=0.5, epochs=1)
    assert same.fit(*blobs).history_["lr"] == [0.5]


def test_what_is_no_callback_is_named(blobs):
    with pytest.raises(TypeError, match="callbacks holds 'early'"):
        MLPClassifier(callbacks="early").fit(*blobs)


def test_a_callback_sets_the_rate_of_a_batch(blobs):
    import keras

    class Warm(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.125

    model = MLPClassifier((4,), epochs=2, callbacks=Warm, **FAST).fit(*blobs)
    assert model.history_["lr"] == [0.125, 0.125]


def test_a_metric_never_sees_the_outputs_of_a_diverged_net(blobs):
    X, y = blobs
    settings = {"numeric": "passthrough", "optimizer": "sgd", "learning_rate": 1e30}
    model = MLPClassifier((4,), early_stopping=True, scoring="roc_auc", epochs=5, **settings)
    with pytest.raises(FloatingPointError, match="training diverged"):
        model.fit(X * 1e6, y)


def test_threads_train_at_the_same_time_and_repeat(blobs):
    import random
    from concurrent.futures import ThreadPoolExecutor

    from sklearn.base import clone

    X, y = blobs
    jobs = [
        MLPClassifier((6,), epochs=2, precision=precision, random_state=seed)
        for precision in (None, "float64")
        for seed in range(3)
    ]
    state = random.getstate()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: clone(job).fit(X, y).predict_proba(X), jobs))
    assert random.getstate() == state
    for job, result in zip(jobs, together, strict=True):
        assert (clone(job).fit(X, y).predict_proba(X) == result).all()


def test_a_poisson_net_starts_at_the_mean_rate():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 1))
    y = rng.poisson(np.exp(8 + 0.1 * x[:, 0]))
    net = MLPRegressor((), loss="poisson", epochs=20, **FAST).fit(x, y)
    assert net.predict(x).mean() == pytest.approx(y.mean(), rel=0.1)
