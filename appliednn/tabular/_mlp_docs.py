"""The parameter text that the perceptron's classifier and regressor share."""

from __future__ import annotations

_PARAMETERS = """
    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(128, 128)
        Units of each hidden layer; empty for a linear model.
    activation : str, default="relu"
        Any Keras activation by name: ``"relu"``, ``"leaky_relu"``, ``"elu"``, ``"selu"``,
        ``"gelu"``, ``"swish"``, ``"tanh"``, ``"sigmoid"``, ...
    residual : bool, default=False
        Add each hidden layer's input to its output.
    normalization : str, optional
        ``"batch"`` or ``"layer"``: normalise between the linear map and the activation.
    dropout : float in [0, 1), default=0.0
        Share of the hidden units dropped while training.
    kernel_initializer, bias_initializer : str or keras.initializers.Initializer
        Any Keras initialiser; its seed comes from ``random_state``.
    l1, l2 : float, default=0.0
        Penalties on the kernels: ``l1 * sum|w| + l2 * sum(w ** 2)``.
    loss : str, keras.losses.Loss or callable, default="auto"
        {losses}
    loss_params : dict, optional
        {loss_params}
{smoothing}    optimizer : str or keras.optimizers.Optimizer, default="adam"
        ``"sgd"``, ``"adam"``, ``"adamw"``, ``"rmsprop"``, ``"adagrad"``, ``"lion"`` or any Keras
        optimiser.
    optimizer_params : dict, optional
        Arguments of the Keras class: ``momentum``, ``nesterov``, ``beta_1``, ...
    learning_rate : float, default=1e-3
        Peak learning rate.
    weight_decay : float, default=0.0
        Decoupled decay of the kernels, times the learning rate (AdamW without one: 0.004).
    schedule : str, default="constant"
        Course of the learning rate: ``"constant"``, ``"step"``, ``"exponential"``, ``"cosine"``,
        ``"one_cycle"`` or ``"plateau"``.
    schedule_params : dict, optional
        ``warmup`` (share of the steps), ``factor``, ``every``, ``decay``, ``end``, ``patience``,
        ``peak_at``, ``start``, ``min_factor``, each where the schedule has it.
    clip_value, clip_norm, clip_global_norm : float, optional
        Clip gradients by element, by the norm of each variable, or by the norm of all.
    epochs : int, default=100
        Most passes over the training rows.
    batch_size : int or "full", default=128
        Rows of a step.
    shuffle : bool, default=True
        Shuffle the rows in every epoch.
    early_stopping : bool or "auto", default="auto"
        Hold out rows, stop when they no longer gain, keep the best epoch. ``"auto"``: from 500
        rows on.
    validation_fraction : float, default=0.1
        Share of the rows held out{stratified}.
    n_iter_no_change : int, default=10
        Epochs without a gain of ``tol`` before training stops.
    tol : float, default=1e-4
        Smallest gain that counts.
    scoring : str or callable, default="loss"
        What picks the epoch: the loss, or any scikit-learn scorer.
    n_ensemble : int, default=1
        Networks trained side by side in one program, from seeds of their own; their probabilities
        (numbers) are averaged, and ``predict_uncertainty`` tells how far they differ.
    max_seconds : float, optional
        Longest training time.
{class_weight}    numeric : str, default="robust"
        Scaling of numbers: ``"robust"`` (median and quartiles, smoothly clipped), ``"standard"``,
        ``"minmax"``, ``"quantile"`` (to normal scores), ``"passthrough"``.
    categorical : str, default="onehot"
        Encoding of categories: ``"onehot"`` or ``"embedding"``.
    missing : str, default="median_indicator"
        Missing numbers: ``"median_indicator"``, ``"median"`` or ``"error"``.
    callbacks : Keras callback or list, optional
        Instances or classes; each fit uses copies.
    strategy : None, "mirrored" or tf.distribute.Strategy, default=None
        Replicas that share each batch.
    precision : str, optional
        ``"mixed_float16"``, ``"mixed_bfloat16"`` or ``"float64"`` instead of float32.
    xla : bool or "auto", default="auto"
        Compile with XLA; ``"auto"``: dense nets in long trainings.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last fit.
    verbose : bool or "auto", default="auto"
        ``"auto"``: a progress bar on a terminal once training has taken three seconds.
    random_state : int, RandomState or None, default=None
        Seeds weights, dropout, shuffles and the held-out split; global state is untouched.

    Attributes
    ----------
{classes}    network_ : appliednn.core.Network
        The trained network.
    encoder_ : TabularEncoder
        The fitted encoder.
    history_ : dict of str to list of float
        ``loss``, ``lr``, ``seconds`` and, with held-out rows, ``val_loss``: one value an epoch.
    n_epochs_, best_epoch_ : int
        Epochs run; the epoch (from 0) whose weights are kept.
    stop_reason_ : str
        ``"epochs"``, ``"early_stopping"``, ``"max_seconds"``, ``"callback"``, ``"interrupted"``.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Their names, if ``X`` had any.

    Examples
    --------
{example}
    """

_CLASSIFIER = {
    "losses": '``"cross_entropy"`` (auto), ``"focal"``, ``"hinge"``, ``"squared_hinge"``, any\n'
    "        Keras loss.",
    "loss_params": "``gamma`` of the focal loss.",
    "smoothing": "    label_smoothing : float in [0, 1), default=0.0\n"
    "        Share of each label spread over all classes while training.\n",
    "class_weight": '    class_weight : dict, "balanced" or None, default=None\n'
    "        Weights by class.\n",
    "classes": "    classes_ : ndarray of shape (n_classes,)\n        Labels.\n",
    "stratified": ", stratified by class",
    "example": """    >>> from sklearn.datasets import load_iris
    >>> from appliednn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((32,), epochs=60, learning_rate=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True""",
}
_REGRESSOR = {
    "losses": '``"mse"`` (auto), ``"mae"``, ``"huber"``, ``"quantile"``, ``"poisson"``, any\n'
    "        Keras loss. All but Poisson and Keras's see the target standardised.",
    "loss_params": "``delta`` of Huber (in standard deviations of the target), ``quantile``.",
    "smoothing": "",
    "class_weight": "",
    "classes": "",
    "stratified": "",
    "example": """    >>> from sklearn.datasets import load_diabetes
    >>> from appliednn import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor((32,), epochs=60, learning_rate=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.4)
    True""",
}


def document(task: str):
    """Return a decorator that adds the parameter text to an estimator's docstring."""
    parts = _CLASSIFIER if task == "classifier" else _REGRESSOR

    def decorate(cls):
        cls.__doc__ = cls.__doc__.rstrip() + "\n" + _PARAMETERS.format(**parts)
        return cls

    return decorate
