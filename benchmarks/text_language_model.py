"""A character language model on tiny Shakespeare, beside models that count.

The last tenth of the text is held out. Printed are nats per character there, CPU seconds of the
process (all threads), and the same of an n-gram model. The text is read from
``$APPLIEDNN_BENCH_DATA/text/tiny_shakespeare.txt.gz``.

    python benchmarks/text_language_model.py --epochs 8 --units 512
"""

from __future__ import annotations

import argparse
import gzip
import os
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", choices=["lstm", "transformer"], default="lstm")
    parser.add_argument("--tokens", choices=["char", "bpe"], default="char")
    parser.add_argument("--vocab-size", type=int, default=2000)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--context", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--max-seconds", type=float, default=None)
    parser.add_argument("--tie", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    run(parser.parse_args())


def shakespeare() -> tuple[str, str]:
    """Return the training part and the held-out last tenth."""
    folder = Path(os.environ.get("APPLIEDNN_BENCH_DATA", "../shared/data"))
    with gzip.open(folder / "text" / "tiny_shakespeare.txt.gz", "rt", encoding="utf-8") as file:
        text = file.read()
    cut = len(text) * 9 // 10
    return text[:cut], text[cut:]


def run(options) -> None:
    from appliednn.text import LanguageModel

    train, test = shakespeare()
    model = LanguageModel(
        tokens=options.tokens,
        vocab_size=options.vocab_size,
        architecture=options.architecture,
        hidden_units=options.units,
        n_layers=options.layers,
        heads=options.heads,
        context=options.context,
        batch_size=options.batch_size,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        dropout=options.dropout,
        max_seconds=options.max_seconds,
        tie_weights=options.tie,
        validation_fraction=0.02,
        random_state=options.seed,
        verbose=False,
    )
    print(model)
    cpu, wall = time.process_time(), time.perf_counter()
    model.fit([train])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    for epoch, (loss, held) in enumerate(
        zip(model.history_["loss"], model.history_["val_loss"], strict=True), start=1
    ):
        print(f"epoch {epoch:3d}  training {loss:.3f}  inner validation {held:.3f} nats/token")
    print(f"fit: {cpu:.0f} CPU s, {wall:.0f} s wall, {model.stop_reason_}")
    nats = model.bits_per_character([test]) * 0.6931471805599453
    print(f"network: {nats:.4f} nats per character on the last tenth")
    for name, value in counted(model, train, test).items():
        print(f"{name}: {value:.4f} nats per character")
    print(model.generate(["ROMEO:\n"], 300, sampler="top_p", temperature=0.8)[0])


def counted(model, train: str, test: str) -> dict[str, float]:
    """Return nats per character of models that count the same tokens of the whole part."""
    import numpy as np

    from appliednn.text.generation._ngrams import KneserNey, unigram_log_probs

    ids, held = model.vocabulary_.encode(train), model.vocabulary_.encode(test)
    n_ids, n = model.vocabulary_.n_ids_, len(test)
    out = {"unigram": -unigram_log_probs(ids, held, n_ids).sum() / n}
    for order in (2, 3, 4, 5, 6, 7):
        log_probs = KneserNey(order, n_ids).fit(ids).log_probs(np.append(ids[-1:], held))
        out[f"Kneser-Ney {order}-gram"] = -log_probs.sum() / n
    return out


if __name__ == "__main__":
    main()
