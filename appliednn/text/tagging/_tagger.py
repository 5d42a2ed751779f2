"""TokenTagger: one tag for each token of a sentence."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core._fit_callbacks import FitCallbacks
from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_token_lists
from appliednn.text.tagging._decode import TagDecoder
from appliednn.text.tagging._entity_scores import check_pairs, entity_scores, token_accuracy
from appliednn.text.tagging._fit import TaggerFit
from appliednn.text.tagging._schemes import SCHEMES, entities_of
from appliednn.text.tagging._split import split_tokens

_POSITIVE = Interval(Integral, 1, None, closed="left")


class TokenTagger(TaggerFit, FitCallbacks, SaveMixin, BaseEstimator):
    """Tags of tokens: named entities, parts of speech.

    Words by their vectors, their case and convolutions over their characters are put into context
    by a bidirectional LSTM. To its scores of tags a log-linear model adds what hand-made features
    of a token and its neighbours say (forms, shapes, beginnings, endings). A conditional random
    field knows which tags follow each other. All of it is trained at once.

    Parameters
    ----------
    architecture : {"bilstm_crf", "bilstm", "transformer"}, default="bilstm_crf"
        ``"bilstm"``: neighbouring tags play no part in training, but decoding still holds to the
        scheme. ``"transformer"``: self-attention in place of the LSTM.
    word_dim, char_dim, char_filters : int, default=100, 30, 60
        Numbers for each word, for each character, and what is learned of a word's spelling.
    hidden_units, n_layers : int, default=100, 1
        Width of each direction, and number of layers.
    dropout : float, default=0.5
        Share of inputs, outputs and features that is left out while training.
    word_dropout : float, default=1.0
        Probability that a word seen once would be taken as unknown while training; of a word seen
        n times it is the n-th part.
    features : bool, default=True
        Whether the log-linear model takes part.
    min_count, min_feature_count : int, default=2, 1
        Rarer words are unknown, rarer features left out.
    embeddings : WordEmbedding, WordVectors, path or None, default=None
        Word vectors to start from, of which all words are known; ``word_dim`` is then theirs.
    scheme : {"auto", "IOB2", "IOBES", "BILOU"} or None, default="auto"
        How tags write entities: decoding never breaks its rules. ``"auto"``: what the tags look
        like; if some break its rules, entities are read by it but nothing is forbidden. None:
        tags stand for themselves, such as parts of speech.
    maximize_f1 : bool, default=True
        Whether entities are found more readily than the most probable tags have them: the score
        of ``"O"`` is lowered by what makes the F1 of the held-out sentences greatest. It changes
        nothing without a scheme or held-out sentences, nor ``predict_proba``.
    max_length : int, default=128
        Longer sentences are read in windows that overlap by half, at most 512.
    learning_rate : float, default=0.002
        Of Adam, falling to 0 by half a cosine.
    weight_decay : float, default=0.0
        Decoupled decay of kernels, times the learning rate.
    epochs : int or "auto", default="auto"
        Passes over the training sentences; ``"auto"``: what makes 4000 steps, but from 6 to 15.
    batch_size : int, default=32
        Sentences of a step.
    validation_fraction : float, default=0.1
        Share of the sentences held out; their score picks the epoch. 0: none, all epochs run.
    n_iter_no_change : int or None, default=5
        Epochs without a better score after which training stops.
    max_seconds : float, optional
        Longest training time.
    callbacks : list of keras.callbacks.Callback, optional
        Copied for each fit; scikit-learn's go to ``set_callbacks``.
    verbose : bool or "auto", default="auto"
        ``"auto"``: a progress bar on a terminal once training has taken three seconds.
    random_state : int, RandomState or None, default=None
        Seeds weights, dropout, shuffles and the split.

    Attributes
    ----------
    classes_ : ndarray of str, shape (n_tags,)
        All tags.
    scheme_ : str or None
        Scheme of the tags.
    constrained_ : bool
        Whether decoding holds to it.
    margin_ : float
        What the score of ``"O"`` is lowered by.
    encoder_ : TokenEncoder
        Vocabularies of words, characters and features.
    network_ : SequenceNetwork
        The trained network.
    validation_score_, baseline_score_ : float or None
        :meth:`score` on the held-out sentences, and there of each word's most frequent tag.
    history_ : dict of str to list
        One value an epoch: ``loss``, ``val_score``, ``lr``, ``seconds``.
    n_epochs_, best_epoch_, stop_reason_
        Epochs run, the best one (from 0), why training ended.

    References
    ----------
    X. Ma and E. Hovy, "End-to-end Sequence Labeling via Bi-directional LSTM-CNNs-CRF", ACL 2016.
    G. Lample et al., "Neural Architectures for Named Entity Recognition", NAACL 2016.

    Examples
    --------
    >>> sentences = [["Ada", "lives", "in", "Bern"], ["Bern", "is", "old"]] * 8
    >>> tags = [["B-PER", "O", "O", "B-LOC"], ["B-LOC", "O", "O"]] * 8
    >>> tagger = TokenTagger(epochs=10, validation_fraction=0, random_state=0)
    >>> tagger.fit(sentences, tags).predict([["Ada", "is", "in", "Bern"]])
    [['B-PER', 'O', 'O', 'B-LOC']]
    >>> [entity[:3] for entity in tagger.predict_entities(["Ada lives in Bern"])[0]]
    [(0, 3, 'PER'), (13, 17, 'LOC')]
    """

    _parameter_constraints: dict = {
        "architecture": [StrOptions({"bilstm_crf", "bilstm", "transformer"})],
        "word_dim": [_POSITIVE],
        "char_dim": [_POSITIVE],
        "char_filters": [_POSITIVE],
        "hidden_units": [_POSITIVE],
        "n_layers": [_POSITIVE],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "word_dropout": [Interval(Real, 0, 1, closed="both")],
        "features": ["boolean"],
        "min_count": [_POSITIVE],
        "min_feature_count": [_POSITIVE],
        "embeddings": [object, None],
        "scheme": [StrOptions({"auto", *SCHEMES}), None],
        "maximize_f1": ["boolean"],
        "max_length": [Interval(Integral, 2, 512, closed="both")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "epochs": [_POSITIVE, StrOptions({"auto"})],
        "batch_size": [_POSITIVE],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [_POSITIVE, None],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "callbacks": [list, tuple, None, object],
        "verbose": ["boolean", StrOptions({"auto"})],
        "random_state": ["random_state"],
    }
    _code_params = ("callbacks",)

    def __init__(
        self,
        architecture="bilstm_crf",
        *,
        word_dim=100,
        char_dim=30,
        char_filters=60,
        hidden_units=100,
        n_layers=1,
        dropout=0.5,
        word_dropout=1.0,
        features=True,
        min_count=2,
        min_feature_count=1,
        embeddings=None,
        scheme="auto",
        maximize_f1=True,
        max_length=128,
        learning_rate=2e-3,
        weight_decay=0.0,
        epochs="auto",
        batch_size=32,
        validation_fraction=0.1,
        n_iter_no_change=5,
        max_seconds=None,
        callbacks=None,
        verbose="auto",
        random_state=None,
    ):
        self.architecture = architecture
        self.word_dim = word_dim
        self.char_dim = char_dim
        self.char_filters = char_filters
        self.hidden_units = hidden_units
        self.n_layers = n_layers
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.features = features
        self.min_count = min_count
        self.min_feature_count = min_feature_count
        self.embeddings = embeddings
        self.scheme = scheme
        self.maximize_f1 = maximize_f1
        self.max_length = max_length
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.max_seconds = max_seconds
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, X_val=None, y_val=None):
        """Train on tagged sentences.

        Parameters
        ----------
        X : sequence of sequences of str, n sentences
            Tokens of each sentence; a sentence may be empty.
        y : sequence of sequences of str, n sentences
            One tag for each token.
        X_val, y_val : like X and y, optional
            Held-out sentences, in place of a share of the training sentences.

        Returns
        -------
        TokenTagger
            self

        Raises
        ------
        ValueError
            For sentences that are strings, for tags that are not one for each token, for tags that
            break the rules of the scheme that was asked for.
        """
        return self._fit(X, y, X_val, y_val)

    # -- use ------------------------------------------------------------------------------------

    def predict(self, X) -> list[list[str]]:
        """Return the tags of each sentence, one for each token.

        Parameters
        ----------
        X : sequence of sequences of str
            Tokens of each sentence.

        Returns
        -------
        list of list of str
        """
        check_is_fitted(self)
        return self._decoder().paths(as_token_lists(X))

    def predict_proba(self, X) -> list[np.ndarray]:
        """Return each token's probability of each tag, over all taggings of the sentence.

        Parameters
        ----------
        X : sequence of sequences of str
            Tokens of each sentence.

        Returns
        -------
        list of ndarray of shape (n_tokens, n_tags)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        return self._decoder().shares(as_token_lists(X))

    def predict_entities(self, X) -> list[list[tuple[int, int, str, float]]]:
        """Return the entities of each sentence or text.

        Parameters
        ----------
        X : sequence of sequences of str, or of str
            Tokens, or plain texts, which :func:`split_tokens` splits.

        Returns
        -------
        list of list of (int, int, str, float)
            Where an entity begins and ends (the token after its last one; of plain texts the
            character), its type, and the smallest probability of its tags.

        Raises
        ------
        ValueError
            If the tagger's tags do not stand for entities.
        """
        check_is_fitted(self)
        if self.scheme_ is None:
            shown = self.classes_.tolist()[:5]
            raise ValueError(
                f"the tags {shown} stand for themselves, not for entities; fit with tags such as "
                "'B-PER', 'I-PER' and 'O', or use predict"
            )
        sentences, places = _tokens_or_texts(X)
        decoder = self._decoder()
        scores = decoder.emissions(sentences)
        paths, shares = decoder.paths_of(scores), decoder.shares_of(scores)
        column = {tag: i for i, tag in enumerate(self.classes_.tolist())}
        out = []
        for path, share, place in zip(paths, shares, places, strict=True):
            sure = [float(row[column[tag]]) for row, tag in zip(share, path, strict=True)]
            found = entities_of(path, self.scheme_, self._mode)
            spans = [(b, e) if place is None else (place[b][0], place[e - 1][1])
                     for b, e, _ in found]  # fmt: skip
            out.append(
                [
                    (*span, kind, min(sure[b:e]))
                    for span, (b, e, kind) in zip(spans, found, strict=True)
                ]
            )
        return out

    def score(self, X, y) -> float:
        """Return the F1 of entities, all types together; the share of right tags without a scheme.

        Parameters
        ----------
        X, y : sequence of sequences of str
            Tokens and tags.
        """
        true, sentences = check_pairs(y, X, "y", "X")
        return self._score_tags(true, self.predict(sentences))

    @property
    def _mode(self) -> str:
        """How predicted and true tags are read as entities."""
        return "strict" if self.constrained_ else "conlleval"

    def _score_tags(self, true, pred) -> float:
        if self.scheme_ is None:
            return token_accuracy(true, pred)
        return entity_scores(true, pred, scheme=self.scheme_, mode=self._mode)["f1"]

    def _decoder(self, network=None) -> TagDecoder:
        return TagDecoder(
            network or self.network_,
            self.encoder_,
            self.classes_.tolist(),
            self.scheme_ if self.constrained_ else None,
            int(self.max_length),
            self.margin_,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def _tokens_or_texts(X) -> tuple[list[list[str]], list]:
    """Return sentences, and where their tokens are in the text, if they were plain texts."""
    rows = X if isinstance(X, str) else list(X)
    if rows and not isinstance(X, str) and all(isinstance(row, str) for row in rows):
        pairs = [split_tokens(str(row)) for row in rows]
        return [tokens for tokens, _ in pairs], [spans for _, spans in pairs]
    sentences = as_token_lists(X)
    return sentences, [None] * len(sentences)
