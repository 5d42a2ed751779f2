"""Translation of Multi30k (English to German) within some minutes of processor time.

    python benchmarks/text_translation.py run --minutes 10 20 40 60 --out translation.jsonl
    python benchmarks/text_translation.py report translation.jsonl

``run`` fits one model for each budget of CPU minutes (process time, all threads): as many epochs
as fit, by the processor time that one epoch took, with the rate falling to zero at the end. It
translates the 1 000 sentences of test_2016_flickr with a beam of 4 and writes a line to the file:
BLEU and chrF by this package's functions and by sacrebleu. Rows that the file already holds are
not run again; Ctrl-C (or SIGTERM) ends a fit early and scores its best epoch. The files are
lower-cased and tokenised, and are compared as they are (``tokenize="none"``). Two cheap baselines
stand beside: the source itself, and the likeliest German word for each English one (model 1 of P.
Brown et al., 1993). The texts are read from ``$APPLIEDNN_BENCH_DATA/seq2seq`` (default:
``../shared/data`` beside the repository).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import time
from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
# Share of a budget that goes to reading, word pieces and compilation.
_START_SECONDS = 25.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser("run", help="fit, translate, score").add_argument
    add("--minutes", type=float, nargs="+", default=[10, 20, 40, 60])
    add("--architecture", choices=["transformer", "gru"], default="transformer")
    add("--units", type=int, default=192)
    add("--layers", type=int, default=3)
    add("--heads", type=int, default=4)
    add("--dropout", type=float, default=0.2)
    add("--vocab-size", type=int, default=5000)
    add("--learning-rate", type=float, default=2e-3)
    add("--max-tokens", type=int, default=2000)
    add("--epoch-seconds", type=float, help="CPU seconds of an epoch; measured if not given")
    add("--pairs", type=int, default=29_000)
    add("--seed", type=int, default=0)
    add("--out", type=Path, required=True)
    verbs.add_parser("report", help="print the rows").add_argument("file", type=Path)
    options = parser.parse_args()
    if options.verb == "run":
        run(options)
    else:
        report(options.file)


def lines(part: str, language: str) -> list[str]:
    """Return the sentences of one part of the set."""
    folder = Path(os.environ.get("APPLIEDNN_BENCH_DATA", _BESIDE)) / "seq2seq"
    name = f"multi30k_{part}.{language}.gz"
    with gzip.open(folder / name, "rt", encoding="utf-8", newline="\n") as file:
        return file.read().removesuffix("\n").split("\n")


def run(options) -> None:
    from appliednn.text.generation._word_table import cheap_translations

    for number in (signal.SIGINT, signal.SIGTERM):  # either ends a fit; its best epoch is scored
        signal.signal(number, signal.default_int_handler)
    done = rows_of(options.out)
    train = [lines("train", code)[: options.pairs] for code in ("en", "de")]
    held = [lines("val", code) for code in ("en", "de")]
    test = [lines("test_2016_flickr", code) for code in ("en", "de")]
    if not any("minutes" not in row for row in done):
        pairs = list(zip(*train, strict=True))
        for name, written in cheap_translations(pairs, test[0]).items():
            write(options.out, {"model": name, **scores(written, test[1])})
    per_epoch = options.epoch_seconds
    for minutes in options.minutes:
        name = f"{options.architecture} {options.layers} x {options.units}"
        key = {"model": name, "minutes": minutes, "seed": options.seed, "pairs": options.pairs}
        if any(all(row.get(k) == v for k, v in key.items()) for row in done):
            continue
        per_epoch = per_epoch or epoch_seconds(options, train)
        epochs = max(1, int((60 * minutes - _START_SECONDS) / per_epoch))
        model = new_model(options, epochs)
        cpu, wall = time.process_time(), time.perf_counter()
        model.fit(*train, X_val=held[0], y_val=held[1])
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        began = time.process_time()
        written = model.predict(test[0])
        row = {
            **key,
            "epochs": model.n_epochs_,
            "best_epoch": model.best_epoch_ + 1,
            "cpu_minutes": round(cpu / 60, 2),
            "stopped_by": model.stop_reason_,
            "wall_minutes": round(wall / 60, 2),
            "translate_cpu_seconds": round(time.process_time() - began, 1),
            "val_loss": round(min(model.history_["val_loss"]), 4),
            "parameters": model.network_.n_parameters,
            **scores(written, test[1]),
        }
        write(options.out, row)
        per_epoch = cpu / model.n_epochs_
    report(options.out)


def new_model(options, epochs: int):
    from appliednn.text import Seq2SeqModel

    return Seq2SeqModel(
        architecture=options.architecture,
        vocab_size=options.vocab_size,
        hidden_units=options.units,
        n_layers=options.layers,
        heads=options.heads,
        dropout=options.dropout,
        learning_rate=options.learning_rate,
        max_tokens=options.max_tokens,
        epochs=epochs,
        random_state=options.seed,
        verbose=True,
    )


def epoch_seconds(options, train) -> float:
    """Return the processor seconds of one epoch, from a tenth of one after compilation."""
    few = [part[: max(200, len(part) // 10)] for part in train]
    model = new_model(options, 1).fit(*few)
    began = time.process_time()
    model.fit(*few)
    return (time.process_time() - began) * len(train[0]) / len(few[0])


def scores(written: list[str], references: list[str]) -> dict[str, float]:
    """Return BLEU and chrF by this package and by sacrebleu."""
    import sacrebleu

    from appliednn.text import corpus_bleu, corpus_chrf

    peer = sacrebleu.corpus_bleu(written, [references], tokenize="none", force=True)
    return {
        "bleu": round(corpus_bleu(written, references, tokenize="none"), 3),
        "bleu_sacrebleu": round(peer.score, 3),
        "chrf": round(corpus_chrf(written, references), 3),
        "chrf_sacrebleu": round(sacrebleu.corpus_chrf(written, [references]).score, 3),
    }


def rows_of(path: Path) -> list[dict]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, row: dict) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(row, flush=True)


def report(path: Path) -> None:
    print("| model | budget, CPU min | used | epochs | BLEU | sacrebleu | chrF | sacrebleu |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows_of(path):
        cells = [row["model"]]
        cells += [f"{row[name]:g}" if name in row else "" for name in _COLUMNS]
        print("| " + " | ".join(cells) + " |")


_COLUMNS = (
    *("minutes", "cpu_minutes", "epochs"),
    *("bleu", "bleu_sacrebleu", "chrf", "chrf_sacrebleu"),
)

if __name__ == "__main__":
    main()
