"""The parameter text that the Keras wrappers share."""

from __future__ import annotations

_PARAMETERS = """
    The build function is called in ``fit`` with the arguments it names: those given as
    ``model_params`` (or as keywords, ``hidden=64`` and ``model__hidden=64`` alike), ``meta``, a
    dict with ``n_features_in_`` (width of an encoded row), ``X_shape_``,
    ``n_outputs_expected_``, ``target_type_``{meta}, and ``compile_kwargs``. A model it compiled
    keeps its loss and optimiser unless ``loss`` or ``optimizer`` is given.

    Parameters
    ----------
    model : callable or keras.Model
        Function that returns a Sequential or Functional model, or such a model (copied).
    model_params : dict, optional
        Arguments of the build function.
    optimizer : str or keras.optimizers.Optimizer, optional
        Default: the compiled one, else ``"adam"``.
    optimizer_params, loss_params : dict, optional
        Arguments of an optimiser or loss given by name (also ``optimizer__momentum=0.9``).
    loss : str, keras.losses.Loss or callable, optional
        Default: the compiled one, else {loss}.
    metrics : str or list of str or keras.metrics.Metric, optional
        Keras metrics, measured after every epoch and kept in ``history_``; default: the compiled
        ones.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, optional
        Default: the optimiser's own.
    epochs : int, default=1
        Passes over the training rows.
    batch_size : int or "full", optional
        Rows of a step; default 32. ``-1`` is ``"full"``.
    shuffle : bool, default=True
        Shuffle the rows in every epoch.
    early_stopping : bool or "auto", default=False
        Hold out ``validation_fraction``, stop when it no longer gains, keep the best epoch.
    validation_split : float, default=0.0
        Share held out to be reported (``val_loss``), without early stopping.
    validation_fraction : float, default=0.1
        Share held out for early stopping.
    n_iter_no_change : int, default=10
        Epochs without a gain of ``tol`` before training stops.
    tol : float, default=1e-4
        Smallest gain that counts.
    scoring : str or callable, default="loss"
        What picks the epoch.
    max_seconds : float, optional
        Longest training time.
{class_weight}    numeric, categorical, missing : str
        As in :class:`TabularEncoder`; numbers reach the model unscaled by default.
    callbacks : Keras callback, list or dict of them, optional
        Instances or classes; each fit uses copies.
    callbacks_params : dict, optional
        Arguments of callbacks given as classes (also ``callbacks__patience=2``).
    strategy : None, "mirrored" or tf.distribute.Strategy, default=None
        Replicas that share each batch.
    precision : str, optional
        ``"mixed_float16"``, ``"mixed_bfloat16"`` or ``"float64"`` instead of float32.
    xla : bool or "auto", default="auto"
        Compile with XLA.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last fit.
    verbose : bool, int or "auto", default="auto"
        Progress.
    random_state : int, RandomState or None, default=None
        Seeds weights, dropout, shuffles and splits; global state is untouched.
    **routed
        Arguments of the build function.

    Attributes
    ----------
{classes}    network_ : appliednn.core.Network
        The trained network.
    model_ : keras.Model
        The trained network as a new Keras model.
    encoder_ : TabularEncoder or None
        The fitted encoder; None for n-d input.
    history_ : dict of str to list of float
        One value an epoch.

    Examples
    --------
{example}
    """

_CLASSIFIER = {
    "meta": ", ``n_classes_``, ``classes_``",
    "loss": "cross-entropy",
    "class_weight": '    class_weight : dict, "balanced" or None, default=None\n'
    "        Weights by class.\n",
    "classes": "    classes_ : ndarray of shape (n_classes,)\n        Labels.\n",
    "example": """    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from appliednn import KerasClassifier
    >>> def build(hidden, meta):
    ...     return keras.Sequential([
    ...         keras.layers.Input((meta["n_features_in_"],)),
    ...         keras.layers.Dense(hidden, activation="relu"),
    ...         keras.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...     ])
    >>> X, y = load_iris(return_X_y=True)
    >>> model = KerasClassifier(build, hidden=32, learning_rate=0.01, epochs=60, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True""",
}
_REGRESSOR = {
    "meta": "",
    "loss": "mean squared error",
    "class_weight": "",
    "classes": "",
    "example": """    >>> import keras
    >>> from sklearn.datasets import load_diabetes
    >>> from appliednn import KerasRegressor
    >>> def build(meta):
    ...     return keras.Sequential([
    ...         keras.layers.Input((meta["n_features_in_"],)),
    ...         keras.layers.Dense(32, activation="relu"),
    ...         keras.layers.Dense(1),
    ...     ])
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = KerasRegressor(build, learning_rate=0.05, epochs=100, numeric="standard",
    ...                        random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.4)
    True""",
}


def document(task: str):
    """Return a decorator that adds the parameter text to an estimator's docstring."""
    parts = _CLASSIFIER if task == "classifier" else _REGRESSOR

    def decorate(cls):
        cls.__doc__ = cls.__doc__.rstrip() + "\n" + _PARAMETERS.format(**parts)
        return cls

    return decorate
