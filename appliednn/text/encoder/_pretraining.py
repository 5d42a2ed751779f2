"""How a pretrainer trains: hidden pieces first, then texts told apart from each other."""

from __future__ import annotations

import numpy as np

from appliednn.core._architecture import Architecture
from appliednn.core._buckets import length_buckets
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._sequence_trainer import SequencePlan, SequenceResult, SequenceTrainer
from appliednn.text.encoder._bert import Bert, from_named, padded
from appliednn.text.encoder._masking import Masking
from appliednn.text.encoder._names import named_weights


class Pretraining:
    """The two trainings, by the parameters of :class:`MaskedLanguagePretrainer`."""

    def _plan(self, epochs: int, rate: float, seed: int, spent: float = 0.0) -> SequencePlan:
        left = None if self.max_seconds is None else max(1e-3, self.max_seconds - spent)
        return SequencePlan(
            epochs=epochs,
            learning_rate=rate,
            schedule="cosine",
            warmup=self.warmup,
            weight_decay=self.weight_decay,
            max_seconds=left,
            seed=seed,
            verbose=self.verbose,
        )

    def _train(self, kept, held, sizes: dict, start: Bert | None, seeds: list[int]) -> None:
        architecture = Architecture.of("bert_pieces", **{**sizes, "head": "pieces"})
        masking = Masking(self.tokenizer_, self.mask_share, self.batch_size)
        first = {} if start is None else start.named_weights()
        first = {**first, "word/bias": self._first_bias(sizes["vocabulary"])}

        def batches(epoch: int):
            return list(masking.batches(kept, np.random.default_rng([seeds[1], epoch])))

        result = SequenceTrainer(
            architecture,
            self._plan(self.epochs, self.learning_rate, seeds[2]),
            batches,
            held=list(masking.batches(held, np.random.default_rng(seeds[3]), shuffle=False)),
            start=from_named(architecture, first, seeds[2]),
        ).fit()
        self.network_, self.history_ = result.network, dict(result.history)
        self.n_epochs_, self.best_epoch_ = result.n_epochs, result.best_epoch
        self.stop_reason_ = result.stop_reason
        weights = named_weights(architecture, result.network.weights)
        plain = {name: value for name, value in sizes.items() if name != "head"}
        if self.contrastive_epochs:
            weights = self._contrast(kept, plain, weights, seeds, result)
        self._bert = self._made(plain, weights)

    def _first_bias(self, size: int) -> np.ndarray:
        """Return the frequencies of pieces: where the network starts from and need not learn."""
        bias = np.full(size, self._unigram.min())
        bias[: len(self._unigram)] = self._unigram
        return bias.astype(np.float32)

    def _contrast(self, kept, sizes: dict, weights: dict, seeds, before: SequenceResult) -> dict:
        """Return weights after the contrastive epochs."""
        architecture = Architecture.of("bert", **sizes)
        lengths = [len(row) for row in kept]

        def batches(epoch: int):
            rng = np.random.default_rng([seeds[1], self.epochs + epoch])
            rows = length_buckets(lengths, 2 * self.batch_size, rng=rng)
            return [padded([kept[i] for i in part]) for part in rows if len(part) > 1]

        spent = before.history["seconds"][-1] if before.history["seconds"] else 0.0
        result = SequenceTrainer(
            architecture,
            self._plan(self.contrastive_epochs, 0.1 * self.learning_rate, seeds[2], spent),
            batches,
            start=from_named(architecture, weights, seeds[2]),
        ).fit()
        return named_weights(architecture, result.network.weights)

    def _made(self, sizes: dict, weights: dict) -> Bert:
        architecture = Architecture.of("bert", **{**sizes, "dropout": 0.0})
        network = SequenceNetwork(architecture, from_named(architecture, weights))
        return Bert(self.tokenizer_, network, self._longest)
