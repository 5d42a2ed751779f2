"""Training from a memory-mapped Parquet file: peak memory and time per row by number of rows.

    python benchmarks/scale.py [--rows 10000 100000 500000 5000000] [--columns 30] [--runs 3]

Each size runs in a process of its own, which trains ``MLPClassifier`` for one epoch from the
file: once to compile, then ``--runs`` times. Printed are the first fit's seconds (TensorFlow's
import and the compilation are in them), the median of the later ones, their time per row (encoding
and training), and the highest resident memory of the process, mapped pages of files included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _timing import machine, table

_BLOCK = 100_000


def write(path: Path, n_rows: int, n_columns: int, seed: int = 0) -> None:
    """Write a synthetic table block by block: numbers, some missing, and a label."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rng = np.random.default_rng(seed)
    weights = rng.normal(size=n_columns) / np.sqrt(n_columns)
    writer = None
    for start in range(0, n_rows, _BLOCK):
        n = min(_BLOCK, n_rows - start)
        X = rng.normal(size=(n, n_columns)).astype(np.float32)
        y = (X @ weights + np.sin(2 * X[:, 0]) + rng.normal(size=n) > 0).astype(np.int8)
        X[rng.random(n) < 0.05, 1] = np.nan
        columns = {f"x{j}": X[:, j] for j in range(n_columns)}
        part = pa.table({**columns, "y": y})
        writer = writer or parquet.ParquetWriter(path, part.schema)
        writer.write_table(part)
    writer.close()


def train(path: str, runs: int) -> dict:
    """Train from the file ``runs`` + 1 times; return seconds and peak memory."""
    from appliednn import MLPClassifier
    from appliednn.datasets import ParquetTable

    source = ParquetTable(path)
    y, X = source.column("y"), source.drop("y")
    seconds = []
    for seed in range(runs + 1):
        began = time.perf_counter()
        model = MLPClassifier((64, 64), epochs=1, early_stopping=False, random_state=seed)
        model.fit(X, y)
        seconds.append(time.perf_counter() - began)
    places, frame = X.sample(20_000, seed=1)
    score = model.score(frame, y[places])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {"first": seconds[0], "later": seconds[1:], "accuracy": score, "peak_gib": peak}


def main() -> None:
    """Run every size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[10_000, 100_000, 500_000, 5_000_000]
    )
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--train", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        print(json.dumps(train(arguments.train, arguments.runs)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for n in arguments.rows:
            path = Path(folder) / f"{n}.parquet"
            write(path, n, arguments.columns)
            command = [
                sys.executable,
                __file__,
                "--train",
                str(path),
                "--runs",
                str(arguments.runs),
            ]
            done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
            if done.returncode:
                sys.exit(done.stderr)
            found = json.loads(done.stdout.splitlines()[-1])
            later = float(np.median(found["later"]))
            spread = f"{min(found['later']):.2f}-{max(found['later']):.2f}"
            rows.append([f"{n:,}", f"{path.stat().st_size / 1e6:.0f}", f"{found['first']:.2f}",
                         f"{later:.2f} ({spread})", f"{1e6 * later / n:.2f}",
                         f"{found['peak_gib']:.2f}", f"{found['accuracy']:.3f}"])  # fmt: skip
            path.unlink()
    print(machine())
    print(table(["rows", "file MB", "first fit s", "later fits s", "us per row", "peak GiB",
                 "accuracy"], rows))  # fmt: skip


if __name__ == "__main__":
    main()
