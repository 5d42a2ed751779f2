"""Parameter text of the networks for tables, put together from each one's signature."""

from __future__ import annotations

import inspect

_TEXTS = {
    "preset": "str\n{preset}",
    "hidden_layer_sizes": "tuple of int, optional\nUnits of each hidden layer.",
    "activation": "str, optional\nName of a Keras activation.",
    "dropout": "float in [0, 1), optional\nShare of the hidden units dropped while training.",
    "learning_rate": "float, optional\nPeak learning rate.",
    "weight_decay": "float, optional\nDecoupled decay of the weights, times the learning rate.",
    "label_smoothing": "float in [0, 1), optional\n"
    "Share of each label spread over all classes while training.",
    "schedule": "str, optional\nCourse of the learning rate; see ``MLPClassifier``, and "
    '``"coslog"``, ``"flat_cos"``.',
    "schedule_params": "dict, optional\nIts numbers.",
    "epochs": "int, optional\nMost passes over the training rows.",
    "batch_size": 'int or "full", optional\nRows of a step.',
    "shuffle": "bool, default=True\nShuffle the rows in every epoch.",
    "early_stopping": 'bool or "auto", default="auto"\n'
    'Hold out rows and keep the best epoch. ``"auto"``: from 100 rows on.',
    "validation_fraction": "float\nShare of the rows held out, stratified by class.",
    "n_iter_no_change": "int or None\n{patience} None: all epochs are run.",
    "tol": "float\nSmallest gain that counts.",
    "scoring": 'str or callable, default="loss"\n'
    "What picks the epoch: the loss, or any scikit-learn scorer.",
    "calibrate": "bool, default=True\n"
    "Divide the logits by the temperature that makes the held-out labels most likely.",
    "n_ensemble": "int, default=1\nNetworks trained side by side, from seeds of their own; their "
    "probabilities\n(numbers) are averaged.",
    "max_seconds": "float, optional\nLongest training time.",
    "class_weight": 'dict, "balanced" or None, default=None\nWeights by class.',
    "max_onehot": 'int, None or "auto"\nCategories of at most so many levels become one-hot '
    "columns, others get a\nlearned vector; None: always one-hot.",
    "category_width": "int\nLength of a category's learned vector.",
    "missing": 'str, default="median_indicator"\n'
    'Missing numbers: ``"median_indicator"``, ``"median"`` or ``"error"``.',
    "callbacks": "Keras callback or list, optional\nInstances or classes; each fit uses copies.",
    "strategy": 'None, "mirrored" or tf.distribute.Strategy, default=None\n'
    "Replicas that share each batch.",
    "precision": 'str, optional\n``"mixed_float16"``, ``"mixed_bfloat16"`` or ``"float64"``.',
    "xla": 'bool or "auto", default="auto"\nCompile with XLA; ``"auto"``: where training is long.',
    "warm_start": "bool, default=False\nWhether ``fit`` goes on from the last fit.",
    "verbose": 'bool or "auto", default="auto"\n'
    '``"auto"``: a progress bar on a terminal once training has taken three seconds.',
    "random_state": "int, RandomState or None, default=None\n"
    "Seeds weights, dropout, shuffles and the held-out split.",
    "embedding": "{embeddings}",
    "embedding_sigma": "float\nStandard deviation of the frequencies at the start.",
    "embedding_hidden": "int\nCosines of each number.",
    "embedding_width": "int\nLength of a number's embedding.",
    "embedding_rate_factor": "float\nFactor of the learning rate for the embedding.",
    "scale_rate_factor": "float\nFactor of the learning rate for the scaling layer.",
    "first_layer_rate_factor": "float\nFactor of the learning rate for the first hidden layer.",
    "beta_2": "float\nOf Adam.",
}

_ATTRIBUTES = """
    Attributes
    ----------
{classes}    network_ : appliednn.core.Network
        The trained network.
    encoder_ : TabularEncoder
        The fitted encoder.
    history_ : dict of str to list of float
        ``loss``, ``lr``, ``seconds`` and, with held-out rows, ``val_loss``: one value an epoch.
    n_epochs_, best_epoch_ : int
        Epochs run; the epoch (from 0) whose weights are kept, an array for several members.
    stop_reason_ : str
        ``"epochs"``, ``"early_stopping"``, ``"max_seconds"``, ``"callback"``, ``"interrupted"``.
    n_features_in_ : int
        Number of features.
"""
_CLASSES = "    classes_ : ndarray of shape (n_classes,)\n        Labels.\n"
_TEMPERATURE = (
    "    temperature_ : float\n        What logits were divided by, where rows were held out.\n"
)
_EXAMPLES = {
    "classifier": """
    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from appliednn import {name}
    >>> X, y = load_iris(return_X_y=True)
    >>> model = {name}({arguments}random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """,
    "regressor": """
    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from appliednn import {name}
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = {name}({arguments}random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.3)
    True
    """,
}


def document_network(cls: type) -> type:
    """Add parameters, attributes and an example to a class's docstring.

    The class may give ``_doc_texts`` (name -> text of its own parameters, or of ``preset``,
    ``patience``) and ``_doc_arguments`` (of the example).
    """
    own = {"preset": "", "patience": "", **getattr(cls, "_doc_texts", {})}
    parts = ("preset", "patience")  # words inside of the texts above; others replace one of them
    texts = {**_TEXTS, **{k: v for k, v in own.items() if k not in parts}}
    lines = ["\n    Parameters\n    ----------\n"]
    for name in list(inspect.signature(cls.__init__).parameters)[1:]:
        kind, _, text = texts[name].partition("\n")
        text = text.replace("{preset}", own["preset"]).replace("{patience}", own["patience"])
        body = "".join(f"        {line}\n" for line in text.split("\n"))
        lines.append(f"    {name} : {kind}\n{body}")
    classifier = hasattr(cls, "predict_proba")
    classes = _CLASSES + _TEMPERATURE if classifier else ""
    example = _EXAMPLES["classifier" if classifier else "regressor"]
    example = example.format(name=cls.__name__, arguments=getattr(cls, "_doc_arguments", ""))
    head, mark, references = cls.__doc__.rstrip().partition("\n    References\n")
    tail = f"{mark}{references}\n" if mark else ""
    body = "".join(lines) + _ATTRIBUTES.format(classes=classes)
    cls.__doc__ = (
        head.rstrip() + "\n" + body + ("\n" + tail.lstrip("\n") if tail else "") + example
    )
    return cls
