"""How a tagger is fitted: vocabularies, pieces of sentences, batches, the training itself."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._buckets import length_buckets
from appliednn.core._random import guarded_random_state, spawn_seeds
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._sequence_trainer import SequencePlan, SequenceResult, SequenceTrainer
from appliednn.text.tagging._context_features import N_TEMPLATES
from appliednn.text.tagging._entity_scores import check_pairs
from appliednn.text.tagging._majority import majority_tags
from appliednn.text.tagging._schemes import detect_scheme, first_illegal, penalties
from appliednn.text.tagging._token_encoder import EncodedSentences, TokenEncoder
from appliednn.text.tagging._windows import cut_places

_WARMUP = 0.05
_CLIP = 5.0
# By how much the score of "O" may be lowered.
_MARGINS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
# Passes of a fit that is not told how many: what makes so many steps, within bounds.
_AUTO_STEPS, _AUTO_EPOCHS = 4000, (6, 15)


class Tagged(NamedTuple):
    """Sentences and their tags."""

    tokens: list[list[str]]
    tags: list[list[str]]


class TaggerFit:
    """What :class:`TokenTagger` does in ``fit``."""

    def _fit(self, X, y, X_val, y_val):
        backend.prepare()
        began = time.monotonic()
        if y is None:
            raise ValueError("y is None; a tagger needs a tag for each token")
        train = Tagged(*check_pairs(X, y, "X", "y"))
        if not any(train.tokens):
            raise ValueError("X holds no token in any sentence; expected at least one")
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together, and only one of them was given")
        seeds, self.margin_ = spawn_seeds(self.random_state, 3), 0.0
        self._learn_scheme(train.tags)
        if X_val is not None:
            held = Tagged(*check_pairs(X_val, y_val, "X_val", "y_val"))
        else:
            train, held = self._hold_out(train, seeds[2])
        vectors = self._start_vectors()
        self.encoder_ = TokenEncoder.learn(
            train.tokens,
            [] if vectors is None else vectors[0],
            self.min_count,
            self.min_feature_count if self.features else None,
        )
        plan = self._plan(len(train.tokens), held is not None, seeds[0], began)
        result = self._train(train, held, vectors, plan, seeds[1], (X, y))
        self._record(result, train, held)
        self._close_sklearn_callbacks()
        return self

    def _learn_scheme(self, tags: list[list[str]]) -> None:
        """Learn all tags, and which scheme they are written in."""
        self.classes_ = np.array(sorted({tag for sentence in tags for tag in sentence}))
        if self.scheme == "auto":
            self.scheme_, self.constrained_ = detect_scheme(tags)
            return
        self.scheme_, self.constrained_ = self.scheme, self.scheme is not None
        place = None if self.scheme is None else first_illegal(tags, self.scheme)
        if place is not None:
            row, i = place
            raise ValueError(
                f"y[{row}][{i}] is {tags[row][i]!r}, which scheme={self.scheme!r} does not allow "
                f"there (y[{row}] is {tags[row][:20]}); scheme='auto' takes such tags as they are"
            )

    def _hold_out(self, train: Tagged, seed: int) -> tuple[Tagged, Tagged | None]:
        """Return training and held-out sentences."""
        n_held = round(self.validation_fraction * len(train.tokens))
        if n_held == 0 or n_held >= len(train.tokens):
            return train, None
        order = np.random.default_rng(seed).permutation(len(train.tokens))
        held, kept = np.sort(order[:n_held]), np.sort(order[n_held:])
        parts = [Tagged(*([rows[i] for i in part] for rows in train)) for part in (kept, held)]
        if not any(parts[0].tokens) or not any(parts[1].tokens):
            return train, None
        return parts[0], parts[1]

    def _start_vectors(self) -> tuple[list[str], np.ndarray] | None:
        """Return words in their looked-up form and their vectors, if some were given."""
        if self.embeddings is None:
            return None
        from appliednn.text.embedding import as_word_vectors
        from appliednn.text.tagging._word_parts import word_form

        vectors = as_word_vectors(self.embeddings)
        first: dict[str, int] = {}
        for row, word in enumerate(vectors.words):
            first.setdefault(word_form(word), row)
        return list(first), vectors.vectors[list(first.values())]

    def _make_architecture(self, word_dim: int) -> Architecture:
        encoder = self.encoder_
        return Architecture.of(
            "token_tagger",
            kind="transformer" if self.architecture == "transformer" else "bilstm",
            tags=self.classes_.tolist(),
            scheme=self.scheme_ if self.constrained_ else None,
            crf=self.architecture != "bilstm",
            n_words=encoder.n_words,
            n_chars=encoder.n_chars,
            n_features=encoder.n_features,
            n_templates=N_TEMPLATES,
            word_dim=int(word_dim),
            char_dim=int(self.char_dim),
            char_filters=int(self.char_filters),
            units=int(self.hidden_units),
            n_layers=int(self.n_layers),
            dropout=float(self.dropout),
        )

    def _plan(self, n_sentences: int, watched: bool, seed: int, began: float) -> SequencePlan:
        plan = SequencePlan(
            epochs=self._n_epochs(n_sentences),
            learning_rate=self.learning_rate,
            schedule="cosine",
            warmup=_WARMUP,
            weight_decay=self.weight_decay,
            clip=_CLIP,
            patience=self.n_iter_no_change if watched else None,
            seed=seed,
            verbose=self.verbose,
        )
        if self.max_seconds is not None:
            plan.max_seconds = max(1e-3, self.max_seconds - (time.monotonic() - began))
        return plan

    def _train(self, train, held, vectors, plan: SequencePlan, seed: int, given) -> SequenceResult:
        sentences, numbers = self._pieces(train)
        encoded = self.encoder_.encode(sentences)
        word_dim = self.word_dim if vectors is None else vectors[1].shape[1]
        architecture = self._make_architecture(word_dim)

        def score(network: SequenceNetwork) -> float:
            return self._score_tags(held.tags, self._decoder(network).paths(held.tokens))

        def learnt(weights) -> dict:
            return {"network_": SequenceNetwork(architecture, weights)}

        with guarded_random_state():
            trainer = SequenceTrainer(
                architecture,
                plan,
                lambda epoch: self._batches(encoded, numbers, seed, epoch),
                score=None if held is None else score,
                start=None if vectors is None else _started(architecture, plan.seed, vectors[1]),
            )
            trainer.hooks = self._callback_hooks(trainer.program, learnt, plan.epochs, given)
            return trainer.fit()

    def _n_epochs(self, n_sentences: int) -> int:
        if self.epochs != "auto":
            return int(self.epochs)
        fewest, most = _AUTO_EPOCHS
        steps = -(-n_sentences // int(self.batch_size))
        return min(most, max(fewest, round(_AUTO_STEPS / steps)))

    def _pieces(self, train: Tagged) -> tuple[list[list[str]], np.ndarray]:
        """Return sentences that are not empty and not too long, and the numbers of their tags."""
        number = {tag: i for i, tag in enumerate(self.classes_.tolist())}
        scheme = self.scheme_ if self.constrained_ else None
        may_start = penalties(self.classes_.tolist(), scheme)[1] == 0
        sentences, numbers = [], []
        for tokens, tags in zip(*train, strict=True):
            ids = [number[tag] for tag in tags]
            numbers += ids
            places = cut_places(ids, self.max_length, may_start)
            sentences += [tokens[b:e] for b, e in zip(places[:-1], places[1:], strict=True)]
        return sentences, np.array(numbers, dtype=np.int32)

    def _batches(self, encoded: EncodedSentences, numbers, seed: int, epoch: int) -> list[dict]:
        """Return the batches of an epoch, with rare words as unknown ones now and then."""
        rng = np.random.default_rng([seed, epoch])
        counts = np.maximum(self.encoder_.counts[encoded.words], 1)
        share = self.word_dropout / counts
        batches = []
        for rows in length_buckets(encoded.lengths, self.batch_size, rng=rng):
            batch = encoded.batch(rows, rng.random(len(share)) < share)
            batch["tags"] = encoded.tag_batch(numbers, rows)
            batches.append(batch)
        return batches

    def _record(self, result: SequenceResult, train: Tagged, held: Tagged | None) -> None:
        self.network_ = result.network
        self.history_, self.n_epochs_ = result.history, result.n_epochs
        self.best_epoch_, self.stop_reason_ = result.best_epoch, result.stop_reason
        self.validation_score_ = self.baseline_score_ = None
        if held is not None:
            self.validation_score_ = self._learn_margin(held)
            usual = majority_tags(train.tokens, train.tags, held.tokens)
            self.baseline_score_ = self._score_tags(held.tags, usual)

    def _learn_margin(self, held: Tagged) -> float:
        """Learn what "O" is lowered by; return the score of held-out sentences with it."""
        scores = self._decoder().emissions(held.tokens)
        margins = _MARGINS if self.maximize_f1 and self.scheme_ is not None else (0.0,)
        found = []
        for self.margin_ in margins:
            found.append(self._score_tags(held.tags, self._decoder().paths_of(scores)))
        self.margin_ = margins[int(np.argmax(found))]
        return max(found)


def _started(architecture: Architecture, seed: int, vectors: np.ndarray) -> list[np.ndarray]:
    """Return fresh weights with the vectors of known words in their place."""
    functions = backend.sequence_functions(architecture)
    weights = functions.initial_weights(seed)
    names = [v.path for v in functions.model.variables]
    table = np.array(weights[names.index("word_vectors/embeddings")])
    table[2 : 2 + len(vectors)] = vectors
    weights[names.index("word_vectors/embeddings")] = table
    return weights
